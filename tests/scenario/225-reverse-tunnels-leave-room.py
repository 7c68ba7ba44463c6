#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Strangers come through a relay, as many as want to: the listeners of the same daemon have sessions and descriptors
left all the same."""
import resource

from kit import check, equal, scenario
from kit.own_home import section
from kit.own_relay import Relay
from kit.peers import GREETING, Proxy
from kit.route import listener, refusal, settings
from kit.streams import connect, read_exactly

LIMIT = 200
"""Descriptors: half of them are for sessions, each of which takes two."""

SESSIONS = LIMIT // 4


def low_limit():
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))


def greets(connection):
    connection.open()
    connection.echo()


def serves(connection):
    connection.send(GREETING)
    connection.echo()


class House:
    """A relay with a public port, and a daemon that publishes a server there and has a listener."""

    def __init__(self, stage, sallyport="", more="", **options):
        self.stage = stage
        self.relay = Relay(stage, public={"imap": "allow = everyone"})
        text = settings(Proxy(stage, greets).url, listener("imap"), f"control = none\n{sallyport}")
        self.daemon = stage.sallyport(text + section(self.relay, Proxy(stage, serves).port, more=more), name="home",
                                      **options)
        self.daemon.wait_line("reverse/home waiting")

    def strangers(self, count):
        """So many that are served, one after the other."""
        return [self.greeted(self.relay.daemon.address("public/imap")) for _ in range(count)]

    def greeted(self, address):
        client = connect(address)
        self.stage.later(client.close)
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        return client

    def own(self, count=1):
        return [self.greeted(self.daemon.address("imap")) for _ in range(count)]


def of_max_sessions(stage):
    """A quarter is left to the listener; who comes to the relay meanwhile waits there, and is told in the end."""
    house = House(stage, "max-sessions = 8", "protocol = imap\n")
    strangers = house.strangers(6)
    house.daemon.wait_line("reverse/home warning: no place waits: all .* together have 6 sessions")
    with connect(house.relay.daemon.address("public/imap")) as client:
        own = house.own(2)
        check("home:143" in refusal(client), "the stranger hears something else")
    with house.daemon.connect("imap") as client:
        check("8 sessions are open" in refusal(client), "more sessions than there may be")
    strangers.pop().close()
    house.strangers(1)
    own.pop().close()
    house.daemon.wait_line(r" imap #\d+ closed ")
    house.own()


def of_descriptors(stage):
    """The listener pauses when a reverse session was the last that there are descriptors for, and goes on when one
    ends."""
    house = House(stage, "", f"protocol = imap\nsessions = {LIMIT}\n", preexec=low_limit)
    house.own(SESSIONS // 4)
    strangers = house.strangers(SESSIONS - SESSIONS // 4 - 1)
    equal(house.daemon.count("file descriptors suffice"), 0, "warnings while there is room")
    strangers += house.strangers(1)
    house.daemon.wait_line(rf"file descriptors suffice for {SESSIONS} sessions, which are open")
    waits = connect(house.daemon.address("imap"))
    stage.later(waits.close)
    strangers.pop().close()
    equal(read_exactly(waits, len(GREETING)), GREETING, "greeting of the one that has waited")


scenario(of_max_sessions, of_descriptors, paths=("splice",))
