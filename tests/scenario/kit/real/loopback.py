# SPDX-License-Identifier: ISC
"""What the kernel tells of the loopback network and the TCP sockets on it."""
import os
import socket
import sys

ESTABLISHED, CONNECTING, TIME_WAIT, LISTENING = "01", "02", "06", "0A"
"""States in /proc/net/tcp."""


def has_ipv6():
    """Whether ::1 is there; containers often lack it."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def first_address(name):
    """Where a program ends up that resolves the name and tries one address: ::1 for localhost on many machines."""
    return socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)[0][4][0]


_NEAR, _FAR = 1, 2
"""The columns of a socket's ends."""


def _sockets(port, state, address="127.0.0.1", pid="self", end=_NEAR):
    """The rows of the sockets with that end and state, in the network of that process."""
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as rows:
        fields = [row.split() for row in rows]
    place = f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}:{port:04X}"
    return [row for row in fields if row[end] == place and row[3] == state]


def _family(pid):
    """The process, and those that it has started: of some servers, these listen."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return [pid, *children.read().split()]


def listens(pid, port, address="127.0.0.1"):
    """Whether that process listens on the port of that address, or one that it has started.  To try to connect instead
    would leave marks in the log of a server, and succeeds where another program was quicker to take the port."""
    try:
        names = {f"socket:[{row[9]}]" for row in _sockets(port, LISTENING, address, pid)}
        return bool(names) and any(os.readlink(f"/proc/{member}/fd/{number}") in names for member in _family(pid)
                                   for number in os.listdir(f"/proc/{member}/fd"))
    except (FileNotFoundError, ProcessLookupError):
        return False  # it has just closed something, or ended


def unread(port):
    """How many bytes lie unread in the connections of the server on the port."""
    return sum(int(row[4].split(":")[1], 16) for row in _sockets(port, ESTABLISHED))


def connections(port):
    """How many connections the server on the port has accepted, or is about to."""
    return len(_sockets(port, ESTABLISHED))


def dialing(port):
    """How many connections to the port are being made."""
    return len(_sockets(port, CONNECTING, end=_FAR))


def closed(port):
    """How many connections the server on the port has ended by itself in the last minute."""
    return len(_sockets(port, TIME_WAIT))
