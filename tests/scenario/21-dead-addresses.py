#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The proxy's name has many addresses, most of them dead: the one that lives is found soon, whatever the order and
however the others are dead."""
import time

from kit import check, equal, scenario
from kit.nameserver import Nameserver
from kit.peers import GREETING, BlackHole, Proxy
from kit.route import refusal, settings
from kit.streams import END, read_all
from kit.usage import settled_descriptors

NAME = "proxy.test"
REFUSING = [f"127.0.1.{last}" for last in range(1, 11)]
HASTE = 9
"""Seconds in which a living address is found: ten dead ones at a quarter of a second each, and much room for a slow
machine; waiting for one dead address alone takes longer (connect-timeout)."""


def greet(connection):
    connection.open()


def daemon_for(stage, proxy, nameserver, connect_timeout="15s"):
    daemon = stage.sallyport(settings(f"http://{NAME}:{proxy.port}", sallyport=f"connect-timeout = {connect_timeout}\n"
                                      "log-level = debug"), env=nameserver.env)
    stage.later(proxy.stop)
    return daemon


def found_soon(daemon, seconds=HASTE, meanwhile=None):
    client = daemon.connect("imap")
    began = time.monotonic()
    if meanwhile:
        meanwhile()
    equal(read_all(client), (GREETING, END), "what came through")
    took = time.monotonic() - began
    check(took < seconds, f"it took {took:.2f} s to find the address that lives")
    client.close()


def ten_addresses_that_refuse_and_a_good_one(stage):
    nameserver, proxy = Nameserver(stage), Proxy(stage, greet)
    nameserver.add(NAME, "A", *REFUSING, "127.0.0.1")
    found_soon(daemon_for(stage, proxy, nameserver))


def ten_black_holes_and_a_good_one(stage):
    nameserver, proxy = Nameserver(stage), Proxy(stage, greet)
    for host in REFUSING:
        BlackHole(stage, host, proxy.port)
    nameserver.add(NAME, "A", *REFUSING, "127.0.0.1")
    found_soon(daemon_for(stage, proxy, nameserver))


def black_holes_and_refusals_mixed_around_the_good_one(stage):
    nameserver, proxy = Nameserver(stage), Proxy(stage, greet)
    for host in REFUSING[::2]:
        BlackHole(stage, host, proxy.port)
    nameserver.add(NAME, "A", *REFUSING[:5], "127.0.0.1", *REFUSING[5:])
    found_soon(daemon_for(stage, proxy, nameserver))


def dead_ipv6_first_refusing(stage):
    nameserver, proxy = Nameserver(stage), Proxy(stage, greet)
    nameserver.add(NAME, "AAAA", "::1")
    nameserver.add(NAME, "A", "127.0.0.1")
    found_soon(daemon_for(stage, proxy, nameserver), 2)


def dead_ipv6_first_black_hole(stage):
    nameserver, proxy = Nameserver(stage), Proxy(stage, greet)
    BlackHole(stage, "::1", proxy.port)
    nameserver.add(NAME, "AAAA", "::1")
    nameserver.add(NAME, "A", "127.0.0.1")
    found_soon(daemon_for(stage, proxy, nameserver), 3)


def dead_ipv6_first_and_ipv4_answered_late(stage):
    nameserver, proxy = Nameserver(stage), Proxy(stage, greet)
    BlackHole(stage, "::1", proxy.port)
    nameserver.add(NAME, "AAAA", "::1")
    nameserver.add(NAME, "A", "127.0.0.1")
    nameserver.hold("A")
    daemon = daemon_for(stage, proxy, nameserver)

    def answer_late():
        daemon.wait_line("connector resolve -> dial")
        nameserver.release()

    found_soon(daemon, meanwhile=answer_late)
    equal(nameserver.asked(NAME), 2, "questions about the proxy's name")


def an_address_of_ipv6_alone(stage):
    nameserver, proxy = Nameserver(stage), Proxy(stage, greet, host="::1")
    nameserver.add(NAME, "AAAA", "::1")
    found_soon(daemon_for(stage, proxy, nameserver), 3)


def all_addresses_refuse(stage):
    nameserver, proxy = Nameserver(stage), Proxy(stage, greet)
    nameserver.add(NAME, "A", *REFUSING)
    nameserver.add(NAME, "AAAA", "::1")
    daemon = daemon_for(stage, proxy, nameserver)
    began = time.monotonic()
    told = refusal(daemon.connect("imap"))
    check(time.monotonic() - began < HASTE, "addresses that refuse were waited for")
    check(NAME in told, f"the client was not told where: {told}")


def all_addresses_are_black_holes(stage):
    nameserver, proxy = Nameserver(stage), Proxy(stage, greet)
    for host in REFUSING:
        BlackHole(stage, host, proxy.port)
    nameserver.add(NAME, "A", *REFUSING)
    daemon = daemon_for(stage, proxy, nameserver, connect_timeout="1s")
    began = time.monotonic()
    refusal(daemon.connect("imap"))
    took = time.monotonic() - began
    check(0.9 <= took < 10, f"connect-timeout of 1 s for ten addresses took {took:.2f} s")


def the_addresses_that_lost_leave_no_descriptor(stage):
    nameserver, proxy = Nameserver(stage), Proxy(stage, greet)
    for host in REFUSING[:3]:
        BlackHole(stage, host, proxy.port)
    nameserver.add(NAME, "A", *REFUSING[:3], "127.0.0.1")
    daemon = daemon_for(stage, proxy, nameserver)
    left = []
    for number in (1, 2, 3):
        found_soon(daemon)
        daemon.wait_line(f"#{number} closed")
        left.append(settled_descriptors(daemon.process.pid))
    equal(left[1:], left[:1] * 2, "open descriptors after the second and third session, against the first")


scenario(ten_addresses_that_refuse_and_a_good_one,
         ten_black_holes_and_a_good_one,
         black_holes_and_refusals_mixed_around_the_good_one,
         dead_ipv6_first_refusing,
         dead_ipv6_first_black_hole,
         dead_ipv6_first_and_ipv4_answered_late,
         an_address_of_ipv6_alone,
         all_addresses_refuse,
         all_addresses_are_black_holes,
         the_addresses_that_lost_leave_no_descriptor, in_turns=True)
