#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""haproxy, with the configuration that is delivered, before two squids: when it answers 305 the sessions move to the
second squid, and they come back when the lifetime is over.  A redirect for more than one server waits until the user
allows it."""
import os
import re
import socket

from kit import Sallyport, check, equal, need, scenario, until
from kit.peers import Proxy
from kit.real import Squid
from kit.real.server import Server
from kit.redirecting import status_for
from kit.route import listener, refusal, settings
from kit.streams import read_exactly

GREETING = b"* OK ready\r\n"
DELIVERED = os.path.join(os.environ.get("top_srcdir") or os.path.join(os.path.dirname(__file__), "../.."),
                         "etc/haproxy-redirect.cfg")


class Front(Server):
    """haproxy with the delivered configuration, in which only addresses, and what a test says, are replaced."""

    def __init__(self, stage, mail, other, *replaced, name="front"):
        program = need("haproxy", "haproxy")
        super().__init__(stage, name)
        self.socket = self.path("admin.sock")
        with open(DELIVERED, encoding="utf-8") as file:
            text = file.read()
        for old, new in (("/run/haproxy/admin.sock", self.socket), ("192.0.2.10:3128", f"127.0.0.1:{mail.port}"),
                         ("192.0.2.11:3128", f"127.0.0.1:{mail.port}"), ("http://proxy-b.example.net:3128", other.url),
                         ("http://proxy-news.example.net:3128", other.url), *replaced):
            check(old in text, f"the delivered configuration has no {old!r}")
            text = text.replace(old, new)
        self.serve(1, lambda port: self.account.argv(
            program, "-db", "-f", self.file("haproxy.cfg", text.replace("bind :3128", f"bind 127.0.0.1:{port}"))))
        self.port = self.ports[0]
        self.url = f"http://127.0.0.1:{self.port}"

    def order(self, command):
        """Gives an order through the stats socket, as the delivered file tells."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(self.socket)
            admin.sendall(command.encode() + b"\n")
            answer = admin.recv(4096)
        check(not answer.strip(), f"{command}: {answer!r}")


class Site:
    """A server, two squids that reach it, haproxy before the first, and the daemon that knows haproxy alone."""

    def __init__(self, stage, *replaced, redirects="", listeners=("imap",)):
        def greet(connection):
            connection.send(GREETING)
            connection.echo()

        server = Proxy(stage, greet)
        self.stage = stage
        self.target = f"127.0.0.1:{server.port}"
        self.first = Squid(stage, [server.port], name="squid-a")
        self.second = Squid(stage, [server.port], name="squid-b")
        self.front = Front(stage, self.first, self.second, *replaced)
        served = "".join(listener(name, self.target) for name in listeners)
        self.daemon = stage.sallyport(f"{settings(self.front.url, served)}\n[redirects]\n{redirects}\n",
                                      env={"SALLYPORT_ASKPASS": "", "SSH_ASKPASS": ""})

    def session(self, name="imap"):
        """One session; gives the proxy that it went through at last, as the log tells."""
        with self.daemon.connect(name) as client:
            equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
            port = client.getsockname()[1]
        number = self.daemon.wait_line(rf"{name} #(\d+) accepted from=127\.0\.0\.1:{port} ").group(1)
        return self.daemon.wait_line(rf"{name} #{number} open proxy=(\S+) ").group(1)

    def command(self, *arguments):
        return Sallyport.command(self.stage, "-c", self.daemon.ini, *arguments)


def sessions_move_for_a_time_and_come_back(stage):
    site = Site(stage, ("lifetime=600", "lifetime=2"))
    equal([site.session() for _ in range(3)], [site.front.url] * 3, "ways while the first squid is open")
    site.front.order("disable server mail/squid-a")
    equal(site.session(), site.second.url, "the way once it is closed")
    site.daemon.wait_line(rf"imap #4 redirected by={site.front.url} to={site.second.url} "
                          rf"scope=imap://{site.target}/ lifetime=seconds=2$")
    site.front.order("enable server mail/squid-a")
    equal(site.session(), site.second.url, "the way while the lifetime lasts")
    moved = 2

    def back():
        nonlocal moved
        way = site.session()
        moved += way == site.second.url
        return way == site.front.url
    until(back, "sessions to come back")
    equal(site.session(), site.front.url, "the way afterwards")
    equal({tunnel["target"] for tunnel in site.first.tunnels(5)}, {site.target}, "targets at the first squid")
    equal(len(site.first.tunnels(5)), 5, "tunnels of the first squid")
    equal([tunnel["status"] for tunnel in site.second.tunnels(moved)], ["200"] * moved, "tunnels of the second squid")
    equal(site.daemon.count(" redirected by=", 1), 1, "redirects")


def so_many_hits(stage):
    site = Site(stage, ("lifetime=600", "hits=3"))
    site.front.order("disable server mail/squid-a")
    equal(site.session(), site.second.url, "the way of the first")
    site.front.order("enable server mail/squid-a")
    equal([site.session() for _ in range(4)], [site.second.url] * 2 + [site.front.url] * 2, "ways of the others")
    equal(len(site.second.tunnels(3)), 3, "tunnels of the second squid")
    equal(len(site.first.tunnels(2)), 2, "tunnels of the first squid")


def the_crowd_is_shed_one_by_one(stage):
    site = Site(stage, ("be_conn(mail) ge 500", "be_conn(mail) ge 1"))
    with site.daemon.connect("imap") as first:
        equal(read_exactly(first, len(GREETING)), GREETING, "greeting")
        equal([site.session() for _ in range(3)], [site.second.url] * 3, "ways while the first squid has a client")
    site.first.tunnels(1)
    until(lambda: site.session() == site.front.url, "sessions to come back")
    check(site.daemon.count("redirected .* lifetime=once", 3) >= 3, "each of them was sent on by itself")


def news_has_its_own_by_the_name_it_says(stage):
    site = Site(stage, listeners=("imap", "nntp"))
    with site.daemon.connect("nntp") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    equal(site.session(), site.front.url, "the way of mail")
    site.daemon.wait_line(rf"nntp #1 redirected by={site.front.url} to={site.second.url} .* lifetime=seconds=3600")
    equal([tunnel["upgrade"] for tunnel in site.second.tunnels(1)], ["NNTP"], "what the second squid was told")


def each_protocol_is_sent_on_with_and_without_tls(stage):
    """What sallyport names, and nothing else: those who say nothing go on to the first squid."""
    site = Site(stage)
    site.front.order("disable server mail/squid-a")
    for token in ("IMAP", "IMAPS", "SMTP", "SMTPS", "POP3", "POP3S", "SIEVE", "NNTP", "NNTPS"):
        equal(status_for(site.front, site.target, token), "305", f"answer to {token}")
    for token in (None, "GOPHER"):
        equal(status_for(site.front, site.target, token), "200", f"answer to {token}")


def for_more_than_one_server_the_user_is_asked(stage):
    site = Site(stage, ("/ lifetime=600", "/ scope=imap:// lifetime=600"), redirects="ask-timeout = 6s")
    site.front.order("disable server mail/squid-a")
    with site.daemon.connect("imap") as client:
        check("redirect refused" in refusal(client, ("temporary",)), "it was not refused")
    equal(len(site.second.read("access.log").splitlines()), 0, "requests at the second squid")

    def asked_again():  # that nobody answered is remembered for a while
        client = site.daemon.connect("imap")
        found = re.search(rb"(?m)^\D*(\d+)\b.*all IMAP.*", site.command("redirects").stdout)
        if found:
            return client, found.group(1).decode()
        client.close()
        return None
    client, number = until(asked_again, "the question")
    with client:
        done = site.command("redirects", "allow", number)
        equal((done.returncode, done.stderr), (0, b""), "status and complaints")
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    site.daemon.wait_line(rf"redirected by={site.front.url} to={site.second.url} scope=imap:// lifetime=seconds=600")
    equal(site.session(), site.second.url, "the way of the next")
    shown = site.command("redirects").stdout.decode()
    for part in (site.second.url, "imap://"):
        check(part in shown, f"{part} is not in the list of redirects:\n{shown}")
    equal(site.command("redirects", "clear").returncode, 0, "status")
    site.front.order("enable server mail/squid-a")
    equal(site.session(), site.front.url, "the way after they were forgotten")


scenario(sessions_move_for_a_time_and_come_back,
         so_many_hits,
         the_crowd_is_shed_one_by_one,
         news_has_its_own_by_the_name_it_says,
         each_protocol_is_sent_on_with_and_without_tls,
         for_more_than_one_server_the_user_is_asked)
