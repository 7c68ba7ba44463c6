#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Where a listener listens: several addresses, both families, any free port; a warning when others can reach it, and
a clear end when the address is taken."""
import socket

from kit import check, equal, free_port, scenario
from kit.peers import GREETING, Proxy
from kit.route import settings
from kit.streams import END, read_all

UNAVAILABLE = 69
"""The exit status (sysexits.h)."""


def imap(listen):
    return f"[imap]\nlisten = {listen}\ntarget = mail.example.net\n"


def started(stage, listen, **options):
    proxy = Proxy(stage, lambda connection: connection.open())
    daemon = stage.sallyport(settings(proxy.url, imap(listen)), **options)
    stage.later(proxy.stop)
    return daemon


def served(daemon, count):
    """The listener's count-th address, once it has been proved to serve."""
    with daemon.connect("imap", count=count) as client:
        equal(read_all(client), (GREETING, END), f"what came through address {count}")
    return daemon.address("imap", count)


def several_addresses(stage):
    daemon = started(stage, "127.0.0.1:0 127.0.0.2:0\n  127.0.0.3:0")
    places = [served(daemon, count) for count in (1, 2, 3)]
    equal([host for host, _ in places], ["127.0.0.1", "127.0.0.2", "127.0.0.3"], "addresses")
    check(all(port > 0 for _, port in places), f"port 0 was logged as it is: {places}")


def ipv6(stage):
    daemon = started(stage, "[::1]:0")
    equal(served(daemon, 1)[0], "::1", "address")
    daemon.wait_line(r"imap listening on=\[::1\]:[1-9]")


def localhost_is_both_families(stage):
    port = free_port()
    daemon = started(stage, f"localhost:{port}")
    equal({served(daemon, 1), served(daemon, 2)}, {("127.0.0.1", port), ("::1", port)}, "addresses")


def a_fixed_port(stage):
    port = free_port()
    equal(served(started(stage, f"127.0.0.1:{port}"), 1), ("127.0.0.1", port), "address")


def ready_counts_the_listeners(stage):
    daemon = stage.sallyport(settings("http://127.0.0.1:9", imap("127.0.0.1:0") + imap("127.0.0.1:0").replace(
        "[imap]", "[imap work]")))
    daemon.wait_line(r"ready listeners=2$")
    check(daemon.address("imap") != daemon.address("imap/work"), "two listeners share an address")


def beyond_loopback_there_is_a_warning(stage):
    daemon = started(stage, "0.0.0.0:0")
    daemon.wait_line(r"imap .*warning|warning.* imap|imap .*loopback")
    daemon = started(stage, "127.0.0.1:0", name="inside")
    equal(daemon.count("loopback|warning"), 0, "warnings about 127.0.0.1")


def taken(stage, listen, where):
    """The daemon leaves with the status and tells where."""
    daemon = started(stage, listen, ready=False)
    daemon.expected = (UNAVAILABLE,)
    equal(daemon.process.wait(), UNAVAILABLE, "exit status")
    daemon.wait_line(rf"{where}.*in use")
    equal(daemon.count("ready listeners"), 0, "ready lines")


def an_address_in_use(stage):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        taken(stage, f"127.0.0.1:{port}", rf"127\.0\.0\.1:{port}")


def one_of_two_addresses_in_use(stage):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        taken(stage, f"127.0.0.2:0 127.0.0.1:{port}", rf"127\.0\.0\.1:{port}")


def an_address_that_two_listeners_want(stage):
    port = free_port()
    text = imap(f"127.0.0.1:{port}")
    daemon = stage.sallyport(settings("http://127.0.0.1:9", text + text.replace("[imap]", "[imap two]")), ready=False)
    daemon.expected = (UNAVAILABLE, 78)
    check(daemon.process.wait() in daemon.expected, "two listeners at one address were accepted")
    daemon.wait_line(rf"127\.0\.0\.1:{port}")


def an_address_of_another_machine(stage):
    daemon = started(stage, "192.0.2.1:0", ready=False)
    daemon.expected = (UNAVAILABLE,)
    equal(daemon.process.wait(), UNAVAILABLE, "exit status")
    daemon.wait_line(r"192\.0\.2\.1")


def a_port_can_be_taken_again_at_once(stage):
    """What a session of the last run left behind (TIME_WAIT) does not keep the next from starting."""
    port = free_port()
    first = started(stage, f"127.0.0.1:{port}")
    served(first, 1)
    first.stop()
    served(started(stage, f"127.0.0.1:{port}", name="second"), 1)


scenario(several_addresses,
         ipv6,
         localhost_is_both_families,
         a_fixed_port,
         ready_counts_the_listeners,
         beyond_loopback_there_is_a_warning,
         an_address_in_use,
         one_of_two_addresses_in_use,
         an_address_that_two_listeners_want,
         an_address_of_another_machine,
         a_port_can_be_taken_again_at_once,
         paths=("splice",))
