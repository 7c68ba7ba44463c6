#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The target's name goes to the proxy as configured and is never resolved here, except where no proxy is between."""
from kit import check, equal, scenario
from kit.nameserver import NXDOMAIN, Nameserver
from kit.peers import GREETING, Proxy
from kit.route import listener, refusal, settings
from kit.streams import END, read_all

TARGET = "Mail.Example.test"


def greet(connection):
    connection.open()


def greet_straight(connection):
    connection.send(GREETING)


def served(daemon):
    equal(read_all(daemon.connect("imap")), (GREETING, END), "what came through")


def through_a_proxy_it_is_sent_and_not_looked_up(stage):
    nameserver = Nameserver(stage)
    nameserver.fail(TARGET, NXDOMAIN)
    nameserver.add("proxy.test", "A", "127.0.0.1")
    proxy = Proxy(stage, greet)
    daemon = stage.sallyport(settings(f"http://proxy.test:{proxy.port}", listener("imap", TARGET)), env=nameserver.env)
    served(daemon)
    check(proxy.heads[0].startswith(b"CONNECT Mail.Example.test:143 HTTP/1.1\r\nHost: Mail.Example.test:143\r\n"),
          f"the name did not go out as configured: {proxy.heads[0]!r}")
    equal(nameserver.asked(TARGET), 0, "queries for the target")
    equal({name for name, _, _ in nameserver.queries}, {"proxy.test"}, "names asked for")


def refused_by_the_proxy_it_is_not_looked_up_either(stage):
    nameserver = Nameserver(stage)

    def script(connection):
        connection.open(answer=b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", behind=b"")

    proxy = Proxy(stage, script)
    daemon = stage.sallyport(settings(proxy.url, listener("imap", TARGET)), env=nameserver.env)
    refusal(daemon.connect("imap"))
    equal(nameserver.queries, [], "queries")


def going_direct_it_is_looked_up(stage):
    nameserver = Nameserver(stage)
    nameserver.add(TARGET, "A", "127.0.0.1")
    server = Proxy(stage, greet_straight)
    daemon = stage.sallyport(settings("http://127.0.0.1:9", listener("imap", f"{TARGET}:{server.port}",
                                                                    "proxy = direct")), env=nameserver.env)
    served(daemon)
    equal(nameserver.asked(TARGET, "A"), 1, "queries for the target")


def falling_back_to_direct_it_is_looked_up_only_then(stage):
    nameserver = Nameserver(stage)
    nameserver.add(TARGET, "A", "127.0.0.1")
    proxy, server = Proxy(stage, greet), Proxy(stage, greet_straight)
    daemon = stage.sallyport(settings(proxy.url, listener("imap", f"{TARGET}:{server.port}"),
                                      proxy="fallback = direct"), env=nameserver.env)
    served(daemon)
    equal(nameserver.asked(TARGET), 0, "queries for the target while the proxy is there")
    proxy.stop()
    served(daemon)
    equal(nameserver.asked(TARGET, "A"), 1, "queries for the target when the proxy is gone")


scenario(through_a_proxy_it_is_sent_and_not_looked_up,
         refused_by_the_proxy_it_is_not_looked_up_either,
         going_direct_it_is_looked_up,
         falling_back_to_direct_it_is_looked_up_only_then, in_turns=True)
