#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A small SMTP server: takes every message for everybody, and keeps it byte for byte in a mailbox."""
import re

from server import Server, arguments, stay

SIZE_LIMIT = 64 * 1024 * 1024


class Smtp(Server):
    """`mailbox` is a list that each message is appended to; the IMAP server may show the same one."""

    def __init__(self, mailbox=None, **where):
        self.mailbox = [] if mailbox is None else mailbox
        super().__init__(**where)

    def serve(self, wire):
        wire.send(b"220 mail.example.net ESMTP reference server\r\n")
        sender, recipients = None, []
        while (line := wire.line()) is not None:
            verb = line.split(b" ")[0].upper()
            reply = b"250 2.0.0 OK"
            if verb == b"EHLO":
                sender, recipients = None, []
                wire.send(b"250-mail.example.net\r\n250-PIPELINING\r\n250-8BITMIME\r\n")
                reply = b"250 SIZE %d" % SIZE_LIMIT
            elif verb in (b"HELO", b"RSET"):
                sender, recipients = None, []
            elif verb == b"MAIL":
                form = re.match(rb"MAIL FROM:\s*<([^>]*)>", line, re.IGNORECASE)
                sender, reply = (form[1], b"250 2.1.0 OK") if form else (None, b"501 5.5.4 MAIL FROM:<address>")
            elif verb == b"RCPT":
                form = re.match(rb"RCPT TO:\s*<([^>]+)>", line, re.IGNORECASE)
                if form and sender is not None:
                    recipients.append(form[1])
                    reply = b"250 2.1.5 OK"
                else:
                    reply = b"503 5.5.1 MAIL first, then RCPT TO:<address>"
            elif verb == b"DATA" and not recipients:
                reply = b"503 5.5.1 RCPT first"
            elif verb == b"DATA":
                wire.send(b"354 End with a line of one dot\r\n")
                message = wire.text()
                if message is None:
                    return  # broke off: not a message
                self.mailbox.append(message)
                sender, recipients = None, []
                reply = b"250 2.0.0 Message accepted"
            elif verb == b"QUIT":
                wire.send(b"221 2.0.0 Bye\r\n")
                return
            elif verb != b"NOOP":
                reply = b"502 5.5.1 Command not known"
            wire.send(reply + b"\r\n")


if __name__ == "__main__":
    given = arguments(__doc__).parse_args()
    stay(Smtp(host=given.listen[0], port=given.listen[1]))
