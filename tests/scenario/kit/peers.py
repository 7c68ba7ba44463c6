# SPDX-License-Identifier: ISC
"""A proxy (and the server behind it) that does exactly what a test tells it: a Python function gets each connection
and plays both with it.  One thread a connection, any free port."""
import socket
import threading

from .process import PATIENCE, until
from . import streams

GREETING = b"* OK [CAPABILITY IMAP4rev1] mail.example.net ready\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: IMAP\r\n\r\n"
OPAQUE = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Connection:
    """One connection that was accepted, as its script sees it.  It is closed when the script returns, unless the
    script has kept or ended it."""

    def __init__(self, proxy, sock):
        self.proxy = proxy
        self.sock = sock
        self.head = None        # the request head, once read
        self.surplus = b""      # what came in the same read behind the request head
        self.kept = False

    def read_head(self):
        """Reads the request head, up to and with its empty line; b"" when the stream ends before."""
        got = b""
        while b"\r\n\r\n" not in got:
            data = self.sock.recv(65536)
            if not data:
                return b""
            got += data
        end = got.index(b"\r\n\r\n") + 4
        self.head, self.surplus = got[:end], got[end:]
        return self.head

    def open(self, behind=GREETING, answer=OPAQUE):
        """Reads the request and opens the tunnel; the bytes behind leave with the answer."""
        self.read_head()
        self.send(answer + behind)

    def send(self, data):
        self.sock.sendall(data)

    def send_in_segments(self, parts):
        streams.send_in_segments(self.sock, parts)

    def read_exactly(self, count):
        return streams.read_exactly(self.sock, count)

    def read_all(self):
        """(bytes, how) up to the end of the stream."""
        return streams.read_all(self.sock)

    def echo(self):
        """Sends back what comes until the end of the stream, and then ends too."""
        while data := self.sock.recv(65536):
            self.sock.sendall(data)

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()

    def reset(self):
        streams.reset(self.sock)

    def keep(self):
        """The connection stays open when the script returns, for the test to go on with."""
        self.kept = True

    def hold(self):
        """Stays silent, reading nothing, until the proxy is stopped."""
        self.proxy.stopping.wait()

    def wait_gone(self):
        """Waits for the other end to close or reset, and says which."""
        return streams.ending(self.sock)


class Proxy:
    """Listens at once; script(connection) runs for each connection, script numbers counting from 0 are in
    `connections`.  An error in a script fails the test when the stage is struck, except those of the network:
    being closed or reset is part of the play."""

    def __init__(self, stage, script, host="127.0.0.1", port=0, backlog=4096):
        self.script = script
        self.stopping = threading.Event()
        self.connections = []
        self._threads = []
        self._errors = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=backlog)
        self.host, self.port = self._listener.getsockname()[:2]
        self.url = f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        stage.later(self.stop)

    @property
    def heads(self):
        """The request heads read so far."""
        return [connection.head for connection in list(self.connections) if connection.head]

    def wait_connection(self, count=1):
        """Waits for the count-th connection and gives it."""
        until(lambda: len(self.connections) >= count, f"connection {count} at the proxy")
        return self.connections[count - 1]

    def wait_head(self, count=1):
        """Waits for the count-th request head and gives it."""
        until(lambda: len(self.heads) >= count, f"request head {count} at the proxy")
        return self.heads[count - 1]

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(PATIENCE * 3)
            connection = Connection(self, sock)
            thread = threading.Thread(target=self._play, args=(connection,), daemon=True)
            self._threads.append(thread)
            self.connections.append(connection)
            thread.start()

    def _play(self, connection):
        try:
            self.script(connection)
        except Exception as error:  # pylint: disable=broad-except
            if not isinstance(error, ConnectionError) and not self.stopping.is_set():
                self._errors.append(error)
        finally:
            if not connection.kept:
                connection.sock.close()

    def stop(self):
        """Ends the listener and all connections; raises what a script raised.  A second call does nothing."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        for sock in (self._listener, *(connection.sock for connection in self.connections)):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._accepting.join(PATIENCE)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)
        for connection in self.connections:
            connection.sock.close()
        if self._errors:
            raise self._errors[0]


class BlackHole:
    """An address that never completes a TCP connect: its backlog is full, so further SYNs are dropped."""

    def __init__(self, stage, host="127.0.0.1", port=0):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((host, port))
        self._listener.listen(0)
        self.host, self.port = self._listener.getsockname()[:2]
        self.url = f"http://{self.host}:{self.port}"
        self._fillers = []
        for _ in range(3):
            filler = socket.socket(family, socket.SOCK_STREAM)
            filler.setblocking(False)
            filler.connect_ex((self.host, self.port))
            self._fillers.append(filler)
        stage.later(self.close)

    def close(self):
        for sock in (self._listener, *self._fillers):
            sock.close()
