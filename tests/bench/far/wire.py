# SPDX-License-Identifier: ISC
"""What the doors share: bytes carried between two streams, heads of messages, and how a door is opened."""
import asyncio

HEAD_MAX = 65536
AT_ONCE = 65536
TROUBLE = (OSError, EOFError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
"""What ends a conversation: who was measured has gone, or said what nobody here understands."""


class Head:
    """The head of a request."""

    def __init__(self, raw):
        first, *lines = raw.decode("latin-1").split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def get(self, name):
        """The field's value, "" where there is none."""
        return self.fields.get(name, "")


async def head(reader):
    """The next request's head; EOFError when there is none."""
    try:
        return Head(await reader.readuntil(b"\r\n\r\n"))
    except asyncio.IncompleteReadError as error:
        raise EOFError from error


def answer(status, *fields, body=""):
    """The bytes of an answer."""
    return ("".join(line + "\r\n" for line in ("HTTP/1.1 " + status, *fields, "")) + body).encode("latin-1")


async def carry(read, write):
    """Brings bytes from read() to write() until there are none."""
    try:
        while data := await read():
            write(data)
    except TROUBLE:
        pass


async def until_either(*ways):
    """Until one of these is over; then the others are, too."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def join(reader, writer, other_reader, other_writer):
    """Carries bytes both ways; when either side ends, all is over."""
    await until_either(carry(lambda: reader.read(AT_ONCE), other_writer.write),
                       carry(lambda: other_reader.read(AT_ONCE), writer.write))
    other_writer.close()


class Doors:
    """Where all listen: names, and the ports that they got at one address."""

    def __init__(self, host):
        self.host, self.ports, self._kept = host, {}, []

    async def open(self, name, serve, tls=None):
        """Who connects to the door of that name is served by serve(reader, writer), and then the connection closes."""
        async def guarded(reader, writer):
            try:
                await serve(reader, writer)
            except TROUBLE:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(guarded, self.host, 0, ssl=tls, backlog=256, limit=HEAD_MAX)
        self.keep(name, server.sockets[0].getsockname()[1], server)

    def keep(self, name, port, what):
        """A door of another kind; what: to be kept as long as it is to stand open."""
        self.ports[name] = port
        self._kept.append(what)
