#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An HTTP proxy that knows mail and news protocols by name.

To `CONNECT host:port` with `Upgrade: TOKEN` and `Connection: Upgrade` it answers 101 when it knows the token, else
200; `CONNECT imap:host:port` and `PROXY imap:host:port` name the protocol in the target.  It resolves the target by
its own map first, asks for Basic authentication when told to, and shows each request as it saw it.
"""
import base64
import re
import socket
import threading

from relay import relay
from server import Server, arguments, bracketed, host_and_port, stay

TOKENS = ("IMAP", "SMTP", "NNTP", "POP3", "SIEVE")
"""The protocols that it speaks, so that it may switch to them."""

HEAD_LIMIT = 64 * 1024
DIAL_SECONDS = 10

TARGET = re.compile(r"(?:(?P<scheme>[a-z][a-z0-9+.-]*):)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^][:/@]+):(?P<port>[0-9]{1,5})")


class Request:
    """A request head, and what came right behind it."""

    def __init__(self, head, early=b""):
        self.head = head
        self.early = early
        first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        self.method, self.target, self.version = (first.split(" ") + ["", ""])[:3]
        self.fields = [tuple(part.strip(" \t") for part in line.split(":", 1)) for line in lines if ":" in line]

    def field(self, name):
        """The field's value, several joined by a comma; None where it is missing."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def upgrade(self):
        """The protocol of a complete offer to switch, or None."""
        options = [option.strip().lower() for option in (self.field("Connection") or "").split(",")]
        return self.field("Upgrade") if "upgrade" in options else None

    def destination(self):
        """(host, port), or None when the target is not of the form that goes with the method."""
        form = TARGET.fullmatch(self.target)
        if not form or self.method not in ("CONNECT", "PROXY") or (self.method == "PROXY" and not form["scheme"]):
            return None
        return form["host"].strip("[]"), int(form["port"])


class Proxy(Server):
    """`names` maps "host:port" or "host" to what is dialed instead, also with or without a port; `user` is
    "name:password"; `tokens` are the protocols it switches to; `show` is called with each line of its log.
    `requests` holds all requests so far."""

    def __init__(self, names=None, user=None, tokens=TOKENS, show=None, **where):
        self.names = names or {}
        self.user = user
        self.tokens = [token.lower() for token in tokens]
        self.requests = []
        self._show = show or (lambda line: None)
        self._showing = threading.Lock()
        super().__init__(**where)

    def serve(self, wire):
        while (head := wire.until(b"\r\n\r\n", HEAD_LIMIT)) is not None:
            request = Request(head, wire.rest())
            self.requests.append(request)
            if not self.permitted(request):
                self.answer(wire, request, "407 Proxy Authentication Required",
                            'Proxy-Authenticate: Basic realm="reference"', "Content-Length: 0")
                continue  # the connection persists: the client may ask again on it
            self.open(wire, request)
            return

    def permitted(self, request):
        wanted = self.user and "Basic " + base64.b64encode(self.user.encode()).decode()
        return not wanted or request.field("Proxy-Authorization") == wanted

    def open(self, wire, request):
        """Opens the tunnel and pipes until its end, or says why not."""
        destination = request.destination()
        if destination is None:
            self.answer(wire, request, "400 Bad Request", "Connection: close")
            return
        try:
            target = self.keep(self.dial(*destination))
        except OSError as error:
            self.answer(wire, request, "502 Bad Gateway", "Connection: close",
                        f'Proxy-Status: reference; details="{error}"')
            return
        protocol = request.upgrade()
        if protocol and protocol.split("/")[0].lower() in self.tokens:
            self.answer(wire, request, "101 Switching Protocols", "Connection: Upgrade", f"Upgrade: {protocol}")
        else:
            self.answer(wire, request, "200 Connection established")
        target.sendall(request.early)
        relay(wire.socket, target)

    def dial(self, host, port):
        """Connects to the target, or to what the map puts in its place."""
        mapped = self.names.get(f"{bracketed(host)}:{port}") or self.names.get(host)
        if mapped:
            host, port = host_and_port(mapped) if re.search(r":[0-9]+$", mapped) else (mapped, port)
        sock = socket.create_connection((host, port), timeout=DIAL_SECONDS)
        sock.settimeout(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def answer(self, wire, request, status, *fields):
        with self._showing:  # what belongs together stays together
            for line in request.head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n"):
                self._show("> " + line.encode("unicode_escape").decode())
            self._show("< HTTP/1.1 " + status)
        wire.send("\r\n".join((f"HTTP/1.1 {status}", *fields, "", "")).encode())


def main():
    parser = arguments(__doc__)
    parser.add_argument("--map", metavar="NAME[:PORT]=HOST[:PORT]", action="append", default=[],
                        help="dial HOST where the target is NAME; may repeat")
    parser.add_argument("--user", metavar="NAME:PASSWORD", help="ask for this Basic authentication")
    parser.add_argument("--token", metavar="TOKEN", action="append",
                        help=f"a protocol to switch to; may repeat (default: {' '.join(TOKENS)})")
    parser.add_argument("--opaque", action="store_true", help="know no protocol: answer every offer with 200")
    given = parser.parse_args()
    stay(Proxy(names=dict(entry.split("=", 1) for entry in given.map), user=given.user,
               tokens=() if given.opaque else given.token or TOKENS,
               show=lambda line: print(line, flush=True), host=given.listen[0], port=given.listen[1]))


if __name__ == "__main__":
    main()
