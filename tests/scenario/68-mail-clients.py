#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Programs that people send and fetch mail with, pointed at the daemon's ports: curl, msmtp and swaks."""
from kit import Sallyport, equal, need, run, scenario
from kit.real import PASSWORD, USER, Dovecot, Mailbox, Postfix, Squid, body_of, hard, letter, through

SENDER, RECIPIENT = "bob@example.net", "alice@example.net"

BODY = hard(300_000)


class House:
    """postfix and dovecot behind squid, and the daemon."""

    def __init__(self, stage):
        self.stage = stage
        dovecot = Dovecot(stage)
        postfix = Postfix(stage, dovecot)
        squid = Squid(stage, [*dovecot.ports, postfix.port])
        self.daemon = stage.sallyport(through(squid, submission=postfix.port, imap=dovecot.imap, pop3=dovecot.pop3))

    def place(self, listener):
        return "{}:{}".format(*self.daemon.address(listener))

    def client(self, *argv, data=None):
        """Runs a client to its end, which must be a good one; gives what it printed."""
        done = run(argv, data=data, env=Sallyport.environment(self.stage))
        equal(done.returncode, 0, f"status of {argv[0]}, which said {(done.stdout + done.stderr).decode('latin-1')}")
        return done.stdout

    def arrived(self):
        """The message that was sent is in the mailbox, its body unchanged."""
        with Mailbox(self.daemon.address("imap")) as mailbox:
            mailbox.wait(1)
            equal(body_of(mailbox.message(1)), BODY, "body that arrived")
        self.daemon.wait_line(r"submission #1 closed in=3\d{5} ")


def msmtp_sends(stage):
    program = need("msmtp", "msmtp")
    house = House(stage)
    host, port = house.daemon.address("submission")
    house.client(program, f"--host={host}", f"--port={port}", f"--from={SENDER}", "--tls=off", "--auth=off", RECIPIENT,
                 data=letter("msmtp", BODY).replace(b"\r\n", b"\n"))
    house.arrived()


def swaks_sends(stage):
    program = need("swaks", "swaks")
    house = House(stage)
    text = letter("swaks", BODY).replace(b"\r\n", b"\n").removesuffix(b"\n")  # swaks adds a line's end at the end
    message = stage.file("message", text)
    house.client(program, "--server", house.place("submission"), "--helo", "client.example.net", "--from", SENDER,
                 "--to", RECIPIENT, "--data", "@" + message, "--silent", "2")
    house.arrived()


def curl_sends_and_fetches(stage):
    program = need("curl", "curl")
    house = House(stage)
    message = stage.file("message", letter("curl", BODY))
    house.client(program, "-sS", f"smtp://{house.place('submission')}/client.example.net", "--mail-from", SENDER,
                 "--mail-rcpt", RECIPIENT, "--upload-file", message)
    house.arrived()
    user = f"{USER}:{PASSWORD}"
    for url in f"imap://{house.place('imap')}/INBOX;MAILINDEX=1", f"pop3://{house.place('pop3')}/1":
        equal(body_of(house.client(program, "-sS", "--user", user, url)), BODY, f"body fetched from {url}")


scenario(msmtp_sends, swaks_sends, curl_sends_and_fetches)
