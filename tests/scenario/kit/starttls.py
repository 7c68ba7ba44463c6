# SPDX-License-Identifier: ISC
"""Scripted mail and news servers that want STARTTLS: honest ones, and some that are dishonest or broken in one place.
Each is the script of one connection at a scripted proxy, or of a target that is reached without one."""
import ssl
import threading
from typing import NamedTuple

from . import streams
from .process import PATIENCE
from .tls import secure

END, SILENCE = b"<end>", b"<silence>"
"""In place of an answer: the server ends its stream; it says nothing more."""


class Dialogue(NamedTuple):
    """What an honest server of one protocol says, and what it is told; replayed: what the client gets of the greeting.
    The rest is said in place of an honest answer: without the keyword, and to STARTTLS no for good or no for now."""
    greeting: bytes
    ask: bytes         # b"": nothing is asked before STARTTLS
    offers: bytes
    start: bytes
    go: bytes
    replayed: bytes
    again: bytes       # what the server says by itself when TLS stands
    stripped: dict     # arguments for Server
    never: bytes
    later: bytes


SMTP = Dialogue(
    greeting=b"220-mail.example.net ESMTP\r\n220 at your service\r\n",
    ask=b"EHLO [127.0.0.1]\r\n",
    offers=b"250-mail.example.net\r\n250-SIZE 1000000\r\n250-STARTTLS\r\n250 8BITMIME\r\n",
    start=b"STARTTLS\r\n", go=b"220 2.0.0 go ahead\r\n",
    replayed=b"220-mail.example.net ESMTP\r\n220 at your service\r\n", again=b"",
    stripped={"offers": b"250-mail.example.net\r\n250-XTARTTLSX\r\n250 8BITMIME\r\n"},
    never=b"501 5.5.4 never\r\n", later=b"454 4.7.0 TLS not available now\r\n")

DIALOGUES = {
    "imap": Dialogue(
        greeting=b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] mail.example.net ready\r\n",
        ask=b"", offers=b"", start=b"a1 STARTTLS\r\n", go=b"a1 OK go ahead\r\n",
        replayed=b"* OK mail.example.net ready\r\n", again=b"",
        stripped={"greeting": b"* OK [CAPABILITY IMAP4rev1 AUTH=STARTTLS] mail.example.net ready\r\n"},
        never=b"a1 BAD never\r\n", later=b"a1 NO [UNAVAILABLE] later\r\n"),
    "smtp": SMTP,
    "submission": SMTP,
    "nntp": Dialogue(
        greeting=b"200 news.example.net ready\r\n",
        ask=b"", offers=b"", start=b"STARTTLS\r\n", go=b"382 go ahead\r\n",
        replayed=b"200 news.example.net ready\r\n", again=b"", stripped={},
        never=b"580 never\r\n", later=b"400 later\r\n"),
    "pop3": Dialogue(
        greeting=b"+OK ready <1896.697170952@mail.example.net>\r\n",
        ask=b"", offers=b"", start=b"STLS\r\n", go=b"+OK go ahead\r\n",
        replayed=b"+OK ready <1896.697170952@mail.example.net>\r\n", again=b"", stripped={},
        never=b"-ERR never\r\n", later=b"-ERR [SYS/TEMP] later\r\n"),
    "managesieve": Dialogue(
        greeting=b'"IMPLEMENTATION" {5}\r\nO\r\nK!\r\n"SIEVE" "fileinto"\r\n"STARTTLS"\r\nOK "hello"\r\n',
        ask=b"", offers=b"", start=b"STARTTLS\r\n", go=b"OK {8}\r\ngo ahead\r\n",
        replayed=b"", again=b'"IMPLEMENTATION" "true"\r\n"SIEVE" "fileinto"\r\n"SASL" "PLAIN"\r\nOK\r\n',
        stripped={"greeting": b'"IMPLEMENTATION" "STARTTLS"\r\n"SIEVE" "fileinto"\r\nOK "hello"\r\n'},
        never=b'NO "never"\r\n', later=b'NO (TRYLATER) "later"\r\n'),
}
"""By section."""


class Server:
    """Plays a dialogue on a connection, then TLS with that SSLContext, then answers every line of the client with
    `answered ` and the line.  greeting, offers, go: said in place of the honest answer; END and SILENCE are
    understood.  asked: whether it awaits the question what it offers; turns: pairs of a command and an answer that
    come between that and the start; dribble: every byte in a segment of its own; instead: a script that is played in
    place of TLS.

    `commands`: all that it must hear in the clear; `heard`: what it did hear there; `inside`: what came in TLS.
    `outcome`: "tls" when TLS stood, "refused" when the handshake failed, "plain" when it never came to it; there when
    wait() returns."""

    def __init__(self, section, context, greeting=None, offers=None, go=None, asked=True, turns=(), dribble=False,
                 instead=None):
        honest = DIALOGUES[section]
        self.dialogue = honest
        self._context, self._dribble, self._instead = context, dribble, instead
        self._turns = [(b"", honest.greeting if greeting is None else greeting)]
        if honest.ask and asked:
            self._turns.append((honest.ask, honest.offers if offers is None else offers))
        self._turns.extend(turns)
        self._turns.append((honest.start, honest.go if go is None else go))
        self.commands = b"".join(command for command, _ in self._turns)
        self._done = threading.Event()
        self.heard, self.inside, self.outcome = b"", b"", "plain"

    def play(self, connection):
        """The script of a connection that is with this server already."""
        try:
            agreed = all(self._turn(connection, *turn) for turn in self._turns)
            if agreed and self._instead:
                self._instead(connection)
            elif agreed and self._turns[-1][1] == self.dialogue.go:
                self._in_tls(connection)
            else:
                self.heard += streams.read_all(connection.sock)[0]
        finally:
            self._done.set()

    def wait(self):
        """Waits until the connection is over; gives the outcome."""
        if not self._done.wait(PATIENCE):
            raise AssertionError(f"the server still waits, having heard {self.heard!r} and {self.inside!r} in TLS")
        return self.outcome

    def _turn(self, connection, command, answer):
        """Whether the dialogue goes on."""
        got, _ = streams.read_all(connection.sock, len(command))
        self.heard += got
        if got != command or answer == SILENCE:
            return False
        if answer == END:
            connection.half_close()
            return False
        if self._dribble:
            connection.send_in_segments([answer[i:i + 1] for i in range(len(answer))])
        else:
            connection.send(answer)
        return True

    def _in_tls(self, connection):
        try:
            secure(connection, self._context)
            self.outcome = "tls"
            connection.send(self.dialogue.again)
            line = b""
            while byte := connection.sock.recv(1):
                self.inside += byte
                line += byte
                if byte == b"\n":
                    connection.send(b"answered " + line)
                    line = b""
        except (ssl.SSLError, ConnectionError):
            self.outcome = "refused" if self.outcome == "plain" else self.outcome
