#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""One side reads or writes slowly: the other is held back by the kernel's own buffers, nothing piles up in the
daemon, nothing is lost, and no byte waits for another."""
import hashlib
import socket

from kit import check, equal, scenario
from kit.process import PATIENCE
from kit.route import Route
from kit.streams import Sink, Source, read_exactly
from kit.usage import anonymous_kib


def largest(buffer):
    """Bytes that the kernel lets a socket's buffer grow to by itself."""
    with open(f"/proc/sys/net/ipv4/{buffer}", encoding="ascii") as numbers:
        return int(numbers.read().split()[2])


BUFFER = 64 << 10
BOUND = largest("tcp_rmem") + largest("tcp_wmem") + (2 << 20)
"""What may be under way when nobody reads: the receive buffer of one of the daemon's sockets and the send buffer of the
other, and what is in the pipe and at the far ends."""
TOTAL = max(64 << 20, BOUND + (16 << 20))
MEMORY = 4 << 10
"""KiB that the daemon may grow meanwhile: a pipe or a buffer, not what was sent."""


def opened(stage):
    """(route, client, server) of an open tunnel with small buffers at both far ends."""
    def script(connection):
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        connection.open(behind=b"*")
        connection.keep()

    route = Route(stage, script)
    client = socket.socket()
    stage.later(client.close)
    client.settimeout(PATIENCE)
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        client.setsockopt(socket.SOL_SOCKET, option, BUFFER)
    client.connect(route.daemon.address("imap"))
    read_exactly(client, 1)
    return route, client, route.proxy.connections[0].sock


def held_back(route, writer, reader):
    """writer sends TOTAL while reader does not read; then reader reads all."""
    before = anonymous_kib(route.daemon.process.pid)
    source = Source(writer, TOTAL, "slow")
    sent = source.wait_stuck()
    check(0 < sent < BOUND, f"{sent} bytes were taken though nobody read")
    grown = anonymous_kib(route.daemon.process.pid) - before
    check(grown < MEMORY, f"the daemon grew by {grown} KiB")
    sink = Sink(reader, TOTAL)
    equal(sink.finish(3 * PATIENCE), source.finish(), "digest of what arrived")


def a_client_that_does_not_read(stage):
    route, client, server = opened(stage)
    held_back(route, server, client)


def a_server_that_does_not_read(stage):
    route, client, server = opened(stage)
    held_back(route, client, server)


def a_side_that_does_not_read_does_not_stop_the_other_direction(stage):
    _, client, server = opened(stage)
    source = Source(server, TOTAL, "stuck")
    there = Source(client, TOTAL // 4, "free")
    equal(Sink(server, TOTAL // 4).finish(), there.finish(), "digest of the direction that is read")
    equal(Sink(client, TOTAL).finish(3 * PATIENCE), source.finish(), "digest of the other, once it is read")


def a_stuck_session_does_not_stop_another(stage):
    route, _, server = opened(stage)
    stuck = Source(server, TOTAL, "stuck")
    client = route.client()
    read_exactly(client, 1)
    other = route.proxy.wait_connection(2).sock
    source = Source(other, 8 << 20, "free")
    equal(Sink(client, 8 << 20).finish(), source.finish(), "digest of the other session")
    check(stuck.is_alive(), "the stuck session was not stuck")


def a_reader_in_sips(stage):
    _, client, server = opened(stage)
    source = Source(server, 1 << 20, "sips")
    sips = b""
    for _ in range(2000):
        sips += read_exactly(client, 97)
    sips += read_exactly(client, (1 << 20) - len(sips))
    equal(hashlib.sha256(sips).hexdigest(), source.finish(), "digest of what was sipped")


def a_writer_of_single_bytes(stage):
    """Each byte arrives before the next one leaves: none is kept back for company."""
    _, client, server = opened(stage)
    for number in range(300):
        byte = bytes([number % 256])
        server.sendall(byte)
        equal(read_exactly(client, 1), byte, f"byte {number} to the client")
        client.sendall(byte)
        equal(read_exactly(server, 1), byte, f"byte {number} to the server")


scenario(a_client_that_does_not_read,
         a_server_that_does_not_read,
         a_side_that_does_not_read_does_not_stop_the_other_direction,
         a_stuck_session_does_not_stop_another,
         a_reader_in_sips,
         a_writer_of_single_bytes)
