# SPDX-License-Identifier: ISC
"""A proxy over HTTP/2, by CONNECT and by extended CONNECT for connect-tcp (RFC 8441)."""
import asyncio

from kit import capsules, h2, hpack
from logins import SCHEMES
from proxies import PLACE, Unwrapped, dial
from wire import AT_ONCE, TROUBLE

WIDE = 1 << 24
"""The window of a stream: nothing here is to wait for one."""


class Tunnel:
    """One stream, from its request on."""

    def __init__(self, connection, number):
        self.connection, self.number = connection, number
        self.waiting, self.server = [], None     # what came before the server was there
        self.unwrapped = None

    async def run(self, fields, login):
        """Answers, and carries what the server says."""
        named = fields.get(":path", "")
        status, field = ("401", "www-authenticate") if named else ("407", "proxy-authenticate")
        wanted = login.challenge(fields[":method"], fields.get("authorization" if named else "proxy-authorization", ""))
        if wanted:
            self._answer(status, (field, wanted), end=True)
            return
        place = PLACE.search(named)
        reader, self.server = await dial(self.connection.host,
                                         place.group(1) if place else fields[":authority"].rpartition(":")[2])
        if place:
            self.unwrapped = Unwrapped()
        self._answer("200", *([("capsule-protocol", "?1")] if place else []))
        for data in self.waiting:
            self.came(data)
        try:
            while data := await reader.read(h2.LARGEST_FRAME - 16):
                self._frame(h2.DATA, 0, capsules.data(data) if place else data)
        except TROUBLE:
            pass
        self._frame(h2.DATA, h2.END_STREAM, b"")

    def came(self, data):
        """DATA of the client's."""
        if not self.server:
            self.waiting.append(data)
        else:
            self.server.write(self.unwrapped.take(data) if self.unwrapped else data)

    def over(self):
        """The client has ended it."""
        if self.server:
            self.server.close()

    def _answer(self, status, *fields, end=False):
        self._frame(h2.HEADERS, h2.END_HEADERS | (h2.END_STREAM if end else 0),
                    hpack.block((":status", status), *fields))

    def _frame(self, kind, flags, payload):
        self.connection.writer.write(h2.frame(kind, flags, self.number, payload))


class Connection:
    """One of them, with its streams."""

    def __init__(self, host, login, reader, writer):
        self.host, self.login, self.reader, self.writer = host, login, reader, writer
        self.tunnels, self._tasks = {}, []
        self._decoder = hpack.Decoder()

    async def run(self):
        """Until the client leaves."""
        self.writer.write(h2.settings({h2.CONNECT_PROTOCOL: 1, h2.WINDOW: WIDE, h2.STREAMS: 100}) +
                          h2.window(0, WIDE))
        try:
            await self.reader.readexactly(len(h2.PREFACE))
            held = bytearray()
            while True:
                while frame := h2.parse(held):
                    self._see(frame)
                more = await self.reader.read(AT_ONCE)
                if not more:
                    return
                held += more
        finally:
            for task in self._tasks:
                task.cancel()
            for tunnel in self.tunnels.values():
                tunnel.over()

    def _see(self, frame):
        if frame.kind == h2.HEADERS:
            payload = frame.payload[5:] if frame.flags & h2.PRIORITIZED else frame.payload
            fields = {name: value for name, value, _ in self._decoder.fields(payload)}
            tunnel = self.tunnels[frame.stream] = Tunnel(self, frame.stream)
            self._tasks.append(asyncio.ensure_future(self._guarded(tunnel, fields)))
        elif frame.kind == h2.DATA and frame.stream in self.tunnels:
            self.tunnels[frame.stream].came(frame.payload)
            if frame.payload:
                self.writer.write(h2.window(0, len(frame.payload)) + h2.window(frame.stream, len(frame.payload)))
        elif frame.kind == h2.RST_STREAM and frame.stream in self.tunnels:
            self.tunnels[frame.stream].over()
        elif frame.kind == h2.SETTINGS and not frame.flags & h2.ACK:
            self.writer.write(h2.frame(h2.SETTINGS, h2.ACK))
        elif frame.kind == h2.PING and not frame.flags & h2.ACK:
            self.writer.write(h2.frame(h2.PING, h2.ACK, payload=frame.payload))
        if frame.kind in (h2.DATA, h2.HEADERS) and frame.flags & h2.END_STREAM and frame.stream in self.tunnels:
            self.tunnels[frame.stream].over()

    async def _guarded(self, tunnel, fields):
        try:
            await tunnel.run(fields, self.login)
        except TROUBLE:
            self.writer.write(h2.rst(tunnel.number, h2.CONNECT_ERROR))


def asks_h2(host, scheme="none"):
    """Such a proxy, which wants to know who comes."""
    async def serve(reader, writer):
        await Connection(host, SCHEMES[scheme](), reader, writer).run()

    return serve
