# SPDX-License-Identifier: ISC
"""A name server over UDP: A and SRV records, no others."""
import asyncio
import socket
import struct

A, AAAA, SRV = 1, 28, 33
TTL = 300
NXDOMAIN = 3


def _encoded(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def _asked(query):
    """(name, type, the question's bytes) of a query with one question."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii").lower())
        at += 1 + query[at]
    return ".".join(labels), int.from_bytes(query[at + 1:at + 3], "big"), query[12:at + 5]


class Names(asyncio.DatagramProtocol):
    """addresses: {name: [IPv4 address]}; services: {name: (port, target)}."""

    def __init__(self, addresses, services):
        self._records = {(name, A): [socket.inet_aton(address) for address in several]
                         for name, several in addresses.items()}
        self._records |= {(name, SRV): [struct.pack("!HHH", 0, 0, port) + _encoded(target)]
                          for name, (port, target) in services.items()}
        self._known = {name for name, _ in self._records}

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, query, address):
        try:
            name, kind, question = _asked(query)
        except (IndexError, UnicodeDecodeError):
            return
        found = self._records.get((name, kind), [])
        flags = 0x8580 | (0 if name in self._known else NXDOMAIN)
        records = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, TTL, len(data)) + data for data in found)
        self._transport.sendto(query[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + question + records,
                               address)
