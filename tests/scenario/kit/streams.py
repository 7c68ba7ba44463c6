# SPDX-License-Identifier: ISC
"""Reading, writing and ending TCP streams in tests: everything that can be seen of how a stream ended is told."""
import errno
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


def unread(sock):
    """How many bytes the program at the other end of this loopback connection has not read yet; None when it
    is gone.  The kernel is asked by netlink (sock_diag(7)), for that one socket."""
    def end(name):
        return struct.pack("!H", name[1]), socket.inet_pton(sock.family, name[0]).ljust(16, b"\0")

    try:
        (here_port, here), (there_port, there) = end(sock.getsockname()), end(sock.getpeername())
    except OSError:
        return None
    any_state, any_cookie = 0xffffffff, b"\xff" * 8
    request = (struct.pack("=BBBxI", sock.family, socket.IPPROTO_TCP, 0, any_state) + there_port + here_port + there +
               here + struct.pack("=I", 0) + any_cookie)
    by_family, is_request, is_error = 20, 1, 2
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as kernel:  # NETLINK_SOCK_DIAG
        kernel.send(struct.pack("=IHHII", 16 + len(request), by_family, is_request, 1, 0) + request)
        answer = kernel.recv(4096)
    if struct.unpack_from("=H", answer, 4)[0] == is_error:
        number = -struct.unpack_from("=i", answer, 16)[0]
        if number != errno.ENOENT:
            raise OSError(number, "cannot ask the kernel about a connection")
        return None
    return struct.unpack_from("=I", answer, 16 + 56)[0]


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
