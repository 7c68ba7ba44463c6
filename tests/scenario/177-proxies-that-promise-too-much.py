#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""HTTP/2 proxies that take more requests than they serve: one that is passed by others is asked again on another
connection, whichever is answered first serves, and what was open then is learned as the limit, unless the target was
merely slow.  Limits that a proxy announces are kept to the letter."""
from kit import check, equal, scenario, until
from kit import h2
from kit.h2_proxy import opens
from kit.h2_route import H2Route
from kit.peers import GREETING
from kit.process import pause
from kit.streams import read_exactly, readable, reset


def serves(count):
    """What to do when asked: opens so many on a connection, and never answers the next."""
    def asked(stream):
        if len(stream.connection.streams) <= count:
            opens()(stream)

    return asked


def asked_for(way):
    """How many requests each connection has had."""
    return [len(spoken.streams) for spoken in way.proxy.spoken]


def the_third_is_never_answered(stage):
    """It is asked again elsewhere, and the lesson holds: no connection is given a third one any more."""
    way = H2Route(stage, serves(2))
    for _ in range(3):
        way.greeted()
    equal(asked_for(way), [3, 1], "requests on each connection")
    equal(way.proxy.streams[2].wait_reset(), h2.CANCEL, "code of what was given up")
    for _ in range(3):
        way.greeted()
    equal(asked_for(way), [3, 2, 2], "requests on each connection, once the limit is known")
    way.healthy()


def many_at_once(stage):
    """Twenty sessions at a proxy that serves six a connection."""
    way = H2Route(stage, serves(6))
    clients = [way.client() for _ in range(20)]
    for client in clients:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    for client in clients:
        way.echoed(client)
    way.healthy()


def the_first_is_answered_first(stage):
    """A slow target: the second request is cancelled, and nothing is learned."""
    def asked(stream):
        if len(way.proxy.streams) <= 2:
            opens()(stream)

    way = H2Route(stage, asked)
    way.greeted()
    way.greeted()
    client = way.client()
    slow, again = way.proxy.wait_streams(4)[2:]
    equal(asked_for(way), [3, 1], "requests on each connection")
    opens()(slow)
    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    equal(again.wait_reset(), h2.CANCEL, "code of the second request")
    way.echoed(client)
    way.proxy.asked = opens()
    for _ in range(4):
        way.greeted()
    equal(way.connections(), 2, "connections, where no limit was learned")
    check(max(len(spoken.open) for spoken in way.proxy.spoken) > 2, "a limit was learned of a slow target")


def the_second_is_answered_first(stage):
    """Then the first is cancelled, and what it says later is nobody's."""
    way = H2Route(stage, serves(1))
    way.greeted()
    client = way.greeted()
    first = way.proxy.streams[1]
    equal(first.wait_reset(), h2.CANCEL, "code of the first request")
    first.answer(200, behind=b"* BYE from the grave\r\n")
    way.echoed(client)
    check(not readable(client), "the client was told something more")


def a_lone_one_is_waited_for(stage):
    """Where no other request was answered, a proxy is merely slow."""
    way = H2Route(stage, lambda stream: None)
    client = way.client()
    stream = way.proxy.wait_streams(1)[0]
    pause(1.5)
    equal(asked_for(way), [1], "requests on each connection")
    opens()(stream)
    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")


def a_client_that_gives_up_cancels_both(stage):
    way = H2Route(stage, serves(1))
    way.proxy.asked = lambda stream: opens()(stream) if len(way.proxy.streams) == 1 else None
    way.greeted()
    client = way.client()
    way.proxy.wait_streams(3)
    reset(client)
    equal([stream.wait_reset() for stream in way.proxy.streams[1:]], [h2.CANCEL] * 2, "codes of both requests")


def an_announced_limit_is_kept(stage):
    """One stream above it would be answered by the end of the whole connection; the scripted proxy complains, too."""
    way = H2Route(stage, offers={h2.STREAMS: 2})
    for _ in range(5):
        way.greeted()
    equal(asked_for(way), [2, 2, 1], "requests on each connection")
    equal([spoken.most for spoken in way.proxy.spoken], [2, 2, 1], "tunnels at once")


def an_announced_limit_is_kept_by_those_that_come_together(stage):
    """Once it is known: who comes before the proxy's SETTINGS goes by what most allow (RFC 9113 section 6.5.2)."""
    way = H2Route(stage, offers={h2.STREAMS: 3})
    way.greeted()
    clients = [way.client() for _ in range(8)]
    for client in clients:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    check(max(spoken.most for spoken in way.proxy.spoken) <= 3, "more tunnels than the limit on a connection")


def a_limit_that_changes(stage):
    """None, and later one: the connection is passed over, and used again."""
    way = H2Route(stage)
    client = way.greeted()
    connection = way.proxy.spoken[0]
    connection.offer({h2.STREAMS: 0})
    connection.wait_frame(h2.SETTINGS, 2, h2.ACK)
    way.echoed(client)
    way.greeted()
    equal(asked_for(way), [1, 1], "requests on each connection, with a limit of 0")
    connection.offer({h2.STREAMS: 2})
    way.proxy.spoken[1].offer({h2.STREAMS: 1})
    for spoken, count in zip(way.proxy.spoken, (3, 2)):
        spoken.wait_frame(h2.SETTINGS, count, h2.ACK)
    way.greeted()
    equal(asked_for(way), [2, 1], "requests on each connection, with limits of 2 and 1")


def a_place_is_free_again(stage):
    way = H2Route(stage, offers={h2.STREAMS: 1})
    client = way.greeted()
    client.close()
    until(lambda: way.proxy.streams[0].over, "the end of the first tunnel")
    way.greeted()
    equal(asked_for(way), [2], "requests on each connection")


scenario(the_third_is_never_answered,
         many_at_once,
         the_first_is_answered_first,
         the_second_is_answered_first,
         a_lone_one_is_waited_for,
         a_client_that_gives_up_cancels_both,
         an_announced_limit_is_kept,
         an_announced_limit_is_kept_by_those_that_come_together,
         a_limit_that_changes,
         a_place_is_free_again,
         paths=("splice",))
