#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A small IMAP server with one mailbox, INBOX, that is read and added to but never expunged.

For want of that a message's UID is its number.  Flags are not kept.
"""
import base64
import inspect
import re

from server import Server, arguments, stay

LITERAL_LIMIT = 64 * 1024 * 1024

WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\((?:[^()]|\([^()]*\))*\))|\0(\d+)\0|((?:[^\s"\0[]|\[[^]]*\])+)')
"""A quoted string, a list (of lists), a literal's place, an atom that may hold a section in square brackets."""

ITEM = re.compile(r"(BODY)(?:\.PEEK)?(\[[^]]*\])|([A-Z0-9.]+)", re.IGNORECASE)
"""One thing that FETCH is asked for."""

MESSAGE = b"\r\n".join((
    b"From: Sender <sender@example.net>", b"To: Reader <reader@example.net>", b"Subject: a first message",
    b"Date: Sat, 01 Jun 2024 12:00:00 +0000", b"Message-ID: <first@mail.example.net>", b"",
    b"A message in a reference server.", b""))

CAPABILITIES = "IMAP4rev1 SASL-IR AUTH=PLAIN IDLE LITERAL+"


class Imap(Server):
    """`mailbox` is the list of messages, which an SMTP server may add to; `users` maps names to passwords."""

    def __init__(self, mailbox=None, users=None, **where):
        self.mailbox = [MESSAGE] if mailbox is None else mailbox
        self.users = users or {"reader": "secret"}
        super().__init__(**where)

    def serve(self, wire):
        wire.send(f"* OK [CAPABILITY {CAPABILITIES}] reference server ready\r\n".encode())
        Dialogue(self, wire).run()


class Dialogue:
    """One client's session.  Each command gives its tagged answer, `OK ...`, `NO ...` or `BAD ...`."""

    def __init__(self, server, wire):
        self.server = server
        self.wire = wire
        self.user = None
        self.selected = False

    def say(self, text):
        self.wire.send(text.encode("utf-8", "surrogateescape") + b"\r\n")

    def run(self):
        while (words := self.command()) is not None:
            tag, verb, *rest = words + [""] * (2 - len(words))
            answer = self.perform(verb, rest)
            if answer is None:
                return
            self.say(f"{tag} {answer}")
            if verb.upper() == "LOGOUT":
                return

    def perform(self, verb, rest):
        action = getattr(self, "do_" + verb.lower(), None)
        if action is None:
            return "BAD not known"
        try:
            inspect.signature(action).bind(*rest)
        except TypeError:
            return "BAD more or fewer arguments than it takes"
        return action(*rest)

    def command(self):
        """The words of the next command, literals read; None at the end of the stream."""
        text, literals = "", []
        while (line := self.wire.line()) is not None:
            line = line.decode("utf-8", "surrogateescape")
            literal = re.search(r"\{(\d+)(\+?)\}$", line)
            if not literal:
                return [self.word(found, literals) for found in WORD.finditer(text + line)]
            if int(literal[1]) > LITERAL_LIMIT:
                return None
            if not literal[2]:
                self.say("+ go ahead")
            data = self.wire.exactly(int(literal[1]))
            if data is None:
                return None
            literals.append(data)
            text += line[:literal.start()] + f"\0{len(literals) - 1}\0"
        return None

    @staticmethod
    def word(found, literals):
        quoted, listed, literal, atom = found.groups()
        if quoted is not None:
            return re.sub(r"\\(.)", r"\1", quoted)
        if literal is not None:
            return literals[int(literal)].decode("utf-8", "surrogateescape")
        return listed or atom

    def do_capability(self):
        self.say("* CAPABILITY " + CAPABILITIES)
        return "OK done"

    def do_noop(self):
        if self.selected:
            self.say(f"* {len(self.server.mailbox)} EXISTS")
        return "OK done"

    do_check = do_noop

    def do_logout(self):
        self.say("* BYE logging out")
        return "OK done"

    def do_login(self, name, password):
        if self.server.users.get(name) != password:
            return "NO [AUTHENTICATIONFAILED] wrong name or password"
        self.user = name
        return "OK logged in"

    def do_authenticate(self, mechanism, response=None):
        if mechanism.upper() != "PLAIN":
            return "NO only PLAIN"
        if response is None:
            self.say("+ ")
            line = self.wire.line()
            if line is None:
                return None
            response = line.decode("latin-1")
        try:
            _, name, password = base64.b64decode(response, validate=True).decode().split("\0")
        except ValueError:
            return "BAD no response of PLAIN"
        return self.do_login(name, password)

    def do_list(self, reference, pattern):
        if self.user is None:
            return "NO log in first"
        if pattern == "":
            self.say('* LIST (\\Noselect) "/" ""')
        elif pattern.upper() in ("*", "%", "INBOX"):
            self.say('* LIST (\\HasNoChildren) "/" INBOX')
        return "OK done"

    do_lsub = do_list

    def do_status(self, name, items):
        if self.user is None or name.upper() != "INBOX":
            return "NO no such mailbox"
        count = len(self.server.mailbox)
        known = {"MESSAGES": count, "RECENT": 0, "UIDNEXT": count + 1, "UIDVALIDITY": 1, "UNSEEN": count}
        shown = [f"{item} {known[item]}" for item in items.upper().strip("()").split() if item in known]
        self.say(f"* STATUS INBOX ({' '.join(shown)})")
        return "OK done"

    def do_select(self, name):
        if self.user is None or name.upper() != "INBOX":
            return "NO no such mailbox"
        self.selected = True
        count = len(self.server.mailbox)
        for line in ("FLAGS (\\Seen)", "OK [PERMANENTFLAGS ()] none kept", f"{count} EXISTS", "0 RECENT",
                     "OK [UIDVALIDITY 1] one", f"OK [UIDNEXT {count + 1}] next"):
            self.say("* " + line)
        return "OK [READ-ONLY] selected"

    do_examine = do_select

    def do_close(self):
        self.selected = False
        return "OK done"

    def do_search(self, *_):
        """Finds every message, whatever is looked for."""
        if not self.selected:
            return "NO select first"
        self.say(" ".join(["* SEARCH"] + [str(number + 1) for number in range(len(self.server.mailbox))]))
        return "OK done"

    def do_store(self, *_):
        return "NO [READ-ONLY] no flags are kept"

    def do_uid(self, verb, *rest):
        if verb.upper() == "FETCH" and len(rest) == 2:
            return self.do_fetch(rest[0], "UID " + rest[1])
        return self.do_search() if verb.upper() == "SEARCH" else "NO not kept"

    def do_fetch(self, numbers, items):
        if not self.selected:
            return "NO select first"
        for number in self.numbers(numbers):
            message = self.server.mailbox[number - 1]
            data = b""
            asked = ITEM.finditer(items)
            for name, value in dict(self.item(number, message, found) for found in asked).items():
                data += (b" " if data else b"") + name.encode() + b" " + value
            self.wire.send(b"* %d FETCH (" % number + data + b")\r\n")
        return "OK done"

    def numbers(self, text):
        """The message numbers of a sequence set, as far as there are such messages."""
        last = len(self.server.mailbox)
        for part in text.split(","):
            ends = [last if end == "*" else int(end) if end.isdecimal() else 0 for end in part.split(":")]
            yield from range(max(1, min(ends)), min(last, max(ends)) + 1)

    @staticmethod
    def item(number, message, found):
        """The name and the value of one thing that FETCH was asked for."""
        body, section, name = found.groups()
        if body:
            head, _, text = message.partition(b"\r\n\r\n")
            wanted = section[1:-1].upper()
            if wanted.startswith("HEADER.FIELDS"):
                names = wanted.partition("(")[2].rstrip(")").split()
                fields = re.findall(rb"[^\r\n]+(?:\r\n[ \t][^\r\n]*)*", head)
                part = b"".join(field + b"\r\n" for field in fields
                                if field.split(b":")[0].decode("latin-1").upper() in names) + b"\r\n"
            else:
                part = {"": message, "HEADER": head + b"\r\n\r\n", "TEXT": text}.get(wanted, b"")
            return "BODY" + section, b"{%d}\r\n" % len(part) + part
        name = name.upper()
        plain = {"UID": b"%d" % number, "RFC822.SIZE": b"%d" % len(message), "FLAGS": b"()",
                 "INTERNALDATE": b'"01-Jun-2024 12:00:00 +0000"'}
        return name, plain.get(name, b"NIL")

    def do_append(self, name, *rest):
        if self.user is None or name.upper() != "INBOX" or not rest:
            return "NO no such mailbox"
        self.server.mailbox.append(rest[-1].encode("utf-8", "surrogateescape"))
        return "OK appended"

    def do_idle(self):
        self.say("+ idling")
        line = self.wire.line()
        if line is None:
            return None
        return "OK done" if line.upper() == b"DONE" else "BAD DONE was expected"


if __name__ == "__main__":
    given = arguments(__doc__).parse_args()
    stay(Imap(host=given.listen[0], port=given.listen[1]))
