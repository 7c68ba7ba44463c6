#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Each answer that a relay can give to a request that waits, and what follows at home: all of them at the same time,
each to a section of its own."""
import re
import socket
import struct
import time

from kit import check, closed_port, equal, free_port, scenario, until
from kit.control import facts
from kit.peers import GREETING, Proxy
from kit.route import refusal
from kit.scripted_relay import PATH, ScriptedRelay, answer, handed_over, holds, reverse, says
from kit.streams import END, RESET, Sink, Source, ending, read_all, reset

BEAT = 5
"""Seconds after which a 204 is a heartbeat."""


class Row(ScriptedRelay):
    """Answers each request so, closing behind it if `closes`; when each came is in times, with its connection."""

    def __init__(self, stage, data, after=0, closes=False):
        self.times = []

        def script(connection):
            while connection.read_head():
                self.times.append((time.monotonic(), connection))
                if after:
                    until(lambda since=time.monotonic(): time.monotonic() - since >= after, "the time of an answer")
                if data is None:
                    holds(connection)
                elif not isinstance(data, bytes):
                    data(connection)
                else:
                    connection.send(data)
                if closes or self.stopping.is_set():
                    break

        super().__init__(stage, script)

    def gap(self, which=0):
        """Seconds between a request and the next."""
        until(lambda: len(self.times) > which + 1, f"request {which + 2}")
        return self.times[which + 1][0] - self.times[which][0]


ONCE = ("403 Forbidden", "404 Not Found", "405 Method Not Allowed", "409 Conflict", "426 Upgrade Required",
        "501 Not Implemented", "301 Moved", "302 Found", "305 Use Proxy", "307 Temporary Redirect", "200 OK",
        "206 Partial", "401 Unauthorized")
"""After these, the relay is asked again in 10 min."""

AGAIN = ("429 Too Many Requests", "500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable",
         "504 Gateway Timeout")
"""After these, it is asked again after a second, give or take a quarter; longer if it says so."""


def switched(*lines):
    return "\r\n".join(["HTTP/1.1 101 Switching Protocols", *lines, "", ""]).encode()


def all_the_answers(stage):
    location = "Location: http://127.0.0.1:1/"
    once = {status: Row(stage, answer(status, location, 'WWW-Authenticate: Basic realm="x"')) for status in ONCE}
    for wrong in ((), ("Connection: upgrade", "Upgrade: websocket"), ("Upgrade: reverse",),
                  ("Connection: upgrade", "Upgrade: reverse/2")):
        once[f"101 {wrong}"] = Row(stage, switched(*wrong))
    again = {status: Row(stage, answer(status)) for status in AGAIN}
    again["end"] = Row(stage, b"", closes=True)
    again["reset"] = Row(stage, lambda connection: connection.reset(), closes=True)
    again["no answer of HTTP"] = Row(stage, b"* OK ready\r\n", closes=True)
    again["head without an end"] = Row(stage, b"HTTP/1.1 101 Swi", closes=True)
    again["too many interim ones"] = Row(stage, 40 * b"HTTP/1.1 103 Early Hints\r\n\r\n")
    again["too long interim ones"] = Row(stage, 6 * (b"HTTP/1.1 103 Early\r\nX: " + 14000 * b"x" + b"\r\n\r\n"))
    later = Row(stage, answer("503 Service Unavailable", "Retry-After: 3"))
    beats = Row(stage, b"HTTP/1.1 204 No Content\r\n\r\n", after=BEAT + 0.3)
    beats_and_ends = Row(stage, b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", after=BEAT + 0.3, closes=True)
    soon = Row(stage, b"HTTP/1.1 204 No Content\r\nRetry-After: 1\r\n\r\n")
    soon_by_default = Row(stage, b"HTTP/1.1 204 No Content\r\n\r\n")
    rows = {**once, **again, "later": later, "beats": beats, "ends": beats_and_ends, "soon": soon, "5": soon_by_default}
    labels = {row: f"r{count}" for count, row in enumerate(rows.values())}
    daemon = stage.sallyport("".join(reverse(row, free_port(), label, "waiting = 1\n")
                                     for row, label in labels.items()))
    for title, row in again.items():
        gap = row.gap()
        check(0.74 <= gap < 2, f"asked again {gap} s after {title}")
    check(3 <= later.gap() < 4.5, f"asked again {later.gap()} s after `Retry-After: 3`")
    check(0.9 <= soon.gap() < 2 and soon.gap(1) > 0.9, f"asked again {soon.gap()} s after a 204 with `Retry-After: 1`")
    check(4.9 <= soon_by_default.gap() < 6.5, f"asked again {soon_by_default.gap()} s after a 204")
    for row, title in (beats, "heartbeat"), (beats_and_ends, "heartbeat that closes"):
        check(row.gap() < BEAT + 1, f"asked again {row.gap()} s after a request with a {title}")
    equal((len(beats.connections), len(soon.connections)), (1, 1), "connections where none was closed")
    sections = {section["name"]: section for section in facts(daemon)["reverse"]}
    for title, row in once.items():
        equal(len(row.times), 1, f"requests that got {title}")
        said = sections[f"reverse/{labels[row]}"]
        check(title[:3] in said["last_error"] and said["waiting"] == 0, f"{title}: status says {said}")
        equal(daemon.count(rf"reverse/{labels[row]} failed class=permanent "), 1, f"lines about {title}")
    for title, row in again.items():
        daemon.wait_line(rf"reverse/{labels[row]} failed class=temporary ")
    check(all(b"uthorization" not in head for row in rows.values() for head in row.heads), "credentials of nobody")


def interim_answers_are_passed_over(stage):
    server = Proxy(stage, lambda connection: connection.send(GREETING) or connection.echo())
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" * 7
    relay = ScriptedRelay(stage, lambda connection: (
        connection.read_head(), connection.send(interim + handed_over() + b"early"),
        equal(connection.read_exactly(len(GREETING) + 5), GREETING + b"early", "what comes back"), holds(connection)))
    daemon = stage.sallyport(reverse(relay, server.port, more="waiting = 1\nsessions = 1\n"))
    daemon.wait_line("reverse/home #1 open")
    until(lambda: facts(daemon)["sessions"], "the session")
    head = relay.heads[0].decode()
    check(re.fullmatch(rf"GET {PATH} HTTP/1\.1\r\nHost: 127\.0\.0\.1:{relay.port}\r\nConnection: [Uu]pgrade\r\n"
                       r"Upgrade: reverse\r\nUser-Agent: sallyport/\S+\r\n\r\n", head), f"the request: {head!r}")


def one_client(stage, server, more, forwarded='for="192.0.2.7:5123";by="203.0.113.5:143"', early=b""):
    """The end of a session at its relay, which the test goes on with, and the daemon."""
    def script(connection):
        if connection.read_head() and not clients:
            clients.append(connection)
            connection.send(handed_over(forwarded) + early)
            connection.keep()
        elif connection.head:
            holds(connection)

    clients = []
    relay = ScriptedRelay(stage, script)
    daemon = stage.sallyport(reverse(relay, server, more=f"waiting = 1\n{more}"), name=f"home-{relay.port}")
    until(lambda: clients, "a request that waits")
    stage.later(clients[0].sock.close)
    return clients[0].sock, daemon, relay


V2 = b"\r\n\r\n\0\r\nQUIT\n"


def the_proxy_protocol(stage):
    def six(text, port):
        return socket.inet_pton(socket.AF_INET6, text), struct.pack("!H", port)

    four = (b"PROXY TCP4 192.0.2.7 203.0.113.5 5123 143\r\n",
            V2 + b"\x21\x11\0\x0c" + bytes((192, 0, 2, 7, 203, 0, 113, 5)) + struct.pack("!HH", 5123, 143))
    (here, port), (there, other) = six("2001:db8::7", 0), six("::ffff:203.0.113.5", 143)
    mixed = (b"PROXY TCP6 2001:db8::7 ::ffff:203.0.113.5 0 143\r\n",
             V2 + b"\x21\x21\0\x24" + here + there + port + other)
    for version in 1, 2:
        for forwarded, wanted in (('for="192.0.2.7:5123";by="203.0.113.5:143"', four),
                                  ('By="203.0.113.5:143";FOR="[2001:db8::7]"', mixed)):
            server = Proxy(stage, lambda connection: connection.keep())
            client, _, _ = one_client(stage, server.port, f"forwarded = proxy-v{version}\nprotocol = imap\n", forwarded,
                                      b"early")
            head = wanted[version - 1] + b"early"
            equal(server.wait_connection().read_exactly(len(head)), head, f"what the server got, version {version}")
            client.close()
            server.stop()


def addresses_that_are_of_no_use(stage):
    """No head can be written: the client is turned away, and the server sees nothing of it."""
    for forwarded in ("", "for=unknown", "for=_hidden", 'for="192.0.2.7:5123", for=192.0.2.8', "by=203.0.113.5",
                      'for="192.0.2.7:5123', 'for="127.0.0.1:5123"', 'for="[::1]"', "for=0.0.0.0",
                      "for=224.0.0.1", 'for="[ff02::1]"', 'for="[::ffff:127.0.0.1]"', "for=192.0.2.7:5123"):
        server = Proxy(stage, lambda connection: connection.send(GREETING))
        client, _, _ = one_client(stage, server.port, "forwarded = proxy-v1\nprotocol = imap\n", forwarded)
        refusal(client, ("temporary", "permanent"))
        equal(server.connections, [], f"connections to the server for {forwarded!r}")


def a_server_that_is_down(stage):
    client, daemon, relay = one_client(stage, closed_port(), "protocol = imap\n")
    refusal(client)
    relay.wait_head(2)
    daemon.wait_line("reverse/home #1 failed class=temporary")
    client, _, _ = one_client(stage, closed_port(), "")
    equal(ending(client), RESET, "end without a protocol")


SIZE = 64 << 20


def a_session(stage):
    """Bytes, ends and resets are those of TCP; a session's place is taken by a new request at once."""
    server = Proxy(stage, lambda connection: connection.keep())
    client, daemon, relay = one_client(stage, server.port, "protocol = imap\n")
    since = time.monotonic()
    relay.wait_head(2)
    check(time.monotonic() - since < 1, "the next request waited")
    far = server.wait_connection().sock
    up, down = Source(client, SIZE, "up"), Source(far, SIZE, "down")
    equal(Sink(far, SIZE).finish(), up.finish(), "digest of what went up")
    equal(Sink(client, SIZE).finish(), down.finish(), "digest of what came down")
    client.shutdown(socket.SHUT_WR)
    equal(ending(far), END, "end at the server")
    far.sendall(b"* BYE\r\n")
    far.close()
    equal(read_all(client), (b"* BYE\r\n", END), "end at the relay")
    daemon.wait_line(rf"reverse/home #1 closed in={SIZE} out={SIZE + 7} ")


def resets(stage):
    for at_home in False, True:
        server = Proxy(stage, lambda connection: connection.send(GREETING) or connection.keep())
        client, _, _ = one_client(stage, server.port, "protocol = imap\n")
        far = server.wait_connection().sock
        equal(client.recv(len(GREETING)), GREETING, "greeting")
        one, other = (far, client) if at_home else (client, far)
        reset(one)
        equal(ending(other), RESET, "end at the other side")


def what_stays_and_what_goes(stage):
    """A reload leaves places and sessions alone that it does not concern; a stop ends places and lets sessions end."""
    server = Proxy(stage, lambda connection: connection.send(GREETING) or connection.echo())
    client, daemon, relay = one_client(stage, server.port, "protocol = imap\n")
    equal(client.recv(len(GREETING)), GREETING, "greeting")
    relay.wait_head(2)
    same = reverse(relay, server.port, more="waiting = 1\nprotocol = imap\n")
    daemon.reload(same + "sessions = 7\n")
    daemon.wait_line("reload")
    equal(len(relay.connections), 2, "connections after a reload that asks for the same")
    daemon.reload(same.replace("/143/", "/144/"))
    until(lambda: b"/home/144/" in relay.wait_head(3), "a request for the other name")
    client.sendall(b"x")
    equal(client.recv(1), b"x", "echo")
    daemon.process.signal(15)
    until(lambda: relay.connections[2].sock.fileno() < 0, "the end of the place at a stop, which the relay follows")
    client.sendall(b"y")
    equal(client.recv(1), b"y", "echo while it stops")
    told = facts(daemon)
    equal((told["stopping"], len(told["sessions"])), (True, 1), "status while it stops")
    client.close()
    equal(daemon.process.wait(), 0, "exit status")


scenario(all_the_answers, interim_answers_are_passed_over, the_proxy_protocol, addresses_that_are_of_no_use,
         a_server_that_is_down, resets, what_stays_and_what_goes, a_session, paths=("splice",))
