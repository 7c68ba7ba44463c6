# SPDX-License-Identifier: ISC
"""A server that greets and says back what it hears, and what its clients do.  At the end both sides close: some proxies
pass on the end of one side only when the other has ended, too."""
import socket

from .case import equal
from .peers import GREETING, Proxy
from .streams import END, ending, read_exactly

GOODBYE = b"bye\r\n"


def serve(connection):
    """A script for a proxy: it plays that server."""
    connection.send(GREETING)
    while heard := connection.sock.recv(65536):
        connection.send(heard)
        if heard.endswith(GOODBYE):
            return


class Echo(Proxy):
    """target is what a listener's section calls it."""

    def __init__(self, stage):
        super().__init__(stage, serve)
        self.target = f"127.0.0.1:{self.port}"


def says(client, words=b"still here\r\n"):
    """What the client says comes back."""
    client.sendall(words)
    equal(read_exactly(client, len(words)), words, "echo")


def greeted(daemon, name="imap"):
    """A client of that listener that has its greeting, closed with the stage."""
    client = daemon.connect(name)
    daemon.stage.later(client.close)
    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    return client


def leaves(client):
    """Says goodbye, ends its side and sees the end of the other."""
    says(client, GOODBYE)
    client.shutdown(socket.SHUT_WR)
    equal(ending(client), END, "end of the session")
    client.close()
