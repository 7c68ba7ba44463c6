#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Look-ups of the proxy's name: kept for their TTL and no longer, shared by sessions that wait at once, asked again
over TCP when truncated, and not asked at all when the hosts file or the address itself says it."""
import time

from kit import Skip, check, equal, scenario
from kit.nameserver import Nameserver
from kit.peers import GREETING, Proxy
from kit.process import until
from kit.route import heard, settings
from kit.streams import END, read_all, read_exactly, reset

NAME = "proxy.test"


def greet(connection):
    connection.open()


def start(stage, nameserver, host=NAME):
    """(daemon, proxy) where the proxy's url has that host."""
    proxy = Proxy(stage, greet)
    daemon = stage.sallyport(settings(f"http://{host}:{proxy.port}"), env=nameserver.env)
    stage.later(proxy.stop)
    return daemon, proxy


def served(daemon):
    client = daemon.connect("imap")
    equal(read_all(client), (GREETING, END), "what came through")
    client.close()


def within_its_ttl_a_name_is_asked_once(stage):
    nameserver = Nameserver(stage)
    nameserver.add(NAME, "A", "127.0.0.1", ttl=300)
    daemon, _ = start(stage, nameserver)
    for _ in range(5):
        served(daemon)
    equal(nameserver.asked(NAME, "A"), 1, "queries for A")
    check(nameserver.asked(NAME, "AAAA") <= 1, "AAAA was asked again")


def after_its_ttl_a_name_is_asked_again(stage):
    nameserver = Nameserver(stage)
    nameserver.add(NAME, "A", "127.0.0.1", ttl=1)
    daemon, _ = start(stage, nameserver)
    served(daemon)
    asked_at = time.monotonic()
    while nameserver.asked(NAME, "A") < 2:
        check(time.monotonic() - asked_at < 10, "the name is never asked again")
        served(daemon)
        time.sleep(0.05)
    check(time.monotonic() - asked_at >= 0.9, "the name was asked again within its TTL")


def a_changed_address_is_followed_after_the_ttl(stage):
    nameserver = Nameserver(stage)
    nameserver.add(NAME, "A", "127.0.0.1", ttl=1)
    daemon, proxy = start(stage, nameserver)
    moved = Proxy(stage, lambda connection: connection.open(behind=b"* OK moved\r\n"), "127.0.0.2", proxy.port)
    served(daemon)
    nameserver.add(NAME, "A", "127.0.0.2", ttl=1)
    deadline = time.monotonic() + 10
    while not moved.connections:
        check(time.monotonic() < deadline, "the old address is used for ever")
        client = daemon.connect("imap")
        read_all(client)
        client.close()
        time.sleep(0.05)


def an_address_that_cannot_be_reached_is_asked_for_anew(stage):
    nameserver = Nameserver(stage)
    nameserver.add(NAME, "A", "127.0.0.1", ttl=3600)
    daemon, proxy = start(stage, nameserver)
    moved = Proxy(stage, lambda connection: connection.open(behind=b"* OK moved\r\n"), "127.0.0.2", proxy.port)
    stage.later(moved.stop)
    served(daemon)
    nameserver.add(NAME, "A", "127.0.0.2", ttl=3600)
    proxy.stop()
    until(lambda: heard(daemon) == b"* OK moved\r\n", "the address that cannot be reached is looked up anew")


def a_ttl_of_zero_is_not_kept(stage):
    nameserver = Nameserver(stage)
    nameserver.add(NAME, "A", "127.0.0.1", ttl=0)
    daemon, _ = start(stage, nameserver)
    served(daemon)
    served(daemon)
    equal(nameserver.asked(NAME, "A"), 2, "queries for A")


def twenty_sessions_at_once_share_one_look_up(stage):
    nameserver = Nameserver(stage)
    nameserver.add(NAME, "A", "127.0.0.1")
    nameserver.hold()
    daemon, _ = start(stage, nameserver)
    clients = [daemon.connect("imap") for _ in range(20)]
    daemon.wait_line(r"#20 accepted")
    nameserver.wait_asked(NAME, "A")
    nameserver.release()
    for client in clients:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        client.close()
    equal(nameserver.asked(NAME, "A"), 1, "queries for A")
    check(nameserver.asked(NAME, "AAAA") <= 1, "more than one query for AAAA")


def one_of_the_sharers_leaves_and_the_others_are_served(stage):
    nameserver = Nameserver(stage)
    nameserver.add(NAME, "A", "127.0.0.1")
    nameserver.hold()
    daemon, _ = start(stage, nameserver)
    clients = [daemon.connect("imap") for _ in range(3)]
    daemon.wait_line(r"#3 accepted")
    nameserver.wait_asked(NAME, "A")
    reset(clients[0])
    daemon.wait_line(r"#1 (failed|closed)")
    nameserver.release()
    for client in clients[1:]:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        client.close()


def a_truncated_answer_is_asked_for_over_tcp(stage):
    nameserver = Nameserver(stage)
    nameserver.add(NAME, "A", "127.0.0.1")
    nameserver.truncate(NAME)
    daemon, _ = start(stage, nameserver)
    served(daemon)
    check((NAME, "A", "tcp") in nameserver.queries, "TCP was never asked")


def hosts_file_name():
    """A name of this machine's hosts file, other than localhost, for an address of loopback."""
    with open("/etc/hosts", encoding="utf-8") as hosts:
        for line in hosts:
            address, *names = line.partition("#")[0].split() or [""]
            for name in names:
                if address == "127.0.0.1" and "localhost" not in name:
                    return name
    raise Skip("the hosts file gives 127.0.0.1 no name but localhost")


def a_name_of_the_hosts_file_is_not_asked_for(stage):
    nameserver = Nameserver(stage)
    name = hosts_file_name()
    nameserver.add(name, "A", "127.0.0.99")
    daemon, _ = start(stage, nameserver, name)
    served(daemon)
    equal(nameserver.asked(name, "A"), 0, "queries for a name in the hosts file")


def localhost_is_not_asked_for(stage):
    nameserver = Nameserver(stage)
    daemon, _ = start(stage, nameserver, "localhost")
    served(daemon)
    equal(nameserver.queries, [], "queries for localhost")


def an_address_is_not_asked_for(stage):
    nameserver = Nameserver(stage)
    daemon, _ = start(stage, nameserver, "127.0.0.1")
    served(daemon)
    equal(nameserver.queries, [], "queries for an address")


scenario(within_its_ttl_a_name_is_asked_once,
         after_its_ttl_a_name_is_asked_again,
         a_changed_address_is_followed_after_the_ttl,
         an_address_that_cannot_be_reached_is_asked_for_anew,
         a_ttl_of_zero_is_not_kept,
         twenty_sessions_at_once_share_one_look_up,
         one_of_the_sharers_leaves_and_the_others_are_served,
         a_truncated_answer_is_asked_for_over_tcp,
         a_name_of_the_hosts_file_is_not_asked_for,
         localhost_is_not_asked_for,
         an_address_is_not_asked_for, in_turns=True)
