#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Daily use over HTTP/2, with Apache, nghttpx before squid, and haproxy before squid: mbsync, msmtp and slrnpull with
dovecot, postfix and INN, and TLS to the mail server inside a stream, from its first byte and by STARTTLS."""
from kit import Sallyport, check, equal, need, run, scenario
from kit.certificates import Authority
from kit.echo import Echo, greeted, leaves
from kit.real import (Dovecot, Inn, Mailbox, Mbsync, Postfix, Slrnpull, article, body_of, each_of_them, hard, letter)
from kit.route import listener, settings


OUTSIDE = "127.0.0.2"
"""Where dovecot takes nobody for one of its own machine, and so lets nobody log in without TLS."""


class House:
    """A daemon for each proxy, with these listeners, each (section, target, lines)."""

    def __init__(self, stage, ports, *listeners, authority=None, http="auto", **options):
        self.authority = authority or Authority(stage)
        self.daemons = []
        for proxy in each_of_them(stage, ports, self.authority, **options):
            text = settings(proxy.url, "".join(listener(*served) for served in listeners),
                            proxy=f"{proxy.section}http = {http}")
            self.daemons.append(stage.sallyport(text, name=f"sallyport-{proxy.name}"))


def mbsync(stage):
    dovecots = [Dovecot(stage, name=f"dovecot-{count}") for count in range(3)]
    ports = [dovecot.imap for dovecot in dovecots]
    house = House(stage, ports, *((f"imap {port}", f"127.0.0.1:{port}") for port in ports))
    for dovecot, daemon in zip(dovecots, house.daemons):
        host, port = daemon.address(f"imap/{dovecot.imap}")
        Mbsync(stage, f"Host {host}\nPort {port}", name=f"near-{dovecot.name}").both_ways(dovecot)
        daemon.wait_line(r"#2 open .* http=2")
        daemon.wait_line(r"#2 closed ")


def msmtp(stage):
    program = need("msmtp", "msmtp")
    dovecot = Dovecot(stage)
    postfix = Postfix(stage, dovecot)
    house = House(stage, [postfix.port], ("submission", f"127.0.0.1:{postfix.port}"), http="2")
    body = hard(300_000)
    for count, daemon in enumerate(house.daemons, 1):
        host, port = daemon.address("submission")
        done = run([program, f"--host={host}", f"--port={port}", "--from=bob@example.net", "--tls=off", "--auth=off",
                    "alice@example.net"], data=letter("msmtp", body).replace(b"\r\n", b"\n"),
                   env=Sallyport.environment(stage))
        equal(done.returncode, 0, f"status of msmtp, which said {(done.stdout + done.stderr).decode('latin-1')}")
        daemon.wait_line(r"#1 open .* http=2")
        with Mailbox(("127.0.0.1", dovecot.imap)) as mailbox:
            mailbox.wait(count)
            equal(body_of(mailbox.message(count)), body, "body that arrived")


def slrnpull(stage):
    inn = Inn(stage)
    house = House(stage, [inn.port], ("nntp", f"127.0.0.1:{inn.port}"))
    carrier, bodies = Slrnpull(stage), []
    for daemon in house.daemons:
        bodies.append(hard(50_000, seed=len(bodies)))
        carrier.write(article(f"by slrnpull {len(bodies)}", bodies[-1]))
        carrier.pull(daemon.address("nntp"))
        got = carrier.pull(daemon.address("nntp"))
        equal(sorted(got), sorted(bodies), "bodies that came back")
        daemon.wait_line(r"#2 open .* http=2")


def tls_inside(stage):
    authority = Authority(stage)
    dovecot = Dovecot(stage, certificate=authority.leaf(OUTSIDE))
    trusting = f"tls-ca-file = {authority.file}"
    house = House(stage, [dovecot.imap, dovecot.imaps],
                  ("imap yes", f"{OUTSIDE}:{dovecot.imaps}", f"tls = yes\n{trusting}"),
                  ("imap starttls", f"{OUTSIDE}:{dovecot.imap}", f"tls = starttls\n{trusting}"), authority=authority)
    text = letter("within", hard(1 << 20))
    dovecot.drop(text)
    for daemon in house.daemons:
        for name in "imap/yes", "imap/starttls":
            with Mailbox(daemon.address(name)) as mailbox:
                mailbox.wait(1)
                equal(mailbox.message(1), text, f"letter by {name}")
        equal(daemon.count(r"open .* http=2", 2), 2, "tunnels")
    dovecot.wait_login("imap", count=6)


def a_wrong_certificate_inside(stage):
    authority = Authority(stage)
    dovecot = Dovecot(stage, certificate=authority.leaf("other.example.net"))
    trusting = f"tls-ca-file = {authority.file}"
    house = House(stage, [dovecot.imap, dovecot.imaps],
                  ("imap yes", f"{OUTSIDE}:{dovecot.imaps}", f"tls = yes\n{trusting}"),
                  ("imap starttls", f"{OUTSIDE}:{dovecot.imap}", f"tls = starttls\n{trusting}"), authority=authority)
    for daemon in house.daemons:
        for name in "imap/yes", "imap/starttls":
            with daemon.connect(name) as client:
                got = client.recv(1000)
            check(got.startswith(b"* BYE sallyport: ") and b"certificate" in got,
                  f"the client of {name} is told {got!r}")


def with_the_lines_of_the_manual(stage):
    server = Echo(stage)
    for daemon in House(stage, [server.port], ("imap", server.target), http="2", of_manual=True).daemons:
        leaves(greeted(daemon))
        daemon.wait_line(r"#1 open .* http=2")


scenario(mbsync,
         msmtp,
         slrnpull,
         tls_inside,
         a_wrong_certificate_inside,
         with_the_lines_of_the_manual,
         paths=("splice",))
