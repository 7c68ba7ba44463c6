#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The connection to the proxy has TCP keepalive with the configured time, as `ss` shows the kernel's timer."""
import re

from kit import check, equal, need, run, scenario
from kit.peers import GREETING, Proxy
from kit.route import Route, listener, settings
from kit.streams import read_exactly


def shown_timer(proxy):
    """What ss shows of the daemon's connection to the proxy."""
    output = run([need("ss", "iproute2"), "-tnoH", "state", "established", f"( dport = :{proxy.port} )"])
    return output.stdout.decode()


def opened(stage, sallyport=""):
    def script(connection):
        connection.open()
        connection.echo()

    route = Route(stage, script, sallyport=sallyport)
    route.greeted()
    return route.proxy


def seconds(shown):
    """The rest of the keepalive timer, as ss prints it: 59sec or 1min59sec."""
    found = re.search(r"timer:\(keepalive,(?:(\d+)min)?(?:(\d+)sec)?", shown)
    check(found, f"no keepalive on the proxy's connection: {shown!r}")
    return int(found.group(1) or 0) * 60 + int(found.group(2) or 0)


def two_minutes_by_default(stage):
    rest = seconds(shown_timer(opened(stage)))
    check(60 < rest <= 120, f"the keepalive timer has {rest} s to go")


def as_configured(stage):
    rest = seconds(shown_timer(opened(stage, "keepalive = 30s")))
    check(10 < rest <= 30, f"the keepalive timer has {rest} s to go")


def also_on_a_connection_without_a_proxy(stage):
    server = Proxy(stage, lambda connection: (connection.send(GREETING), connection.echo()))
    daemon = stage.sallyport(settings("http://127.0.0.1:9", listener("imap", f"127.0.0.1:{server.port}",
                                                                    "proxy = direct")))
    stage.later(server.stop)
    client = daemon.connect("imap")
    stage.later(client.close)
    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    rest = seconds(shown_timer(server))
    check(60 < rest <= 120, f"the keepalive timer has {rest} s to go")


scenario(two_minutes_by_default,
         as_configured,
         also_on_a_connection_without_a_proxy)
