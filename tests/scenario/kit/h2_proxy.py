# SPDX-License-Identifier: ISC
"""A proxy that speaks HTTP/2 (and the servers behind it), and does exactly what a test tells it.

Each connection has a thread that reads frames and keeps the habits of a proxy: it acknowledges, answers PING, gives
windows back.  A habit can be taken from it.  What is asked is handed to a function of the test, in that thread; or the
test takes the stream, later and in its own thread, and plays on with it.  What the client must not do (more streams
or bytes than it was granted) fails the test."""
import socket
import struct
import threading

from . import h2, hpack, streams
from .case import check
from .peers import GREETING, Proxy
from .process import PATIENCE, until
from .tls import TlsProxy

SETTLES, PONGS, GRANTS, ANSWERS = "settles", "pongs", "grants", "answers"
"""Habits: acknowledging SETTINGS, answering PING, giving windows back, handing over what is asked."""

ALL = frozenset((SETTLES, PONGS, GRANTS, ANSWERS))


class Stream:
    """One request and, once it is answered, one tunnel, as seen by the proxy."""

    def __init__(self, connection, number, fields):
        self.connection, self.number, self.fields = connection, number, dict(fields)
        self.got = bytearray()      # the DATA that has come, unless `heard` takes it
        self.ended = False          # END_STREAM has come
        self.code = None            # of the RST_STREAM that has come
        self.over = False           # for counting: both sides have ended, or either has reset
        self.heard = self.got.extend
        self.at_end = lambda: None
        self.takes = True           # whether its bytes are given back to the windows
        self._answered = self._closed = False
        self.room = connection.first_window         # what may be sent
        self.granted = connection.granted_first     # what may come
        self._waiting, self._end = bytearray(), False

    @property
    def target(self):
        """What CONNECT names."""
        return self.fields.get(":authority")

    def answer(self, status=200, *fields, end=False, behind=b""):
        """The answer's HEADERS, and DATA in the same write."""
        block = hpack.block((":status", str(status)), *fields)
        flags = h2.END_HEADERS | (h2.END_STREAM if end else 0)
        with self.connection.lock:
            more = self._take(behind)
            self.connection.send(h2.frame(h2.HEADERS, flags, self.number, block) + more)
            if end:
                self._end_sent()
        return self

    def _take(self, data, end=False):
        """The frames of what may be sent now; the rest waits for windows."""
        self._waiting += data
        self._end = self._end or end
        frames = b""
        while self._waiting and min(self.room, self.connection.room) > 0:
            size = min(len(self._waiting), self.room, self.connection.room, self.connection.frame_size)
            last = self._end and size == len(self._waiting)
            frames += h2.frame(h2.DATA, h2.END_STREAM if last else 0, self.number, bytes(self._waiting[:size]))
            del self._waiting[:size]
            self.room -= size
            self.connection.room -= size
            if last:
                self._end_sent()
        if self._end and not self._waiting and not self._closed:
            frames += h2.frame(h2.DATA, h2.END_STREAM, self.number)
            self._end_sent()
        return frames

    def _end_sent(self):
        self._closed = True
        self.over = self.over or self.ended

    def send(self, data, end=False):
        """DATA, as far as windows allow; what is left goes when they do."""
        with self.connection.lock:
            frames = self._take(data, end)
            if frames:
                self.connection.send(frames)

    def end(self):
        """END_STREAM, behind all that was sent."""
        self.send(b"", end=True)

    def reset(self, code):
        self.over = True
        self.connection.send(h2.rst(self.number, code))

    def echo(self):
        """From now on it gives back what comes, and its end."""
        self.heard, self.at_end = self.send, self.end
        return self

    def left(self):
        """How many bytes wait for windows."""
        return len(self._waiting)

    def read_exactly(self, count):
        """count bytes of what has come."""
        until(lambda: len(self.got) >= count or self.code is not None or self.connection.gone,
              f"{count} bytes in stream {self.number}")
        check(len(self.got) >= count, f"{len(self.got)} bytes came, then {self.code}")
        taken = bytes(self.got[:count])
        del self.got[:count]
        return taken

    def wait_end(self):
        """Waits for END_STREAM."""
        until(lambda: self.ended or self.code is not None or self.connection.gone, f"the end of stream {self.number}")
        check(self.ended, f"stream {self.number} ended with code {self.code}")

    def wait_reset(self):
        """Waits for RST_STREAM and gives its code."""
        until(lambda: self.code is not None or self.connection.gone, f"RST_STREAM of stream {self.number}")
        return self.code


class H2Connection:
    """One connection, as its proxy sees it."""

    def __init__(self, proxy, connection):
        self.proxy, self.connection, self.sock = proxy, connection, connection.sock
        self.lock = threading.RLock()
        self.habits = set(proxy.habits)
        self.frames = []            # what came, in order
        self.streams = []           # what was asked, in order
        self.settings = {}          # the client's
        self.goaway = None          # (last stream, code, words) of the client's
        self.gone = False           # nothing comes any more
        self.how = None             # the connection's end: streams.END or RESET
        self.sent = 0               # writes so far
        self.most = 0               # streams open at once
        self.room, self.first_window, self.frame_size = h2.FIRST_WINDOW, h2.FIRST_WINDOW, h2.LARGEST_FRAME
        self.granted, self.granted_first, self.stream_limit = h2.FIRST_WINDOW, h2.FIRST_WINDOW, None
        self._by_number = {}
        self._decoder = hpack.Decoder()
        self._block = None          # (number, flags, bytes) of HEADERS that are to go on
        self._offered = []          # SETTINGS of ours that are not acknowledged

    # --- sending ---

    def send(self, data):
        """Bytes as they stand, in one write."""
        with self.lock:
            self.sent += 1
            self.proxy.write(self.sock, data)

    def frame(self, kind, flags=0, stream=0, payload=b""):
        self.send(h2.frame(kind, flags, stream, payload))

    def offer(self, values):
        """SETTINGS of ours.  They bind the client from its acknowledgement on; more generous ones at once."""
        with self.lock:
            if h2.WINDOW in values:
                self._regrant(max(self.granted_first, values[h2.WINDOW]))
            self._offered.append(values)
            self.send(h2.settings(values))

    def _regrant(self, first):
        for stream in self.streams:
            stream.granted += first - self.granted_first
        self.granted_first = first

    def go_away(self, last, code=h2.NO_ERROR, words=b""):
        self.send(h2.goaway(last, code, words))

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)

    def reset(self):
        """As when the proxy's process is killed."""
        sock = getattr(self.sock, "below", self.sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RD)  # wakes the thread that reads there: as long as it does, nothing is closed
        sock.close()

    # --- what came ---

    @property
    def open(self):
        """Streams that are open."""
        return [stream for stream in list(self.streams) if not stream.over]

    def wait_stream(self, count=1):
        """Waits for the count-th request on this connection and gives its stream."""
        until(lambda: len(self.streams) >= count, f"stream {count} of the connection")
        return self.streams[count - 1]

    def count(self, kind):
        """How many frames of that kind have come."""
        return sum(frame.kind == kind for frame in list(self.frames))

    def wait_frame(self, kind, count=1, flags=0):
        """Waits for the count-th frame of a kind, with all of these flags, and gives it."""
        def found():
            return [frame for frame in list(self.frames) if frame.kind == kind and frame.flags & flags == flags]

        until(lambda: len(found()) >= count or self.gone, f"frame {count} of kind {kind}")
        check(len(found()) >= count, f"the connection is gone, {len(found())} frames of kind {kind} came")
        return found()[count - 1]

    def ping(self, word=b"are you?"):
        """A PING, and waits for its answer: all that was sent before has been looked at then."""
        count = sum(frame.payload == word for frame in list(self.frames))
        self.frame(h2.PING, payload=word)
        until(lambda: sum(frame.payload == word for frame in list(self.frames)) > count or self.gone, "a PONG")
        check(not self.gone, "the connection is gone before a PONG")

    def wait_gone(self):
        """Waits for the end of the connection, and says how."""
        until(lambda: self.gone, "the end of an HTTP/2 connection")
        return self.how

    # --- the thread that reads ---

    def run(self):
        """Speaks until the connection is over."""
        held = bytearray()
        try:
            while len(held) < len(h2.PREFACE):
                held += self._more()
            check(held.startswith(h2.PREFACE), f"a preface was wanted, {bytes(held[:80])!r} came")
            del held[:len(h2.PREFACE)]
            self.proxy.begin(self)
            while True:
                frame = h2.parse(held)
                if frame:
                    with self.lock:
                        self._see(frame)
                    self.frames.append(frame)
                else:
                    held += self._more()
        except EOFError:
            self.how = streams.END
        except OSError:
            self.how = streams.RESET
        finally:
            self.gone = True
            for stream in self.streams:
                stream.over = True

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        return data

    def _see(self, frame):
        if self._block:
            check(frame.kind == h2.CONTINUATION, "a block of fields was interrupted")
        stream = self._by_number.get(frame.stream)
        if frame.kind == h2.HEADERS:
            self._headers(frame)
        elif frame.kind == h2.CONTINUATION:
            self._continued(frame.flags, frame.payload)
        elif frame.kind == h2.SETTINGS:
            self._settings(frame)
        elif frame.kind == h2.PING and not frame.flags & h2.ACK and PONGS in self.habits:
            self.frame(h2.PING, h2.ACK, payload=frame.payload)
        elif frame.kind == h2.WINDOW_UPDATE:
            self._widened(stream, frame.stream, int.from_bytes(frame.payload, "big"))
        elif frame.kind == h2.GOAWAY:
            self.goaway = (*(int.from_bytes(frame.payload[at:at + 4], "big") for at in (0, 4)), frame.payload[8:])
        elif frame.kind == h2.RST_STREAM and stream:
            stream.code, stream.over = int.from_bytes(frame.payload, "big"), True
        elif frame.kind == h2.DATA:
            check(stream, f"DATA in stream {frame.stream}, which was never asked for")
            self._data(stream, frame)

    def _headers(self, frame):
        data, pad = frame.payload, 0
        if frame.flags & h2.PADDED:
            pad, data = data[0], data[1:]
        if frame.flags & h2.PRIORITIZED:
            data = data[5:]
        self._block = (frame.stream, frame.flags, data[:len(data) - pad])
        if frame.flags & h2.END_HEADERS:
            self._continued(h2.END_HEADERS, b"")

    def _continued(self, flags, data):
        number, first, before = self._block
        self._block = (number, first, before + data)
        if not flags & h2.END_HEADERS:
            return
        fields, self._block = self._decoder.fields(before + data), None
        check(number not in self._by_number, f"HEADERS behind the request, in stream {number}")
        stream = Stream(self, number, [(name, value) for name, value, _ in fields])
        stream.never_indexed = [name for name, _, how in fields if how & 0xf0 == 0x10]
        stream.ended = bool(first & h2.END_STREAM)
        self._by_number[number] = stream
        self.streams.append(stream)
        now = len(self.open)
        self.most = max(self.most, now)
        check(self.stream_limit is None or now <= self.stream_limit, f"stream {number} is above the limit")
        if ANSWERS in self.habits:
            self.proxy.asked(stream)

    def _settings(self, frame):
        if frame.flags & h2.ACK:
            values = self._offered.pop(0) if self._offered else {}
            self.stream_limit = values.get(h2.STREAMS, self.stream_limit)
            if h2.WINDOW in values:
                self._regrant(values[h2.WINDOW])
            return
        for at in range(0, len(frame.payload), 6):
            self.settings[int.from_bytes(frame.payload[at:at + 2], "big")] = int.from_bytes(
                frame.payload[at + 2:at + 6], "big")
        first = self.settings.get(h2.WINDOW, self.first_window)
        for stream in self.streams:
            stream.room += first - self.first_window
        self.first_window = first
        if SETTLES in self.habits:
            self.frame(h2.SETTINGS, h2.ACK)

    def _widened(self, stream, number, more):
        if not number:
            self.room += more
        elif stream:
            stream.room += more
        for waiting in self.open if not number else [stream] if stream else []:
            waiting.send(b"")

    def _data(self, stream, frame):
        size = len(frame.payload)
        self.granted -= size
        stream.granted -= size
        check(self.granted >= 0 and stream.granted >= 0, f"stream {stream.number} sends more than it may")
        if size and stream.takes and GRANTS in self.habits:
            self.give_back(stream, size)
        if frame.payload:
            stream.heard(frame.payload)
        if frame.flags & h2.END_STREAM:
            stream.ended = True
            stream.over = stream.over or stream._closed
            stream.at_end()

    def give_back(self, stream, size):
        """What may come again: in the stream, and on the connection."""
        with self.lock:
            self.granted += size
            stream.granted += size
            closed = stream.ended or stream.code is not None
            self.send(h2.window(0, size) + (b"" if closed else h2.window(stream.number, size)))


def opens(text=GREETING, *fields):
    """What to do when asked: opens the tunnel to a server that greets, and then gives back what comes."""
    return lambda stream: stream.echo().answer(200, *fields, behind=text)


def refuses(code):
    return lambda stream: stream.reset(code)


def relays(names=None):
    """What to do when asked: opens the tunnel to where CONNECT says.  names: {name: address} besides the machine's."""
    def dial(stream):
        host, _, port = stream.target.rpartition(":")
        host = host.strip("[]")
        try:
            server = socket.create_connection(((names or {}).get(host, host), int(port)), timeout=PATIENCE)
        except OSError as error:
            stream.answer(502, ("proxy-status", f'scripted; details="{error.strerror}"'), end=True)
            return
        server.settimeout(PATIENCE * 3)

        def carry():
            try:
                while got := server.recv(16384):
                    stream.send(got)
                stream.end()
            except OSError:
                stream.reset(h2.CONNECT_ERROR)

        stream.heard, stream.at_end = server.sendall, lambda: server.shutdown(socket.SHUT_WR)
        stream.connection.proxy.servers.append(server)
        stream.answer()
        threading.Thread(target=carry, daemon=True).start()

    return lambda stream: threading.Thread(target=dial, args=(stream,), daemon=True).start()


class _Speaks:
    """What is the same with TLS and without."""

    def __init__(self, stage, asked=opens(), *context, offers=None, habits=ALL, begin=None, write=None, **options):
        self.asked = asked              # asked(stream): in the reading thread, so it must not wait
        self.offers = offers or {}      # our first SETTINGS
        self.habits = habits
        self.begin = begin or (lambda connection: connection.offer(self.offers))
        self.write = write or (lambda sock, data: sock.sendall(data))
        self.spoken = []                # H2Connections, in order
        self.servers = []
        super().__init__(stage, self._speak, *context, **options)

    def _speak(self, connection):
        spoken = H2Connection(self, connection)
        self.spoken.append(spoken)
        spoken.run()

    def wait_spoken(self, count=1):
        """Waits for the count-th connection and gives it."""
        until(lambda: len(self.spoken) >= count, f"HTTP/2 connection {count} at the proxy")
        return self.spoken[count - 1]

    @property
    def streams(self):
        """All that was asked for so far."""
        return [stream for connection in list(self.spoken) for stream in list(connection.streams)]

    def wait_streams(self, count):
        """Waits until so many requests have come, on all connections together."""
        until(lambda: len(self.streams) >= count, f"{count} requests at the proxy, of which {len(self.streams)} came")
        return self.streams

    def stop(self):
        super().stop()
        for server in self.servers:
            server.close()


class H2Proxy(_Speaks, Proxy):
    """H2Proxy(stage, asked): HTTP/2 from the first byte, by `http = 2` and an http:// url."""


class H2TlsProxy(_Speaks, TlsProxy):
    """H2TlsProxy(stage, asked, context): HTTP/2 by ALPN.  Its context must offer it."""

    def __init__(self, stage, asked, context, **options):
        context.set_alpn_protocols(["h2"])
        super().__init__(stage, asked, context, **options)
