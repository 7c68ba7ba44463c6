#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""One side ends its stream and goes on reading: the end crosses, and the other direction goes on for as long as it
likes."""
import socket

from kit import check, equal, scenario
from kit.peers import GREETING
from kit.route import FORWARD, Route
from kit.streams import END, Sink, Source, ending, read_all, readable

SIZE = 8 << 20


def opened(stage):
    def script(connection):
        connection.open()
        connection.keep()

    route = Route(stage, script)
    client = route.greeted()
    return route, client, route.proxy.connections[0].sock


def flows(giver, taker, what):
    source = Source(giver, SIZE, what)
    equal(Sink(taker, SIZE).finish(), source.finish(), f"digest of {what}")


def the_client_first(stage):
    route, client, server = opened(stage)
    client.sendall(b"a LOGOUT\r\n")
    client.shutdown(socket.SHUT_WR)
    equal(read_all(server), (b"a LOGOUT\r\n", END), "what the server got")
    flows(server, client, "what the server said afterwards")
    server.close()
    equal(ending(client), END, "end at the client")
    route.daemon.wait_line(rf"#1 closed in=10 out={len(GREETING) + SIZE} ")


def the_server_first(stage):
    route, client, server = opened(stage)
    server.sendall(b"* BYE\r\n")
    server.shutdown(socket.SHUT_WR)
    equal(read_all(client), (b"* BYE\r\n", END), "what the client got")
    flows(client, server, "what the client said afterwards")
    client.close()
    equal(ending(server), END, "end at the server")
    route.daemon.wait_line(rf"#1 closed in={SIZE} out={len(GREETING) + 7} ")


def both_at_once(stage):
    route, client, server = opened(stage)
    down = Source(server, SIZE, "down", then=lambda: server.shutdown(socket.SHUT_WR))
    up = Source(client, SIZE, "up", then=lambda: client.shutdown(socket.SHUT_WR))
    at_client, at_server = Sink(client), Sink(server)
    equal(at_client.finish(), down.finish(), "digest of what the client got")
    equal(at_server.finish(), up.finish(), "digest of what the server got")
    equal((at_client.how, at_server.how), (END, END), "ends")
    route.daemon.wait_line(rf"#1 closed in={SIZE} out={len(GREETING) + SIZE} ")


def an_end_in_the_middle_of_a_flood_from_the_other_side(stage):
    route, client, server = opened(stage)
    source = Source(server, 4 * SIZE, "flood", then=server.close)
    sink = Sink(client)
    client.shutdown(socket.SHUT_WR)
    equal(sink.finish(), source.finish(), "digest of the flood")
    equal(sink.how, END, "end at the client")
    route.daemon.wait_line(rf"#1 closed in=0 out={len(GREETING) + 4 * SIZE} ")


def an_end_alone_closes_nothing(stage):
    route, client, server = opened(stage)
    client.shutdown(socket.SHUT_WR)
    equal(ending(server), END, "end at the server")
    check(not readable(client, 0.5), "the client was told something after it ended its stream")
    equal(route.daemon.count("#1 closed"), 0, "closed lines")
    server.sendall(b"* still here\r\n")
    equal(client.recv(100), b"* still here\r\n", "what the client got")


def in_forward_the_server_may_end_without_a_word(stage):
    def script(connection):
        connection.open(behind=b"")
        connection.half_close()
        equal(connection.read_all(), (b"hello", END), "what the server got")

    route = Route(stage, script, listeners=FORWARD)
    client = route.client("forward")
    equal(ending(client), END, "end at the client")
    client.sendall(b"hello")
    client.shutdown(socket.SHUT_WR)
    route.daemon.wait_line("#1 closed in=5 out=0 ")


scenario(the_client_first,
         the_server_first,
         both_at_once,
         an_end_in_the_middle_of_a_flood_from_the_other_side,
         an_end_alone_closes_nothing,
         in_forward_the_server_may_end_without_a_word)
