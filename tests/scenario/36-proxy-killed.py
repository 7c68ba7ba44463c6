#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The proxy's process is killed with SIGKILL in mid-stream: the client's stream is reset, never cleanly ended.

The kernel of a killed program resets a connection on which bytes wait to be read, as here.  Where it had read all, the
kernel closes for it, which nobody can tell from an end that was meant."""
import signal
import sys

from kit import check, equal, scenario
from kit.route import settings
from kit.streams import RESET, Source, read_all, read_exactly

PROXY = r"""
import socket
listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    while b"\r\n\r\n" not in connection.recv(65536):
        pass
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n* OK\r\n")
    connection.recv(1)  # the client's word; what it says further is never read
    try:
        while True:
            connection.sendall(b"x" * 65536)
    except ConnectionError:
        connection.close()
"""


def started(stage):
    """(the proxy's process, daemon, greeted client)"""
    proxy = stage.start([sys.executable, "-c", PROXY], name="proxy")
    port = proxy.wait_line(r"port (\d+)").group(1)
    daemon = stage.sallyport(settings(f"http://127.0.0.1:{port}"))
    client = daemon.connect("imap")
    stage.later(client.close)
    equal(read_exactly(client, 6), b"* OK\r\n", "greeting")
    return proxy, daemon, client


def killed_while_it_sends(stage):
    proxy, daemon, client = started(stage)
    client.sendall(b"a FETCH 1 BODY[]\r\n")
    read_exactly(client, 4 << 20)
    proxy.signal(signal.SIGKILL)
    data, how = read_all(client)
    equal(how, RESET, f"how the client's stream ended, {len(data)} bytes after the kill")
    daemon.wait_line("#1 closed .*by=proxy")


def killed_with_unread_words_of_the_client(stage):
    """Nothing flows to the client; what it said lies unread in the dead proxy's socket."""
    proxy, daemon, client = started(stage)
    client.sendall(b"a APPEND " + b"m" * 100_000)
    read_exactly(client, 65536)
    proxy.signal(signal.SIGSTOP)
    proxy.signal(signal.SIGKILL)
    equal(read_all(client)[1], RESET, "how the client's stream ended")
    check(daemon.process.alive(), "the daemon went with it")
    daemon.wait_line("#1 closed .*by=proxy")


def killed_while_it_receives(stage):
    """The client is in the middle of a message that nobody will ever have whole."""
    proxy, daemon, client = started(stage)
    source = Source(client, 1 << 40, "message")
    proxy.signal(signal.SIGSTOP)
    source.wait_stuck()
    proxy.signal(signal.SIGKILL)
    source.join(10)
    check(isinstance(source.error, ConnectionError), f"the client went on sending: {source.error}")
    daemon.wait_line("#1 closed .*by=proxy")


scenario(killed_while_it_sends,
         killed_while_it_receives,
         killed_with_unread_words_of_the_client)
