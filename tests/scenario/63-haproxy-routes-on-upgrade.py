#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""haproxy in front of two squids looks at nothing but the Upgrade header: IMAP sessions reach the first, NNTP sessions
the second, and what names neither is not let in."""
from kit import equal, scenario
from kit.real import Dovecot, Haproxy, Inn, Mailbox, Squid, hard, letter, through
from kit.route import refusal
from kit.streams import read_exactly

SESSIONS = 3


def each_protocol_takes_its_own_way(stage):
    dovecot, inn = Dovecot(stage), Inn(stage)
    ports = [dovecot.imap, dovecot.pop3, inn.port]  # both squids let everything through: the way is haproxy's choice
    mail, news = Squid(stage, ports, name="squid-mail"), Squid(stage, ports, name="squid-news")
    front = Haproxy(stage, {"IMAP": mail, "NNTP": news})
    daemon = stage.sallyport(through(front, imap=dovecot.imap, nntp=inn.port, pop3=dovecot.pop3))
    message = letter("by the mail's way", hard(300_000))
    dovecot.drop(message)
    for _ in range(SESSIONS):
        with Mailbox(daemon.address("imap")) as mailbox:
            mailbox.wait(1)
            equal(mailbox.message(1), message, "message")
        with daemon.connect("nntp") as client:
            equal(read_exactly(client, 4), b"200 ", "greeting of the news server")
    with daemon.connect("pop3") as client:
        refusal(client, ("temporary",), "pop3")
    equal([(tunnel["upgrade"], tunnel["target"]) for tunnel in mail.tunnels(SESSIONS)],
          [("IMAP", f"127.0.0.1:{dovecot.imap}")] * SESSIONS, "tunnels of the mail's squid")
    equal([(tunnel["upgrade"], tunnel["target"]) for tunnel in news.tunnels(SESSIONS)],
          [("NNTP", f"127.0.0.1:{inn.port}")] * SESSIONS, "tunnels of the news' squid")
    daemon.wait_line(r"imap #\d+ open .* switched=no", count=SESSIONS)
    daemon.wait_line(r"nntp #\d+ open .* switched=no", count=SESSIONS)


scenario(each_protocol_takes_its_own_way)
