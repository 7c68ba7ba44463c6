#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What one user costs a proxy, by method: connections, TLS handshakes, bytes and memory.  It counts and takes no times,
so that the figures are the same on every machine, but for some bytes of a handshake; those of memory go with the
versions of the proxies.

    make scale          prints the tables of "What one proxy serves" in sallyport-proxy(7)

It stands on the kit of the scenarios, with real proxies: squid, haproxy and nghttpx."""
import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../scenario"))
from kit import Stage, until  # noqa: E402
from kit.certificates import Authority  # noqa: E402
from kit.connect_tcp import PATH, responds  # noqa: E402
from kit.control import facts  # noqa: E402
from kit.echo import greeted  # noqa: E402
from kit.peers import GREETING, Proxy  # noqa: E402
from kit.real import H2Haproxy, Nghttpx, Squid  # noqa: E402
from kit.route import listener, settings  # noqa: E402
from kit.streams import read_exactly  # noqa: E402

MEGABYTE = 1000000
FEW, MANY = 20, 320  # tunnels, between which the memory of one is told

USERS = 1000
SESSIONS = 3        # of one user, that wait for mail
HOLD = 3600         # seconds after which such a session is made anew
SENDS = 600         # seconds between two letters that a user sends
AGE = 50            # seconds: preconnect-age
RENEWED = 13 / 16   # of that is how old a connection gets on average (src/proxy/refill.h)
LINGERS = 30        # seconds that a connection of HTTP/2 without tunnels stays open
"""What is taken for granted of users in the second table; the last two are sallyport's own, unless it is told
otherwise."""

HANDSHAKE, SERVER_HELLO, PRE_SHARED_KEY = 22, 2, 41
"""RFC 8446: type of a record, of a message in it, and of the extension by which a server resumes a session."""


def is_resumed(record):
    """Whether a TLS 1.3 server's first bytes resume a session; None where they are not TLS, or too few."""
    if len(record) < 5 or record[0] != HANDSHAKE or len(record) < 5 + int.from_bytes(record[3:5], "big"):
        return None
    hello = record[5:5 + int.from_bytes(record[3:5], "big")]
    if hello[0] != SERVER_HELLO:
        return None
    at = 4 + 2 + 32              # the message's head, version, random
    at += 1 + hello[at] + 2 + 1  # session id, cipher, compression
    end = at + 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 2
    while at + 4 <= end:
        if int.from_bytes(hello[at:at + 2], "big") == PRE_SHARED_KEY:
            return True
        at += 4 + int.from_bytes(hello[at + 2:at + 4], "big")
    return False


class Tap:
    """Stands before a proxy and counts what passes: connections, bytes of both ways, full and resumed handshakes."""

    def __init__(self, stage, port):
        self._port = port
        self.connections = self.open = self.bytes = self.full = self.resumed = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self.port = self._listener.getsockname()[1]
        stage.later(self._listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.open += 1
            proxy = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._carry, args=(client, proxy, False), daemon=True).start()
            threading.Thread(target=self._carry, args=(proxy, client, True), daemon=True).start()

    def _carry(self, source, sink, is_down):
        begin = b""
        try:
            while got := source.recv(65536):
                with self._lock:
                    self.bytes += len(got)
                if is_down and begin is not None:
                    begin = self._look(begin + got)
                sink.sendall(got)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # who leaves first does not matter here
        if not is_down:
            self.open -= 1

    def _look(self, begin):
        """Counts the handshake in what the server began with; gives what is still to be looked at."""
        resumed = is_resumed(begin)
        if resumed is None:
            return begin if begin[0] == HANDSHAKE else None
        self.resumed += resumed
        self.full += not resumed
        return None

    def counts(self):
        """(connections, full, resumed, bytes) so far, once nothing moves any more."""
        last = None
        while last != self.bytes:
            last = self.bytes
            threading.Event().wait(0.2)
        return self.connections, self.full, self.resumed, self.bytes


class User:
    """A daemon by one method, with a tap between it and the proxy.  ahead: how many connections it has standing ready;
    over HTTP/2, where a tunnel takes a place on the one there is, that is not to be waited for."""

    def __init__(self, stage, name, proxy, target, lines="", path="", ahead=0):
        self.tap, self._ahead = Tap(stage, proxy.port), ahead
        url = proxy.url.replace(str(proxy.port), str(self.tap.port)) + path
        self.daemon = stage.sallyport(settings(url, listener("imap", target) + listener("submission", target),
                                               proxy=lines), name=name,
                                      env={"XDG_RUNTIME_DIR": stage.dir(f"run-{name}", 0o700)})
        self.settle()

    def settle(self):
        """Waits until what is made ahead is there again; gives the tap's counts."""
        if self._ahead:
            until(lambda: facts(self.daemon)["proxies"][0]["ready"] == self._ahead, "connections ahead")
        return self.tap.counts()

    def tunnels(self):
        """With SESSIONS that wait for mail: (connections that are open, full and resumed handshakes, bytes of the first
        and of each further tunnel, greeting not counted, and for each megabyte besides it)."""
        before, clients, steps = 0, [], []
        for _ in range(SESSIONS):
            clients.append(greeted(self.daemon))
            now = self.settle()
            steps.append(now[3] - before - len(GREETING))
            before = now[3]
        _, full, resumed, _ = self.tap.counts()
        sender = threading.Thread(target=clients[0].sendall, args=(os.urandom(MEGABYTE),))
        sender.start()
        read_exactly(clients[0], MEGABYTE)
        sender.join()
        more = (self.tap.counts()[3] - before - 2 * MEGABYTE) // 2
        return self.tap.open, full, resumed, steps[0], steps[-1], more


def patient(connection):
    """A script for a proxy: a server that greets and says back what it hears, however long a client is silent."""
    connection.sock.settimeout(None)
    connection.send(GREETING)
    connection.echo()


def memory(process):
    """Private and shared memory of a program and its children, in KiB (proportional set size)."""
    total, todo = 0, [process.pid]
    while todo:
        pid = todo.pop()
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as line:
                todo += map(int, line.read().split())
    return total


def memory_of_a_tunnel(stage, name, proxy, target, lines):
    """KiB of the proxy for an idle tunnel."""
    daemon = stage.sallyport(settings(proxy.url, listener("imap", target), proxy=lines), name=name,
                             env={"XDG_RUNTIME_DIR": stage.dir(f"run-{name}", 0o700)})
    clients = [greeted(daemon) for _ in range(FEW)]
    before = memory(proxy.process)
    clients += [greeted(daemon) for _ in range(MANY - FEW)]
    after = memory(proxy.process)
    for client in clients:
        client.close()
    daemon.stop()
    return (after - before) / (MANY - FEW)


PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../man/sallyport-proxy.7.in")


def table(title, head, rows, exact):
    """Prints it for people, and for the manual, and says which rows the manual has otherwise.  Of so many columns every
    run has the same."""
    print(title)
    widths = [max(len(str(row[column])) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        print("  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    print()
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    for row in rows:
        cells = [str(cell) for cell in row]
        print(".It " + " Ta ".join(cells))
        if not re.search("^" + re.escape(".It " + " Ta ".join(cells[:exact])) + "( Ta |$)", page, re.MULTILINE):
            print("  the manual has another row")
    print(flush=True)


METHODS = (
    # name, proxy, its lines, path, connections standing ready
    ("http", "squid", "", "", 0),
    ("http, preconnect = 2", "squid", "preconnect = 2", "", 2),
    ("https", "haproxy", "", "", 0),
    ("https, preconnect = 2", "haproxy", "preconnect = 2", "", 2),
    ("https, connect-tcp", "haproxy", "", PATH, 0),
    ("HTTP/2", "haproxy", "http = 2", "", 0),
    ("HTTP/2, connect-tcp", "haproxy", "http = 2", PATH, 0),
    ("HTTP/2, preconnect = 1", "haproxy", "http = 2\npreconnect = 1", "", 0))


def tunnels(stage, server, authority):
    """The rows of what a user's tunnels are to a proxy."""
    squid = Squid(stage, [server.port])
    haproxy = H2Haproxy(stage, squid, responder=Proxy(stage, responds()), authority=authority)
    proxies = {"squid": (squid, ""), "haproxy": (haproxy, haproxy.section)}
    for number, (name, proxy, lines, path, ahead) in enumerate(METHODS):
        server_of, trust = proxies[proxy]
        is_open, full, resumed, *counted = User(stage, f"user-{number}", server_of, f"127.0.0.1:{server.port}",
                                                trust + lines, path, ahead).tunnels()
        yield name, is_open, full, resumed, *(round(count, -1) for count in counted)


def loads(rows):
    """From those, the rows of USERS: connections open, new ones in a second, handshakes in a second."""
    for name, is_open, full, *_ in rows:
        ahead = int(name.rpartition("= ")[2]) if "preconnect" in name else 0
        remade = is_open - ahead
        lingers = LINGERS / SENDS if "HTTP/2" in name else 0  # what a letter was sent by
        new = USERS * (remade / HOLD + 1 / SENDS + ahead / (RENEWED * AGE))
        yield name, round(USERS * (is_open + lingers)), f"{new:.1f}", f"{new:.1f}" if full else 0


def memories(stage, server, authority):
    """The rows of what an open tunnel takes at a proxy, each a fresh one: what it once had, it keeps."""
    squid = Squid(stage, [server.port])
    for number, (name, fresh, lines) in enumerate((
            ("squid, http", lambda name: Squid(stage, [server.port], name=name), ""),
            ("haproxy, https", lambda name: H2Haproxy(stage, squid, authority=authority, name=name), "http = 1.1"),
            ("haproxy, HTTP/2", lambda name: H2Haproxy(stage, squid, authority=authority, name=name), "http = 2"),
            ("nghttpx, HTTP/2", lambda name: Nghttpx(stage, squid, authority=authority, name=name), "http = 2"))):
        proxy = fresh(f"fresh-{number}")
        kib = memory_of_a_tunnel(stage, f"many-{number}", proxy, f"127.0.0.1:{server.port}",
                                 getattr(proxy, "section", "") + lines)
        yield name, f"{kib:.0f}"


def main():
    """All tables."""
    stage = Stage()
    try:
        server, authority = Proxy(stage, patient), Authority(stage)
        rows = list(tunnels(stage, server, authority))
        table(f"a user with {SESSIONS} sessions, one after the other",
              ("method", "connections", "full", "resumed", "first", "further", "per MB"), rows, 4)
        table(f"{USERS} users", ("method", "open", "new/s", "handshakes/s"), list(loads(rows)), 4)
        table("memory at the proxy for an idle tunnel", ("proxy", "KiB"), list(memories(stage, server, authority)), 1)
    finally:
        stage.strike()


if __name__ == "__main__":
    main()
