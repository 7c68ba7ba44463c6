#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Connections made ahead of need (`preconnect`) when something is wrong: a path that went silent, a proxy that is down,
few descriptors, a proxy that is ourselves.  None of them may cost a client more than there being none."""
import ctypes
import resource
import socket
import struct
import threading
import time
from signal import SIGHUP

from kit import Skip, check, closed_port, equal, free_port, scenario, until
from kit.checking import complaints
from kit.control import command, facts
from kit.peers import GREETING, Proxy
from kit.process import naps, pause
from kit.redirecting import use
from kit.route import Route, listener, settings
from kit.streams import read_all, read_exactly

SO_ATTACH_FILTER, SO_DETACH_FILTER, DROP_ALL = 26, 27, struct.pack("HBBI", 0x06, 0, 0, 0)
"""A socket's filter (BPF) that lets nothing in: "return 0 bytes"."""


def serve(connection):
    connection.open()
    connection.echo()


def mute(count):
    """(the first connections so many, a script that says nothing to those and serves the others)."""
    first = []

    def script(connection):
        if len(first) < count:
            first.append(connection)
            connection.hold()
        else:
            serve(connection)

    return first, script


def fall_silent(connection):
    """From now on what is sent to this connection is lost on the way, without a word."""
    code = ctypes.create_string_buffer(DROP_ALL, len(DROP_ALL))
    try:
        connection.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(code)))
    except PermissionError as failure:
        raise Skip("this kernel lets only root lose what comes in") from failure


def told(daemon, url):
    """What the daemon tells of that proxy."""
    return {proxy["url"]: proxy for proxy in facts(daemon)["proxies"]}[url]


def ready(daemon, url):
    return told(daemon, url).get("ready")


def next_try(daemon, url):
    """In how many seconds a place opens again that was lost; 0: none was."""
    return told(daemon, url).get("next_try") or 0


def wait_ready(daemon, proxy, count):
    until(lambda: ready(daemon, proxy.url) == count, f"{count} connections ready to {proxy.url}")


def totals(daemon):
    told = facts(daemon)["totals"]
    return told["preconnected"], told["stale"]


def greeted(stage, daemon, name="imap"):
    client = daemon.connect(name)
    stage.later(client.close)
    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    return client


def a_path_that_went_silent(stage):
    """As behind a router that forgot the connections, or after a change of networks.  One client finds out; the others
    are served by fresh connections."""
    silent, script = mute(3)
    route = Route(stage, script, proxy="preconnect = 3")
    route.proxy.wait_connection(3)
    wait_ready(route.daemon, route.proxy, 3)
    for connection in silent:
        fall_silent(connection)
    begun = time.monotonic()
    route.greeted()
    check(time.monotonic() - begun < 10, "the client waited as for an answer of the proxy")
    route.greeted()
    route.greeted()
    used, stale = totals(route.daemon)
    equal(stale, 1, "dead ones that were used")
    equal(route.daemon.count("failed class"), 0, "sessions that failed")
    equal(route.daemon.count(" rests for "), 0, "times that the proxy was blamed")
    check(used >= 1, "none was used")


def others_come_while_one_finds_out(stage):
    """They are given connections that were made since, not those that stood beside the dead one."""
    silent, script = mute(3)
    route = Route(stage, script, proxy="preconnect = 3")
    route.proxy.wait_connection(3)
    wait_ready(route.daemon, route.proxy, 3)
    pause(0.3)
    for connection in silent:
        fall_silent(connection)
    first = route.client()
    for fresh in 4, 5:
        route.proxy.wait_connection(fresh)
        wait_ready(route.daemon, route.proxy, 3)
        pause(0.3)
        route.greeted()
    equal(read_exactly(first, len(GREETING)), GREETING, "greeting of the one that found out")
    equal(totals(route.daemon)[1], 1, "dead ones that were used")
    equal(route.daemon.count("failed class"), 0, "sessions that failed")


def a_tunnel_is_as_patient_as_any_other(stage):
    """The short patience is for the first request only: an open tunnel sits out what `keepalive` lets it."""
    route = Route(stage, serve, proxy="preconnect = 1")
    wait_ready(route.daemon, route.proxy, 1)
    client = route.greeted()
    equal(totals(route.daemon), (1, 0), "(used, dead)")
    used = next(connection for connection in route.proxy.connections if connection.head)
    fall_silent(used)
    client.sendall(b"still there?")
    pause(3)
    used.sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
    equal(read_exactly(client, 12), b"still there?", "echo")


def a_proxy_that_says_nothing_any_more(stage):
    """It takes the request and does not answer: that one session fails, and the others' connections are made anew."""
    _, script = mute(2)
    route = Route(stage, script, sallyport="handshake-timeout = 1s", proxy="preconnect = 2")
    route.proxy.wait_connection(2)
    wait_ready(route.daemon, route.proxy, 2)
    client = route.client()
    route.failed("no answer")
    client.close()
    route.proxy.wait_connection(4)
    wait_ready(route.daemon, route.proxy, 2)
    route.greeted()


def one_that_ends_early_keeps_only_its_own_place_empty(stage):
    early, standing = [], threading.Event()

    def script(connection):
        if not early:
            early.append(connection)
            standing.wait()
            return
        serve(connection)

    route = Route(stage, script, proxy="preconnect = 3")
    wait_ready(route.daemon, route.proxy, 3)
    standing.set()
    until(lambda: next_try(route.daemon, route.proxy.url), "one to be lost")
    replaced = 0
    while replaced < 4 and next_try(route.daemon, route.proxy.url):
        route.greeted()
        until(lambda: ready(route.daemon, route.proxy.url) >= 2, "another one to be ready")
        replaced += 1 if next_try(route.daemon, route.proxy.url) else 0
    check(replaced > 0, "they were not replaced before the lost one was")


def they_are_made_to_the_next_proxy_when_one_is_down(stage):
    """Before any client finds out, and then none has to.  What is known of a proxy by sessions stays as it is."""
    down = f"http://127.0.0.1:{closed_port()}"
    proxy = Proxy(stage, serve)
    daemon = stage.sallyport(settings(f"{down} {proxy.url}", proxy="preconnect = 2"))
    stage.later(proxy.stop)
    wait_ready(daemon, proxy, 2)
    greeted(stage, daemon)
    equal(totals(daemon), (1, 0), "(used, dead)")
    equal(daemon.count(" rests for "), 0, "times that the proxy was blamed")


def they_follow_the_sessions_back(stage):
    place = "127.0.0.77", free_port()  # an address where nobody else takes the port meanwhile
    second = Proxy(stage, serve)
    daemon = stage.sallyport(settings(f"http://{place[0]}:{place[1]} {second.url}",
                                      proxy="preconnect = 2\npreconnect-age = 4s"))
    stage.later(second.stop)
    wait_ready(daemon, second, 2)
    url = f"http://{place[0]}:{place[1]}"

    def is_told():
        """Asked until the second does not tick between the two."""
        seconds = next_try(daemon, url)
        return 0 < seconds <= 60 and f", next in {seconds}s" in command(daemon, "status")[0]

    until(is_told, "the user to be told when the first is tried again")
    first = Proxy(stage, serve, *place)
    stage.later(first.stop)

    def is_back():
        greeted(stage, daemon).close()
        return first.heads

    until(is_back, "a session to go to the first again")
    wait_ready(daemon, first, 2)
    wait_ready(daemon, second, 0)


def nobody_wakes_while_it_wants_none(stage):
    """Nor for what is idle: 50 sessions by another proxy."""
    def busy(connection):
        connection.read_head()
        connection.send(b"HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n")

    away, proxy = Proxy(stage, busy), Proxy(stage, serve)
    daemon = stage.sallyport(f"[proxy away]\nurl = {away.url}\npreconnect = 2\npreconnect-age = 1s\n"
                             f"[proxy other]\nurl = {proxy.url}\n" +
                             listener("imap", more="proxy = away") + listener("smtp", more="proxy = other"))
    stage.later(away.stop)
    stage.later(proxy.stop)
    wait_ready(daemon, away, 2)
    for _ in range(50):
        greeted(stage, daemon, "smtp")
    refused = daemon.connect("imap")
    check(read_all(refused)[0], "a word for the client that the proxy sent away")
    refused.close()
    wait_ready(daemon, away, 0)
    pause(1)  # what was to be done is done
    before, made = naps(daemon.process.pid), len(away.connections)
    pause(6)
    equal(naps(daemon.process.pid), before, "times that it has gone to sleep")
    equal(len(away.connections), made, "connections to the one that wants none")


def not_for_one_that_a_redirect_names(stage):
    """Whether it may be where it is, is looked up when it is asked."""
    inner = Proxy(stage, serve)

    def send_away(connection):
        connection.read_head()
        connection.send(use(inner))

    outer = Proxy(stage, send_away)
    daemon = stage.sallyport(f"[redirects]\nwider = accept\n[proxy outer]\nurl = {outer.url}\n"
                             f"[proxy inner]\nurl = {inner.url}\npreconnect = 1\n" +
                             listener("imap", more="proxy = outer") +
                             listener("smtp", more="proxy = inner"))
    stage.later(inner.stop)
    stage.later(outer.stop)
    wait_ready(daemon, inner, 1)
    greeted(stage, daemon)
    equal(totals(daemon), (0, 0), "(used, dead) behind the redirect")
    equal(len(inner.heads), 1, "requests")
    greeted(stage, daemon, "smtp")
    equal(totals(daemon), (1, 0), "(used, dead) without one")


def not_to_ourselves(stage):
    """A listener's proxy may be another listener of ours; each connection to that would be a client."""
    port = free_port()
    proxy = Proxy(stage, serve)
    daemon = stage.sallyport(f"[sallyport]\nlog-level = debug\n[proxy]\nurl = {proxy.url}\n"
                             f"[proxy loop]\nurl = http://127.0.0.1:{port}\npreconnect = 2\n"
                             f"[forward]\nlisten = 127.0.0.1:{port}\ntarget = proxy.example.net:3128\n"
                             "protocol = HTTP\n" + listener("imap", more="proxy = loop"))
    stage.later(proxy.stop)
    daemon.wait_line("ahead of need: it leads to one of our own listeners", count=2)
    equal(facts(daemon)["totals"]["sessions"], 0, "sessions without a client")
    equal(len(proxy.connections), 0, "connections at the proxy")
    found = complaints(stage, f"[proxy]\nurl = http://localhost:{port}\n[imap]\nlisten = 127.0.0.1:{port}\n"
                       "target = mail.example.net\n")
    check(any("listens itself" in text for _, text in found), f"a circle is not told: {found}")


def they_leave_descriptors_for_sessions(stage):
    """And each section has its share."""
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    first, second = Proxy(stage, serve), Proxy(stage, serve)
    daemon = stage.sallyport(f"[proxy first]\nurl = {first.url}\npreconnect = 64\n"
                             f"[proxy second]\nurl = {second.url}\npreconnect = 64\n" +
                             listener("imap", more="proxy = first") + listener("smtp", more="proxy = second"),
                             preexec=few)
    stage.later(first.stop)
    stage.later(second.stop)
    wait_ready(daemon, first, 3)
    wait_ready(daemon, second, 3)
    for _ in range(3):
        greeted(stage, daemon)
        greeted(stage, daemon, "smtp")
    wait_ready(daemon, first, 3)
    wait_ready(daemon, second, 3)


def one_that_the_proxy_has_no_place_for(stage):
    """It takes two connections at a time: those are used, no session is worse off, and it is not stormed."""
    taken, lock = [], threading.Lock()

    def script(connection):
        with lock:
            if len(taken) >= 2:
                return
            taken.append(connection)
        try:
            serve(connection)
        finally:
            taken.remove(connection)

    proxy, other = Proxy(stage, script), Proxy(stage, serve)
    daemon = stage.sallyport(settings(f"{proxy.url} {other.url}", proxy="preconnect = 4"))
    stage.later(proxy.stop)
    stage.later(other.stop)
    wait_ready(daemon, proxy, 2)
    for _ in range(5):
        until(lambda: not any(connection.head for connection in taken) and ready(daemon, proxy.url) >= len(taken),
              "the last session to leave its place")
        greeted(stage, daemon).close()
    equal(len(other.connections), 0, "connections at the other proxy")
    equal(daemon.count(" rests for "), 0, "times that the proxy was blamed")
    check(len(proxy.connections) < 24, f"{len(proxy.connections)} connections for 5 sessions")


def while_all_are_young_the_first_is_taken(stage):
    """A proxy with few places closes those that came later, and its word may be on the way.  Only what happened within
    the time in which they are young counts."""
    route = Route(stage, serve, proxy="preconnect = 2")
    wait_ready(route.daemon, route.proxy, 2)
    served, deadline = 0, time.monotonic() + 30
    while served < 3:
        check(time.monotonic() < deadline, f"only {served} sessions within the time")
        before, begun = len(route.proxy.connections), time.monotonic()
        route.daemon.process.signal(SIGHUP)
        route.proxy.wait_connection(before + 2)
        client = route.greeted()
        used = [bool(connection.head) for connection in route.proxy.connections[before:before + 2]]
        if time.monotonic() - begun < 0.25:
            check(not used[1], "the later one was taken")
            served += used[0]
        client.close()
        wait_ready(route.daemon, route.proxy, 2)


def of_those_that_have_stood_the_last_is_taken(stage):
    """Nobody had much time to forget it."""
    route = Route(stage, serve, proxy="preconnect = 2")
    wait_ready(route.daemon, route.proxy, 2)
    pause(0.3)
    route.greeted()
    equal([bool(connection.head) for connection in route.proxy.connections[:2]], [False, True], "which was used")


def a_request_without_an_answer(stage):
    """The proxy is silent about one target only: the others go on, over connections that stay ready."""
    def script(connection):
        if b"mute.example.net" in connection.read_head():
            connection.hold()
        elif connection.head:
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + GREETING)
            connection.echo()

    route = Route(stage, script, listener("imap") + listener("smtp", "mute.example.net"),
                  "handshake-timeout = 1s", "preconnect = 3")
    wait_ready(route.daemon, route.proxy, 3)
    client = route.client("smtp")
    route.failed("no answer")
    client.close()
    for _ in range(3):
        check(ready(route.daemon, route.proxy.url) >= 2, "the others were given up")
        equal(next_try(route.daemon, route.proxy.url), 0, "seconds that a place stays empty")
        route.greeted()
    wait_ready(route.daemon, route.proxy, 3)
    equal(totals(route.daemon), (4, 0), "(used, dead)")


def none_is_kept_when_the_end_has_begun(stage):
    """A session that is still busy keeps the program alive, but needs no other connection."""
    gone = []

    def script(connection):
        if connection.read_head():
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + GREETING)
            connection.echo()
        else:
            gone.append(connection)

    route = Route(stage, script, proxy="preconnect = 2\npreconnect-age = 1s")
    client = route.greeted()

    def talk():
        client.sendall(b"x")
        equal(read_exactly(client, 1), b"x", "echo")

    def are_gone():
        talk()  # who is quiet now is ended
        return len(gone) >= 2

    wait_ready(route.daemon, route.proxy, 2)
    route.daemon.process.signal(15)
    until(are_gone, "those that were ready to be closed")
    before = len(route.proxy.connections)
    begun = time.monotonic()
    while time.monotonic() - begun < 1.5:
        talk()
    equal(len(route.proxy.connections), before, "connections at the proxy")


scenario(a_path_that_went_silent,
         others_come_while_one_finds_out,
         a_tunnel_is_as_patient_as_any_other,
         a_proxy_that_says_nothing_any_more,
         one_that_ends_early_keeps_only_its_own_place_empty,
         they_are_made_to_the_next_proxy_when_one_is_down,
         they_follow_the_sessions_back,
         nobody_wakes_while_it_wants_none,
         not_for_one_that_a_redirect_names,
         not_to_ourselves,
         they_leave_descriptors_for_sessions,
         one_that_the_proxy_has_no_place_for,
         while_all_are_young_the_first_is_taken,
         of_those_that_have_stood_the_last_is_taken,
         a_request_without_an_answer,
         none_is_kept_when_the_end_has_begun, in_turns=True)
