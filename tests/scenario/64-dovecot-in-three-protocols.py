#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""dovecot behind squid, by IMAP, POP3 and ManageSieve: whole dialogues with log-in, several sessions at a time."""
import base64
import poplib
import re
import threading

from kit import check, equal, scenario
from kit.process import PATIENCE
from kit.real import PASSWORD, USER, Dovecot, Mailbox, Squid, hard, letter, through

LETTERS = [letter(f"letter {number}", hard(20_000, seed=number)) for number in range(3)]

SCRIPT = b'require "fileinto";\r\nif header :is "Subject" "odd {3}" { fileinto "odd"; }\r\n'


def house(stage):
    """(dovecot, daemon) with LETTERS in the mailbox."""
    dovecot = Dovecot(stage)
    squid = Squid(stage, dovecot.ports)
    for message in LETTERS:
        dovecot.drop(message)
    return dovecot, stage.sallyport(through(squid, imap=dovecot.imap, pop3=dovecot.pop3, managesieve=dovecot.sieve))


def imap(stage):
    _, daemon = house(stage)
    with Mailbox(daemon.address("imap")) as mailbox:
        mailbox.wait(len(LETTERS))
        client = mailbox.client
        equal(sorted(mailbox.message(number) for number in (1, 2, 3)), sorted(LETTERS), "letters")
        equal(client.search(None, "SUBJECT", '"letter 2"')[0], "OK", "status of SEARCH")
        equal(client.store("1", "+FLAGS", r"(\Deleted)")[0], "OK", "status of STORE")
        equal(client.expunge(), ("OK", [b"1"]), "what EXPUNGE says")
        equal(client.create("away")[0], "OK", "status of CREATE")
        equal(client.copy("1:2", "away")[0], "OK", "status of COPY")
        equal(client.select("away"), ("OK", [b"2"]), "letters that were copied")
    daemon.wait_line(r"imap #1 closed in=\d+ out=\d+ seconds=\d+ by=")


def several_imap_sessions_at_a_time(stage):
    _, daemon = house(stage)
    wrong = []

    def session():
        try:
            with Mailbox(daemon.address("imap")) as mailbox:
                mailbox.wait(len(LETTERS))
                equal(sorted(mailbox.message(number) for number in (1, 2, 3)), sorted(LETTERS), "letters")
        except Exception as error:  # told below, in the thread that judges
            wrong.append(error)

    sessions = [threading.Thread(target=session) for _ in range(8)]
    for thread in sessions:
        thread.start()
    for thread in sessions:
        thread.join()
    equal(wrong, [], "errors of the sessions")
    daemon.wait_line(r"imap #\d+ closed ", count=len(sessions))


def pop3(stage):
    _, daemon = house(stage)
    client = poplib.POP3(*daemon.address("pop3"), timeout=PATIENCE)
    client.user(USER)
    client.pass_(PASSWORD)
    equal(client.stat(), (len(LETTERS), sum(map(len, LETTERS))), "count and size of the letters")
    got = [b"".join(line + b"\r\n" for line in client.retr(number)[1]) for number in (1, 2, 3)]
    equal(sorted(got), sorted(LETTERS), "letters")
    client.dele(2)
    client.quit()
    daemon.wait_line(r"pop3 #1 closed ")
    client = poplib.POP3(*daemon.address("pop3"), timeout=PATIENCE)
    client.user(USER)
    client.pass_(PASSWORD)
    equal(client.stat()[0], len(LETTERS) - 1, "letters left")
    client.quit()


class Sieve:
    """The client's side of RFC 5804, one command at a time."""

    def __init__(self, sock, stream):
        self.sock, self.stream = sock, stream

    def answer(self):
        """(all lines before the last, the last one), which begins with OK, NO or BYE.  A literal counts as lines."""
        lines = []
        while True:
            line = self.stream.readline()
            check(line.endswith(b"\r\n"), f"the answer ends in the middle: {lines + [line]}")
            literal = re.search(rb"\{(\d+)\}\r\n$", line)
            if literal:
                line += self.stream.read(int(literal.group(1)))
            elif re.match(rb"(OK|NO|BYE)\b", line):
                return lines, line
            lines.append(line)

    def say(self, command):
        """Sends the command, which must be answered with OK; gives the lines before that."""
        self.sock.sendall(command + b"\r\n")
        lines, last = self.answer()
        check(last.startswith(b"OK"), f"{command!r} is answered {last!r}")
        return lines


def managesieve(stage):
    _, daemon = house(stage)
    with daemon.connect("managesieve") as sock, sock.makefile("rb") as stream:
        sieve = Sieve(sock, stream)
        lines, last = sieve.answer()
        check(last.startswith(b"OK"), f"greeting ends with {last!r}")
        check(any(line.startswith(b'"SASL" ') and b"PLAIN" in line for line in lines), f"greeting {lines}")
        word = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode())
        sieve.say(b'AUTHENTICATE "PLAIN" "' + word + b'"')
        sieve.say(b'PUTSCRIPT "odd" {%d+}\r\n' % len(SCRIPT) + SCRIPT)
        sieve.say(b'SETACTIVE "odd"')
        equal(sieve.say(b"LISTSCRIPTS"), [b'"odd" ACTIVE\r\n'], "scripts")
        equal(b"".join(sieve.say(b'GETSCRIPT "odd"')), b"{%d}\r\n" % len(SCRIPT) + SCRIPT + b"\r\n", "script")
        sieve.say(b"LOGOUT")
    daemon.wait_line(r"managesieve #1 closed ")


def managesieve_with_the_mechanism_login(stage):
    """LOGIN asks for name and password one by one, in strings of the server's."""
    _, daemon = house(stage)
    with daemon.connect("managesieve") as sock, sock.makefile("rb") as stream:
        sieve = Sieve(sock, stream)
        sieve.answer()
        sock.sendall(b'AUTHENTICATE "LOGIN"\r\n')
        for asked, said in (b"Username:", USER), (b"Password:", PASSWORD):
            challenge = sieve.stream.readline()
            if challenge.startswith(b"{"):
                challenge = sieve.stream.readline()
            equal(base64.b64decode(challenge.strip(b'"\r\n')), asked, "what the server asks")
            sock.sendall(b'"' + base64.b64encode(said.encode()) + b'"\r\n')
        check(sieve.answer()[1].startswith(b"OK"), "the log-in is refused")
        equal(sieve.say(b"LISTSCRIPTS"), [], "scripts")
        sieve.say(b"LOGOUT")


scenario(imap, several_imap_sessions_at_a_time, pop3, managesieve, managesieve_with_the_mechanism_login)
