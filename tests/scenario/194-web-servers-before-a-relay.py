#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""nginx, haproxy and Apache before a relay, with the configurations that are delivered: registering through each,
coming by CONNECT or by a path, the client's true address, guessers, a home that starts anew, and requests that wait."""
import base64
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

from kit import check, equal, scenario
from kit.certificates import Authority
from kit.connect_tcp import ask, field
from kit.own_home import waiting
from kit.process import PATIENCE, until
from kit.real import Dovecot, Mailbox, Mbsync, hard, letter
from kit.real.published import ALICE, BOB, NAME, Home, Relay, login
from kit.real.relay_fronts import ApacheFront, HaproxyFront, NginxFront
from kit.route import listener, settings

FRONTS = NginxFront, HaproxyFront, ApacheFront

PATH = "/mail/imap"

STRANGER, OTHER = "127.0.0.9", "127.0.0.8"

HEARTBEAT = 50
"""Seconds for which a request waits."""


class House:
    """The relay behind that front, and the home, which publishes the port at it."""

    def __init__(self, stage, front, port=None, authority=None, name="relay"):
        self.stage = stage
        self.authority = authority or Authority(stage)
        self.relay = Relay(stage, public=["imap"], more=f"path = {PATH} = {NAME}:143\n", name=name)
        self.front = front(stage, self.relay.port, self.authority)
        self.port, self.homes = port, 0
        self.home = self.publish() if port else None

    def publish(self, name="home"):
        home = Home(self.stage, self.front.url, {"imap": self.port}, self.front.section, name=name)
        self.homes += 1
        self.relay.holds(self.homes)
        return home

    def visitor(self, url="", lines=""):
        """A daemon that comes as bob."""
        text = settings(url or self.front.url + PATH, listener("imap", f"{NAME}:143"), sallyport="control = none",
                        proxy=f"{lines or 'method = tcpconnection'}\n{login(BOB)}{self.front.section}")
        return self.stage.sallyport(text, name="visitor")

    def connect(self, source="127.0.0.1"):
        """A client of the front, in TLS, from that address."""
        context = ssl.create_default_context(cafile=self.authority.file)
        client = context.wrap_socket(socket.create_connection(("127.0.0.1", self.front.port), 4 * HEARTBEAT,
                                                              (source, 0)), server_hostname="localhost")
        self.stage.later(client.close)
        return client


def request(who, method="OPTIONS", path=PATH, upgrade="TCPConnection/1.0", more=""):
    word = base64.b64encode(":".join(who).encode()).decode()
    return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n"
            f"Authorization: Basic {word}\r\n{more}\r\n").encode()


def status(head):
    return head.split(b" ")[1].decode()


def a_mailbox_by_its_path(stage, front):
    """Both ways through the front, by TCPConnection."""
    dovecot = Dovecot(stage)
    house = House(stage, front, dovecot.imap)
    host, port = house.visitor().address("imap")
    Mbsync(stage, f"Host {host}\nPort {port}").both_ways(dovecot)
    house.home.daemon.wait_line(r"reverse/imap #2 closed ")


def a_mailbox_by_connect(stage):
    """haproxy alone lets CONNECT through."""
    dovecot = Dovecot(stage)
    house = House(stage, HaproxyFront, dovecot.imap)
    host, port = house.visitor(house.front.url, "method = connect").address("imap")
    Mbsync(stage, f"Host {host}\nPort {port}").both_ways(dovecot)


def a_public_port_beside_it(stage, front):
    """The home comes through the front, the client does not."""
    dovecot = Dovecot(stage)
    dovecot.drop(letter("beside", hard(100_000)))
    house = House(stage, front, dovecot.imap)
    with Mailbox(house.relay.public("imap")) as mailbox:
        mailbox.wait(1)


def the_true_address(stage, front):
    """The home is told where the client came from, whatever the client says of it."""
    house = House(stage, front, Dovecot(stage).imap)
    client = house.connect(STRANGER)
    head, behind = ask(client, request(BOB, more=f"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-For: {OTHER}\r\n"
                                                 f"Forwarded: for={OTHER}\r\n"))
    equal(status(head), "101", "status")
    check((behind or client.recv(100)).startswith(b"* OK"), "no greeting")
    house.home.daemon.wait_line(rf"reverse/imap #1 reverse from={STRANGER}")
    house.relay.daemon.wait_line(rf"relay #\d+ open .*from={STRANGER}\b")


def guessers(stage, front):
    """are locked out by their own address, and nobody else is."""
    house = House(stage, front, Dovecot(stage).imap)
    answers = [status(ask(house.connect(STRANGER), request((BOB[0], f"guess {count}")))[0]) for count in range(6)]
    equal(answers, ["401"] * 5 + ["429"], "answers to guesses")
    equal(status(ask(house.connect(STRANGER), request(BOB))[0]), "429", "the right one from there")
    equal(status(ask(house.connect(OTHER), request(BOB))[0]), "101", "the right one from elsewhere")
    equal(house.relay.daemon.count(rf"refused from={STRANGER} user=\"bob\" reason=\"wrong password\"", 5), 5,
          "guesses in the log")


def a_home_that_starts_anew(stage, front):
    """leaves requests behind at Apache; its clients are served all the same, at once."""
    dovecot = Dovecot(stage)
    dovecot.drop(letter("anew", hard(1000)))
    house = House(stage, front, dovecot.imap)
    for count in range(2):
        house.home.daemon.process.kill()
        house.home.daemon.expected = (-9,)
        house.home = house.publish(f"home-{count}")
    with Mailbox(house.relay.public("imap")) as mailbox:
        mailbox.wait(1)


def one_who_leaves(stage, front):
    """leaves no request behind: the name has no place at once, and not only when the request would have been
    answered."""
    house = House(stage, front)
    client = house.connect()
    client.sendall(request(ALICE, "GET", f"/.well-known/reverse/tcp/{NAME}/143/", "reverse"))
    until(lambda: waiting(house.relay) == 1, "a place that waits")
    client.close()
    until(lambda: waiting(house.relay) == 0, "the place to go", HEARTBEAT / 2)


def refusals_pass(stage, front):
    house = House(stage, front, Dovecot(stage).imap)
    register = f"/.well-known/reverse/tcp/{NAME}/143/"
    for wanted, who, method, path, upgrade in (
            ("401", ("alice", "?"), "GET", register, "reverse"), ("403", BOB, "GET", register, "reverse"),
            ("403", ALICE, "GET", register.replace("143", "144"), "reverse"),
            ("404", ALICE, "GET", "/mail/nothing", "reverse")):
        equal(status(ask(house.connect(), request(who, method, path, upgrade))[0]), wanted, f"{method} {path}")


def requests_wait(stage):
    """Behind each front: 204 after 50 seconds, the same again on the same connection, and then a client comes."""
    authority = Authority(stage)
    houses = [House(stage, front, authority=authority, name=front.__name__) for front in FRONTS]
    asked = request(ALICE, "GET", f"/.well-known/reverse/tcp/{NAME}/143/", "reverse")

    def wait(house):
        """What came of it."""
        client = house.connect()
        heads = [ask(client, asked)[0] for _ in range(2)]
        client.sendall(asked)
        with socket.create_connection(house.relay.public("imap"), PATIENCE) as visitor:
            head, behind = ask(client, b"")
            visitor.sendall(b"hello\r\n")
            behind = behind or client.recv(100)
            client.sendall(b"* OK\r\n")
            return ([status(one) for one in heads + [head]], behind, visitor.recv(100), field(head, "Upgrade"),
                    field(head, "Forwarded")[0].split(":")[0])

    with ThreadPoolExecutor() as threads:
        said = list(threads.map(wait, houses))
    equal(said, [(["204", "204", "101"], b"hello\r\n", b"* OK\r\n", ["reverse"], 'for="127.0.0.1')] * len(FRONTS),
          "answers")


def each(function, fronts=FRONTS):
    """The function behind each of the fronts."""
    def named(front):
        def case(stage):
            function(stage, front)

        case.__name__ = f"{function.__name__}_{front.__name__.removesuffix('Front').lower()}"
        return case

    return [named(front) for front in fronts]


scenario(*each(a_mailbox_by_its_path), a_mailbox_by_connect, *each(a_public_port_beside_it), *each(the_true_address),
         *each(guessers), *each(a_home_that_starts_anew), *each(one_who_leaves, (NginxFront, HaproxyFront)),
         *each(refusals_pass), requests_wait, paths=("splice",))
