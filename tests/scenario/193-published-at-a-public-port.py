#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""dovecot, postfix and INN behind a home that nobody can reach, and everybody who comes to the relay's public ports:
mbsync, msmtp and slrnpull, none of which knows of a relay."""
import imaplib
import ssl

from kit import Sallyport, check, equal, need, run, scenario
from kit.certificates import Authority
from kit.process import PATIENCE
from kit.real import (PASSWORD, USER, Dovecot, Inn, Mailbox, Mbsync, Postfix, Slrnpull, article, body_of, hard, letter)
from kit.real.published import Home, Relay
from kit.route import refusal
from kit.streams import RESET, connect, ending


def published(stage, authority=None, **servers):
    """The relay, with a public port for each of the servers, and the home."""
    relay = Relay(stage, authority or Authority(stage), servers)
    home = Home(stage, relay.url, servers, relay.trusting)
    relay.holds(len(servers))
    return relay, home


def mbsync(stage):
    dovecot = Dovecot(stage)
    relay, home = published(stage, imap=dovecot.imap)
    host, port = relay.public("imap")
    Mbsync(stage, f"Host {host}\nPort {port}").both_ways(dovecot)
    home.daemon.wait_line(r"reverse/imap #2 reverse from=127\.0\.0\.1")


def msmtp(stage):
    program = need("msmtp", "msmtp")
    dovecot = Dovecot(stage)
    postfix = Postfix(stage, dovecot)
    relay, _ = published(stage, submission=postfix.port)
    host, port = relay.public("submission")
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
    relay, _ = published(stage, nntp=Inn(stage).port)
    body = hard(50_000)
    carrier.write(article("by slrnpull", body))
    carrier.pull(relay.public("nntp"))
    equal(carrier.pull(relay.public("nntp")), [body], "bodies that came back")


def tls_to_the_mail_server(stage):
    """A mail program checks the server's own certificate; the relay sees none of it."""
    authority = Authority(stage)
    dovecot = Dovecot(stage, certificate=authority.leaf("127.0.0.1"))
    text = letter("within", hard(1 << 20))
    dovecot.drop(text)
    relay, _ = published(stage, authority, imap=dovecot.imaps)
    with imaplib.IMAP4_SSL(*relay.public("imap"), timeout=PATIENCE,
                           ssl_context=ssl.create_default_context(cafile=authority.file)) as client:
        client.login(USER, PASSWORD)
        client.select()
        equal(client.fetch("1", "(BODY.PEEK[])")[1][0][1], text, "letter")


def nobody_is_at_home(stage):
    """Nobody ever was: the client is told at once, in its protocol."""
    relay = Relay(stage, Authority(stage), ["imap", "nntp"])
    for kind in "imap", "nntp":
        with connect(relay.public(kind)) as client:
            refusal(client, protocol=kind)


def who_is_not_allowed(stage):
    dovecot = Dovecot(stage)
    relay = Relay(stage, Authority(stage), ["imap"], allow="192.0.2.0/24")
    home = Home(stage, relay.url, {"imap": dovecot.imap}, relay.trusting)
    with connect(relay.public("imap")) as client:
        equal(ending(client), RESET, "how the connection ends")
    check(home.daemon.count(r"reverse/imap #1 ") == 0, "somebody came through")


scenario(mbsync, msmtp, slrnpull, tls_to_the_mail_server, nobody_is_at_home, who_is_not_allowed, in_turns=True)
