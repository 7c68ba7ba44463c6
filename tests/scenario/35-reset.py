#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A reset on one side is a reset on the other, whatever was under way: a message cut short must not look complete."""
import socket

from kit import check, equal, scenario
from kit.route import Route
from kit.streams import RESET, Sink, Source, ending, read_all, read_exactly, reset

ENDLESS = 1 << 40


def opened(stage):
    def script(connection):
        connection.open(behind=b"*")
        connection.keep()

    route = Route(stage, script)
    client = route.client()
    read_exactly(client, 1)
    return route, client, route.proxy.connections[0].sock


def by_the_client_when_idle(stage):
    route, client, server = opened(stage)
    reset(client)
    equal(ending(server), RESET, "how the server's stream ended")
    route.daemon.wait_line("#1 closed .*by=client")


def by_the_server_when_idle(stage):
    route, client, server = opened(stage)
    reset(server)
    equal(ending(client), RESET, "how the client's stream ended")
    route.daemon.wait_line("#1 closed .*by=proxy")


def by_the_server_in_mid_stream(stage):
    route, client, server = opened(stage)
    source = Source(server, ENDLESS, "cut")
    read_exactly(client, 1 << 20)
    sink = Sink(client)
    source.abort()
    sink.join()
    equal(sink.how, RESET, "how the client's stream ended")
    route.daemon.wait_line("#1 closed .*by=proxy")


def by_the_client_in_mid_stream(stage):
    route, client, server = opened(stage)
    source = Source(client, ENDLESS, "cut")
    read_exactly(server, 1 << 20)
    sink = Sink(server)
    source.abort()
    sink.join()
    equal(sink.how, RESET, "how the server's stream ended")
    route.daemon.wait_line("#1 closed .*by=client")


def by_the_client_while_the_server_sends(stage):
    route, client, server = opened(stage)
    source = Source(server, ENDLESS, "cut")
    read_exactly(client, 1 << 20)
    reset(client)
    source.join(10)
    check(isinstance(source.error, ConnectionError), f"the server went on sending: {source.error}")
    route.daemon.wait_line("#1 closed .*by=client")


def by_the_server_while_the_client_does_not_read(stage):
    """What is stuck on the way is no reason to wait: the reset crosses at once."""
    route, client, server = opened(stage)
    source = Source(server, ENDLESS, "stuck")
    source.wait_stuck()
    source.abort()
    route.daemon.wait_line("#1 closed .*by=proxy", patience=5)
    equal(read_all(client)[1], RESET, "how the client's stream ended")


def by_the_client_while_it_does_not_read(stage):
    route, client, server = opened(stage)
    source = Source(server, ENDLESS, "stuck")
    source.wait_stuck()
    reset(client)
    source.join(10)
    check(isinstance(source.error, ConnectionError), f"the server was not told: {source.error}")
    route.daemon.wait_line("#1 closed .*by=client")


def by_the_server_behind_a_last_word(stage):
    """Bytes and reset in one breath: some or all of the bytes may arrive, but never a clean end."""
    _, client, server = opened(stage)
    server.sendall(b"half a mess")
    reset(server)
    data, how = read_all(client)
    equal(how, RESET, "how the client's stream ended")
    check(b"half a mess".startswith(data), f"the client got {data!r}")


def by_the_server_after_the_client_has_ended(stage):
    route, client, server = opened(stage)
    client.shutdown(socket.SHUT_WR)
    read_all(server)
    reset(server)
    equal(ending(client), RESET, "how the client's stream ended")
    route.daemon.wait_line("#1 closed .*by=proxy")


def by_the_client_after_the_server_has_ended(stage):
    route, client, server = opened(stage)
    server.shutdown(socket.SHUT_WR)
    read_all(client)
    client.sendall(b"half a mess")
    read_exactly(server, 11)
    reset(client)
    equal(ending(server), RESET, "how the server's stream ended")
    route.daemon.wait_line("#1 closed .*by=client")


def by_the_client_after_its_own_end(stage):
    """The client has closed for good and the server still talks: the client's kernel answers with a reset."""
    route, client, server = opened(stage)
    client.close()
    read_all(server)
    source = Source(server, ENDLESS, "deaf")
    source.join(10)
    check(isinstance(source.error, ConnectionError), f"the server went on sending: {source.error}")
    route.daemon.wait_line("#1 closed .*by=client")


scenario(by_the_client_when_idle,
         by_the_server_when_idle,
         by_the_server_in_mid_stream,
         by_the_client_in_mid_stream,
         by_the_client_while_the_server_sends,
         by_the_server_while_the_client_does_not_read,
         by_the_client_while_it_does_not_read,
         by_the_server_behind_a_last_word,
         by_the_server_after_the_client_has_ended,
         by_the_client_after_the_server_has_ended,
         by_the_client_after_its_own_end)
