#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An HTTP/2 proxy is killed, or silent for ever, with many tunnels open: each client gets a reset and none hangs, and
it is one failure in the proxy's health."""
import resource
from collections import Counter

from kit import Skip, check, equal, scenario, until
from kit import h2
from kit.certificates import Authority
from kit.control import facts
from kit.h2_proxy import opens
from kit.h2_route import H2Route
from kit.peers import GREETING
from kit.process import pause
from kit.route import FORWARD, listener
from kit.streams import RESET, ending, read_all, read_exactly

TUNNELS = 1000
ON_ONE = 100
"""Tunnels on one connection at most."""

DESCRIPTORS = 3 * TUNNELS
"""In the test: a client has one.  In the daemon: two, and pipes."""


def raise_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, DESCRIPTORS)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise Skip(f"needs {wanted} descriptors, {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def one_failure(way):
    """It rests as after one failure: 2 s."""
    proxy = until(lambda: next((proxy for proxy in facts(way.daemon)["proxies"] if proxy["last_error"]), None),
                  "a failure in the proxy's health")
    check(proxy["state"] == "up" or proxy["seconds"] <= 2, f"the proxy rests for {proxy['seconds']} s")


def killed_with_a_thousand(stage):
    raise_descriptors()
    way = H2Route(stage, sallyport=f"max-sessions = {TUNNELS + 10}\n")
    clients = []
    for _ in range(TUNNELS):
        clients.append(way.greeted())
    equal(way.connections(), TUNNELS // ON_ONE, "connections")
    equal({spoken.most for spoken in way.proxy.spoken}, {ON_ONE}, "tunnels on each")
    for connection in way.proxy.spoken:
        connection.reset()
    equal(Counter(ending(client) for client in clients), {RESET: TUNNELS}, "how the clients' streams ended")
    until(lambda: facts(way.daemon)["totals"]["open"] == 0, "the end of all sessions")
    one_failure(way)
    equal(way.daemon.count(r" closed .*by=proxy", TUNNELS), TUNNELS, "ends in the log")
    way.greeted()


def killed_with_requests_that_wait(stage):
    """They are asked once more elsewhere, and served; what was open is reset."""
    waiting = []
    way = H2Route(stage)
    clients = [way.greeted() for _ in range(5)]
    way.proxy.asked = waiting.append
    late = [way.client() for _ in range(5)]
    until(lambda: len(waiting) == 5, "five requests that wait")
    way.proxy.asked = opens()
    way.proxy.spoken[0].reset()
    for client in clients:
        equal(ending(client), RESET, "how an open tunnel ended")
    for client in late:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting of who waited")
    one_failure(way)


def ended_in_order_with_tunnels_open(stage):
    """A close is as good as a kill: no tunnel had said that it was over."""
    for authority in None, Authority(stage):
        way = H2Route(stage, authority=authority)
        clients = [way.greeted() for _ in range(3)]
        way.proxy.spoken[0].close()
        for client in clients:
            equal(ending(client), RESET, "how an open tunnel ended")
        one_failure(way)


def forgotten_by_a_router(stage):
    """From one moment on nothing comes and nothing is taken in.  With tunnels open and nothing heard for `keepalive`
    the daemon asks, and ten seconds later it knows; a connection that answers is kept, and one without tunnels is not
    asked at all.  A word of the proxy's is an answer, too."""
    way = H2Route(stage, listeners=listener("imap") + listener("smtp") + FORWARD,
                  sallyport="keepalive = 1s\n", asked=opens(b"* OK\r\n220 x\r\n"))
    lost, kept, idle = (way.greeted(b"* OK\r\n220 x\r\n", name) for name in ("imap", "smtp", "forward"))
    silent, alive, unused = way.proxy.spoken
    silent.habits.clear()
    idle.close()
    unused.streams[0].wait_end()
    pings = unused.count(h2.PING)
    silent.wait_frame(h2.PING)
    equal(read_all(lost)[1], RESET, "how the tunnel on the silent connection ended")
    check(alive.count(h2.PING) >= 2, f"{alive.count(h2.PING)} PINGs came where they are answered")
    check(unused.count(h2.PING) - pings <= 1, "a connection without tunnels was asked again and again")
    kept.sendall(b"NOOP\r\n")
    equal(read_exactly(kept, 6), b"NOOP\r\n", "what came back on the connection that answers")
    equal(way.connections(), 3, "connections")
    one_failure(way)


def no_ping_while_something_is_heard(stage):
    way = H2Route(stage, sallyport="keepalive = 1s\n")
    client = way.greeted()
    for _ in range(8):
        pause(0.3)
        way.echoed(client)
    equal(way.proxy.spoken[0].count(h2.PING), 0, "PINGs")


scenario(killed_with_a_thousand,
         killed_with_requests_that_wait,
         ended_in_order_with_tunnels_open,
         forgotten_by_a_router,
         no_ping_while_something_is_heard,
         paths=("splice",))
