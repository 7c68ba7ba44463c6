"""Reading, writing and ending TCP streams in tests: everything that can be seen of how a stream ended is told."""
import hashlib
import select
import socket
import struct
import threading
import time

from .process import PATIENCE

END, RESET, SILENT = "end", "reset", "silent"
"""How a stream ended: in order, by reset, or not at all within the time."""


def connect(address, timeout=PATIENCE):
    """A connected client socket with a time limit on every call.  A peer may reset the connection before connect()
    has returned here: the caller is to see that as any reset, and gets a socket whose other end was reset."""
    try:
        return socket.create_connection(address, timeout=timeout)
    except ConnectionResetError:
        with socket.create_server(("127.0.0.1", 0)) as server:
            client = socket.create_connection(server.getsockname(), timeout=timeout)
            reset(server.accept()[0])
            return client


def read_all(sock, limit=None):
    """(bytes, how): all bytes up to the end of the stream (or up to limit bytes), and how it ended."""
    got = bytearray()
    while limit is None or len(got) < limit:
        try:
            data = sock.recv(min(65536, (limit or 1 << 30) - len(got)))
        except (socket.timeout, BlockingIOError):
            return bytes(got), SILENT
        except ConnectionError:
            return bytes(got), RESET
        if not data:
            return bytes(got), END
        got += data
    return bytes(got), SILENT


def read_exactly(sock, count):
    """count bytes; AssertionError, showing what came, when the stream is over or silent before."""
    data, how = read_all(sock, count)
    if len(data) != count:
        raise AssertionError(f"wanted {count} bytes, got {len(data)}, then {how}: {data[-200:]!r}")
    return data


def ending(sock):
    """How a stream ends on which nothing more must come; AssertionError when something comes."""
    data, how = read_all(sock)
    if data:
        raise AssertionError(f"wanted the end of the stream, got {len(data)} bytes, then {how}: {data[:200]!r}")
    return how


def reset(sock):
    """Closes with RST, dropping whatever is under way."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def readable(sock, seconds=0):
    """Whether bytes, an end or an error wait to be read."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _in_proc(address):
    """(table, text): where and how /proc/net prints this address."""
    host, port = address[:2]
    table, family = ("tcp6", socket.AF_INET6) if ":" in host else ("tcp", socket.AF_INET)
    packed = socket.inet_pton(family, host)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return f"/proc/net/{table}", "".join(f"{word:08X}" for word in words) + f":{port:04X}"


def unread(sock):
    """How many bytes the program at the other end of this loopback connection has not read yet; None when it
    has closed."""
    try:
        table, there = _in_proc(sock.getpeername())
        here = _in_proc(sock.getsockname())[1]
    except OSError:
        return None
    with open(table, encoding="ascii") as rows:
        for row in rows:
            fields = row.split()
            if fields[1] == there and fields[2] == here:
                return int(fields[4].split(":")[1], 16)
    return None


def send_in_segments(sock, parts):
    """Each part is a segment of its own: the next one leaves only when the other end has read this one."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for part in parts:
        sock.sendall(part)
        deadline = time.monotonic() + PATIENCE
        while unread(sock):
            if time.monotonic() > deadline:
                raise AssertionError(f"the other end never read the segment {part[:80]!r}")
            time.sleep(0.0002)


class Source(threading.Thread):
    """Sends size bytes that look like noise but are the same for the same seed, then calls `then`."""

    def __init__(self, sock, size, seed, then=None):
        super().__init__(daemon=True)
        self._sock, self._size, self._then = sock, size, then
        self._block = memoryview(hashlib.shake_256(str(seed).encode()).digest(1 << 20))
        self._abort = False
        self._digest = hashlib.sha256()
        self.sent, self.error = 0, None
        self.start()

    def run(self):
        poll = select.poll()
        poll.register(self._sock, select.POLLOUT)
        try:
            while self.sent < self._size and not self._abort:
                if not poll.poll(50):
                    continue
                start = (self.sent * 7919) % (len(self._block) - 65536)  # no two neighbouring chunks are alike
                chunk = self._block[start:start + min(65536, self._size - self.sent)]
                try:
                    count = self._sock.send(chunk, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    continue
                self._digest.update(chunk[:count])
                self.sent += count
            if self._abort:
                reset(self._sock)
            elif self._then:
                self._then()
        except OSError as error:
            self.error = error

    def wait_stuck(self):
        """Waits until nothing could be sent for half a second; gives how much was sent."""
        sent, since = -1, time.monotonic()
        while time.monotonic() - since < 0.5:
            if self.sent != sent:
                sent, since = self.sent, time.monotonic()
            time.sleep(0.02)
        return sent

    def abort(self):
        """Resets the connection in the middle of sending."""
        self._abort = True
        self.join(PATIENCE)

    def finish(self, patience=PATIENCE):
        """Waits until all is sent; gives the hexadecimal digest of it."""
        self.join(patience)
        if self.is_alive() or self.error:
            raise AssertionError(f"sent {self.sent} of {self._size} bytes, then {self.error or 'nothing moved'}")
        return self._digest.hexdigest()


class Sink(threading.Thread):
    """Reads up to size bytes, or up to the end of the stream when size is None, keeping only count and digest."""

    def __init__(self, sock, size=None):
        super().__init__(daemon=True)
        self._sock, self._size = sock, size
        self.got, self.how = 0, None
        self._digest = hashlib.sha256()
        self.start()

    def run(self):
        while self._size is None or self.got < self._size:
            try:
                chunk = self._sock.recv(min(65536, (self._size or 1 << 40) - self.got))
            except socket.timeout:
                self.how = SILENT
                return
            except OSError:
                self.how = RESET
                return
            if not chunk:
                self.how = END
                return
            self._digest.update(chunk)
            self.got += len(chunk)

    def finish(self, patience=PATIENCE):
        """Waits until all is read; gives the hexadecimal digest of it."""
        self.join(patience)
        if self.is_alive() or (self._size is not None and self.got != self._size):
            raise AssertionError(f"read {self.got} of {self._size} bytes, then {self.how or 'nothing moved'}")
        return self._digest.hexdigest()
