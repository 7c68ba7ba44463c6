#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""HTTP/2 proxies that keep us busy with frames that move nothing, that play with the windows, or that say everything
byte by byte."""
import socket

from kit import check, equal, scenario, until
from kit import h2
from kit.certificates import Authority
from kit.control import is_alive, place
from kit.h2_proxy import opens
from kit.h2_route import H2Route
from kit.peers import GREETING
from kit.process import pause
from kit.streams import END, RESET, Sink, Source, ending, read_all, read_exactly, send_in_segments
from kit.usage import cpu_seconds

FLOOD = 1100
"""Frames: more than are put up with in which no tunnel moves a byte."""

HALF = 600

SECONDS = 2.0
"""Of processor time that a flood may cost; a sanitizer makes it several times as much as it is."""

PING = h2.frame(h2.PING, payload=b"x" * 8)

LARGEST_WINDOW = (1 << 31) - 1


def flood_of(frame):
    """A function of the stream that says it so often."""
    return lambda stream: frame(stream) * FLOOD


FLOODS = (("PING", lambda stream: PING),
          ("answers to PING", lambda stream: h2.frame(h2.PING, h2.ACK, payload=b"x" * 8)),
          ("SETTINGS", lambda stream: h2.settings({})),
          ("SETTINGS with a value", lambda stream: h2.settings({h2.STREAMS: 100})),
          ("the window 0 and back", lambda stream: h2.settings({h2.WINDOW: 0}) + h2.settings({h2.WINDOW: 65535})),
          ("empty DATA", lambda stream: h2.frame(h2.DATA, 0, stream.number)),
          ("padding alone", lambda stream: h2.frame(h2.DATA, h2.PADDED, stream.number, b"\x04" + b"\0" * 4)))


def floods(stage):
    """The connection is ended, and the log says why; the next client has another."""
    for what, frame in FLOODS:
        way = H2Route(stage)
        client = way.greeted()
        stream = way.proxy.streams[0]
        before = cpu_seconds(way.daemon.process.pid)
        try:
            stream.connection.send(flood_of(frame)(stream))
        except OSError:
            pass  # it has heard enough
        equal(ending(client), RESET, f"how the tunnel ended in a flood of {what}")
        until(lambda stream=stream: stream.connection.gone, f"the end of the connection in a flood of {what}")
        spent = cpu_seconds(way.daemon.process.pid) - before
        check(spent < SECONDS, f"the daemon took {spent:.2f} s for a flood of {what}")
        way.greeted()
        way.daemon.wait_line(r'http2-end .* reason="[^"]*[Ff]lood')


def a_flood_of_continuation(stage):
    """Fields without end, of no bytes at all and of some."""
    for piece in b"", b"\x00\x01x\x01y":
        def asked(stream, piece=piece):
            if stream.connection is stream.connection.proxy.spoken[0] and stream.number > 1:
                stream.connection.send(h2.frame(h2.HEADERS, 0, stream.number, b"\x88") +
                                       h2.frame(h2.CONTINUATION, 0, stream.number, piece) * 20 * FLOOD)
            else:
                opens()(stream)

        way = H2Route(stage, asked)
        neighbour = way.greeted()
        before = cpu_seconds(way.daemon.process.pid)
        way.greeted()
        equal(ending(neighbour), RESET, "how the tunnel beside it ended")
        spent = cpu_seconds(way.daemon.process.pid) - before
        check(spent < SECONDS, f"the daemon took {spent:.2f} s for it")


def not_a_flood_while_bytes_move(stage):
    """The count begins anew with each byte of a tunnel."""
    way = H2Route(stage)
    client = way.greeted()
    connection = way.proxy.spoken[0]
    for _ in range(4):
        connection.send(PING * HALF)
        way.echoed(client)
    connection.ping()
    equal(way.connections(), 1, "connections")
    check(connection.count(h2.PING) >= 4 * HALF, f"{connection.count(h2.PING)} PINGs were answered")


def who_never_reads_the_answers(stage):
    """PING without end from a proxy that takes no byte: the answers are not kept without bound."""
    way = H2Route(stage)
    client = way.greeted()
    connection = way.proxy.spoken[0]
    connection.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    try:
        connection.send(PING * 20 * FLOOD)
    except OSError:
        pass
    equal(ending(client), RESET, "how the tunnel ended")
    is_alive(place(way.daemon))


# --- windows ---

def a_window_of_nothing_and_back(stage):
    """In SETTINGS it holds for what is open, too (RFC 9113 section 6.9.2); the scripted proxy counts along."""
    way = H2Route(stage)
    client = way.greeted()
    stream = way.proxy.streams[0]
    connection = stream.connection
    connection.offer({h2.WINDOW: 0})
    connection.wait_frame(h2.SETTINGS, 2, h2.ACK)
    client.sendall(b"a NOOP\r\n")
    connection.ping()
    pause(0.2)
    equal(sum(len(frame.payload) for frame in connection.frames if frame.kind == h2.DATA), 0, "bytes without a window")
    connection.offer({h2.WINDOW: 3})
    equal(read_exactly(client, 8), b"a NOOP\r\n", "what came back, three bytes at a time")
    largest = max(len(frame.payload) for frame in connection.frames if frame.kind == h2.DATA)
    check(largest <= 3, f"{largest} bytes in a frame where three were granted")
    connection.offer({h2.WINDOW: 65535})
    way.echoed(client, b"x" * 200_000)


def below_nothing(stage):
    """A window that is made smaller than what is under way is a debt, not an error."""
    way = H2Route(stage)
    client = way.greeted()
    stream = way.proxy.streams[0]
    stream.heard, stream.takes = stream.got.extend, False
    client.sendall(b"x" * 60000)
    until(lambda: len(stream.got) == 60000, "60000 bytes")
    stream.connection.offer({h2.WINDOW: 10000})
    stream.connection.wait_frame(h2.SETTINGS, 2, h2.ACK)
    client.sendall(b"y" * 20000)
    stream.connection.give_back(stream, 45000)
    stream.connection.ping()
    equal(len(stream.got), 60000, "bytes while the window is 5000 below nothing")
    stream.takes = True
    stream.connection.give_back(stream, 15000)
    until(lambda: len(stream.got) == 80000, "the rest")
    way.greeted()


def a_window_that_overflows(stage):
    """Of a stream: it is broken, or by newer versions of libnghttp2 the connection.  (Of the connection: 178.)"""
    way = H2Route(stage)
    neighbour, client = way.greeted(), way.greeted()
    stream = way.proxy.streams[1]
    stream.connection.send(h2.window(stream.number, LARGEST_WINDOW))
    equal(ending(client), RESET, "how the tunnel ended")
    code = stream.wait_reset()
    if code is None:
        equal(ending(neighbour), RESET, "how the other one ended")
        equal(stream.connection.goaway[1], h2.FLOW_CONTROL_ERROR, "code of the connection's end")
        return
    equal(code, h2.FLOW_CONTROL_ERROR, "code")
    way.echoed(neighbour)
    equal(way.connections(), 1, "connections")


def windows_as_large_as_they_can_be(stage):
    way = H2Route(stage, offers={h2.WINDOW: LARGEST_WINDOW, h2.FRAME: (1 << 24) - 1})
    client = way.greeted()
    way.proxy.spoken[0].send(h2.window(0, LARGEST_WINDOW - h2.FIRST_WINDOW))
    way.proxy.spoken[0].granted = LARGEST_WINDOW
    source = Source(client, 4 << 20, "up")
    equal(Sink(client, 4 << 20).finish(), source.finish(), "digest of what came back")


# --- pieces ---

def one_byte_at_a_time(stage):
    """All that the proxy says, from its first SETTINGS on."""
    way = H2Route(stage, opens(GREETING, ("server", "scripted")),
                  write=lambda sock, data: send_in_segments(sock, [data[i:i + 1] for i in range(len(data))]))
    client = way.greeted()
    way.echoed(client)
    way.proxy.streams[0].send(b"* BYE\r\n", end=True)
    equal(read_all(client), (b"* BYE\r\n", END), "what the client got")


def one_byte_in_a_frame(stage):
    """Padded or not."""
    way = H2Route(stage)
    client = way.greeted()
    stream = way.proxy.streams[0]
    for byte in b"* BYE\r\n":
        stream.connection.send(h2.frame(h2.DATA, h2.PADDED, stream.number, b"\xff" + bytes([byte]) + b"\0" * 255))
    stream.end()
    equal(read_all(client), (b"* BYE\r\n", END), "what the client got")


def bulk_both_ways_on_eight_tunnels(stage):
    """With TLS, at once, and none of it is mixed up."""
    size = 2 << 20
    way = H2Route(stage, authority=Authority(stage))
    clients = [way.greeted() for _ in range(8)]
    sources = [Source(client, size, seed, lambda client=client: client.shutdown(socket.SHUT_WR))
               for seed, client in enumerate(clients)]
    sinks = [Sink(client) for client in clients]
    for source, sink in zip(sources, sinks):
        equal(sink.finish(), source.finish(), "digest of what came back")
        equal((sink.got, sink.how), (size, END), "how much, and how it ended")
    equal(way.connections(), 1, "connections")


scenario(floods,
         a_flood_of_continuation,
         not_a_flood_while_bytes_move,
         who_never_reads_the_answers,
         a_window_of_nothing_and_back,
         below_nothing,
         a_window_that_overflows,
         windows_as_large_as_they_can_be,
         one_byte_at_a_time,
         one_byte_in_a_frame,
         bulk_both_ways_on_eight_tunnels,
         paths=("splice",))
