#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""64 MiB each way at the same time from a public port through our relay and our home, neither side in TLS, by both
pumps: what arrives is what was sent, and both count it."""
from kit import equal, scenario
from kit.own_home import home
from kit.own_relay import Relay
from kit.peers import GREETING, Proxy
from kit.streams import END, Sink, Source, ending, read_exactly

SIZE = 64 << 20

PUBLIC = {"imap": "allow = 127.0.0.0/8"}


def keeps(connection):
    connection.send(GREETING)
    connection.keep()


def much_both_ways(stage):
    server = Proxy(stage, keeps)
    relay = Relay(stage, public=PUBLIC)
    daemon = home(stage, relay, server.port, "protocol = imap\n")
    client = relay.daemon.connect("public/imap")
    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    far = server.wait_connection().sock
    up, down = Source(client, SIZE, "up"), Source(far, SIZE, "down")
    sink, other = Sink(far, SIZE), Sink(client, SIZE)
    equal((sink.finish(), other.finish()), (up.finish(), down.finish()), "digests")
    client.close()
    equal(ending(far), END, "end at the server")
    far.close()
    relay.daemon.wait_line(rf"public/imap #\d+ closed in={SIZE} out={SIZE + len(GREETING)} ")
    daemon.wait_line(rf"reverse/home #\d+ closed in={SIZE} out={SIZE + len(GREETING)} ")


scenario(much_both_ways)
