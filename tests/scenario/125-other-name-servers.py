#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""resolv.conf while the daemon runs: not there at the start and then written, another one while answers are kept and
look-ups are under way, and the same one with other answers, for which SIGHUP is enough.  The file is the machine's, and
name servers have port 53: all this happens in a network and an /etc of its own."""
import os
import signal

from kit import equal, scenario
from kit.nameserver import Nameserver, Silent
from kit.own_network import go_inside, own_etc
from kit.peers import Proxy
from kit.process import until
from kit.route import heard, listener, settings
from kit.streams import read_all

NAME, HOUR = "proxy.test", 3600
OLD, NEW = "127.0.0.6", "127.0.0.7"
"""Addresses of name servers."""


def name_server(address):
    """What a DHCP client does: the file is another one."""
    with open("/etc/resolv.conf.new", "w", encoding="ascii") as file:
        file.write(f"nameserver {address}\nsearch .\n")
    os.rename("/etc/resolv.conf.new", "/etc/resolv.conf")


def start(stage, *sections):
    """A daemon whose proxy is a name, and two proxies: where the old answer leads, and where the new one does."""
    proxies = [Proxy(stage, lambda connection: connection.open(behind=b"* OK old\r\n"), "127.0.0.2")]
    proxies.append(Proxy(stage, lambda connection: connection.open(behind=b"* OK new\r\n"), "127.0.0.3",
                         proxies[0].port))
    daemon = stage.sallyport(settings(f"http://{NAME}:{proxies[0].port}", listener("imap") + "".join(sections),
                                      sallyport="resolve-timeout = 5s"))
    for proxy in proxies:
        stage.later(proxy.stop)
    return daemon


def no_file_at_the_start(stage):
    own_etc()
    if os.path.lexists("/etc/resolv.conf"):
        os.unlink("/etc/resolv.conf")
    daemon = start(stage)
    equal(heard(daemon)[:6], b"* BYE ", "without a name server")
    Nameserver(stage, NEW, 53).add(NAME, "A", "127.0.0.3")
    name_server(NEW)
    until(lambda: heard(daemon) == b"* OK new\r\n", "the name is found when there is a file")


def another_file_while_answers_are_kept(stage):
    own_etc()
    old = Nameserver(stage, OLD, 53)
    old.add(NAME, "A", "127.0.0.2", ttl=HOUR)
    old.fail("silent.test", Silent)
    name_server(OLD)
    daemon = start(stage, listener("imap slow", more="proxy = slow"), "[proxy slow]\nurl = http://silent.test:3128\n")
    equal(heard(daemon), b"* OK old\r\n", "in the old network")
    hanging = daemon.connect("imap/slow")
    stage.later(hanging.close)
    old.wait_asked("silent.test")
    Nameserver(stage, NEW, 53).add(NAME, "A", "127.0.0.3", ttl=HOUR)
    name_server(NEW)
    until(lambda: heard(daemon) == b"* OK new\r\n", "the old answer ends with the old file")


def a_session_that_waits_is_served(stage):
    own_etc()
    lost = Nameserver(stage, OLD, 53)
    lost.fail(NAME, Silent)
    name_server(OLD)
    daemon = start(stage)
    client = daemon.connect("imap")
    stage.later(client.close)
    lost.wait_asked(NAME)
    Nameserver(stage, NEW, 53).add(NAME, "A", "127.0.0.3")
    name_server(NEW)
    equal(read_all(client)[0], b"* OK new\r\n", "what the session that waited got")


def the_same_file_and_sighup(stage):
    own_etc()
    server = Nameserver(stage, OLD, 53)
    server.add(NAME, "A", "127.0.0.2", ttl=HOUR)
    name_server(OLD)
    daemon = start(stage)
    equal(heard(daemon), b"* OK old\r\n", "before")
    server.add(NAME, "A", "127.0.0.3", ttl=HOUR)
    equal(heard(daemon), b"* OK old\r\n", "what is kept")
    daemon.process.signal(signal.SIGHUP)
    daemon.wait_line(r"reloaded listeners=")
    equal(heard(daemon), b"* OK new\r\n", "after SIGHUP")


go_inside()
scenario(no_file_at_the_start,
         another_file_while_answers_are_kept,
         a_session_that_waits_is_served,
         the_same_file_and_sighup,
         paths=("splice",))
