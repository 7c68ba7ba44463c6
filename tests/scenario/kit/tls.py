# SPDX-License-Identifier: ISC
"""TLS as scripted peers speak it: over any stream, TLS included, and with all the ways to end it wrongly."""
import contextlib
import errno
import socket
import ssl
import threading

from . import streams
from .peers import Connection, Proxy
from .process import until


class CutOff(ConnectionError):
    """The stream below ended without a close_notify."""


class Layer:
    """What a script uses in place of the socket below it, server's side, when accept() has returned.  One thread may
    receive while others send."""

    def __init__(self, below, context):
        self.below = below
        self._lock = threading.RLock()
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.stream = context.wrap_bio(self._in, self._out, server_side=True)

    def accept(self, send=None):
        """The handshake; send(bytes), if given, is how its bytes go out.  ssl.SSLError when the other side refuses."""
        self._until_done(self.stream.do_handshake, send or self.below.sendall)

    def _until_done(self, step, send=None):
        send = send or self.below.sendall
        while True:
            try:
                with self._lock:
                    try:
                        return step()
                    finally:
                        self._flush(send)
            except ssl.SSLWantReadError:
                data = self.below.recv(65536)
                with self._lock:
                    if data:
                        self._in.write(data)
                    else:
                        self._in.write_eof()
            except ssl.SSLEOFError as error:
                raise CutOff("cut off") from error

    def _flush(self, send):
        data = self._out.read()
        if data:
            send(data)

    def recv(self, count):
        """As a socket's; b"" at the close_notify, CutOff when the stream below ends without."""
        try:
            return self._until_done(lambda: self.stream.read(count))
        except ssl.SSLZeroReturnError:
            return b""

    def sendall(self, data):
        with self._lock:
            while data:
                data = data[self._until_done(lambda: self.stream.write(data)):]

    def close_notify(self):
        """Our end of the stream; what comes from the other side is still read."""
        try:
            self.stream.unwrap()
        except ssl.SSLError:
            pass  # the other side has not ended yet
        self._flush(self.below.sendall)

    def shutdown(self, how):
        if how == socket.SHUT_WR:
            self.close_notify()
        try:
            self.below.shutdown(how)
        except OSError as error:
            if error.errno != errno.ENOTCONN:  # who has both close_notifies may be gone
                raise

    def close(self):
        """Ends the stream below, without a close_notify."""
        self.below.close()

    def __getattr__(self, name):
        return getattr(self.below, name)


def secure(connection, context, send=None):
    """From now on the connection's script speaks TLS on it; gives the Layer."""
    connection.sock = Layer(connection.sock, context)
    connection.sock.accept(send)
    return connection.sock


class TlsProxy(Proxy):
    """A scripted proxy that is reached by https://; each script begins after the handshake.  What handshakes failed is
    in `refusals`, whether each of the others was a resumed one in `resumed`.  host is what its url calls it, address
    where it listens."""

    def __init__(self, stage, script, context, host="127.0.0.1", address="127.0.0.1", **options):
        self._context = context
        self.refusals = []
        self.resumed = []
        super().__init__(stage, script, host=address, **options)
        self.url = f"https://{host}:{self.port}"

    def wait_refusals(self, count=1):
        """Waits for so many failed handshakes, of which this end may hear last; how many there are then."""
        until(lambda: len(self.refusals) >= count, f"handshake {count} that fails")
        return len(self.refusals)

    def _play(self, connection):
        try:
            layer = secure(connection, self._context)
        except (ssl.SSLError, OSError) as error:
            self.refusals.append(error)
            streams.read_all(connection.sock.below)  # closed with something unread, it would lose our alert by a reset
            connection.sock.close()
            return
        self.resumed.append(layer.stream.session_reused)
        super()._play(connection)


def greets(text, context=None):
    """A script for a proxy: it opens the tunnel, and the server behind it greets, in TLS when it has a context, and
    then sends back what comes until the end of the stream."""
    def script(connection: Connection):
        connection.open(b"")
        if context:
            try:
                secure(connection, context)
            except ssl.SSLError:
                return  # what the client said against the certificate is for the test to find in the log
        connection.send(text)
        connection.echo()
        with contextlib.suppress(OSError):  # the other side may have closed already
            connection.half_close()

    return script
