#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Who guesses passwords at a relay waits a second for each, has five, and leaves one line of the log for each."""
import time

from kit import check, equal, scenario
from kit.own_relay import UPGRADE, Relay, path

REGISTER = f"GET {path()}"


def guesses(relay, number, user="carol", line=REGISTER, source="127.0.0.5", secret="guessed"):
    """Visitors who have asked at the same time."""
    visitors = [relay.visitor(source) for _ in range(number)]
    for visitor in visitors:
        visitor.asks(line, user, *UPGRADE, secret=secret)
    return visitors


def slow_and_few(stage):
    relay = Relay(stage)
    since = time.monotonic()
    known, unknown = guesses(relay, 4), guesses(relay, 1, "nobody")
    by_connect = guesses(relay, 1, "bob", "CONNECT home:143", "127.0.0.6")
    place = relay.place("alice")  # others are served meanwhile
    relay.client().gets(200)
    place.gets(101)
    check(time.monotonic() - since < 0.9, "others had to wait for guessers")
    told = set()
    for visitor, status in [(visitor, 401) for visitor in known + unknown] + [(by_connect[0], 407)]:
        equal(visitor.answer(), status, "status")
        told.add(visitor.body)
        check(1 <= time.monotonic() - since < 2, f"a wrong password was answered after {time.monotonic() - since} s")
    equal(len(told), 1, "different words")
    for source, user, count, reason in (("127.0.0.5", "carol", 4, "wrong password"),
                                        ("127.0.0.6", "bob", 1, "wrong password"),
                                        ("127.0.0.5", "nobody", 1, "unknown user")):
        line = rf'relay #\d+ refused from={source} user="{user}" reason="{reason}"$'
        equal(relay.daemon.count(line, count), count, f"lines about {user}")
    guesses(relay, 1)[0].gets(401)
    since = time.monotonic()
    resting = relay.visitor("127.0.0.5")
    resting.asks(REGISTER, "carol", *UPGRADE)  # with the right password
    resting.gets(429)
    check(time.monotonic() - since < 0.5, "who must rest had to wait for the answer")
    check(50 <= int(resting.fields["retry-after"]) <= 60, f"{resting.fields}")
    relay.place("alice")  # from another address
    equal(relay.daemon.count('wrong password'), 6, "lines about wrong passwords")


def many_at_once_are_as_bounded(stage):
    """Five of an address are tried, however many come together."""
    relay = Relay(stage)
    since = time.monotonic()
    statuses = sorted(visitor.answer() for visitor in guesses(relay, 60))
    equal(statuses, 5 * [401] + 55 * [429], "statuses")
    check(time.monotonic() - since < 3, f"it took {time.monotonic() - since} s")
    equal(relay.daemon.count("wrong password", 5), 5, "lines about wrong passwords")


scenario(slow_and_few, many_at_once_are_as_bounded, paths=("splice",))
