# SPDX-License-Identifier: ISC
"""Frames of HTTP/2 (RFC 9113), made and read by hand: what is wrong can be said as easily as what is right."""
from collections import namedtuple

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 0x1, 0x1, 0x4, 0x8, 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, STREAMS, WINDOW, FRAME, HEADER_LIST, CONNECT_PROTOCOL = 1, 2, 3, 4, 5, 6, 8
"""The settings; STREAMS is MAX_CONCURRENT_STREAMS, and so on."""

(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY,
 HTTP_1_1_REQUIRED) = CODES = range(14)

HEAD = 9
"""Bytes before each payload."""

FIRST_WINDOW = 65535
LARGEST_FRAME = 16384

Frame = namedtuple("Frame", "kind flags stream payload")


def frame(kind, flags=0, stream=0, payload=b""):
    """The bytes of one frame."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def long(value):
    return value.to_bytes(4, "big")


def settings(values):
    """A SETTINGS frame of {setting: value}, or of [(setting, value)]."""
    pairs = values.items() if isinstance(values, dict) else values
    return frame(SETTINGS, payload=b"".join(key.to_bytes(2, "big") + long(value) for key, value in pairs))


def goaway(last, code=NO_ERROR, words=b""):
    return frame(GOAWAY, payload=long(last) + long(code) + words)


def rst(stream, code):
    return frame(RST_STREAM, stream=stream, payload=long(code))


def window(stream, more):
    return frame(WINDOW_UPDATE, stream=stream, payload=long(more))


def parse(held):
    """The first Frame of a bytearray, which it is taken from; None while it is not whole."""
    if len(held) < HEAD:
        return None
    size = int.from_bytes(held[:3], "big")
    if len(held) < HEAD + size:
        return None
    found = Frame(held[3], held[4], int.from_bytes(held[5:9], "big") & 0x7fffffff, bytes(held[HEAD:HEAD + size]))
    del held[:HEAD + size]
    return found
