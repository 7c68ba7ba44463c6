# SPDX-License-Identifier: ISC
"""HTTP proxies, scripted: over HTTP/1.1 by CONNECT, connect-tcp and TCPConnection, and SOCKS5.  Wherever a tunnel is to
lead, it leads to the server at that port of this side, whatever its name."""
import asyncio
import re
import socket

from kit import capsules
from logins import SCHEMES
from wire import AT_ONCE, answer, carry, head, join, until_either

PLACE = re.compile(r"/\.well-known/masque/tcp/[^/]+/(\d+)/$")
SWITCHED = ("101 Switching Protocols", "Connection: Upgrade")
CAPSULED = ("Upgrade: connect-tcp", "Capsule-Protocol: ?1")


async def dial(host, port):
    """The streams to a server of this side."""
    return await asyncio.open_connection(host, int(port), limit=AT_ONCE)


class Unwrapped:
    """Bytes out of capsules, as whole ones come."""

    def __init__(self):
        self._held = b""

    def take(self, data):
        """What is within these bytes and those of before."""
        self._held += data
        out = b""
        while (kind := capsules._parse_varint(self._held, 0)) and (size := capsules._parse_varint(self._held, kind[1])):
            if size[1] + size[0] > len(self._held):
                break
            out += self._held[size[1]:size[1] + size[0]]
            self._held = self._held[size[1] + size[0]:]
        return out


async def join_capsuled(reader, writer, server_reader, server_writer):
    """As join(), with capsules on the client's side."""
    unwrapped = Unwrapped()
    await until_either(
        carry(lambda: reader.read(AT_ONCE), lambda data: server_writer.write(unwrapped.take(data))),
        carry(lambda: server_reader.read(16384), lambda data: writer.write(capsules.data(data))))
    server_writer.close()


UPGRADE, TLS_UPGRADE = "upgrade", "TLS/1.0"
SWITCHED_TO_TLS = (*SWITCHED[:1], "Connection: Upgrade", "Upgrade: TLS/1.2, HTTP/1.1")


class Manners:
    """What a proxy does besides: whether it closes the connection with a 407; what it answers whoever names a protocol,
    or asks by CONNECT; and TLS, if it begins that by Upgrade (RFC 2817)."""

    def __init__(self, closes=False, to_upgrade=None, to_connect=None, tls=None):
        self.closes, self.to_upgrade, self.to_connect, self.tls = closes, to_upgrade, to_connect, tls

    def refusal(self, asked):
        """The answer for a request that it dislikes; None: it does not."""
        if self.to_connect and asked.method == "CONNECT":
            return self.to_connect
        return self.to_upgrade if asked.get(UPGRADE) and asked.method == "CONNECT" else None


def asks(host, scheme="none", manners=Manners()):
    """A proxy for CONNECT, connect-tcp and TCPConnection that wants to know who comes."""
    async def serve(reader, writer):
        login, tls = SCHEMES[scheme](), manners.tls
        while True:
            asked = await head(reader)
            if tls and asked.get(UPGRADE) == TLS_UPGRADE:
                writer.write(answer(*SWITCHED_TO_TLS))
                await writer.start_tls(tls)
                writer.write(answer("200 OK", "Content-Length: 0"))
                tls = None
                continue
            refusal = manners.refusal(asked)
            if refusal == b"":
                return
            if refusal:
                writer.write(refusal)
                continue
            resource = asked.target.startswith("/")  # a server is asked, which says 401
            wanted = login.challenge(asked.method, asked.get("authorization" if resource else "proxy-authorization"))
            if not wanted:
                break
            status, field = (("401 Unauthorized", "WWW-Authenticate") if resource else
                             ("407 Proxy Authentication Required", "Proxy-Authenticate"))
            writer.write(answer(status, f"{field}: {wanted}", "Content-Length: 0",
                                *["Connection: close"][:manners.closes]))
            if manners.closes:
                return
        found = PLACE.search(asked.target)
        streams = await dial(host, found.group(1) if found else asked.target.rpartition(":")[2])
        if not resource:
            writer.write(answer("200 Connection established", *login.farewell()))
            await join(reader, writer, *streams)
        elif asked.get(UPGRADE) == "connect-tcp":
            writer.write(answer(*SWITCHED, *CAPSULED))
            await join_capsuled(reader, writer, *streams)
        else:
            writer.write(answer(*SWITCHED, "Upgrade: TCPConnection/1.0"))
            await join(reader, writer, *streams)

    return serve


def says(*message, **body):
    """A proxy, or a web server, that says the same to everybody."""
    async def serve(reader, writer):
        while True:
            await head(reader)
            writer.write(answer(*message, **body))

    return serve


def redirects(url, *terms):
    """A proxy that sends everybody to another one."""
    value = ", ".join((f'SET; proxyURI="{url}"', 'scope="-"', *terms))
    return says("305 Use Proxy", f"Set-Proxy: {value}", "Content-Length: 0")


def socks(host, user=None):
    """A SOCKS5 proxy (RFC 1928), which asks whoever comes for user and password (RFC 1929), or not."""
    async def serve(reader, writer):
        await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\5\2" if user else b"\5\0")
        if user:
            await reader.readexactly(1)
            for _ in user:
                await reader.readexactly((await reader.readexactly(1))[0])
            writer.write(b"\1\0")
        _, _, _, kind = await reader.readexactly(4)
        await reader.readexactly(4 if kind == 1 else (await reader.readexactly(1))[0])
        port = int.from_bytes(await reader.readexactly(2), "big")
        streams = await dial(host, port)
        writer.write(b"\5\0\0\1" + bytes(6))
        await join(reader, writer, *streams)

    return serve


def refusing(host):
    """A port at which nobody listens, and nobody will: it is bound."""
    sock = socket.socket()
    sock.bind((host, 0))
    return sock.getsockname()[1], sock
