#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""idle-timeout ends sessions over which nothing has moved for so long, and no others; by default nothing does."""
import time

from kit import check, equal, scenario
from kit.route import Route
from kit.streams import read_all, read_exactly, readable


def opened(stage, sallyport):
    def script(connection):
        connection.open()
        connection.keep()

    route = Route(stage, script, sallyport=sallyport)
    return route, route.greeted(), route.proxy.connections[0].sock


def an_idle_session_is_ended(stage):
    route, client, server = opened(stage, "idle-timeout = 1s")
    began = time.monotonic()
    equal(read_all(client)[0], b"", "bytes added at the end")
    took = time.monotonic() - began
    check(0.8 <= took < 8, f"an idle-timeout of 1 s ended the session after {took:.2f} s")
    equal(read_all(server)[0], b"", "bytes added at the end")
    route.daemon.wait_line("#1 closed .*idle")


def kept_alive(giver, taker):
    """One direction moves every 0.4 s, for longer than the time-out."""
    for _ in range(6):
        time.sleep(0.4)  # the pace of this client
        giver.sendall(b".")
        equal(read_exactly(taker, 1), b".", "what crossed")


def words_of_the_client_keep_it(stage):
    _, client, server = opened(stage, "idle-timeout = 1s")
    kept_alive(client, server)
    read_all(client)


def words_of_the_server_keep_it(stage):
    _, client, server = opened(stage, "idle-timeout = 1s")
    kept_alive(server, client)
    read_all(client)


def by_default_an_idle_session_stays(stage):
    route, client, server = opened(stage, "")
    check(not readable(client, 2), "the client was told something")
    client.sendall(b".")
    equal(read_exactly(server, 1), b".", "what crossed")
    equal(route.daemon.count("closed"), 0, "closed lines")


scenario(an_idle_session_is_ended,
         words_of_the_client_keep_it,
         words_of_the_server_keep_it,
         by_default_an_idle_session_stays)
