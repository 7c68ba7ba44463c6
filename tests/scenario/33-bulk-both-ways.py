#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""64 MiB each way at the same time, and the counters and ends behind them."""
import socket

from kit import equal, scenario
from kit.peers import OPAQUE
from kit.process import PATIENCE
from kit.route import Route
from kit.streams import END, Sink, Source, ending, read_exactly

SIZE = 64 << 20


def opened(stage, behind=b"*"):
    def script(connection):
        connection.open(behind=behind)
        connection.keep()

    route = Route(stage, script)
    client = route.client()
    equal(read_exactly(client, len(behind)), behind, "what stood behind the head")
    return route, client, route.proxy.connections[0].sock


def each_way_compared_by_digest(stage):
    route, client, server = opened(stage)
    down, up = Source(server, SIZE, "down"), Source(client, SIZE, "up")
    at_client, at_server = Sink(client, SIZE), Sink(server, SIZE)
    equal(at_client.finish(3 * PATIENCE), down.finish(), "digest of what the client got")
    equal(at_server.finish(3 * PATIENCE), up.finish(), "digest of what the server got")
    client.shutdown(socket.SHUT_WR)
    equal(ending(server), END, "end at the server")
    server.close()
    equal(ending(client), END, "end at the client")
    route.daemon.wait_line(rf"#1 closed in={SIZE} out={SIZE + 1} ")


def sent_and_ended_in_one_go(stage):
    """The last bytes are not lost when the end comes right behind them."""
    _, client, server = opened(stage)
    source = Source(server, SIZE, "down", then=server.close)
    sink = Sink(client)
    equal(sink.finish(3 * PATIENCE), source.finish(), "digest")
    equal((sink.got, sink.how), (SIZE, END), "count and end")


def a_large_left_over_goes_first(stage):
    """Bytes that came with the head stand before those that come behind, however both are moved."""
    behind = bytes(range(256)) * 1024
    _, client, server = opened(stage, behind)
    source = Source(server, SIZE // 8, "down")
    equal(Sink(client, SIZE // 8).finish(), source.finish(), "digest")


def bursts_and_single_bytes_by_turns(stage):
    """Each burst may change the way bytes are moved; between them single bytes go back and forth."""
    _, client, server = opened(stage)
    for number in range(12):
        for giver, taker in ((server, client), (client, server)):
            source = Source(giver, 700_001 + number, f"burst {number}")
            equal(Sink(taker, 700_001 + number).finish(), source.finish(), f"digest of burst {number}")
            giver.sendall(b".")
            equal(read_exactly(taker, 1), b".", "the byte behind the burst")


def eight_sessions_at_once(stage):
    def script(connection):
        connection.open(behind=b"*", answer=OPAQUE)
        connection.keep()

    route = Route(stage, script)
    pairs = []
    for number in range(8):
        client = route.client()
        read_exactly(client, 1)
        pairs.append((client, route.proxy.wait_connection(number + 1).sock))
    flows = [(Source(giver, SIZE // 8, f"{number}{side}"), Sink(taker, SIZE // 8))
             for number, (client, server) in enumerate(pairs)
             for side, giver, taker in (("down", server, client), ("up", client, server))]
    for number, (source, sink) in enumerate(flows):
        equal(sink.finish(3 * PATIENCE), source.finish(), f"digest of flow {number}")


scenario(each_way_compared_by_digest,
         sent_and_ended_in_one_go,
         a_large_left_over_goes_first,
         bursts_and_single_bytes_by_turns,
         eight_sessions_at_once)
