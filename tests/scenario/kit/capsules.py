# SPDX-License-Identifier: ISC
"""Capsules (RFC 9297) as connect-tcp has them: made by hand, right or wrong, and as a layer in place of a socket.  The
other side of the talk is ours, too: no program of others has them yet."""
import socket

from . import streams

DATA, FINAL_DATA = 0x08, 0x09
UNKNOWN = 0x2b3c
"""A type that nothing uses."""

LARGEST = (1 << 62) - 1
"""The largest number that a varint can be."""


def varint(number, size=None):
    """The number as RFC 9000 section 16 writes it: in the least of 1, 2, 4 and 8 bytes that can hold it, or in size."""
    for power in range(4):
        length = 1 << power
        if number < 1 << (8 * length - 2) and size in (None, length):
            return (power << (8 * length - 2) | number).to_bytes(length, "big")
    raise ValueError(f"{number} has no varint of {size} bytes")


def capsule(kind, value=b"", length=None, sizes=(None, None)):
    """One capsule.  length: what it says of its value, if not the truth; sizes: of its two varints."""
    return varint(kind, sizes[0]) + varint(len(value) if length is None else length, sizes[1]) + value


def data(value=b"", **wrong):
    return capsule(DATA, value, **wrong)


def final(value=b"", **wrong):
    return capsule(FINAL_DATA, value, **wrong)


def _parse_varint(held, at):
    """(number, behind), or None while it is not whole."""
    if at >= len(held):
        return None
    size = 1 << (held[at] >> 6)
    if at + size > len(held):
        return None
    return int.from_bytes(held[at:at + size], "big") & ((1 << (8 * size - 2)) - 1), at + size


class Broken(ConnectionResetError):
    """The capsules ended without FINAL_DATA, or are none; how: "end" or "reset" of the stream below, or what is wrong
    with them."""

    def __init__(self, how):
        super().__init__(f"broken: {how}")
        self.how = how


class Layer:
    """What a script uses in place of the socket below it: what is sent goes out in DATA, and what comes in DATA is
    received.  The end of one side is FINAL_DATA.  surplus: capsules that have come already.  `seen` has (type, length)
    of each capsule that came."""

    def __init__(self, below, surplus=b""):
        self.below = below
        self.seen = []
        self._held = bytearray(surplus)
        self._kind, self._left = None, 0
        self._final = False

    def recv(self, count):
        """As a socket's; b"" when FINAL_DATA is over, Broken when the stream below ends before."""
        while True:
            if self._left and self._held:
                taken = bytes(self._held[:min(count, self._left)])
                if self._kind not in (DATA, FINAL_DATA):
                    taken = bytes(self._held[:self._left])
                del self._held[:len(taken)]
                self._left -= len(taken)
                if self._kind in (DATA, FINAL_DATA):
                    return taken
            elif not self._left and self._final:
                return b""
            elif self._left or not self._begin():
                self._fill()

    def _begin(self):
        """Whether the head of a capsule was whole."""
        kind = _parse_varint(self._held, 0)
        length = kind and _parse_varint(self._held, kind[1])
        if not length:
            return False
        del self._held[:length[1]]
        self._kind, self._left = kind[0], length[0]
        self.seen.append((self._kind, self._left))
        self._final = self._kind == FINAL_DATA
        return True

    def _fill(self):
        try:
            more = self.below.recv(65536)
        except ConnectionError as error:
            raise Broken(streams.RESET) from error
        if not more:
            raise Broken(streams.END)
        self._held += more

    def sendall(self, value):
        self.below.sendall(data(value))

    def shutdown(self, how):
        """The end of our side is FINAL_DATA; the stream below stays open both ways."""
        if how == socket.SHUT_WR:
            self.below.sendall(final())
        else:
            self.below.shutdown(how)

    def close(self):
        """Ends the stream below, without FINAL_DATA."""
        self.below.close()

    def __getattr__(self, name):
        return getattr(self.below, name)
