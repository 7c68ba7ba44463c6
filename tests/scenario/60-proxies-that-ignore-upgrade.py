#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""squid, tinyproxy and Apache know nothing of Upgrade and answer 200, tinyproxy and Apache in HTTP/1.0: mail flows as
through a proxy that does."""
from kit import equal, scenario
from kit.real import Apache, Dovecot, Mailbox, Squid, Tinyproxy, hard, letter, through


def mail_flows(stage, kind):
    dovecot = Dovecot(stage)
    proxy = kind(stage, [dovecot.imap])
    daemon = stage.sallyport(through(proxy, imap=dovecot.imap))
    message = letter(f"through {proxy.name}", hard(100_000))
    with Mailbox(daemon.address("imap")) as mailbox:
        equal(mailbox.client.welcome[:5], b"* OK ", "greeting")
        mailbox.append(message)
        mailbox.wait(1)
        equal(mailbox.message(1), message, "message that was added and fetched")
    daemon.wait_line(rf"imap #1 open proxy={proxy.url} target=127\.0\.0\.1:{dovecot.imap} switched=no (\S+ )*ms=\d+$")
    daemon.wait_line(r"imap #1 closed in=\d{6} out=\d{6} seconds=\d+ by=")
    return proxy


def squid(stage):
    proxy = mail_flows(stage, Squid)
    equal([tunnel["upgrade"] for tunnel in proxy.tunnels(1)], ["IMAP"], "protocol that squid was told")


def tinyproxy(stage):
    mail_flows(stage, Tinyproxy)


def apache(stage):
    mail_flows(stage, Apache)


scenario(squid, tinyproxy, apache, in_turns=True)
