#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Daily use of a template behind Apache with TLS and Basic: mbsync, msmtp and slrnpull with dovecot, postfix and INN;
and TLS to the mail server, from the first byte and by STARTTLS, inside the capsules.  Of all that is between, the
responder alone is ours."""
from kit import Sallyport, check, equal, need, run, scenario
from kit.certificates import Authority
from kit.connect_tcp import request_line, responds
from kit.peers import Proxy
from kit.real import (ApacheGateway, Dovecot, Inn, Mailbox, Mbsync, Postfix, Slrnpull, article, body_of, hard, letter)
from kit.route import listener, settings

MAIL = "mail.example.net"
"""A name that the responder alone can resolve."""

OUTSIDE = "127.0.0.2"
"""Where dovecot takes nobody for one of its own machine, and so lets nobody log in without TLS."""


class House:
    """The way: Apache, which asks for a password, and the responder behind it."""

    def __init__(self, stage):
        self.stage = stage
        self.authority = Authority(stage)
        self.responder = Proxy(stage, responds(names={MAIL: OUTSIDE}))
        self.gateway = ApacheGateway(stage, self.responder, authority=self.authority)

    def run(self, *listeners):
        """The daemon with these listeners, each (section, target, lines)."""
        text = settings(self.gateway.template, "".join(listener(*served) for served in listeners),
                        proxy=self.gateway.section)
        return self.stage.sallyport(text)


def mbsync(stage):
    dovecot = Dovecot(stage)
    daemon = House(stage).run(("imap", f"127.0.0.1:{dovecot.imap}"))
    host, port = daemon.address("imap")
    Mbsync(stage, f"Host {host}\nPort {port}").both_ways(dovecot)
    daemon.wait_line(r"imap #2 closed ")


def msmtp(stage):
    program = need("msmtp", "msmtp")
    dovecot = Dovecot(stage)
    postfix = Postfix(stage, dovecot)
    daemon = House(stage).run(("submission", f"127.0.0.1:{postfix.port}"))
    host, port = daemon.address("submission")
    body = hard(300_000)
    done = run([program, f"--host={host}", f"--port={port}", "--from=bob@example.net", "--tls=off", "--auth=off",
                "alice@example.net"], data=letter("msmtp", body).replace(b"\r\n", b"\n"),
               env=Sallyport.environment(stage))
    equal(done.returncode, 0, f"status of msmtp, which said {(done.stdout + done.stderr).decode('latin-1')}")
    with Mailbox(("127.0.0.1", dovecot.imap)) as mailbox:
        mailbox.wait(1)
        equal(body_of(mailbox.message(1)), body, "body that arrived")


def slrnpull(stage):
    carrier = Slrnpull(stage)
    inn = Inn(stage)
    daemon = House(stage).run(("nntp", f"127.0.0.1:{inn.port}"))
    body = hard(50_000)
    carrier.write(article("by slrnpull", body))
    carrier.pull(daemon.address("nntp"))
    equal(carrier.pull(daemon.address("nntp")), [body], "bodies that came back")


def tls_inside(stage):
    """dovecot lets nobody log in there without."""
    house = House(stage)
    dovecot = Dovecot(stage, certificate=house.authority.leaf(MAIL))
    trusting = f"tls-ca-file = {house.authority.file}"
    daemon = house.run(("imap yes", f"{MAIL}:{dovecot.imaps}", f"tls = yes\n{trusting}"),
                       ("imap starttls", f"{MAIL}:{dovecot.imap}", f"tls = starttls\n{trusting}"))
    text = letter("within", hard(1 << 20))
    dovecot.drop(text)
    for name in "imap/yes", "imap/starttls":
        with Mailbox(daemon.address(name)) as mailbox:
            mailbox.wait(1)
            equal(mailbox.message(1), text, f"letter by {name}")
    dovecot.wait_login("imap", count=2)
    equal({request_line(head) for head in house.responder.heads},
          {f"GET /.well-known/masque/tcp/{MAIL}/{port}/ HTTP/1.1" for port in (dovecot.imaps, dovecot.imap)},
          "requests")


def a_wrong_certificate_inside(stage):
    house = House(stage)
    dovecot = Dovecot(stage, certificate=house.authority.leaf("other.example.net"))
    trusting = f"tls-ca-file = {house.authority.file}"
    daemon = house.run(("imap yes", f"{MAIL}:{dovecot.imaps}", f"tls = yes\n{trusting}"),
                       ("imap starttls", f"{MAIL}:{dovecot.imap}", f"tls = starttls\n{trusting}"))
    for name in "imap/yes", "imap/starttls":
        with daemon.connect(name) as client:
            got = client.recv(1000)
        check(got.startswith(b"* BYE sallyport: ") and b"certificate" in got, f"the client of {name} is told {got!r}")


scenario(mbsync, msmtp, slrnpull, tls_inside, a_wrong_certificate_inside, paths=("splice",))
