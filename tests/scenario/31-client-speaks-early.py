#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The client sends before its tunnel is open (RFC 9931): nothing of it leaves before the proxy has agreed, and all of
it arrives, once and in order, after."""
import hashlib
import threading

from kit import check, equal, scenario
from kit.peers import GREETING, OPAQUE, SWITCHED
from kit.process import PATIENCE
from kit.route import Route, refusal
from kit.streams import Source, read_exactly, readable, send_in_segments

WATCHED = 0.3
"""Seconds for which the proxy watches that nothing comes."""


def held_back(stage, early, answer):
    """The client says early before the proxy answers; gives what the server behind got."""
    sent, got = threading.Event(), []

    def script(connection):
        connection.read_head()
        sent.wait(PATIENCE)
        check(not connection.surplus and not readable(connection.sock, WATCHED),
              "the proxy got bytes of the client before it had answered")
        connection.send(answer + GREETING)
        got.append(connection.read_exactly(len(early)))
        connection.send(b"a OK\r\n")

    route = Route(stage, script)
    client = route.client()
    source = threading.Thread(target=client.sendall, args=(early,), daemon=True)
    source.start()
    if len(early) < 65536:
        source.join(PATIENCE)
    sent.set()
    equal(read_exactly(client, len(GREETING) + 6), GREETING + b"a OK\r\n", "what the client got")
    equal(hashlib.sha256(got[0]).digest(), hashlib.sha256(early).digest(), "digest of what the server got")


def a_command_waits_for_101(stage):
    held_back(stage, b"a CAPABILITY\r\n", SWITCHED)


def a_command_waits_for_200(stage):
    held_back(stage, b"a CAPABILITY\r\n", OPAQUE)


def megabytes_wait_and_arrive_whole(stage):
    held_back(stage, hashlib.shake_256(b"early").digest(4 << 20), OPAQUE)


def a_head_of_http_in_the_clients_bytes_stays_its_own(stage):
    held_back(stage, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", SWITCHED)


def nothing_leaves_during_interim_answers(stage):
    sent = threading.Event()

    def script(connection):
        connection.read_head()
        sent.wait(PATIENCE)
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        check(not connection.surplus and not readable(connection.sock, WATCHED),
              "the proxy got bytes of the client on an interim answer")
        connection.send(OPAQUE + GREETING)
        connection.echo()

    route = Route(stage, script)
    client = route.client()
    client.sendall(b"a NOOP\r\n")
    sent.set()
    equal(read_exactly(client, len(GREETING) + 8), GREETING + b"a NOOP\r\n", "what the client got")


def nothing_leaves_when_the_proxy_refuses_and_the_refusal_is_read(stage):
    rests = []

    def script(connection):
        connection.read_head()
        sent.wait(PATIENCE)
        connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        rests.append(connection.surplus + connection.read_all()[0])

    sent = threading.Event()
    route = Route(stage, script)
    client = route.client()
    Source(client, 50_000, "early").finish()
    sent.set()
    told = refusal(client, ("permanent",))
    check("403" in told, f"the client was not told why: {told}")
    route.proxy.stop()
    equal(rests, [b"", b""], "what the refusing proxy got of the client, asked with Upgrade and without")


def a_client_that_talks_on_while_it_is_refused_is_not_cut_off(stage):
    """Many clients write before they read: they must get as far as reading why."""
    def script(connection):
        connection.read_head()
        connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    client = Route(stage, script).client()
    check(readable(client, PATIENCE), "the client was not refused")
    send_in_segments(client, [b"a NOOP\r\n"] * 3)
    refusal(client, ("permanent",))


scenario(a_command_waits_for_101,
         a_command_waits_for_200,
         megabytes_wait_and_arrive_whole,
         a_head_of_http_in_the_clients_bytes_stays_its_own,
         nothing_leaves_during_interim_answers,
         nothing_leaves_when_the_proxy_refuses_and_the_refusal_is_read,
         a_client_that_talks_on_while_it_is_refused_is_not_cut_off)
