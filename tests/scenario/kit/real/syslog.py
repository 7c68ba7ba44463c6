# SPDX-License-Identifier: ISC
"""Where haproxy sends the lines of its log."""
import socket


class Syslog:
    """place is what haproxy calls it."""

    def __init__(self, stage):
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self._sock.setblocking(False)
        stage.later(self._sock.close)
        self.place = f"127.0.0.1:{self._sock.getsockname()[1]}"
        self._said = ""

    def read(self):
        """All lines so far."""
        while True:
            try:
                self._said += self._sock.recv(65536).decode().rstrip("\n\0") + "\n"
            except BlockingIOError:
                return self._said
