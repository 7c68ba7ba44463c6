# SPDX-License-Identifier: ISC
"""A proxy for CONNECT that finds servers by a table: so that a target has the port that its protocol is known by."""
import select

from . import streams
from .peers import OPAQUE, Proxy


class Exchange(Proxy):
    """servers: {"mail.example.net:993": (host, port)}; anything else is refused with 403.  `asked` are the targets of
    all requests, in their order."""

    def __init__(self, stage, servers):
        self.servers = servers
        self.asked = []
        super().__init__(stage, self._carry)

    def _carry(self, connection):
        words = connection.read_head().decode("latin-1").split()
        if len(words) < 2:
            return
        self.asked.append(words[1])
        if words[1] not in self.servers:
            connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        with streams.connect(self.servers[words[1]]) as server:
            connection.send(OPAQUE)
            server.sendall(connection.surplus)
            self._pump(connection.sock, server)

    def _pump(self, client, server):
        """Both ways, until one of them ends."""
        other = {client: server, server: client}
        while not self.stopping.is_set():
            for end in select.select(list(other), [], [], 0.5)[0]:
                data = end.recv(65536)
                if not data:
                    return
                other[end].sendall(data)
