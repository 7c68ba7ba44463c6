# SPDX-License-Identifier: ISC
"""The mailbox as its reader sees it, by Python's own IMAP client."""
import imaplib

from ..process import PATIENCE, until
from .dovecot import PASSWORD, USER


class Mailbox:
    """A logged-in IMAP connection with INBOX open, to (host, port)."""

    def __init__(self, address):
        self.client = imaplib.IMAP4(*address, timeout=PATIENCE)
        self.client.login(USER, PASSWORD)
        self.client.select()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.logout()

    def wait(self, count):
        """Waits until that many messages are there."""
        def enough():
            _, (number,) = self.client.select()
            return int(number) >= count
        until(enough, f"message {count} in the mailbox")

    def message(self, number):
        """The bytes of that message."""
        _, parts = self.client.fetch(str(number), "(BODY.PEEK[])")
        return next(part[1] for part in parts if isinstance(part, tuple))  # others tell of flags that have changed

    def append(self, message):
        status, told = self.client.append("INBOX", None, None, message)
        if status != "OK":
            raise AssertionError(f"APPEND: {told}")
