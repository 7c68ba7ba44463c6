#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A submission server that wants STARTTLS and an IMAP server behind TLS, both beyond a proxy that is reached by https
and wants a Kerberos ticket, with a configuration of fifteen lines at most, and with clients that can do none of it."""
import smtplib

from kit import check, equal, scenario
from kit.certificates import Authority
from kit.nameserver import Nameserver
from kit.process import PATIENCE
from kit.real import (PASSWORD, USER, Dovecot, Kerberos, Mailbox, Mbsync, Negotiate, Postfix, Squid, body_of, hard,
                      letter)

CONFIGURATION = """\
[proxy]
url = https://proxy.example.net:{proxy}
auth = negotiate
ca-file = {company}

[imap]
listen = 127.0.0.1:0
target = mail.example.net:{imaps}
tls = yes

[submission]
listen = 127.0.0.1:0
target = mail.example.net:{submission}
tls = starttls
"""

LINES = 15

BODY = hard(300_000)


class House:
    """The company with its proxy and its realm, the provider with its mail, and the daemon between, run by jane.  The
    system trusts the provider's authority, and not the company's."""

    def __init__(self, stage):
        company, provider = Authority(stage, "company"), Authority(stage, "provider")
        self.dovecot = Dovecot(stage, certificate=provider.leaf("mail.example.net", name="imap"))
        self.postfix = Postfix(stage, self.dovecot, certificate=provider.leaf("mail.example.net", name="smtp"))
        self.kerberos = Kerberos(stage)
        self.kerberos.add_user("jane", "tick-tock")
        self.squid = Squid(stage, [self.dovecot.imaps, self.postfix.submission], host="proxy.example.net",
                           certificate=company.leaf("proxy.example.net"), names={"mail.example.net": "127.0.0.1"},
                           logins=[Negotiate(self.kerberos, "proxy.example.net")])
        names = Nameserver(stage)
        names.add("proxy.example.net", "A", "127.0.0.1")
        configuration = CONFIGURATION.format(proxy=self.squid.port, company=company.file, imaps=self.dovecot.imaps,
                                             submission=self.postfix.submission)
        check(configuration.count("\n") <= LINES, f"the configuration has {configuration.count(chr(10))} lines")
        self.daemon = stage.sallyport(configuration, env={**names.env, **self.kerberos.env_of(),
                                                          "SSL_CERT_FILE": provider.file})

    def send(self, message):
        with smtplib.SMTP(*self.daemon.address("submission"), local_hostname="client.example.net",
                          timeout=PATIENCE) as client:
            client.login(USER, PASSWORD)
            client.sendmail("bob@example.net", ["alice@example.net"], message, mail_options=["BODY=8BITMIME"])


def a_letter_goes_out_and_comes_back(stage):
    house = House(stage)
    house.kerberos.log_in("jane", "tick-tock")
    house.send(letter("out and back", BODY))
    with Mailbox(house.daemon.address("imap")) as mailbox:
        mailbox.wait(1)
        equal(body_of(mailbox.message(1)), BODY, "body that came back")
    host, port = house.daemon.address("imap")
    mbsync = Mbsync(stage, f"Host {host}\nPort {port}")
    mbsync.sync()
    equal(mbsync.bodies(), [BODY], "bodies that mbsync fetched")
    opened = [(tunnel["upgrade"], tunnel["target"], tunnel["user"])
              for tunnel in house.squid.tunnels(3) if tunnel["status"] == "200"]
    place = "mail.example.net:"
    equal(sorted(opened), [("IMAPS", f"{place}{house.dovecot.imaps}", "jane")] * 2 +
          [("SMTP", f"{place}{house.postfix.submission}", "jane")], "tunnels as squid saw them")
    house.daemon.wait_line(rf"submission #1 open proxy={house.squid.url} target={place}{house.postfix.submission} ")
    house.daemon.wait_line(rf"imap #2 open proxy={house.squid.url} target={place}{house.dovecot.imaps} ")
    house.dovecot.wait_login("imap", count=2)


scenario(a_letter_goes_out_and_comes_back, paths=("splice",))
