#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Our relay and our home, each a daemon: a server by its private name through our own [proxy], and at a public port."""
import socket

from kit import check, closed_port, equal, scenario
from kit.certificates import Authority
from kit.control import command, facts
from kit.own_home import home, knows_the_name
from kit.own_relay import Relay
from kit.peers import GREETING, Proxy
from kit.route import refusal
from kit.streams import END, RESET, connect, ending, read_all, read_exactly, reset

PUBLIC = {"imap": "allow = 127.0.0.0/8"}


def keeps(connection):
    connection.send(GREETING)
    connection.keep()


class Ways:
    """A server that is published: by its name with TLS all over, or at a public port."""

    def __init__(self, stage, script=keeps, lines="protocol = imap\n", target=None, **options):
        self.stage = stage
        authority = Authority(stage)
        trusting = f"ca-file = {authority.file}\n"
        self.server = Proxy(stage, script)
        self.relay = Relay(stage, certificate=authority.leaf("localhost"), public=PUBLIC, **options)
        self.home = home(stage, self.relay, target or self.server.port, trusting + lines)
        self.visitor = knows_the_name(stage, self.relay, trusting)

    def clients(self):
        """(title, client) of both ways, closed with the stage."""
        for title, address in (("by name", self.visitor.address("imap")),
                               ("public", self.relay.daemon.address("public/imap"))):
            client = connect(address)
            self.stage.later(client.close)
            yield title, client

    def pairs(self):
        """(title, client, the server's end), greeted."""
        for count, (title, client) in enumerate(self.clients(), 1):
            equal(read_exactly(client, len(GREETING)), GREETING, f"greeting {title}")
            yield title, client, self.server.wait_connection(count).sock


def ends_and_resets(stage):
    ways = Ways(stage)
    for title, client, server in ways.pairs():
        client.sendall(b"a LOGOUT\r\n")
        client.shutdown(socket.SHUT_WR)
        equal(read_all(server), (b"a LOGOUT\r\n", END), f"end at the server {title}")
        server.sendall(b"* BYE\r\n")
        server.close()
        equal(read_all(client), (b"* BYE\r\n", END), f"end at the client {title}")
    for at_server in False, True:
        for title, client in ways.clients():
            equal(read_exactly(client, len(GREETING)), GREETING, f"greeting {title}")
            server = ways.server.connections[-1].sock
            one, other = (server, client) if at_server else (client, server)
            reset(one)
            equal(ending(other), RESET, f"end at the other side {title}")


def the_true_address(stage):
    """What the server is told is what the client sees of its own connection."""
    ways = Ways(stage, script=lambda connection: connection.keep(),
                lines="protocol = imap\nforwarded = proxy-v1\ntrusted-clients = yes\n")
    address = ways.relay.daemon.address("public/imap")
    with socket.create_connection(address, 20, ("127.0.0.3", 0)) as client:
        server = ways.server.wait_connection().sock
        told = server.recv(200).decode()
        server.close()
        here, there = client.getsockname(), client.getpeername()
    equal(told, f"PROXY TCP4 {here[0]} {there[0]} {here[1]} {there[1]}\r\n", "what the server was told")
    ways.home.wait_line(rf"reverse/home #\d+ reverse from=127\.0\.0\.3:{here[1]}")


def a_server_that_is_down(stage):
    ways = Ways(stage, target=closed_port())
    for title, client in ways.clients():
        check("127.0.0.1" not in refusal(client), f"{title}: the client is told where the server is")
        client.close()


def nobody_at_home(stage):
    """A port stays open whoever waits behind it, and says at once that nobody does."""
    relay = Relay(stage, public={**PUBLIC, "closed": "allow = 192.0.2.0/24"})
    with relay.daemon.connect("public/imap") as client:
        check("nobody serves home:143" in refusal(client), "another reason")
    with relay.daemon.connect("public/closed") as client:
        equal(ending(client), RESET, "end for an address that is not allowed")


def stop_and_reload(stage):
    ways = Ways(stage, script=lambda connection: connection.send(GREETING) or connection.echo())
    relay = ways.relay
    clients = [client for _, client, _ in ways.pairs()]
    told = facts(relay.daemon)["relay"]
    equal([(name["name"], name["user"], name["sessions"]) for name in told], [("home:143", "alice", 2)], "status")
    relay.daemon.reload(relay.ini() + "\n[public second]\nlisten = 127.0.0.1:0\nname = home:143\nallow = everyone\n"
                        "protocol = imap\n")
    with relay.daemon.connect("public/second") as third:
        equal(read_exactly(third, len(GREETING)), GREETING, "greeting at a new port")
    relay.daemon.reload(relay.ini())
    relay.daemon.wait_line("reloaded", count=2)
    for client in clients:
        client.sendall(b"still here")
        equal(read_exactly(client, 10), b"still here", "echo behind a reload")
    command(relay.daemon, "stop")
    ways.home.wait_line("reverse/home failed")
    for client in clients:
        client.sendall(b"even now")
        equal(read_exactly(client, 8), b"even now", "echo while the relay stops")
    check(facts(relay.daemon)["stopping"], "status says nothing of the stop")
    for client in clients:
        client.close()
    equal(relay.daemon.process.wait(), 0, "exit status")


scenario(ends_and_resets, the_true_address, a_server_that_is_down, nobody_at_home, stop_and_reload, paths=("splice",))
