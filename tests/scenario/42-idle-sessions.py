#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""2000 sessions at once: all open, all idle without costing processor time, pipes, or more than a little memory, all
alive when spoken to, and nothing left when they are gone."""
import resource
import time

from kit import Skip, check, equal, scenario, until
from kit.peers import GREETING
from kit.route import Route
from kit.streams import Sink, Source, read_exactly
from kit.usage import anonymous_kib, cpu_seconds, descriptors, sanitized, settled_descriptors

SESSIONS = 2000
NEEDED = 2 * SESSIONS + 200
"""Descriptors: for the test's clients and its proxy's ends; the daemon needs as many."""
KIB = 2
"""The memory that a session may cost."""
POOL = 16
"""Pipes that the daemon may keep for later bursts, however many sessions there are."""


def raise_the_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < NEEDED:
        raise Skip(f"the hard limit of open files is {hard}, {NEEDED} are needed")
    if soft != resource.RLIM_INFINITY and soft < NEEDED:
        resource.setrlimit(resource.RLIMIT_NOFILE, (NEEDED, hard))


def two_thousand(stage):
    def script(connection):
        connection.open()
        connection.keep()

    raise_the_limit()
    route = Route(stage, script)
    pid = route.daemon.process.pid
    for _ in range(20):  # what the first sessions cost once and for all is no session's
        route.greeted().close()
    for connection in list(route.proxy.connections):
        connection.close()
    route.daemon.wait_line(r"#\d+ closed ", count=20)
    first, idle = len(route.proxy.connections), settled_descriptors(pid)
    empty = anonymous_kib(pid)

    clients = [route.greeted() for _ in range(SESSIONS)]
    servers = [connection.sock for connection in route.proxy.connections[first:]]
    equal(len(servers), SESSIONS, "connections at the proxy")
    each = (anonymous_kib(pid) - empty) / SESSIONS
    if sanitized():
        print(f"# sanitized program: {each:.2f} KiB a session are not compared", flush=True)
    else:
        print(f"# {each:.2f} KiB a session", flush=True)
        check(each < KIB, f"an idle session costs {each:.2f} KiB")

    equal(descriptors(pid) - idle, 2 * SESSIONS, "descriptors of the idle sessions: two sockets each, no pipe")
    before = cpu_seconds(pid)
    time.sleep(1)  # the span that is measured
    equal(cpu_seconds(pid) - before, 0, "processor seconds used while all are idle")

    for number, (client, server) in enumerate(zip(clients, servers)):
        client.sendall(b"?")
        equal(read_exactly(server, 1), b"?", f"the byte of session {number}")
        server.sendall(b"!")
        equal(read_exactly(client, 1), b"!", f"the echo of session {number}")
    for client, server in zip(clients, servers):
        client.close()
        server.close()
    route.daemon.wait_line(rf"closed in=1 out={len(GREETING) + 1} ", count=SESSIONS, patience=60)
    equal(route.daemon.count(" failed "), 0, "failures")
    until(lambda: descriptors(pid) == idle, "no more descriptors than before")


def sessions_that_idle_after_a_burst_own_no_pipe(stage):
    def script(connection):
        connection.open(behind=b"*")
        connection.keep()

    route = Route(stage, script)
    pid = route.daemon.process.pid
    pipes = descriptors(pid, "pipe")
    for number in range(1, 61):
        client = route.greeted(b"*")
        server = route.proxy.wait_connection(number).sock
        source = Source(server, 1 << 20, number)
        equal(Sink(client, 1 << 20).finish(), source.finish(), f"digest of burst {number}")
    settled_descriptors(pid)
    kept = (descriptors(pid, "pipe") - pipes) // 2
    check(kept <= POOL, f"60 idle sessions hold {kept} pipes")


scenario(two_thousand,
         sessions_that_idle_after_a_burst_own_no_pipe)
