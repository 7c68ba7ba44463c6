#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A letter goes out by SMTP to postfix and comes back by IMAP and POP3 from dovecot, all through the daemon and a real
proxy: not a byte of its body is different, however odd its lines are."""
import poplib
import smtplib

from kit import equal, scenario
from kit.process import PATIENCE
from kit.real import PASSWORD, USER, Dovecot, Mailbox, Postfix, Squid, Tinyproxy, body_of, hard, letter, through

LARGE = 6 << 20

LONG = 7_000
"""Longer lines than mail allows; postfix and dovecot carry them all the same."""


def house(stage, kind):
    """(dovecot, postfix, daemon) with a proxy of that kind between."""
    dovecot = Dovecot(stage)
    postfix = Postfix(stage, dovecot)
    proxy = kind(stage, [*dovecot.ports, postfix.port])
    return stage.sallyport(through(proxy, smtp=postfix.port, imap=dovecot.imap, pop3=dovecot.pop3))


def send(daemon, *messages):
    with smtplib.SMTP(*daemon.address("smtp"), local_hostname="client.example.net", timeout=PATIENCE) as client:
        for message in messages:
            client.sendmail("bob@example.net", ["alice@example.net"], message, mail_options=["BODY=8BITMIME"])


def out_and_back(stage, kind, body):
    daemon = house(stage, kind)
    send(daemon, letter("out and back", body))
    with Mailbox(daemon.address("imap")) as mailbox:
        mailbox.wait(1)
        equal(body_of(mailbox.message(1)), body, "body that came back")
    daemon.wait_line(r"smtp #1 open .* switched=no (\S+ )*ms=\d+$")
    daemon.wait_line(rf"smtp #1 closed in={len(body) // 1_000_000 or ''}\d+ out=\d+ ")
    daemon.wait_line(r"imap #2 closed ")


def a_small_letter(stage):
    out_and_back(stage, Squid, hard(5_000))


def a_letter_of_several_megabytes(stage):
    out_and_back(stage, Squid, hard(LARGE, longest=LONG))


def a_letter_of_several_megabytes_through_tinyproxy(stage):
    out_and_back(stage, Tinyproxy, hard(LARGE, seed=2, longest=LONG))


def several_letters_back_by_pop3(stage):
    daemon = house(stage, Squid)
    bodies = [hard(size, seed=size) for size in (1_000, 40_000, 200_000)]
    send(daemon, *(letter("several", body) for body in bodies))
    with Mailbox(daemon.address("imap")) as mailbox:
        mailbox.wait(len(bodies))
    client = poplib.POP3(*daemon.address("pop3"), timeout=PATIENCE)
    client.user(USER)
    client.pass_(PASSWORD)
    got = [body_of(b"".join(line + b"\r\n" for line in client.retr(number)[1])) for number in (1, 2, 3)]
    client.quit()
    equal(sorted(got), sorted(bodies), "bodies that came back")


scenario(a_small_letter,
         a_letter_of_several_megabytes,
         a_letter_of_several_megabytes_through_tinyproxy,
         several_letters_back_by_pop3)
