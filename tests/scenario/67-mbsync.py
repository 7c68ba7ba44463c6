#!/usr/bin/env python3
"""mbsync keeps a Maildir and dovecot's mailbox the same, both ways: through a port of the daemon, and with
`sallyport connect` as its Tunnel command."""
import glob
import os
import shlex

from kit import Sallyport, equal, need, run, scenario
from kit.daemon import PROGRAM
from kit.real import PASSWORD, USER, Dovecot, Mailbox, Squid, body_of, hard, letter, through

FAR = [letter(f"far {number}", hard(size, seed=size)) for number, size in enumerate((2_000, 70_000, 1_500_000))]
NEAR = letter("near", hard(400_000))


class Mbsync:
    """mbsync with a Maildir in the stage's folder; way is how its configuration says to reach the server."""

    def __init__(self, stage, way):
        self.program = need("mbsync", "isync")
        self.stage = stage
        self.maildir = os.path.join(stage.dir("near"), "INBOX")  # made by mbsync
        self.config = stage.file("mbsyncrc", f"""\
IMAPAccount far
{way}
User {USER}
Pass {PASSWORD}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account far

MaildirStore near
Path {stage.dir("near")}/
Inbox {self.maildir}

Channel inbox
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync All
SyncState *
""", mode=0o600)

    def sync(self):
        done = run([self.program, "-c", self.config, "inbox"], env=Sallyport.environment(self.stage))
        equal(done.returncode, 0, f"status of mbsync, which said {(done.stdout + done.stderr).decode()}")

    def bodies(self):
        """Of all messages in the Maildir, with the line ends of mail."""
        found = []
        for path in glob.glob(os.path.join(self.maildir, "[cn]*", "*")):
            with open(path, "rb") as file:
                found.append(body_of(file.read().replace(b"\n", b"\r\n")))
        return sorted(found)


def syncs(stage, dovecot, mbsync):
    """Three messages come, one goes."""
    for message in FAR:
        dovecot.drop(message)
    mbsync.sync()
    equal(mbsync.bodies(), sorted(map(body_of, FAR)), "bodies that came")
    stage.file("near/INBOX/cur/1.near:2,S", NEAR.replace(b"\r\n", b"\n"))
    mbsync.sync()
    with Mailbox(("127.0.0.1", dovecot.imap)) as mailbox:
        mailbox.wait(len(FAR) + 1)
        equal(body_of(mailbox.message(len(FAR) + 1)), body_of(NEAR), "body that went")


def through_a_port(stage):
    dovecot = Dovecot(stage)
    daemon = stage.sallyport(through(Squid(stage, [dovecot.imap]), imap=dovecot.imap))
    host, port = daemon.address("imap")
    syncs(stage, dovecot, Mbsync(stage, f"Host {host}\nPort {port}"))
    daemon.wait_line(r"imap #2 closed ")


def through_connect_as_its_tunnel_command(stage):
    dovecot = Dovecot(stage)
    squid = Squid(stage, [dovecot.imap])
    config = stage.file("connect.ini", through(squid, imap=dovecot.imap), mode=0o600)
    command = shlex.join((PROGRAM, "-c", config, "connect", "imap"))
    syncs(stage, dovecot, Mbsync(stage, f'Tunnel "{command}"'))
    equal([tunnel["upgrade"] for tunnel in squid.tunnels(2)], ["IMAP"] * 2, "protocols that squid was told")


scenario(through_a_port, through_connect_as_its_tunnel_command)
