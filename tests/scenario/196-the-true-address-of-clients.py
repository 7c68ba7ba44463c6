#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A mail server behind a home takes everybody for the home, which it trusts: the trap in which it becomes an open
relay, and the way out, the PROXY protocol from Forwarded, with postfix and dovecot and the lines for them that the
manual prints."""
import re
import smtplib

from kit import Sallyport, check, equal, need, run, scenario
from kit.certificates import Authority
from kit.process import PATIENCE
from kit.real import PASSWORD, USER, Dovecot, Postfix
from kit.real.dovecot import is_new
from kit.real.gateway import printed
from kit.real.published import BOB, NAME, WAYS, Home, Relay

STRANGER = "127.0.0.9"
"""Where the clients come from, which no server trusts."""

HERE = "127.0.0.1/32"
"""Whom postfix trusts."""

ELSEWHERE = "somebody@elsewhere.example"

TELLS = "trusted-clients = yes\nforwarded = "
"""A stranger of these tests is on loopback like all of them, where a home believes no stranger to be."""

PAGE, SECTION = "sallyport-relay.7", "The open relay"


def postfix(stage, dovecot):
    """With a port that expects the PROXY protocol; its master has no chroot here."""
    lines = printed(SECTION, ("10025 inet n - y ", "@PORT@ inet n - n "), page=PAGE, number=1)
    return Postfix(stage, dovecot, proxied=lines, trusts=HERE)


def dovecot_with_haproxy(stage, authority):
    lines = printed(SECTION, ("10993", "@PORT@"), page=PAGE, number=2)
    if is_new(need("dovecot", "dovecot-core")):
        lines = lines.replace("    address = ", "    listen = ")  # as the page says below
    return Dovecot(stage, certificate=authority.leaf("127.0.0.1", name="dovecot"), proxied=lines)


def rcpt(address, source=STRANGER):
    """What a public port's mail server says to a recipient who is not its own, from that address: (code, text)."""
    with smtplib.SMTP(*address, local_hostname="client.example.net", timeout=PATIENCE,
                      source_address=(source, 0)) as client:
        client.ehlo()
        client.mail("bob@example.net")
        return client.rcpt(ELSEWHERE)


def rcpt_in_private(stage, relay):
    """The same by the private name, as curl is told it."""
    done = run([need("curl", "curl"), "-sSv", "-p", "-x", relay.url, "--proxy-cacert", relay.authority.file, "-U",
                ":".join(BOB), "--interface", STRANGER, f"smtp://{NAME}:{WAYS['smtp']}/client.example.net",
                "--mail-from", "bob@example.net", "--mail-rcpt", ELSEWHERE, "--upload-file",
                stage.file("message", "Subject: to everywhere\r\n\r\n")], env=Sallyport.environment(stage))
    return re.findall(r"(?m)^< ([45]\d\d .*?)\r?$", done.stderr.decode("latin-1"))


def house(stage, server, lines, kind="smtp"):
    relay = Relay(stage, Authority(stage), [kind])
    return relay, Home(stage, relay.url, {kind: server}, relay.trusting, lines=lines)


def the_trap(stage):
    """A postfix that is told nothing relays mail from anywhere to anywhere: who wants that has to say so."""
    server = postfix(stage, Dovecot(stage))
    relay, home = house(stage, server.port, "trusted-clients = yes")
    equal(rcpt(relay.public("smtp"))[0], 250, "code for a recipient elsewhere")
    with open(home.daemon.ini, encoding="utf-8") as file:
        done = Sallyport.command(stage, "check", ini=file.read().replace("trusted-clients = yes", ""))
    check(done.returncode == 78 and b"forwarded" in done.stderr, f"check says {done}")


def postfix_is_told(stage):
    """By either version, from the public port and by the private name: it sees the stranger and refuses to relay."""
    server = postfix(stage, Dovecot(stage))
    for count, version in enumerate(("proxy-v1", "proxy-v2"), 1):
        relay = Relay(stage, Authority(stage, f"authority-{count}"), ["smtp"], name=f"relay-{count}")
        home = Home(stage, relay.url, {"smtp": server.proxied}, relay.trusting, lines=TELLS + version,
                    name=f"home-{count}")
        code, text = rcpt(relay.public("smtp"))
        check(code in (454, 554) and b"Relay access denied" in text, f"postfix says {code} {text!r}")
        server.process.wait_line(rf"reject: RCPT from \S*\[{re.escape(STRANGER)}\].*Relay access denied",
                                 count=2 * count - 1)
        answers = rcpt_in_private(stage, relay)
        check(any("Relay access denied" in line for line in answers), f"curl was told {answers}")
        server.process.wait_line(rf"reject: RCPT from \S*\[{re.escape(STRANGER)}\].*Relay access denied",
                                 count=2 * count)
        home.daemon.wait_line(rf"reverse/smtp #1 reverse from={re.escape(STRANGER)}")


def dovecot_is_told(stage):
    """It writes down where a login came from."""
    authority = Authority(stage)
    server = dovecot_with_haproxy(stage, authority)
    for count, version in enumerate(("proxy-v1", "proxy-v2"), 1):
        relay = Relay(stage, Authority(stage, f"authority-{count}"), ["imap"], name=f"relay-{count}")
        Home(stage, relay.url, {"imap": server.proxied}, relay.trusting, lines=TELLS + version,
             name=f"home-{count}")
        done = run([need("curl", "curl"), "-sS", "-p", "-x", relay.url, "--proxy-cacert", relay.authority.file, "-U",
                    ":".join(BOB), "--interface", STRANGER, "--insecure", "--user", f"{USER}:{PASSWORD}",
                    f"imaps://{NAME}:{WAYS['imap']}/"], env=Sallyport.environment(stage))
        equal(done.returncode, 0, f"status of curl, which said {done.stderr!r}")
        server.process.wait_line(rf"imap-login: .*Log(in|ged in): user=<{USER}>.* rip={re.escape(STRANGER)},",
                                 count=count)


def a_target_that_does_not_expect_it(stage):
    """takes the head for a command: the two ends have to agree."""
    server = postfix(stage, Dovecot(stage))
    relay, _ = house(stage, server.port, TELLS + "proxy-v1")
    try:
        with smtplib.SMTP(*relay.public("smtp"), timeout=PATIENCE) as client:
            code = client.noop()[0]
    except smtplib.SMTPException as error:
        code = str(error)
    check(code != 250, f"postfix says {code}")


def a_client_cannot_say_it_itself(stage):
    """Behind the home's PROXY head the client's own is a command like any other."""
    server = postfix(stage, Dovecot(stage))
    relay, _ = house(stage, server.proxied, TELLS + "proxy-v1")
    with smtplib.SMTP(timeout=PATIENCE, source_address=(STRANGER, 0)) as client:
        client.connect(*relay.public("smtp"))
        client.docmd("PROXY", "TCP4 127.0.0.1 127.0.0.1 1000 25")
        client.ehlo("client.example.net")
        client.mail("bob@example.net")
        code, text = client.rcpt(ELSEWHERE)
    check(code in (454, 554) and b"Relay access denied" in text, f"postfix says {code} {text!r}")


scenario(the_trap, postfix_is_told, dovecot_is_told, a_target_that_does_not_expect_it, a_client_cannot_say_it_itself,
         paths=("splice",))
