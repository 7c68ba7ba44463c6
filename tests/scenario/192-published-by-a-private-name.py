#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""dovecot, postfix and INN behind a home that nobody can reach, and those who know their private name and have a
password at the relay: mbsync, msmtp and slrnpull with a daemon of their own, and curl, which needs none."""
from kit import Sallyport, check, equal, need, run, scenario
from kit.certificates import Authority
from kit.real import (PASSWORD, USER, Dovecot, Inn, Mailbox, Mbsync, Postfix, Slrnpull, article, body_of, hard, letter)
from kit.real.published import BOB, NAME, WAYS, Home, Relay, visitor
from kit.route import refusal
from kit.streams import read_all


class House:
    """The relay, the home with these servers, and bob's daemon."""

    def __init__(self, stage, **servers):
        self.stage = stage
        self.authority = Authority(stage)
        self.relay = Relay(stage, self.authority)
        self.home = Home(stage, self.relay.url, servers, self.relay.trusting)
        self.relay.holds(len(servers))
        self.visitor = visitor(stage, self.relay, servers)

    def curl(self, *words, data=None):
        """curl as bob, by CONNECT."""
        return run([need("curl", "curl"), "-sS", "-p", "-x", self.relay.url, "--proxy-cacert", self.authority.file,
                    "-U", ":".join(BOB), *words], data=data, env=Sallyport.environment(self.stage))


def mbsync(stage):
    dovecot = Dovecot(stage)
    house = House(stage, imap=dovecot.imap)
    host, port = house.visitor.address("imap")
    Mbsync(stage, f"Host {host}\nPort {port}").both_ways(dovecot)
    house.home.daemon.wait_line(r"reverse/imap #2 closed ")
    house.relay.daemon.wait_line(rf'relay #\d+ open .*name={NAME}:143 .*user="bob"')


def msmtp(stage):
    program = need("msmtp", "msmtp")
    dovecot = Dovecot(stage)
    postfix = Postfix(stage, dovecot)
    house = House(stage, submission=postfix.port)
    host, port = house.visitor.address("submission")
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
    house = House(stage, nntp=inn.port)
    body = hard(50_000)
    carrier.write(article("by slrnpull", body))
    carrier.pull(house.visitor.address("nntp"))
    equal(carrier.pull(house.visitor.address("nntp")), [body], "bodies that came back")


def curl_reads_and_sends(stage):
    """A program that has never heard of relays."""
    dovecot = Dovecot(stage)
    postfix = Postfix(stage, dovecot)
    house = House(stage, imap=dovecot.imap, submission=postfix.port)
    body = hard(300_000)
    message = stage.file("message", letter("curl", body))
    done = house.curl(f"smtp://{NAME}:{WAYS['submission']}/client.example.net", "--mail-from", "bob@example.net",
                      "--mail-rcpt", "alice@example.net", "--upload-file", message)
    equal(done.returncode, 0, f"status of curl, which said {done.stderr.decode('latin-1')}")
    with Mailbox(("127.0.0.1", dovecot.imap)) as mailbox:
        mailbox.wait(1)
    done = house.curl("--user", f"{USER}:{PASSWORD}", f"imap://{NAME}/INBOX;MAILINDEX=1")
    equal(body_of(done.stdout), body, f"body that curl fetched, which said {done.stderr.decode('latin-1')}")


def a_password_that_is_wrong_and_a_name_that_is_not_there(stage):
    house = House(stage, imap=Dovecot(stage).imap)
    done = house.curl("-U", f"{BOB[0]}:guessed", f"imap://{NAME}/")
    check(b"407" in done.stderr, f"curl was told {done.stderr!r}")
    house.relay.daemon.wait_line(r'refused from=127\.0\.0\.1 user="bob" reason="wrong password"')
    for place in f"imap://{NAME}:144/", "imap://localhost/", f"imap://127.0.0.1:{house.relay.port}/":
        done = house.curl(place)
        check(b"403" in done.stderr, f"curl was told {done.stderr!r} of {place}")


def the_server_is_down(stage):
    """The protocol's own refusal comes all the way."""
    dovecot = Dovecot(stage)
    house = House(stage, imap=dovecot.imap)
    dovecot.kill()
    with house.visitor.connect("imap") as client:
        refusal(client)


def the_server_dies(stage):
    """With somebody logged in."""
    dovecot = Dovecot(stage)
    house = House(stage, imap=dovecot.imap)
    with house.visitor.connect("imap") as client:
        check(client.recv(1000).startswith(b"* OK"), "no greeting")
        dovecot.kill()
        read_all(client)
    house.home.daemon.wait_line(r"reverse/imap #1 closed ")
    house.relay.daemon.wait_line(r"relay #\d+ closed ")


scenario(mbsync, msmtp, slrnpull, curl_reads_and_sends, a_password_that_is_wrong_and_a_name_that_is_not_there,
         the_server_is_down, the_server_dies, in_turns=True)
