# SPDX-License-Identifier: ISC
"""A relay that does exactly what a test tells it, for the side that dials out.  A script plays one connection; the
helpers here are scripts, or what these answer with."""
from .peers import Proxy

PATH = "/.well-known/reverse/tcp/home/143/"
NONE_YET = b"HTTP/1.1 204 No Content\r\n\r\n"


def handed_over(forwarded='for="192.0.2.7:5123";by="203.0.113.5:143"'):
    """The head behind which a session begins."""
    told = f"Forwarded: {forwarded}\r\n" if forwarded else ""
    return f"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: reverse\r\n{told}\r\n".encode()


def answer(status, *fields):
    """An answer without a body."""
    lines = [f"HTTP/1.1 {status}", *fields, "Content-Length: 0", "", ""]
    return "\r\n".join(lines).encode()


def holds(connection):
    """Lets the request stand for as long as it likes to."""
    if connection.read_head():
        connection.wait_gone()


def says(*answers):
    """Answers the requests of a connection so, one after the other; then lets the next one stand."""
    def script(connection):
        for data in answers:
            if not connection.read_head():
                return
            connection.send(data)
        holds(connection)
    return script


class ScriptedRelay(Proxy):
    """heads has the requests in the order of their connections; of a connection with several, the last."""

    @property
    def section(self):
        """The key of a section [reverse] that leads here."""
        return f"relay = {self.url}{PATH}\n"


def reverse(relay, target, label="home", more=""):
    """A section that publishes a server on this port of ours."""
    return f"[reverse {label}]\n{relay.section}target = 127.0.0.1:{target}\n{more}\n"
