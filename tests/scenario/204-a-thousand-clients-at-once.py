#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A thousand clients at once at a public port behind which 2 places wait and 20 sessions are allowed: each is served or
refused in words, and none hangs."""
import contextlib
import resource
import selectors
import socket
import time

from kit import Skip, check, equal, scenario
from kit.own_home import home, wait_waiting
from kit.own_relay import Relay
from kit.peers import GREETING, Proxy
from kit.process import PATIENCE

CLIENTS, SESSIONS = 1000, 20


def open_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 3 * CLIENTS:
        raise Skip(f"a process may have {hard} files at most")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 3 * CLIENTS), hard))


def come(stage, address):
    """So many clients, all connected or on their way."""
    clients = []
    for _ in range(CLIENTS):
        sock = socket.socket()
        stage.later(sock.close)
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect(address)
        clients.append(sock)
    return clients


def answers(clients, until_all):
    """What each has got: until its end, or until a greeting, behind which it stays.  until_all: seconds."""
    got, open_ = {client: b"" for client in clients}, selectors.DefaultSelector()
    for client in clients:
        open_.register(client, selectors.EVENT_READ)
    end = time.monotonic() + until_all
    while open_.get_map() and time.monotonic() < end:
        for key, _ in open_.select(end - time.monotonic()):
            data = b""
            with contextlib.suppress(ConnectionError):
                data = key.fileobj.recv(4096)
            got[key.fileobj] += data
            if not data or got[key.fileobj] == GREETING:
                open_.unregister(key.fileobj)
    open_.close()
    return got


def all_are_answered(stage):
    open_files()
    server = Proxy(stage, lambda connection: connection.send(GREETING) or connection.echo())
    relay = Relay(stage, public={"imap": "allow = everyone"})
    daemon = home(stage, relay, server.port, f"protocol = imap\nwaiting = 2\nsessions = {SESSIONS}\n")
    got = answers(come(stage, relay.daemon.address("public/imap")), PATIENCE + 10)
    said = list(got.values())
    served = [client for client, text in got.items() if text == GREETING]
    refused = [text for text in said if text.startswith(b"* BYE [UNAVAILABLE] sallyport: ") and text.endswith(b"\r\n")]
    equal((len(served), len(refused)), (SESSIONS, CLIENTS - SESSIONS),
          f"served and refused; others got {set(said) - set(refused) - {GREETING}}")
    check(any(b"nobody serves home:143 at this time" in text for text in refused), f"{refused[0]}")
    equal(len(server.connections), SESSIONS, "connections at the server")
    equal(daemon.count("reverse/home #\\d+ open "), SESSIONS, "sessions at home")
    for client in served:
        client.close()
    wait_waiting(relay, 2)  # and it goes on
    with relay.daemon.connect("public/imap") as client:
        equal(client.recv(len(GREETING)), GREETING, "greeting of a later one")


scenario(all_are_answered, paths=("splice",))
