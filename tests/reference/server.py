# SPDX-License-Identifier: ISC
"""The ground that the reference peers stand on: a listening port, a thread for each connection, and a wire that
remembers what went over it.  Standard library only; small and plain rather than fast.
"""
import argparse
import signal
import socket
import struct
import sys
import threading

LINE_LIMIT = 64 * 1024
"""No line of a mail or news dialogue is longer; one that is ends the connection."""

JOIN_SECONDS = 10
"""How long close() waits for a thread whose connection it has just ended."""


def host_and_port(text):
    """("::1", 143) from "[::1]:143"."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def bracketed(host):
    """A host as it stands in front of a port: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def reset(sock):
    """Closes with a reset instead of an end of stream, whatever has been sent."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass  # the connection is gone already, which is all that was wanted
    sock.close()


def wake(sock):
    """Ends both directions, so that a thread that waits on the socket goes on."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it was not connected, or is closed already


class Wire:
    """One accepted connection.  `received` holds every byte that was read from it, `sent` every byte written."""

    def __init__(self, sock):
        self.socket = sock
        self.received = bytearray()
        self.sent = bytearray()
        self._unread = bytearray()

    def send(self, data):
        self.sent += data
        self.socket.sendall(data)

    def _more(self):
        """Reads once into the buffer; False at the end of the stream."""
        data = self.socket.recv(64 * 1024)
        self.received += data
        self._unread += data
        return bool(data)

    def _take(self, count):
        data = bytes(self._unread[:count])
        del self._unread[:count]
        return data

    def until(self, mark, limit=LINE_LIMIT):
        """The bytes up to and including `mark`; None when the stream ends, or `limit` is passed, before it."""
        searched = 0
        while (found := self._unread.find(mark, searched)) < 0:
            searched = max(0, len(self._unread) - len(mark) + 1)
            if len(self._unread) > limit or not self._more():
                return None
        return self._take(found + len(mark))

    def line(self):
        """The next line without its end; None at the end of the stream."""
        line = self.until(b"\n")
        return None if line is None else line.rstrip(b"\r\n")

    def exactly(self, count):
        """The next `count` bytes; None when the stream ends before."""
        while len(self._unread) < count:
            if not self._more():
                return None
        return self._take(count)

    def rest(self):
        """What has been read and not been taken."""
        return self._take(len(self._unread))

    def some(self):
        """Whatever comes next; nothing at the end of the stream."""
        return self.rest() or (self._more() and self.rest())

    def text(self):
        """A text that ends with a line of one dot, the dots that protect others taken away; None when it breaks off."""
        lines = []
        while (line := self.until(b"\n")) is not None:
            if line.rstrip(b"\r\n") == b".":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)
        return None

    def send_text(self, text):
        """The opposite of text()."""
        lines = text.splitlines(keepends=True)
        self.send(b"".join(b"." + line if line.startswith(b".") else line for line in lines) + b".\r\n")

    def finish(self):
        """A clean close: ends our direction, then reads away what the other side still says."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
            while self._more():
                pass
        except OSError:
            pass  # the other side did not wait for it
        self.socket.close()


class Server:
    """Listens at once; what a subclass does with a connection is in serve(wire), which runs in a thread of its own.
    `wires` holds all connections so far, in the order of their arrival."""

    def __init__(self, host="127.0.0.1", port=0):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # A deep backlog: a short one drops connections under load, which then stall for seconds.
        self._listening = socket.create_server((host, port), family=family, backlog=4096)
        self.host, self.port = self._listening.getsockname()[:2]
        self.address = f"{bracketed(self.host)}:{self.port}"
        self.wires = []
        self._closing = False
        self._errors = []
        self._kept = []
        self._serving = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def serve(self, wire):
        """The dialogue with one client; returns when it is over, after which the connection is closed."""
        raise NotImplementedError

    def _accept(self):
        while not self._closing:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return  # close() was called
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = Wire(self.keep(sock))
            self.wires.append(wire)
            self._serving.append(threading.Thread(target=self._converse, args=(wire,), daemon=True))
            self._serving[-1].start()

    def _converse(self, wire):
        try:
            self.serve(wire)
            wire.finish()
        except OSError:
            wire.socket.close()  # a client that is gone is no error of ours
        except Exception as error:  # a bug in a peer must not look like a fault of what is tested: close() raises it
            self._errors.append(error)
            wire.socket.close()

    def keep(self, sock):
        """A further connection that close() ends; gives it back."""
        self._kept.append(sock)
        return sock

    def close(self):
        """Ends the listener and every connection; raises the first error that a dialogue ended with."""
        self._closing = True
        wake(self._listening)
        self._accepting.join(JOIN_SECONDS)
        self._listening.close()
        for sock in self._kept:
            wake(sock)
        for thread in self._serving:
            thread.join(JOIN_SECONDS)
            if thread.is_alive():
                self._errors.append(RuntimeError(f"{type(self).__name__} {self.address} goes on after its end"))
        if self._errors:
            raise self._errors[0]

    def on(self, stage):
        """Has the stage of a scenario close the server at its end; gives the server."""
        stage.later(self.close)
        return self


def arguments(description):
    """A command line that knows --listen; the peer adds its own options."""
    parser = argparse.ArgumentParser(description=description.strip().split("\n\n")[0])
    parser.add_argument("--listen", metavar="HOST:PORT", type=host_and_port, default=("127.0.0.1", 0),
                        help="where to listen; port 0, the default, is any free one")
    return parser


def stay(server):
    """Says where the server listens and keeps it until SIGINT or SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"listening on={server.address}", flush=True)
    try:
        while True:
            signal.pause()
    except (KeyboardInterrupt, SystemExit):
        pass
    server.close()
