#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Connections that are made before a client needs one (`preconnect`): they stand ready, serve one tunnel each, grow no
older than they may, and one that is dead when it is needed costs the client nothing."""
import base64
import contextlib
import ssl
import threading
import time

from kit import check, equal, scenario, until
from kit.certificates import Authority
from kit.checking import IMAP, accepted, complaints
from kit.control import facts
from kit.peers import GREETING, Proxy
from kit.process import pause
from kit.route import Route, settings

LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def serve(connection):
    connection.open()
    connection.echo()


def ready(route):
    return facts(route.daemon)["proxies"][0]["ready"]


def wait_ready(route, count):
    until(lambda: ready(route) == count, f"{count} connections ready")


def standing(stage, count, script=serve, more=""):
    """A route whose connections are ready."""
    route = Route(stage, script, proxy=f"preconnect = {count}\n{more}")
    route.proxy.wait_connection(count)
    wait_ready(route, count)
    return route


def totals(route):
    told = facts(route.daemon)["totals"]
    return told["preconnected"], told["stale"]


def they_stand_before_any_client_comes(stage):
    route = standing(stage, 2)
    equal(len(route.proxy.heads), 0, "requests before there was a client")
    first = route.proxy.connections[:2]
    route.greeted()
    check(any(connection.head for connection in first), "the client's tunnel did not use one of them")
    wait_ready(route, 2)
    route.proxy.wait_connection(3)
    equal((len(route.proxy.connections), totals(route)), (3, (1, 0)), "connections, and (used, dead)")


def the_others_follow_the_first_one_by_one(stage):
    """As users have it, who may be thousands that start at one time."""
    route = Route(stage, serve, proxy="preconnect = 3", env={"SALLYPORT_PRECONNECT": ""})
    wait_ready(route, 1)
    told = facts(route.daemon)["proxies"][0]
    check(5 <= told["next_try"] <= 21, f"the next one is due in {told['next_try']} s")
    equal(len(route.proxy.connections), 1, "connections")
    route.greeted()


def each_serves_one_tunnel(stage):
    route = standing(stage, 2)
    for _ in range(6):
        route.greeted()
    equal(len(route.proxy.heads), 6, "requests")
    wait_ready(route, 2)
    used = [connection for connection in route.proxy.connections if connection.head]
    equal(len(used), 6, "connections with a request")
    check(all(connection.surplus == b"" for connection in used), "a connection was asked twice")


def none_grows_older_than_it_may(stage):
    """Nor is there a time without one: the next is made before the old one goes."""
    gone = []

    def script(connection):
        since = time.monotonic()
        if not connection.read_head():
            gone.append(time.monotonic() - since)
            return
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + GREETING)
        connection.echo()

    route = standing(stage, 1, script, "preconnect-age = 1s")
    least = 1
    while len(gone) < 3:
        least = min(least, ready(route))
    check(max(gone) < 1.6, f"one grew {max(gone):.2f} s old")
    check(min(gone) > 0.5, f"one was given up after {min(gone):.2f} s")
    equal(least, 1, "connections ready at the worst time")
    route.greeted()


def a_proxy_that_closes_at_once_is_not_stormed(stage):
    route = Route(stage, lambda connection: None, proxy="preconnect = 4")
    route.proxy.wait_connection(4)
    until(lambda: ready(route) == 0, "all of them to be closed")
    since = time.monotonic()
    while time.monotonic() - since < 1:
        ready(route)
    check(len(route.proxy.connections) <= 12, f"{len(route.proxy.connections)} connections in about a second")


def nor_one_that_closes_behind_each_handshake(stage):
    """As with TLS 1.3, where a proxy looks at the client's certificate only then.  One handshake after another: each is
    ready when the one before was lost."""
    authority = Authority(stage)
    context = authority.leaf("localhost", name="proxy").server_side()
    turn = threading.Lock()

    def script(connection):
        with turn, contextlib.suppress(ssl.SSLEOFError, ConnectionError):  # the daemon may end in the midst of one
            context.wrap_socket(connection.sock.dup(), server_side=True).close()

    proxy = Proxy(stage, script)
    stage.sallyport(settings(f"https://localhost:{proxy.port}", proxy=f"ca-file = {authority.file}\npreconnect = 6"))
    proxy.wait_connection(6)
    pause(2)
    check(len(proxy.connections) <= 14, f"{len(proxy.connections)} connections in two seconds")


def words_out_of_turn_end_its_use(stage):
    speakers = []

    def script(connection):
        if not speakers:
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n* BYE forged\r\n")
            speakers.append(connection)
            connection.wait_gone()
            return
        serve(connection)

    route = Route(stage, script, proxy="preconnect = 1")
    until(lambda: speakers, "the word to be on its way")
    route.greeted()
    equal(len(route.proxy.heads), 1, "requests")


def a_dead_one(stage, how, more="", seen=None):
    """The request meets a connection that its proxy has given up; the client does not notice."""
    dying = []

    def script(connection):
        if dying:
            serve(connection)
            return
        dying.append(connection)
        if connection.read_head():
            how(connection)

    route = standing(stage, 1, script, more)
    route.greeted()
    equal(totals(route), (1, 1), "(used, dead)")
    equal(len(route.proxy.heads), 2, "requests")
    equal(route.daemon.count("failed class"), 0, "sessions that failed")
    equal(route.daemon.count(" rests for "), 0, "times that the proxy was blamed")
    if seen:
        check(all(seen in head for head in route.proxy.heads), f"not in each request: {seen!r}")


def closed_as_the_request_comes(stage):
    a_dead_one(stage, lambda connection: connection.close())


def reset_as_the_request_comes(stage):
    a_dead_one(stage, lambda connection: connection.reset())


def too_late_for_the_proxy(stage):
    a_dead_one(stage, lambda connection: connection.send(LATE))


def dead_with_credentials(stage):
    a_dead_one(stage, lambda connection: connection.close(), "auth = basic\nuser = jane\npassword = sesame",
               b"Proxy-Authorization: Basic " + base64.b64encode(b"jane:sesame"))


def a_reload_changes_their_number(stage):
    route = standing(stage, 1)
    route.daemon.reload(settings(route.proxy.url, proxy="preconnect = 3"))
    route.daemon.wait_line("reloaded")
    wait_ready(route, 3)
    route.daemon.reload(settings(route.proxy.url))
    route.daemon.wait_line("reloaded", count=2)
    equal(ready(route), None, "ready where none are wanted")
    route.greeted()


def where_it_cannot_be(stage):
    found = complaints(stage, "[proxy]\nurl = http://p\npreconnect = 1\nvia = outer\n[proxy outer]\nurl = http://o\n" +
                       IMAP)
    check(any("reached via another" in text for _, text in found), f"got {found}")
    found = complaints(stage, "[proxy]\nurl = environment\npreconnect = 1\n" + IMAP)
    check("environment" in found[0][1], f"got {found}")
    check("preconnect = 2\n" in accepted(stage, "[proxy]\nurl = http://p\npreconnect = 2\n" + IMAP), "not printed back")


scenario(they_stand_before_any_client_comes,
         the_others_follow_the_first_one_by_one,
         each_serves_one_tunnel,
         none_grows_older_than_it_may,
         a_proxy_that_closes_at_once_is_not_stormed,
         nor_one_that_closes_behind_each_handshake,
         words_out_of_turn_end_its_use,
         closed_as_the_request_comes,
         reset_as_the_request_comes,
         too_late_for_the_proxy,
         dead_with_credentials,
         a_reload_changes_their_number,
         where_it_cannot_be, in_turns=True)
