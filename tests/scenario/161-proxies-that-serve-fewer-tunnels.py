#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""How many tunnels one connection takes.  Apache serves 6 and nghttpx, unless told otherwise, 8, and neither says so:
20 sessions at once have their greetings all the same, and the next 20 do not wait for it.  haproxy says how many."""
import time

from kit import check, equal, scenario, until
from kit.certificates import Authority
from kit.echo import Echo, leaves, says
from kit.peers import GREETING
from kit.real import H2Apache, H2Haproxy, Nghttpx, Squid
from kit.real.loopback import connections
from kit.route import listener, settings
from kit.streams import read_exactly

MANY = 20

UNASKED = 1.0
"""Seconds before which no request is asked a second time: what is over sooner has not waited for that."""

MENDED = 8
"""Bursts after which what was learned has to fit."""


class House:
    """The server, and behind the daemon a proxy that make(ports, authority) gives."""

    def __init__(self, stage, make, http="auto", more=""):
        authority = Authority(stage)
        server = Echo(stage)
        self.proxy = make([server.port], authority)
        self.daemon = stage.sallyport(settings(self.proxy.url, listener("imap", server.target),
                                               proxy=f"{self.proxy.section}http = {http}\n{more}"))
        self._sessions = 0

    def burst(self, count=MANY):
        """So many sessions at once; gives (how long it took until all were greeted, how many connections there were),
        and ends them."""
        begun = time.monotonic()
        clients = [self.daemon.connect("imap") for _ in range(count)]
        for client in clients:
            equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        took, made = time.monotonic() - begun, connections(self.proxy.port)
        self._sessions += count
        for number, client in enumerate(clients):
            says(client, b"%d\r\n" % number)
        for client in clients:
            leaves(client)
        self.daemon.wait_line(r"closed in=", count=self._sessions)
        equal(self.daemon.count(r" open .* http=2", self._sessions), self._sessions, "tunnels over HTTP/2")
        equal(self.daemon.count(r" failed class| rests for "), 0, "failures")
        return took, made


def twice(house, serves):
    """The first burst finds out that the proxy serves so many, and the second knows it."""
    took, made = house.burst()
    check(-(-MANY // serves) <= made <= 8, f"{MANY} sessions on {made} connections")
    check(took > UNASKED, f"{took} s for the first: nobody had to wait, and nothing could be learned")
    house.daemon.wait_line(rf"{house.proxy.url} serves {serves} tunnels on a connection")
    took, made = house.burst()
    check(took < UNASKED, f"{took} s for those that come when the limit is known")


def with_apache(stage):
    return lambda ports, authority: H2Apache(stage, ports, authority=authority)


def apache_serves_six(stage):
    """Nobody is asked for a password there: streams that end soon would make it serve more on their connection."""
    twice(House(stage, with_apache(stage), more="auth = basic"), 6)


def apache_that_has_to_ask(stage):
    """What is learned on a connection on which it serves more is mended on the next one.  How soon is a matter of
    Apache's, whose connections share their workers and are served more or fewer of them by what ended before."""
    house = House(stage, with_apache(stage))
    took = [house.burst()[0]]
    while took[-1] >= UNASKED and len(took) < MENDED:
        took.append(house.burst()[0])
    check(took[-1] < UNASKED, f"{took} s: what is learned mends nothing")


def nghttpx_serves_eight_to_one_place(stage):
    def make(ports, authority):
        return Nghttpx(stage, Squid(stage, ports), ("connections-per-host=1000", "connections-per-host=8"),
                       authority=authority)

    twice(House(stage, make, http="2"), 8)


def nghttpx_as_delivered_serves_all_on_one(stage):
    house = House(stage, lambda ports, authority: Nghttpx(stage, Squid(stage, ports), authority=authority))
    took, made = house.burst()
    check(took < UNASKED, f"{took} s until all had their greetings")
    equal(made, 1, "connections")


def haproxy_says_how_many(stage):
    def make(ports, authority):
        return H2Haproxy(stage, Squid(stage, ports), ("concurrent-streams 100", "concurrent-streams 7"),
                         authority=authority)

    house = House(stage, make)
    took, made = house.burst()
    check(took < UNASKED, f"{took} s until all had their greetings")
    check(3 <= made <= 5, f"{MANY} sessions on {made} connections")


def connections_without_tunnels_are_taken_again(stage):
    house = House(stage, with_apache(stage))
    for _ in range(5):
        house.burst(1)
    equal(connections(house.proxy.port), 1, "connections")
    until(lambda: len(house.proxy.answers()) == 6, "the log of Apache")
    equal(house.proxy.answers(), ["407"] + ["200"] * 5, "answers of Apache, which has to ask who it is once")


scenario(apache_serves_six,
         apache_that_has_to_ask,
         nghttpx_serves_eight_to_one_place,
         nghttpx_as_delivered_serves_all_on_one,
         haproxy_says_how_many,
         connections_without_tunnels_are_taken_again,
         paths=("splice",))
