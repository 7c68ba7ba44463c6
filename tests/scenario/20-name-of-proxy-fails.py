#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The proxy's name cannot be resolved: the client is told which name and why, temporarily refused, and what does
not fail at once is bounded by resolve-timeout."""
import time

from kit import check, scenario
from kit.nameserver import NXDOMAIN, SERVFAIL, Nameserver, Silent
from kit.peers import Proxy
from kit.route import Route, listener, refusal, settings

HASTE = 5
"""Seconds in which a failure must be told though resolve-timeout is far longer."""


def refused(stage, nameserver, name, sallyport="resolve-timeout = 60s"):
    daemon = stage.sallyport(settings(f"http://{name}:3128", sallyport=sallyport), env=nameserver.env)
    began = time.monotonic()
    told = refusal(daemon.connect("imap"))
    check(name in told, f"the client was not told which name: {told}")
    daemon.wait_line(rf'#1 failed class=temporary reason="[^"]*{name}')
    return time.monotonic() - began


def a_name_that_does_not_exist(stage):
    nameserver = Nameserver(stage)
    nameserver.fail("nowhere.test", NXDOMAIN)
    check(refused(stage, nameserver, "nowhere.test") < HASTE, "NXDOMAIN was waited for")


def a_name_without_addresses(stage):
    nameserver = Nameserver(stage)
    nameserver.add("service.test", "SRV", (0, 0, 80, "x.test"))
    check(refused(stage, nameserver, "service.test") < HASTE, "an empty answer was waited for")


def a_name_server_that_fails(stage):
    nameserver = Nameserver(stage)
    nameserver.fail("broken.test", SERVFAIL)
    check(refused(stage, nameserver, "broken.test") < HASTE, "SERVFAIL was waited for")


def a_name_server_that_is_silent(stage):
    nameserver = Nameserver(stage)
    nameserver.fail("silent.test", Silent)
    seconds = refused(stage, nameserver, "silent.test", "resolve-timeout = 1s")
    check(0.9 <= seconds < 8, f"a time-out of 1 s took {seconds:.2f} s")


def a_name_server_that_is_not_there(stage):
    nameserver = Nameserver(stage)
    nameserver.close()
    seconds = refused(stage, nameserver, "lonely.test", "resolve-timeout = 1s")
    check(seconds < 8, f"a time-out of 1 s took {seconds:.2f} s")


def a_name_that_is_found_after_it_failed(stage):
    nameserver = Nameserver(stage)
    nameserver.fail("late.test", SERVFAIL)

    def script(connection):
        connection.open()
        connection.echo()

    proxy = Proxy(stage, script)
    daemon = stage.sallyport(settings(f"http://late.test:{proxy.port}"), env=nameserver.env)
    stage.later(proxy.stop)
    refusal(daemon.connect("imap"))
    nameserver.add("late.test", "A", "127.0.0.1")
    nameserver.mend("late.test")
    client = daemon.connect("imap")
    stage.later(client.close)
    check(client.recv(4) == b"* OK", "a failed look-up was remembered")


def other_listeners_go_on_while_a_look_up_hangs(stage):
    nameserver = Nameserver(stage)
    nameserver.fail("silent.test", Silent)

    def script(connection):
        connection.open()
        connection.echo()

    route = Route(stage, script, listeners=listener("imap") + listener("imap slow", more="proxy = slow")
                  + "[proxy slow]\nurl = http://silent.test:3128\n", env=nameserver.env)
    hanging = route.client("imap/slow")
    nameserver.wait_asked("silent.test")
    began = time.monotonic()
    route.greeted()
    check(time.monotonic() - began < 1, "one look-up stopped the loop")
    hanging.close()


scenario(a_name_that_does_not_exist,
         a_name_without_addresses,
         a_name_server_that_fails,
         a_name_server_that_is_silent,
         a_name_server_that_is_not_there,
         a_name_that_is_found_after_it_failed,
         other_listeners_go_on_while_a_look_up_hangs, in_turns=True)
