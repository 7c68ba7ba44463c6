# SPDX-License-Identifier: ISC
"""mbsync, which keeps a Maildir and a mailbox the same."""
import glob
import os

from ..case import equal, need
from ..daemon import Sallyport
from ..process import run
from .dovecot import PASSWORD, USER
from .mailbox import Mailbox
from .text import body_of, hard, letter

FAR = [letter(f"far {number}", hard(size, seed=size)) for number, size in enumerate((2_000, 70_000, 1_500_000))]
NEAR = letter("near", hard(400_000))


class Mbsync:
    """With a Maildir below the folder of that name in the stage's, and no TLS of its own; way is how its configuration
    says to reach the server."""

    def __init__(self, stage, way, name="near"):
        self.program = need("mbsync", "isync")
        self.stage = stage
        self.folder = stage.dir(name)
        self.maildir = os.path.join(self.folder, "INBOX")  # made by mbsync
        self.config = stage.file(f"{name}.mbsyncrc", f"""\
IMAPAccount far
{way}
User {USER}
Pass {PASSWORD}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account far

MaildirStore near
Path {self.folder}/
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

    def both_ways(self, dovecot):
        """Three messages come, one goes; dovecot is asked, past the way, what it got."""
        for message in FAR:
            dovecot.drop(message)
        self.sync()
        equal(self.bodies(), sorted(map(body_of, FAR)), "bodies that came")
        self.stage.file(os.path.join(self.maildir, "cur/1.near:2,S"), NEAR.replace(b"\r\n", b"\n"))
        self.sync()
        with Mailbox(("127.0.0.1", dovecot.imap)) as mailbox:
            mailbox.wait(len(FAR) + 1)
            equal(body_of(mailbox.message(len(FAR) + 1)), body_of(NEAR), "body that went")
