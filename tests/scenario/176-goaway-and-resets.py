#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""How an HTTP/2 proxy may take its leave: of all (GOAWAY), or of one tunnel (RST_STREAM), with each code, before the
answer, within it and behind it.  What the proxy has not begun is asked once more elsewhere, and nobody's failure; what
was open goes on as long as it may; a cut tunnel never looks like one that has ended."""
import socket

from kit import check, equal, scenario, until
from kit import h2
from kit.control import facts, is_alive, place
from kit.h2_proxy import opens, refuses
from kit.h2_route import H2Route
from kit.peers import GREETING
from kit.process import pause
from kit.route import refusal
from kit.streams import END, RESET, ending, read_all, read_exactly, reset

LAST = (1 << 31) - 1
"""In a GOAWAY that only announces the end."""

KINDS = ("temporary", "permanent")


def first_only(on_the_first, then=opens()):
    """What to do when asked: that on the first connection, and what is right on the others."""
    def asked(stream):
        (on_the_first if stream.connection is stream.connection.proxy.spoken[0] else then)(stream)

    return asked


# --- GOAWAY ---

def what_is_open_goes_on(stage):
    way = H2Route(stage)
    first, second = way.greeted(), way.greeted()
    connection = way.proxy.spoken[0]
    connection.go_away(3)
    connection.ping()
    way.greeted()
    equal([len(spoken.streams) for spoken in way.proxy.spoken], [2, 1], "tunnels on each connection")
    way.echoed(first)
    way.echoed(second)
    first.close()
    connection.streams[0].wait_end()
    check(not connection.gone, "the connection was closed below an open tunnel")
    second.close()
    equal(connection.wait_gone(), END, "how the connection ended, with its last tunnel")
    way.healthy()


def below_an_open_stream(stage):
    """The proxy forgets a tunnel that it has opened."""
    way = H2Route(stage)
    first, second = way.greeted(), way.greeted()
    way.proxy.spoken[0].go_away(1)
    equal(ending(second), RESET, "how the tunnel above the last one ended")
    way.echoed(first)
    way.greeted()
    equal(way.connections(), 2, "connections")
    is_alive(place(way.daemon))


def below_a_request(stage):
    """It was not begun: it is asked for elsewhere, and the client notices nothing."""
    way = H2Route(stage, first_only(lambda stream: opens()(stream) if stream.number == 1
                                    else stream.connection.go_away(1)))
    first = way.greeted()
    way.greeted()
    equal([len(spoken.streams) for spoken in way.proxy.spoken], [2, 1], "requests on each connection")
    way.echoed(first)
    way.healthy()


def before_settings(stage):
    """As a proxy that is being restarted; the next connection is better."""
    def begin(connection):
        if connection is connection.proxy.spoken[0]:
            connection.go_away(0)
            connection.close()
        else:
            connection.offer({})

    way = H2Route(stage, begin=begin)
    way.greeted()
    equal(way.connections(), 2, "connections")


def before_settings_always(stage):
    way = H2Route(stage, begin=lambda connection: connection.go_away(0))
    refusal(way.client(), KINDS)
    way.proxy.wait_spoken()
    check(way.connections() <= 3, f"{way.connections()} connections were made for one client")
    way.failed()
    is_alive(place(way.daemon))


def twice(stage):
    """First that the end is near, and then where it is."""
    way = H2Route(stage)
    client = way.greeted()
    connection = way.proxy.spoken[0]
    connection.go_away(LAST)
    connection.ping()
    way.echoed(client)
    way.greeted()
    connection.go_away(1)
    connection.ping()
    way.echoed(client)
    equal([len(spoken.streams) for spoken in way.proxy.spoken], [1, 1], "tunnels on each connection")
    client.close()
    equal(connection.wait_gone(), END, "how the connection ended")
    way.healthy()


def twice_upwards(stage):
    """The second may not name more than the first (RFC 9113 section 6.8); whatever comes of it, nothing hangs."""
    way = H2Route(stage)
    client = way.greeted()
    way.proxy.spoken[0].go_away(1)
    way.proxy.spoken[0].go_away(LAST)
    way.greeted()
    client.close()
    equal(way.connections(), 2, "connections")
    is_alive(place(way.daemon))


def with_an_error(stage):
    """The proxy says what it has against us; its words are in the log, made harmless."""
    way = H2Route(stage)
    client = way.greeted()
    connection = way.proxy.spoken[0]
    connection.go_away(1, h2.ENHANCE_YOUR_CALM, b"too many\npings\x1b[31m" + b"x" * 5000)
    connection.close()
    equal(ending(client), RESET, "how the tunnel ended")
    until(lambda: facts(way.daemon)["proxies"][0]["last_error"], "a failure in the proxy's health")
    check(all(line.isprintable() for line in way.daemon.process.lines), "the log has what the proxy said as it stands")
    way.greeted()


# --- REFUSED_STREAM ---

def refused_once(stage):
    way = H2Route(stage, first_only(refuses(h2.REFUSED_STREAM)))
    way.greeted()
    equal([len(spoken.streams) for spoken in way.proxy.spoken], [1, 1], "requests on each connection")
    way.healthy()


def refused_at_a_number(stage):
    """Two tunnels are what the proxy takes on one connection: the third finds another, and the fourth does not ask."""
    way = H2Route(stage, lambda stream: opens()(stream) if len(stream.connection.open) <= 2
                  else stream.reset(h2.REFUSED_STREAM))
    for _ in range(4):
        way.greeted()
    equal([len(spoken.streams) for spoken in way.proxy.spoken], [3, 2], "requests on each connection")
    way.healthy()


def refused_always(stage):
    """Once more, and no more; then the mail program is told in its own protocol."""
    way = H2Route(stage, refuses(h2.REFUSED_STREAM))
    text = refusal(way.client(), KINDS)
    equal(len(way.proxy.streams), 2, "requests")
    check("refused" in text.lower(), f"the client is told {text!r}")
    way.failed()


# --- RST_STREAM ---

def each_code_before_the_answer(stage):
    """It is a failure of this request alone: the next one goes over the same connection."""
    codes = iter(())
    way = H2Route(stage, lambda stream: stream.reset(next(codes)))
    wanted = [code for code in (*h2.CODES, 0x4711) if code not in (h2.REFUSED_STREAM, h2.HTTP_1_1_REQUIRED)]
    for code in wanted:
        codes = iter((code, code))
        refusal(way.client(), KINDS)
    equal(len(way.proxy.streams), len(wanted), "requests")
    equal(way.connections(), 1, "connections")
    is_alive(place(way.daemon))


def http_1_1_required(stage):
    """With `http = 2` nothing else will do, and that is what is said."""
    way = H2Route(stage, refuses(h2.HTTP_1_1_REQUIRED))
    text = refusal(way.client(), KINDS)
    check("HTTP/1.1" in text, f"the client is told {text!r}")


def each_code_within_the_answer(stage):
    """Behind an interim one."""
    codes = iter(())

    def asked(stream):
        stream.answer(103, ("link", "</x>"))
        stream.reset(next(codes))

    way = H2Route(stage, asked)
    for code in h2.CODES:
        codes = iter((code, code))
        refusal(way.client(), KINDS)
    is_alive(place(way.daemon))


def within_its_fields(stage):
    """Between HEADERS and CONTINUATION nothing else may stand: the connection is beyond repair, what was open there is
    reset, and the request is made elsewhere."""
    def broken(stream):
        if stream.number == 1:
            opens()(stream)
        else:
            stream.connection.send(h2.frame(h2.HEADERS, 0, stream.number, b"\x88") + h2.rst(stream.number, h2.CANCEL))

    way = H2Route(stage, first_only(broken))
    first = way.greeted()
    way.greeted()
    equal(ending(first), RESET, "how the tunnel beside it ended")
    until(lambda: way.proxy.spoken[0].gone, "the end of the connection")
    equal(way.connections(), 2, "connections")


def each_code_behind_the_answer(stage):
    """The client's stream is reset, whatever the reason; the tunnel beside it is not touched."""
    way = H2Route(stage)
    beside = way.greeted()
    for code in (*h2.CODES, 0x4711):
        client = way.greeted()
        stream = way.proxy.streams[-1]
        stream.send(b"half a mess")
        stream.reset(code)
        equal(read_all(client), (b"half a mess", RESET), f"what the client got before code {code}")
        way.echoed(beside)
    equal(way.connections(), 1, "connections")


def right_behind_the_answer(stage):
    """In the same write: nothing of what stands before it may be lost silently."""
    def asked(stream):
        stream.connection.send(h2.frame(h2.HEADERS, h2.END_HEADERS, stream.number, b"\x88") +
                               h2.frame(h2.DATA, 0, stream.number, GREETING) + h2.rst(stream.number, h2.CANCEL))

    way = H2Route(stage, asked)
    got, how = read_all(way.client())
    if got.startswith(GREETING):
        equal((got, how), (GREETING, RESET), "what the client got")
    else:  # it was broken before it was taken
        check(got.startswith(b"* BYE"), f"the client got {got!r}, then {how}")


def behind_the_end_it_takes_no_more(stage):
    """RST_STREAM with NO_ERROR or CANCEL behind END_STREAM: the client has had all, and an orderly end."""
    for code in h2.NO_ERROR, h2.CANCEL:
        way = H2Route(stage)
        client = way.greeted()
        stream = way.proxy.streams[0]
        last = h2.frame(h2.DATA, h2.END_STREAM, stream.number, b"* BYE\r\n")
        stream.connection.send(last + h2.rst(stream.number, code))
        equal(read_all(client), (b"* BYE\r\n", END), f"what the client got before code {code}")
        client.close()
        way.daemon.wait_line(r"imap #1 closed ")


def behind_the_end_with_another_code(stage):
    way = H2Route(stage)
    client = way.greeted()
    way.proxy.streams[0].end()
    equal(ending(client), END, "the end at the client")
    way.proxy.streams[0].reset(h2.CONNECT_ERROR)
    try:
        until(lambda: client.send(b"x") and pause(0.01), "the client's stream to be broken")
    except ConnectionError:
        pass
    way.daemon.wait_line(r"imap #1 closed .*by=proxy")


# --- and we ---

def the_clients_reset_is_connect_error(stage):
    way = H2Route(stage)
    client = way.greeted()
    reset(client)
    equal(way.proxy.streams[0].wait_reset(), h2.CONNECT_ERROR, "code of the client's reset")
    way.greeted()
    equal(way.connections(), 1, "connections")


def a_client_that_gives_up_while_opening_is_cancel(stage):
    way = H2Route(stage, lambda stream: None)
    client = way.client()
    way.proxy.wait_streams(1)
    reset(client)
    equal(way.proxy.streams[0].wait_reset(), h2.CANCEL, "code")


def ends_go_both_ways(stage):
    way = H2Route(stage)
    client = way.greeted()
    stream = way.proxy.streams[0]
    stream.at_end = lambda: None
    client.sendall(b"a LOGOUT\r\n")
    client.shutdown(socket.SHUT_WR)
    stream.wait_end()
    stream.send(b"* BYE\r\n")
    equal(read_exactly(client, 17), b"a LOGOUT\r\n* BYE\r\n", "what the client still gets")
    stream.end()
    equal(ending(client), END, "the end at the client")
    check(stream.code is None, f"the stream was reset with {stream.code}")
    client = way.greeted()
    stream = way.proxy.streams[1]
    stream.heard = stream.got.extend
    stream.end()
    equal(ending(client), END, "the proxy's end at the client")
    client.sendall(b"more")
    equal(stream.read_exactly(4), b"more", "what goes the other way")


def behind_a_goodbye_our_end_comes_first(stage):
    """A proxy may keep back the server's end until ours has come; mbsync waits for it."""
    way = H2Route(stage)
    client = way.greeted()
    stream = way.proxy.streams[0]
    stream.heard, stream.at_end = stream.got.extend, stream.end
    client.sendall(b"a LOGOUT\r\n")
    equal(stream.read_exactly(10), b"a LOGOUT\r\n", "what the server gets")
    stream.send(b"* BYE\r\na OK LOGOUT\r\n")
    equal(read_all(client), (b"* BYE\r\na OK LOGOUT\r\n", END), "what the client gets")
    client.close()
    way.daemon.wait_line(r"imap #1 closed in=10 out=\d+ seconds=\d+ by=proxy$")
    check(stream.code is None, f"the stream was reset with {stream.code}")


scenario(what_is_open_goes_on,
         below_an_open_stream,
         below_a_request,
         before_settings,
         before_settings_always,
         twice,
         twice_upwards,
         with_an_error,
         refused_once,
         refused_at_a_number,
         refused_always,
         each_code_before_the_answer,
         http_1_1_required,
         each_code_within_the_answer,
         within_its_fields,
         each_code_behind_the_answer,
         right_behind_the_answer,
         behind_the_end_it_takes_no_more,
         behind_the_end_with_another_code,
         the_clients_reset_is_connect_error,
         a_client_that_gives_up_while_opening_is_cancel,
         ends_go_both_ways,
         behind_a_goodbye_our_end_comes_first,
         paths=("splice",))
