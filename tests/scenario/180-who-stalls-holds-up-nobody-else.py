#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Tunnels that share an HTTP/2 connection, and one of them stands still: a reader that does not read holds back its own
stream alone, and where an upload stands still, no new tunnel is begun."""
from kit import check, equal, scenario, until
from kit import h2
from kit.h2_route import H2Route
from kit.peers import GREETING
from kit.process import pause
from kit.streams import Sink, Source, read_exactly, reset
from kit.usage import anonymous_kib, sanitized

READERS = 20
LARGE = 24 << 20
"""More than the buffers on the way of one reader hold."""

EACH = 1 << 20


def pattern(size):
    return (b"0123456789abcdef" * 4096)[:65536] * (size >> 16)


def one_stalled_reader_among_twenty(stage):
    """The others get all of theirs, and answers as before, while it has not got its own; then it does, too."""
    way = H2Route(stage)
    clients = [way.greeted() for _ in range(READERS)]
    stalled, *others = way.proxy.streams
    pid = way.daemon.process.pid
    memory = anonymous_kib(pid)
    stalled.send(pattern(LARGE))
    held = -1
    while held != stalled.left():
        held = stalled.left()
        stalled.connection.ping()
        pause(0.05)
    check(held > EACH, f"only {held} bytes wait for the reader that does not read")
    for stream in others:
        stream.send(pattern(EACH))
    sinks = [Sink(client, EACH) for client in clients[1:]]
    for sink in sinks:
        sink.finish()
    for _ in range(5):
        for client in clients[1:]:
            way.echoed(client)
    equal(stalled.left(), held, "what waits for the reader that does not read, when the others have had theirs")
    grown = anonymous_kib(pid) - memory
    check(sanitized() or grown < 4096, f"the daemon has {grown} KiB more")
    sink = Sink(clients[0], LARGE)
    sink.finish()
    way.echoed(clients[0])
    equal(way.connections(), 1, "connections")


def a_stalled_reader_that_gives_up(stage):
    """What it never read is nobody's debt: the connection goes on."""
    way = H2Route(stage)
    client, other = way.greeted(), way.greeted()
    stalled, stream = way.proxy.streams
    for _ in range(3):
        stalled.send(pattern(EACH))
        pause(0.05)
        client.close()
        stalled.wait_reset()
        stream.send(pattern(EACH))
        Sink(other, EACH).finish()
        client = way.greeted()
        stalled = way.proxy.streams[-1]
    equal(way.connections(), 1, "connections")


def one_stalled_upload(stage):
    """It uses up the window of the whole connection, as real proxies let it: nothing new is begun there, until it
    moves again."""
    way = H2Route(stage)
    client, beside = way.greeted(), way.greeted()
    stream = way.proxy.streams[0]
    stream.heard, stream.takes = stream.got.extend, False
    source = Source(client, EACH, "up")
    until(lambda: len(stream.got) >= 65000, "an upload that stands still")
    pause(1.3)
    way.greeted()
    equal([len(spoken.streams) for spoken in way.proxy.spoken], [2, 1], "tunnels on each connection")
    stream.takes = True
    stream.connection.give_back(stream, len(stream.got))
    source.finish()
    until(lambda: len(stream.got) == EACH, "the whole upload")
    way.echoed(beside)
    client.close()
    for _ in range(2):
        way.greeted()
    way.echoed(beside)


def a_stalled_upload_does_not_hold_up_reading(stage):
    """What comes the other way, in its own tunnel and in others, is not kept waiting by it."""
    way = H2Route(stage)
    client, beside = way.greeted(), way.greeted()
    stream, other = way.proxy.streams
    stream.heard, stream.takes = stream.got.extend, False
    client.sendall(pattern(EACH))
    until(lambda: len(stream.got) >= 65000, "an upload that stands still")
    stream.send(pattern(EACH))
    other.send(pattern(EACH))
    Sink(client, EACH).finish()
    Sink(beside, EACH).finish()
    reset(client)
    equal(stream.wait_reset(), h2.CONNECT_ERROR, "code of the client's reset")
    stream.connection.give_back(stream, len(stream.got))
    way.echoed(beside)


def a_connection_that_takes_no_byte(stage):
    """The proxy's process stands still: its socket is full.  Who comes then has another connection."""
    way = H2Route(stage, sallyport="keepalive = 60s\n")
    client = way.greeted()
    connection = way.proxy.spoken[0]
    with connection.lock:  # its thread stops at the next frame
        source = Source(client, LARGE, "up")
        source.wait_stuck()
        pause(1.0)
        second = way.client()
        equal(read_exactly(second, len(GREETING)), GREETING, "greeting of who came later")
        equal(way.connections(), 2, "connections")
    source.abort()


scenario(one_stalled_reader_among_twenty,
         a_stalled_reader_that_gives_up,
         one_stalled_upload,
         a_stalled_upload_does_not_hold_up_reading,
         a_connection_that_takes_no_byte,
         paths=("splice",))
