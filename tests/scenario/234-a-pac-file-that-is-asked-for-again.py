#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A PAC file of a real web server, nginx, is asked for again by its ETag when an hour has passed: the same one is not
sent again, another one is taken, and one that has gone leaves the last one in force.  The clock is libfaketime's."""
import glob
import os

from kit import Skip, equal, scenario
from kit.certificates import Authority
from kit.control import facts
from kit.process import until
from kit.real import Web
from kit.redirecting import Town
from kit.route import settings

AGE = 3600
"""Seconds, after which a file is asked for again."""


class Clock:
    """The daemon's, which may be put forward."""

    def __init__(self, stage):
        found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        if not found:
            raise Skip("missing package libfaketime")
        self.file = os.path.join(stage.folder, "clock")
        self._stage, self._ahead = stage, 0
        self.forward(0)
        self.env = {"LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_NO_CACHE": "1",
                    "ASAN_OPTIONS": "verify_asan_link_order=0:allocator_release_to_os_interval_ms=-1"}
        # The sanitizer's allocator asks for the time, unless told so, while a libfaketime later than 0.9.10 looks up,
        # and allocates for it, how that is asked: there it would wait for itself for ever.

    def forward(self, seconds):
        self._ahead += seconds
        os.rename(self._stage.file("clock.new", f"+{self._ahead}"), self.file)


def says(proxy):
    return f'function FindProxyForURL(url, host) {{ return "PROXY {proxy.host}:{proxy.port}"; }}\n'


def an_hour_passes(stage):
    clock, authority, town = Clock(stage), Authority(stage), Town(stage, "a", "b")
    web = Web(stage, authority.leaf("localhost"), files={"proxy.pac": says(town["a"])})
    town.daemon = stage.sallyport(settings(f"pac:{web.base}proxy.pac", proxy=f"ca-file = {authority.file}"),
                                  env=clock.env)
    for proxy in town.proxies.values():
        stage.later(proxy.stop)

    def asked(count, status):
        """Waits until the server has been asked so often; gives the ETag that the last one was asked by."""
        until(lambda: len(web.requests()) >= count, f"request {count} for the PAC file")
        equal(len(web.requests()), count, "requests")
        told, method, place, etag = web.requests()[-1].split(" ")
        equal((told, method, place), (status, "GET", "/proxy.pac"), "the last request")
        return etag

    def age():
        return facts(town.daemon)["found"][0]["age"]

    town.greeted("a")
    town.greeted("a")
    equal(asked(1, "200"), "-", "ETag that is asked by when there is none")
    clock.forward(AGE)
    town.greeted("a")  # by the old one, which serves meanwhile
    first = asked(2, "304")
    until(lambda: age() < AGE, "the file is young again")
    town.greeted("a")
    equal(len(web.requests()), 2, "requests while it is young")
    equal(town.daemon.count("pac-read "), 1, "texts that were read")

    web.put("proxy.pac", says(town["b"]) + "// another one\n")
    clock.forward(AGE)
    town.greeted("a")
    equal(asked(3, "200"), first, "ETag that is asked by")
    town.daemon.wait_line("pac-read ", count=2)
    town.greeted("b")
    equal(len(web.requests()), 3, "requests while it is young")

    os.remove(web.path("files/proxy.pac"))
    clock.forward(AGE)
    town.greeted("b")
    equal(asked(4, "404") not in ("-", first), True, "it is asked for by the new one's ETag")
    town.daemon.wait_line(r"the PAC file \S+ cannot be read again, .*the server answers 404")
    town.greeted("b")


scenario(an_hour_passes, paths=("splice",))
