#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A real proxy does not open the tunnel: for a port that it forbids the client gets its protocol's permanent refusal,
for a target that is dead the temporary one, at once, however long a page the proxy promised."""
import socket
import time

from kit import check, scenario
from kit.real import Apache, Squid, Tinyproxy, through
from kit.route import refusal

KINDS = ("imap", "smtp", "nntp", "pop3", "managesieve")

AT_ONCE = 5
"""Seconds; a client that waited for the end of squid's page would wait for the handshake's time limit, 30 s."""


def refused(stage, kind, allowed, status, manner):
    """Each protocol's line, when the proxy of that kind lets through the port of a dead target, or not."""
    reserved = socket.socket()  # bound and not listening: it refuses, and nobody else gets its port
    stage.later(reserved.close)
    reserved.bind(("127.0.0.1", 0))
    dead = reserved.getsockname()[1]
    proxy = kind(stage, [dead if allowed else 1])
    daemon = stage.sallyport(through(proxy, **dict.fromkeys(KINDS, dead)))
    for protocol in KINDS:
        started = time.monotonic()
        with daemon.connect(protocol) as client:
            text = refusal(client, (manner,), protocol)
        check(time.monotonic() - started < AT_ONCE, f"the {protocol} client waited {time.monotonic() - started:.1f} s")
        check(f"proxy answered {status}" in text and f"(127.0.0.1:{proxy.port})" in text,
              f"the {protocol} client is not told {status}: {text}")
        daemon.wait_line(rf'{protocol} #\d+ failed class={manner} reason="{proxy.url}: {status}')


def a_port_that_squid_forbids(stage):
    refused(stage, Squid, False, "403 Forbidden", "permanent")


def a_port_that_tinyproxy_forbids(stage):
    refused(stage, Tinyproxy, False, "403 ", "permanent")


def a_port_that_apache_forbids(stage):
    refused(stage, Apache, False, "403 ", "permanent")


def a_dead_target_behind_squid(stage):
    refused(stage, Squid, True, "503 Service Unavailable", "temporary")


def a_dead_target_behind_tinyproxy(stage):
    refused(stage, Tinyproxy, True, "500 ", "temporary")


def a_dead_target_behind_apache(stage):
    refused(stage, Apache, True, "503 ", "temporary")


scenario(a_port_that_squid_forbids, a_port_that_tinyproxy_forbids, a_port_that_apache_forbids,
         a_dead_target_behind_squid, a_dead_target_behind_tinyproxy, a_dead_target_behind_apache, in_turns=True)
