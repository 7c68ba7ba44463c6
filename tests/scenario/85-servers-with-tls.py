#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""dovecot, postfix and INN with TLS, from the first byte and by STARTTLS, behind squid: clients that speak plain text
to the daemon log in, read, send and post, and see nothing of TLS."""
import base64
import imaplib
import poplib
import smtplib

from kit import Sallyport, check, equal, need, run, scenario
from kit.certificates import Authority
from kit.process import PATIENCE
from kit.real import (GROUP, PASSWORD, USER, Dovecot, Inn, Mailbox, Mbsync, Newsreader, Postfix, Squid, Stunnel,
                      body_of, hard, letter, single)
from kit.route import listener, settings

LETTERS = [letter(f"letter {number}", hard(20_000, seed=number)) for number in range(3)]

MAIL = "mail.example.net"

OUTSIDE = "127.0.0.2"
"""Where dovecot takes nobody for one of its own machine, and so lets nobody log in without TLS."""


class House:
    """dovecot, and squid, which finds it by the name MAIL."""

    def __init__(self, stage):
        self.stage = stage
        self.authority = Authority(stage)
        self.certificate = self.authority.leaf(MAIL)
        self.dovecot = Dovecot(stage, certificate=self.certificate)
        self.squid = None
        for message in LETTERS:
            self.dovecot.drop(message)

    def run(self, listeners, address=OUTSIDE):
        """The daemon with listeners [(section, port, tls)]; tls: the key's value, or nothing."""
        self.squid = Squid(self.stage, [port for _, port, _ in listeners], names={MAIL: address})
        return self.stage.sallyport(settings(self.squid.url, "".join(
            listener(section, f"{MAIL}:{port}", f"tls = {tls}\ntls-ca-file = {self.authority.file}" if tls else "")
            for section, port, tls in listeners)))


def dovecot_wants_tls(stage):
    """What the others rely on: without TLS nobody can log in where they go."""
    house = House(stage)
    daemon = house.run([("imap", house.dovecot.imap, "")])
    with imaplib.IMAP4(*daemon.address("imap"), timeout=PATIENCE) as client:
        check("LOGINDISABLED" in client.capabilities and "STARTTLS" in client.capabilities, str(client.capabilities))


def imap(stage):
    house = House(stage)
    dovecot = house.dovecot
    daemon = house.run([("imap yes", dovecot.imaps, "yes"), ("imap starttls", dovecot.imap, "starttls")])
    for name in "imap/yes", "imap/starttls":
        with Mailbox(daemon.address(name)) as mailbox:
            mailbox.wait(len(LETTERS))
            equal(sorted(mailbox.message(number) for number in (1, 2, 3)), sorted(LETTERS), f"letters by {name}")
            capabilities = mailbox.client.capabilities
            check("STARTTLS" not in capabilities and "LOGINDISABLED" not in capabilities, str(capabilities))
        host, port = daemon.address(name)
        mbsync = Mbsync(stage, f"Host {host}\nPort {port}")
        mbsync.sync()
        equal(mbsync.bodies(), sorted(map(body_of, LETTERS)), f"bodies that mbsync fetched by {name}")
    dovecot.wait_login("imap", count=4)
    equal([tunnel["upgrade"] for tunnel in house.squid.tunnels(4)], ["IMAPS"] * 2 + ["IMAP"] * 2,
          "protocols that squid was told")


def what_was_said_before_tls_is_not_handed_on(stage):
    house = House(stage)
    daemon = house.run([("imap", house.dovecot.imap, "starttls")])
    with daemon.connect("imap") as client, client.makefile("rb") as stream:
        greeting = stream.readline()
        check(greeting.startswith(b"* OK ") and b"CAPABILITY" not in greeting and b"STARTTLS" not in greeting,
              f"greeting {greeting}")
        client.sendall(b"a CAPABILITY\r\n")
        lines = stream.readline(), stream.readline()
        check(b" AUTH=PLAIN" in lines[0] and b"LOGINDISABLED" not in lines[0] and lines[1].startswith(b"a OK"),
              f"capabilities {lines}")


def pop3(stage):
    house = House(stage)
    dovecot = house.dovecot
    daemon = house.run([("pop3 yes", dovecot.pop3s, "yes"), ("pop3 starttls", dovecot.pop3, "starttls")])
    for name in "pop3/yes", "pop3/starttls":
        client = poplib.POP3(*daemon.address(name), timeout=PATIENCE)
        client.user(USER)
        client.pass_(PASSWORD)
        got = [b"".join(line + b"\r\n" for line in client.retr(number)[1]) for number in (1, 2, 3)]
        equal(sorted(got), sorted(LETTERS), f"letters by {name}")
        client.quit()
    dovecot.wait_login("pop3", count=2)


def managesieve(stage):
    """Its server speaks first within TLS, too: the client sees that greeting and no other."""
    house = House(stage)
    daemon = house.run([("managesieve", house.dovecot.sieve, "starttls")])
    with daemon.connect("managesieve") as client, client.makefile("rb") as stream:
        def answer():
            lines = [stream.readline()]
            while not lines[-1].startswith((b"OK", b"NO", b"BYE")):
                check(lines[-1], f"the end in the middle: {lines}")
                lines.append(stream.readline())
            check(lines[-1].startswith(b"OK"), f"answer {lines}")
            return lines

        greeting = answer()
        check(b'"STARTTLS"\r\n' not in greeting, f"what was said before TLS is in {greeting}")
        check(any(line.startswith(b'"SASL" ') and b"PLAIN" in line for line in greeting), f"greeting {greeting}")
        client.sendall(b'AUTHENTICATE "PLAIN" "' + base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()) + b'"\r\n')
        equal(len(answer()), 1, "lines of the answer to AUTHENTICATE, which is what comes next")
        client.sendall(b"LISTSCRIPTS\r\n")
        equal(len(answer()), 1, "lines of the answer to LISTSCRIPTS")
    house.dovecot.wait_login("managesieve")


def submission(stage):
    """By Python's own client and by msmtp, to postfix."""
    house = House(stage)
    postfix = Postfix(stage, house.dovecot, certificate=house.certificate)
    daemon = house.run([("submission yes", postfix.submissions, "yes"),
                        ("submission starttls", postfix.submission, "starttls"),
                        ("submission no", postfix.submission, "")], address="127.0.0.1")
    with smtplib.SMTP(*daemon.address("submission/no"), timeout=PATIENCE) as client:
        client.ehlo()
        equal(client.mail("bob@example.net")[0], 530, "what postfix says to MAIL without TLS")
    program = need("msmtp", "msmtp")
    bodies = []
    for name in "submission/yes", "submission/starttls":
        host, port = daemon.address(name)
        with smtplib.SMTP(host, port, local_hostname="client.example.net", timeout=PATIENCE) as client:
            client.login(USER, PASSWORD)
            check(not client.has_extn("starttls"), f"STARTTLS is offered within TLS by {name}")
            bodies.append(hard(200_000, seed=len(bodies)))
            client.sendmail("bob@example.net", ["alice@example.net"], letter(name, bodies[-1]),
                            mail_options=["BODY=8BITMIME"])
        bodies.append(b"sent by msmtp\r\n")
        config = stage.file("msmtprc", f"account default\nhost {host}\nport {port}\nfrom bob@example.net\ntls off\n"
                            f"auth plain\nuser {USER}\npassword {PASSWORD}\n", mode=0o600)
        done = run([program, "-C", config, "alice@example.net"], letter(name, bodies[-1]).replace(b"\r\n", b"\n"),
                   env=Sallyport.environment(stage))
        equal(done.returncode, 0, f"status of msmtp, which said {done.stderr.decode()}")
    with Mailbox(("127.0.0.1", house.dovecot.imap)) as mailbox:
        mailbox.wait(len(LETTERS) + len(bodies))
        got = [body_of(mailbox.message(len(LETTERS) + number)) for number in range(1, len(bodies) + 1)]
    equal(sorted(got), sorted(bodies), "bodies that came")


def news(stage):
    """INN behind stunnel: nntps."""
    house = House(stage)
    front = Stunnel(stage, Inn(stage).port, house.certificate)
    daemon = house.run([("nntp", front.port, "yes")], address="127.0.0.1")
    body = hard(200_000)
    article = (b"From: Bob <bob@example.net>\r\nNewsgroups: " + GROUP.encode() + b"\r\nSubject: by TLS\r\n"
               b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=x-unknown\r\n"
               b"Content-Transfer-Encoding: 8bit\r\n\r\n" + body)
    with daemon.connect("nntp") as client:
        reader = Newsreader(client)
        reader.post(article)
        equal(reader.group(GROUP), [1, 1, 1], "articles")
        equal(single(reader.body(1)) == body, True, "the body is the one that was posted")
        reader.quit()
    equal([tunnel["upgrade"] for tunnel in house.squid.tunnels(1)], ["NNTPS"], "protocol that squid was told")


scenario(dovecot_wants_tls,
         imap,
         what_was_said_before_tls_is_not_handed_on,
         pop3,
         managesieve,
         submission,
         news,
         paths=("splice",))
