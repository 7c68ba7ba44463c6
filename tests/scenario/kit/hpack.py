# SPDX-License-Identifier: ISC
"""HPACK (RFC 7541): reading what a client has compressed, and writing header fields plainly, or so that they hurt.
The standard library has none, and one of others would not write what is wrong."""

_STATIC = """:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate"""
STATIC = [tuple(line.partition(" ")[::2]) for line in _STATIC.split("\n")]
"""The table of appendix A."""

_LENGTHS = """
13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28 6 10 10 12 13
6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10 13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7
8 7 8 13 19 13 14 6 15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28 20 22 20 20 22 22 22
23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24 22 21 20 22 22 23 23 21 23 22 22 24
21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23 26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19
21 26 27 27 26 27 24 21 21 26 26 28 27 27 27 20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27
27 27 27 28 27 27 27 27 27 26 30
"""
"""How many bits the code of each byte has, and of the end, in appendix B.  The code is canonical: the lengths are all
there is to know."""


def _huffman():
    """{(length, code): byte}"""
    codes, code, before = {}, 0, 0
    for length, byte in sorted((int(length), byte) for byte, length in enumerate(_LENGTHS.split())):
        code <<= length - before
        codes[length, code] = byte
        code, before = code + 1, length
    return codes


_CODES = _huffman()


def unsqueezed(data):
    """The text of a string in the Huffman code."""
    out, code, length = bytearray(), 0, 0
    for byte in data:
        for bit in range(7, -1, -1):
            code, length = code << 1 | byte >> bit & 1, length + 1
            found = _CODES.get((length, code))
            if found is not None:
                out.append(found)
                code, length = 0, 0
    return bytes(out)


def number(value, bits, first=0):
    """A number behind the high bits of its first byte (section 5.1)."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytearray([first | most]), value - most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(text):
    data = text if isinstance(text, bytes) else text.encode("latin-1")
    return number(len(data), 7) + data


def literal(name, value, first=0x00):
    """A field as it stands.  first: 0x00, not indexed; 0x40: to be remembered in the dynamic table."""
    return bytes([first]) + string(name) + string(value)


def indexed(index):
    """A field of a table, by its number."""
    return number(index, 7, 0x80)


def block(*fields):
    """A field block of (name, value)s, none of which is remembered."""
    return b"".join(literal(name, value) for name, value in fields)


class Decoder:
    """Of one connection: it has a memory of the fields before.  Correct input only: it is our own client's."""

    def __init__(self, size=4096):
        self._dynamic, self._size = [], size

    def fields(self, data):
        """[(name, value, first)] of a block; first is the byte that tells how the field was written."""
        found, at = [], 0
        while at < len(data):
            first = data[at]
            if first & 0x80:
                index, at = self._number(data, at, 7)
                found.append((*self._entry(index), first))
            elif first & 0xe0 == 0x20:
                self._size, at = self._number(data, at, 5)
                self._shrink()
            else:
                index, at = self._number(data, at, 6 if first & 0x40 else 4)
                if index:
                    name = self._entry(index)[0]
                else:
                    name, at = self._string(data, at)
                value, at = self._string(data, at)
                if first & 0x40:
                    self._dynamic.insert(0, (name, value))
                    self._shrink()
                found.append((name, value, first))
        return found

    def _entry(self, index):
        return STATIC[index - 1] if index <= len(STATIC) else self._dynamic[index - 1 - len(STATIC)]

    def _shrink(self):
        while sum(len(name) + len(value) + 32 for name, value in self._dynamic) > self._size:
            self._dynamic.pop()

    @staticmethod
    def _number(data, at, bits):
        most = (1 << bits) - 1
        value, at, shift = data[at] & most, at + 1, 0
        if value == most:
            while True:
                value, shift, at = value + ((data[at] & 127) << shift), shift + 7, at + 1
                if not data[at - 1] & 128:
                    break
        return value, at

    def _string(self, data, at):
        squeezed = data[at] & 0x80
        length, at = self._number(data, at, 7)
        text = data[at:at + length]
        return (unsqueezed(text) if squeezed else text).decode("latin-1"), at + length
