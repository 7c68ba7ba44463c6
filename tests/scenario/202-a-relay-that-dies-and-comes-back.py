#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A relay is killed and comes back, a network goes silent, and who waits there is back soon, as often as is wanted
and not more often."""
import os
import time

from kit import check, equal, scenario, until
from kit.control import facts
from kit.own_home import home, section, wait_waiting, waiting
from kit.own_network import INSIDE, go_inside, loopback, own_network
from kit.own_relay import Relay
from kit.peers import GREETING, Proxy
from kit.process import pause
from kit.scripted_relay import ScriptedRelay, holds, reverse
from kit.streams import read_exactly


def greets(connection):
    connection.send(GREETING)
    connection.echo()


def at_once(relay, since, most=2.0):
    """Somebody waits again so soon after the relay has come back."""
    relay.daemon.wait_line("waiting name=home:143")
    check(time.monotonic() - since < most, f"nobody waited again for {time.monotonic() - since} s")


def two_and_no_more(relay):
    """As many places as are wanted, while the second one comes and for a while behind that."""
    most, until_ = 0, time.monotonic() + 3
    while time.monotonic() < until_:
        most = max(most, waiting(relay))
        pause(0.02)
    equal((most, waiting(relay)), (2, 2), "places: at most, and at the end")
    equal(relay.daemon.count("waiting name=home:143"), 2, "places that ever waited")


def it_is_killed(stage):
    server = Proxy(stage, greets)
    relay = Relay(stage)
    daemon = home(stage, relay, server.port, "protocol = imap\n")
    client = relay.client().gets(200)
    client.reads(GREETING)
    wait_waiting(relay, 2)
    relay.kill_and_come_back(lambda: (daemon.wait_line("reverse/home failed class=temporary"), pause(2.5)))
    since = time.monotonic()
    at_once(relay, since)
    client = relay.client().gets(200)  # the one that waits is enough
    client.reads(GREETING)
    client.sock.close()
    until(lambda: waiting(relay) == 2, "both places")
    equal(daemon.count("reverse/home failed"), 1 + daemon.count("Connection refused"), "lines about the same trouble")
    check(daemon.count("Connection refused") <= 1, "the same was said twice")


def never_two_sets(stage):
    relay = Relay(stage)
    server = Proxy(stage, greets)
    daemon = home(stage, relay, server.port, "protocol = imap\n")
    relay.kill_and_come_back(lambda: daemon.wait_line("reverse/home failed"))
    at_once(relay, time.monotonic())
    two_and_no_more(relay)


def the_network_goes_silent(stage):
    """Nothing comes any more and nothing is said: keepalive finds it out, at both ends."""
    own_network()
    relay = Relay(stage, sallyport="keepalive = 1s")
    server = Proxy(stage, greets)
    daemon = stage.sallyport("[sallyport]\nkeepalive = 1s\ncontrol = none\n" + section(relay, server.port), name="home")
    wait_waiting(relay, 2)
    since = time.monotonic()
    try:
        loopback(False)
        daemon.wait_line("reverse/home failed class=temporary")
        wait_waiting(relay, 0)
        check(time.monotonic() - since < 5, f"a dead path was noticed after {time.monotonic() - since} s")
    finally:
        loopback()
    before, since = relay.daemon.count("waiting name"), time.monotonic()
    relay.daemon.wait_line("waiting name", count=before + 1)
    check(time.monotonic() - since < 2, f"nobody waited again for {time.monotonic() - since} s")


def a_relay_that_is_silent_is_not_asked_more_often(stage):
    """One that takes requests and says nothing at all has as many as are wanted."""
    relay = ScriptedRelay(stage, holds)
    daemon = stage.sallyport(reverse(relay, 9, more="waiting = 3\n"))
    until(lambda: facts(daemon)["reverse"][0]["waiting"] == 3, "three places")
    pause(0.5)
    equal(len(relay.connections), 3, "connections")


go_inside("--net")
if os.environ[INSIDE]:
    loopback()
scenario(it_is_killed, never_two_sets, the_network_goes_silent, a_relay_that_is_silent_is_not_asked_more_often,
         paths=("splice",))
