#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""On a train the proxy cannot be reached, and rests longer and longer.  Back in the office it is asked within three
seconds, whatever was left of its rest."""
import time

from kit import check, equal, scenario
from kit.own_network import Far, go_inside
from kit.peers import Proxy
from kit.process import until
from kit.route import heard, listener, settings

OFFICE = "10.7.0.2/24"
IN_TIME = 3
"""Seconds from the return of the address to the first tunnel."""


def answering(word):
    return lambda connection: connection.open(behind=b"* OK " + word + b"\r\n")


def the_office_is_back(stage):
    office = Far(stage, "office", "10.7.0.1/24")
    with office.there():
        first = Proxy(stage, answering(b"office"), host=office.host)
    second = Proxy(stage, answering(b"second"))
    daemon = stage.sallyport(settings(f"{first.url} {second.url}", listener("imap")))
    until(lambda: heard(daemon) == b"* OK second\r\n" and daemon.count("rests for 8 s"), "a long rest", 30)
    office.come(OFFICE)
    back = time.monotonic()
    until(lambda: heard(daemon) == b"* OK office\r\n", "the proxy of the office", 30)
    took = time.monotonic() - back
    check(took < IN_TIME, f"{took:.1f} s until the first tunnel")
    daemon.wait_line("network changed epoch=2 ")
    office.go(OFFICE)
    daemon.wait_line("network changed epoch=3 ")
    before = daemon.count(" rests for ")
    equal(heard(daemon), b"* OK second\r\n", "without the office")
    equal(daemon.count(" rests for "), before, "rests in the first seconds of another network")


go_inside()
scenario(the_office_is_back, paths=("splice",))
