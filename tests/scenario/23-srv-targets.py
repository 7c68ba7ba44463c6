#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A target `srv:domain` is looked up as RFC 6186 says: the records name host and port, which then stand in the
request as any target does; the host itself is left to the proxy to resolve."""
import socket

from kit import check, equal, scenario, until
from kit.nameserver import NXDOMAIN, SERVFAIL, Nameserver
from kit.peers import GREETING, Proxy
from kit.route import listener, refusal, settings
from kit.streams import END, read_all

DOMAIN = "example.test"


def start(stage, nameserver, section="imap", script=None):
    proxy = Proxy(stage, script or (lambda connection: connection.open()))
    daemon = stage.sallyport(settings(proxy.url, listener(section, f"srv:{DOMAIN}")), env=nameserver.env)
    stage.later(proxy.stop)
    return daemon, proxy


def served(daemon, section="imap"):
    client = daemon.connect(section)
    equal(read_all(client), (GREETING, END), "what came through")
    client.close()


def named_in_request(head, authority):
    lines = head.decode("ascii").split("\r\n")
    equal(lines[0], f"CONNECT {authority} HTTP/1.1", "request line")
    check(f"Host: {authority}" in lines, f"Host is not the request target: {lines}")


def host_and_port_of_the_record_are_asked_for(stage):
    nameserver = Nameserver(stage)
    nameserver.add(f"_imap._tcp.{DOMAIN}", "SRV", (0, 1, 1430, "mail.example.test"))
    nameserver.add("mail.example.test", "A", "127.0.0.1")
    daemon, proxy = start(stage, nameserver)
    served(daemon)
    named_in_request(proxy.heads[0], "mail.example.test:1430")
    equal(nameserver.asked("mail.example.test"), 0, "queries for the target's own name")
    daemon.wait_line("#1 open .*target=mail.example.test:1430")


def each_protocol_has_its_service_name(stage):
    nameserver = Nameserver(stage)
    services = {"imap": "imap", "submission": "submission", "pop3": "pop3", "nntp": "nntp", "managesieve": "sieve"}
    for section, service in services.items():
        nameserver.add(f"_{service}._tcp.{DOMAIN}", "SRV", (0, 1, 7000, f"{section}.example.test"))
    proxy = Proxy(stage, lambda connection: connection.open())
    sections = "".join(listener(section, f"srv:{DOMAIN}") for section in services)
    daemon = stage.sallyport(settings(proxy.url, sections), env=nameserver.env)
    stage.later(proxy.stop)
    for number, section in enumerate(services):
        served(daemon, section)
        named_in_request(proxy.heads[number], f"{section}.example.test:7000")


def the_lowest_priority_comes_first(stage):
    nameserver = Nameserver(stage)
    nameserver.add(f"_imap._tcp.{DOMAIN}", "SRV", (20, 100, 143, "third.example.test"),
                   (5, 0, 144, "first.example.test"), (10, 60000, 143, "second.example.test"))
    daemon, proxy = start(stage, nameserver)
    for number in range(3):
        served(daemon)
        named_in_request(proxy.heads[number], "first.example.test:144")


def a_host_of_dot_means_not_available(stage):
    nameserver = Nameserver(stage)
    nameserver.add(f"_imap._tcp.{DOMAIN}", "SRV", (0, 0, 0, "."))
    daemon, proxy = start(stage, nameserver)
    told = refusal(daemon.connect("imap"), ("permanent",))  # it is what the domain wants
    check(DOMAIN in told, f"the client was not told which domain: {told}")
    equal(proxy.heads, [], "requests to the proxy")


def the_proxy_is_connected_to_meanwhile(stage):
    nameserver, heard = Nameserver(stage), []

    def script(connection):
        heard.append(connection.sock.recv(1, socket.MSG_PEEK))
        if heard[-1]:
            connection.open()

    nameserver.add(f"_imap._tcp.{DOMAIN}", "SRV", (0, 1, 1430, "mail.example.test"))
    nameserver.add(f"_pop3._tcp.{DOMAIN}", "SRV", (0, 0, 0, "."))
    proxy = Proxy(stage, script)
    sections = listener("imap", f"srv:{DOMAIN}") + listener("pop3", f"srv:{DOMAIN}")
    daemon = stage.sallyport(settings(proxy.url, sections), env=nameserver.env)
    nameserver.hold()
    client = daemon.connect("imap")
    proxy.wait_connection()
    nameserver.wait_asked(f"_imap._tcp.{DOMAIN}", "SRV")
    equal(heard, [], "what the proxy heard before the target was known")
    nameserver.release()
    equal(read_all(client), (GREETING, END), "what came through")
    client.close()
    equal(len(proxy.connections), 1, "connections to the proxy")
    named_in_request(proxy.heads[0], "mail.example.test:1430")

    nameserver.hold()
    client = daemon.connect("pop3")
    proxy.wait_connection(2)
    nameserver.release()
    refusal(client, ("permanent",), "pop3")
    until(lambda: len(heard) == 2, "the end of the connection that was not needed")
    equal(heard[1], b"", "what the proxy heard for a service that there is not")


def no_such_record(stage):
    nameserver = Nameserver(stage)
    nameserver.fail(f"_imap._tcp.{DOMAIN}", NXDOMAIN)
    daemon, proxy = start(stage, nameserver)
    told = refusal(daemon.connect("imap"), ("temporary", "permanent"))
    check(DOMAIN in told, f"the client was not told which domain: {told}")
    equal(proxy.heads, [], "requests to the proxy")


def a_name_server_that_fails(stage):
    nameserver = Nameserver(stage)
    nameserver.fail(f"_imap._tcp.{DOMAIN}", SERVFAIL)
    daemon, _ = start(stage, nameserver)
    refusal(daemon.connect("imap"))


def records_are_kept_for_their_ttl(stage):
    nameserver = Nameserver(stage)
    nameserver.add(f"_imap._tcp.{DOMAIN}", "SRV", (0, 1, 143, "mail.example.test"), ttl=300)
    daemon, _ = start(stage, nameserver)
    for _ in range(3):
        served(daemon)
    equal(nameserver.asked(f"_imap._tcp.{DOMAIN}", "SRV"), 1, "queries")


def a_truncated_answer_is_asked_for_over_tcp(stage):
    nameserver = Nameserver(stage)
    name = f"_imap._tcp.{DOMAIN}"
    nameserver.add(name, "SRV", (0, 1, 1430, "mail.example.test"))
    nameserver.truncate(name)
    daemon, proxy = start(stage, nameserver)
    served(daemon)
    named_in_request(proxy.heads[0], "mail.example.test:1430")
    check((name, "SRV", "tcp") in nameserver.queries, "TCP was never asked")


scenario(host_and_port_of_the_record_are_asked_for,
         each_protocol_has_its_service_name,
         the_lowest_priority_comes_first,
         a_host_of_dot_means_not_available,
         the_proxy_is_connected_to_meanwhile,
         no_such_record,
         a_name_server_that_fails,
         records_are_kept_for_their_ttl,
         a_truncated_answer_is_asked_for_over_tcp, in_turns=True)
