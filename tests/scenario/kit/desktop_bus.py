# SPDX-License-Identifier: ISC
"""A session bus with somebody on it who shows notifications: dbus-daemon is real, the other is a thread of the test,
and speaks as much of D-Bus as that takes (the D-Bus specification, "Message Protocol"; the Desktop Notifications
Specification)."""
import os
import socket
import struct
import threading

from .case import need
from .process import until

CALL, RETURN, ERROR = 1, 2, 3
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE = range(1, 9)
BUS = "org.freedesktop.DBus"
NAME = "org.freedesktop.Notifications"


def aligned(data, size):
    return data + b"\0" * (-len(data) % size)


def text(data, value):
    """A string behind what is there; object paths look the same."""
    raw = value.encode()
    return aligned(data, 4) + struct.pack("<I", len(raw)) + raw + b"\0"


def message(kind, serial, fields, body=b""):
    """A message; fields are (code, type, value)."""
    packed = b""
    for code, form, value in fields:
        packed = aligned(packed, 8) + struct.pack("<BB2s", code, 1, form.encode() + b"\0")
        if form == "u":
            packed = aligned(packed, 4) + struct.pack("<I", value)
        elif form == "g":
            packed += struct.pack("<B", len(value)) + value.encode() + b"\0"
        else:
            packed = text(packed, value)
    head = struct.pack("<cBBBIII", b"l", kind, 0, 1, len(body), serial, len(packed))
    return aligned(head + packed, 8) + body


class Reader:
    """Takes values off marshalled bytes."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def number(self, form="I"):
        size = struct.calcsize(form)
        self.at += -self.at % size
        self.at += size
        return struct.unpack_from("<" + form, self.data, self.at - size)[0]

    def string(self, form="I"):
        length = self.number(form)
        self.at += length + 1
        return self.data[self.at - length - 1:self.at - 1].decode()

    def fields(self, end):
        """The header's fields by their code."""
        found = {}
        while self.at < end:
            self.at += -self.at % 8
            code = self.number("B")
            form = self.string("B")
            found[code] = self.number() if form == "u" else self.string("B" if form == "g" else "I")
        return found


class DesktopBus:
    """shown has (program, title, text) of each notification."""

    def __init__(self, stage):
        self.path = os.path.join(stage.folder, "bus")
        self.address = f"unix:path={self.path}"
        self.shown = []
        self._serial = 0
        stage.start([need("dbus-daemon", "dbus-daemon"), "--session", "--nofork", f"--address={self.address}"])
        self._socket = socket.socket(socket.AF_UNIX)
        until(lambda: self._socket.connect_ex(self.path) == 0, "the bus")
        stage.later(self._close)
        self._socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        assert self._socket.recv(4096).startswith(b"OK ")
        self._socket.sendall(b"BEGIN\r\n")
        self._ask("Hello")
        self._ask("RequestName", "su", aligned(text(b"", NAME), 4) + struct.pack("<I", 0))
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._ready.wait(20), "the bus does not give us the name"

    def _close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(20)
        self._socket.close()

    def _send(self, kind, fields, body=b""):
        self._serial += 1
        self._socket.sendall(message(kind, self._serial, fields, body))

    def _ask(self, member, form="", body=b""):
        fields = [(PATH, "o", "/org/freedesktop/DBus"), (DESTINATION, "s", BUS), (INTERFACE, "s", BUS),
                  (MEMBER, "s", member)]
        if form:
            fields.append((SIGNATURE, "g", form))
        self._send(CALL, fields, body)

    def _read(self, count):
        got = b""
        while len(got) < count:
            data = self._socket.recv(count - len(got))
            if not data:
                raise EOFError
            got += data
        return got

    def _serve(self):
        try:
            while True:
                head = self._read(16)
                _, kind, _, _, length, serial, size = struct.unpack("<cBBBIII", head)
                rest = self._read(size + -size % 8 + length)
                fields = Reader(head + rest[:size], 16).fields(16 + size)
                if kind == CALL:
                    self._answer(serial, fields, rest[size + -size % 8:])
                elif kind == RETURN and fields[REPLY_SERIAL] == 2:
                    self._ready.set()
        except (EOFError, OSError):
            pass

    def _answer(self, serial, fields, body):
        to = [(REPLY_SERIAL, "u", serial), (DESTINATION, "s", fields[SENDER])]
        if fields[MEMBER] == "Notify":
            reader = Reader(body)
            program, _, _ = reader.string(), reader.number(), reader.string()
            self.shown.append((program, reader.string(), reader.string()))
            self._send(RETURN, to + [(SIGNATURE, "g", "u")], struct.pack("<I", len(self.shown)))
        elif fields[MEMBER] == "GetServerInformation":
            body = b""
            for word in ("test", "test", "1", "1.2"):
                body = text(body, word)
            self._send(RETURN, to + [(SIGNATURE, "g", "ssss")], body)
        else:
            self._send(ERROR, to + [(ERROR_NAME, "s", BUS + ".Error.UnknownMethod")])
