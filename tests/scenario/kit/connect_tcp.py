# SPDX-License-Identifier: ISC
"""Both ends of connect-tcp and of TCPConnection over HTTP/1.1, as far as they are ours: a responder, which gateways and
proxies stand before, and a client of a few lines, for what is to be seen without the daemon between."""
import re
import socket
import threading
from urllib.parse import unquote

from . import capsules, streams
from .process import PATIENCE

PATH = "/.well-known/masque/tcp/{target_host}/{target_port}/"
"""The default template's path."""

SWITCHED = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: connect-tcp\r\n"
            b"Capsule-Protocol: ?1\r\n\r\n")

TCPCONNECTION = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TCPConnection/1.0\r\n{}\r\n"


def field(head, name):
    """All values of the field in a message head, in order; the name in any case."""
    lines = head.decode("latin-1").split("\r\n")[1:]
    return [value.strip() for key, _, value in (line.partition(":") for line in lines) if key.lower() == name.lower()]


def request_line(head):
    return head.split(b"\r\n", 1)[0].decode("latin-1")


def target_of(head, path=PATH):
    """(host, port) that the request's path names by the template; None when it is none of its paths."""
    pattern = re.escape(path).replace(r"\{target_host\}", "([^/?&]+)").replace(r"\{target_port\}", r"(\d+)")
    asked = re.search(pattern + "$", request_line(head).split(" ")[1])
    return (unquote(asked.group(1)), int(asked.group(2))) if asked else None


def pipe(one, other):
    """Carries bytes both ways between two sockets (or layers), ends crossing, until both have ended; a reset on one
    side breaks the other."""
    broken = threading.Event()

    def carry(source, sink):
        try:
            while got := source.recv(65536):
                sink.sendall(got)
            if not broken.is_set():
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            broken.set()
            for sock in (one, other):
                try:
                    sock.shutdown(socket.SHUT_RD)  # sends nothing, but wakes who reads there
                except OSError:
                    pass

    thread = threading.Thread(target=carry, args=(other, one), daemon=True)
    thread.start()
    carry(one, other)
    thread.join(PATIENCE * 3)
    for sock in (one, other):
        if broken.is_set():
            streams.reset(sock)
        else:
            sock.close()


def answers(status, *fields, body=""):
    """The bytes of a whole answer."""
    return "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "")
                   ).encode() + body.encode()


def _dialled(connection, target):
    """The connection to the target; None when it was refused, which the client is told."""
    try:
        server = socket.create_connection(target, timeout=PATIENCE)
    except OSError as error:
        connection.send(answers("502 Bad Gateway", f'Proxy-Status: responder; details="{error.strerror}"'))
        return None
    server.settimeout(PATIENCE * 3)
    return server


def responds(path=PATH, names=None):
    """A script for a proxy: connect-tcp to wherever the template's path leads.  names: {name: address} that it finds
    besides those of the machine."""
    def script(connection):
        if not connection.read_head():
            return  # a gateway has looked whether somebody is here
        target = target_of(connection.head, path)
        if not target or field(connection.head, "Upgrade") != ["connect-tcp"]:
            connection.send(answers("404 Not Found"))
            return
        server = _dialled(connection, ((names or {}).get(target[0], target[0]), target[1]))
        if server:
            connection.send(SWITCHED)
            pipe(capsules.Layer(connection.sock, connection.surplus), server)

    return script


def opens(then, switched=SWITCHED):
    """A script for a proxy that plays the server, too: it opens a connect-tcp tunnel, and then(connection) goes on,
    with capsules in place of the connection's socket."""
    def script(connection):
        if connection.read_head():
            connection.send(switched)
            connection.sock = capsules.Layer(connection.sock, connection.surplus)
            then(connection)

    return script


def connects(places, fields=""):
    """A script for a proxy: TCPConnection to the places ({path: (host, port)}), or by a path that names the target.
    fields: more of the answer's."""
    def script(connection):
        while connection.read_head():
            method, target, _ = request_line(connection.head).split(" ")
            path = re.sub("^https?://[^/]*", "", target)
            place = places.get(path) or target_of(connection.head)
            if method != "OPTIONS" or not place or field(connection.head, "Upgrade") != ["TCPConnection/1.0"]:
                connection.send(answers("404 Not Found"))
                continue
            server = _dialled(connection, place)
            if server:
                connection.send(TCPCONNECTION.replace(b"{}", fields.encode()))
                if connection.surplus:
                    server.sendall(connection.surplus)
                pipe(connection.sock, server)
                return

    return script


def ask(sock, request):
    """Sends the request's bytes and reads the answer's head; gives (head, what came behind it)."""
    sock.sendall(request)
    got = b""
    while b"\r\n\r\n" not in got:
        more = sock.recv(65536)
        if not more:
            raise AssertionError(f"no answer, but {got!r}")
        got += more
    head, _, behind = got.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", behind


def request(target, host, *fields, path=PATH):
    """The bytes of a request for connect-tcp, as the daemon sends it."""
    where = path.replace("{target_host}", target[0]).replace("{target_port}", str(target[1]))
    lines = (f"GET {where} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: connect-tcp",
             "Capsule-Protocol: ?1", *fields, "")
    return "".join(line + "\r\n" for line in lines).encode()
