#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""500 clients come and reset at all possible moments, while the proxy misbehaves as well: the daemon serves
afterwards and has lost no descriptor."""
import random
import socket
import threading

from kit import check, equal, scenario
from kit.peers import GREETING, OPAQUE, SWITCHED
from kit.process import PATIENCE, until
from kit.route import Route
from kit.streams import connect, read_all, read_exactly, readable, reset
from kit.usage import descriptors, settled_descriptors

CLIENTS = 500
AT_ONCE = 20
POOL = 16
"""Pipes that the daemon may keep for later bursts when all is over."""


def proxy_script(seed, storming):
    """A proxy that answers in one of many ways, by chance, while it storms; afterwards it serves."""
    chance = random.Random(seed)

    def script(connection):
        choice = chance.randrange(8) if storming.is_set() else -1
        if choice == 0:
            return connection.reset()
        connection.read_head()
        if choice == 1:
            return connection.reset()
        if choice == 2:
            return connection.wait_gone()
        if choice == 3:
            return connection.send(SWITCHED[:30])
        if choice == 4:
            return connection.send(b"HTTP/1.1 503 Busy\r\n\r\n")
        connection.send((SWITCHED if choice == 5 else OPAQUE) + GREETING)
        if choice == 6:
            return connection.reset()
        return connection.echo()

    return script


def client_moves(address, chance):
    """One client: as far as chance takes it, then reset."""
    client = connect(address)
    try:
        far = chance.randrange(6)
        if far >= 1:
            client.sendall(b"a NOOP\r\n")
        if far >= 2:
            readable(client, chance.random() * 0.02)
        if far >= 3 and readable(client, 0.2):
            client.recv(4096)
        if far >= 4:
            client.sendall(b"m" * chance.randrange(200_000))
        if far == 5:
            client.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # refused or reset: part of the storm
    reset(client)


def five_hundred_clients(stage):
    storming = threading.Event()
    route = Route(stage, proxy_script(7, storming), sallyport="handshake-timeout = 20s")
    pid = route.daemon.process.pid
    serve_one(route)
    settled_descriptors(pid)
    sockets, pipes = descriptors(pid, "socket"), descriptors(pid, "pipe")
    storming.set()
    address = route.daemon.address("imap")

    def storm(seed):
        chance = random.Random(seed)
        for _ in range(CLIENTS // AT_ONCE):
            client_moves(address, chance)

    threads = [threading.Thread(target=storm, args=(seed,), daemon=True) for seed in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(3 * PATIENCE)
        check(not thread.is_alive(), "a client of the storm hangs")
    storming.clear()
    until(lambda: descriptors(pid, "socket") == sockets, "all sockets of the storm to be closed")
    for _ in range(3):
        serve_one(route)
    until(lambda: descriptors(pid, "socket") == sockets, "the number of sockets to be that of the start")
    kept = (descriptors(pid, "pipe") - pipes) // 2
    check(0 <= kept <= POOL, f"{kept} pipes are kept for later bursts")


def serve_one(route):
    client = route.greeted()
    client.sendall(b"a NOOP\r\n")
    equal(read_exactly(client, 8), b"a NOOP\r\n", "echo")
    client.shutdown(socket.SHUT_WR)
    read_all(client)
    client.close()


scenario(five_hundred_clients)
