# SPDX-License-Identifier: ISC
"""A scripted DNS server on loopback, over UDP and TCP at one free port: A, AAAA and SRV records with their TTL, and
the ways in which name servers fail.  What it was asked is kept."""
import socket
import socketserver
import struct
import threading

from .process import PATIENCE, until

TYPES = {"A": 1, "SOA": 6, "AAAA": 28, "SRV": 33, "OPT": 41}
NAMES = {number: name for name, number in TYPES.items()}
SERVFAIL, NXDOMAIN = 2, 3


class Silent(Exception):
    """The answer to this query is none."""


def _encode_name(name):
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _encode_data(kind, value):
    if kind == "A":
        return socket.inet_pton(socket.AF_INET, value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    priority, weight, port, target = value
    return struct.pack("!HHH", priority, weight, port) + _encode_name(target)


def _question(query):
    """(name, type, the question's bytes) of a query with one question, as every resolver sends."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii").lower())
        at += 1 + query[at]
    number, = struct.unpack_from("!H", query, at + 1)
    return ".".join(labels), NAMES.get(number, str(number)), query[12:at + 5]


class Nameserver:
    """Names not added do not exist.  `queries` holds (name, type, "udp" or "tcp") in the order of asking."""

    def __init__(self, stage, host="127.0.0.1", port=0):
        self._records = {}
        self._faults = {}
        self._delay = threading.Event()
        self._delay.set()
        self._held = None
        self.queries = []
        self._lock = threading.Lock()
        self._udp, self._tcp = self._listen(host, port)
        self.port = self._udp.server_address[1]
        self.env = {"SALLYPORT_NAMESERVERS": f"{host}:{self.port}"}
        for server in (self._udp, self._tcp):
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        stage.later(self.close)

    def add(self, name, kind, *values, ttl=300):
        """The name has these records of that kind ("A", "AAAA", "SRV"); replaces those of before.  An SRV value is
        (priority, weight, port, target)."""
        self._records[name.lower().rstrip("."), kind] = (values, ttl)

    def fail(self, name, how):
        """Every query for the name is answered with SERVFAIL or NXDOMAIN, or not at all: Silent."""
        self._faults[name.lower()] = how

    def truncate(self, name):
        """Over UDP the name gets an empty answer marked truncated; over TCP the whole."""
        self._faults[name.lower()] = "truncate"

    def mend(self, name):
        """Ends fail() and truncate() for the name."""
        self._faults.pop(name.lower(), None)

    def hold(self, kind=None):
        """Answers (of that type, if one is named) wait until release(): for the test to pile up look-ups."""
        self._held = kind
        self._delay.clear()

    def release(self):
        self._delay.set()

    def asked(self, name, kind=None):
        """How often the name was asked for (with that type)."""
        return sum(1 for asked, asked_kind, _ in list(self.queries)
                   if asked == name.lower() and kind in (None, asked_kind))

    def wait_asked(self, name, kind=None, count=1):
        until(lambda: self.asked(name, kind) >= count, f"{count} queries for {name}")

    def answer(self, query, channel):
        """The reply to one query; raises Silent for none."""
        name, kind, question = _question(query)
        with self._lock:
            self.queries.append((name, kind, channel))
        if self._held in (None, kind):
            self._delay.wait(PATIENCE)
        values, ttl = self._records.get((name, kind), ((), 0))
        known = any(recorded == name for recorded, _ in self._records)
        fault = self._faults.get(name)
        if fault is Silent:
            raise Silent
        flags = 0x8580  # a response, authoritative, recursion desired and available
        if fault == "truncate" and channel == "udp":
            values, flags = (), flags | 0x0200
        elif fault in (SERVFAIL, NXDOMAIN):
            values, flags = (), flags | fault
        elif not known:
            flags |= NXDOMAIN
        records = b"".join(struct.pack("!HHHIH", 0xC00C, TYPES[kind], 1, ttl, len(data)) + data
                           for data in (_encode_data(kind, value) for value in values))
        return query[:2] + struct.pack("!HHHHH", flags, 1, len(values), 0, 0) + question + records

    def _listen(self, host, port):
        """A UDP and a TCP server at one port; with port 0, another when somebody holds its number in the other
        protocol."""
        server = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self):
                query, sock = self.request
                try:
                    sock.sendto(server.answer(query, "udp"), self.client_address)
                except (Silent, OSError):
                    pass

        class Stream(socketserver.StreamRequestHandler):
            timeout = PATIENCE

            def handle(self):
                try:
                    while len(size := self.rfile.read(2)) == 2:
                        reply = server.answer(self.rfile.read(struct.unpack("!H", size)[0]), "tcp")
                        self.wfile.write(struct.pack("!H", len(reply)) + reply)
                except (Silent, OSError):
                    pass

        class UDP(socketserver.ThreadingUDPServer):
            daemon_threads = True

        class TCP(socketserver.ThreadingTCPServer):
            daemon_threads = True

        for _ in range(20):
            udp = UDP((host, port), Datagram)
            try:
                return udp, TCP(udp.server_address, Stream)
            except OSError:
                udp.server_close()
        raise AssertionError("no port is free for both UDP and TCP")

    def close(self):
        self.release()
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()
