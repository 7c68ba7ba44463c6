# SPDX-License-Identifier: ISC
"""One way to a greeting, and the steps that it must take.

A step is one crossing of the path and back, as a letter of STEPS.  The steps of a way are the fewest that its protocols
allow without early data, and without a byte for the server before the proxy has agreed; what can go side by side with
another step is none."""
from dataclasses import dataclass, field

STEPS = {
    "D": "a name, or a service, is looked up",
    "C": "TCP connects",
    "S": "TLS with the proxy: 1.3, resumed or not; 1.2, and 1.3 where the proxy asks for another group, take one more "
         "unless they resume",
    "N": "the proxy's SETTINGS, which must have come before extended CONNECT is used (RFC 8441 section 3)",
    "O": "an outer proxy opens the way to the inner one, or takes another step of SOCKS5",
    "A": "an answer that brings what the request still needs: 407 or 401 a nonce, a challenge or the scheme, 305 "
         "another proxy, a PAC file the first one; or one that refuses, so that it is asked otherwise, or another one",
    "K": "the KDC gives the ticket for the proxy, once it is known that one is wanted; while TCP connects where the "
         "configuration says so",
    "P": "another session tries the password, and its outcome is awaited",
    "Q": "the request and its answer; a server that speaks first has greeted by then",
    "E": "EHLO, which SMTP wants before STARTTLS, and not in one piece with it (RFC 3207 section 4.2, RFC 2920)",
    "U": "STARTTLS, or TLS by Upgrade, and consent",
    "T": "TLS with the server, as with the proxy",
    "G": "the greeting of a server that waits for the end of the handshake",
    "H": "the next address of a name is tried 250 ms after the one before (RFC 8305 section 5)",
    "W": "the connect-timeout, a second here, of a proxy that is silent",
}
LENGTHS = {"H": 2.5, "W": 10}
"""Steps that are no round trip, in those of the path."""


@dataclass(frozen=True)
class Run:
    """How a program goes a way: a command and the text of its configuration, in which stand {listen} and {spare}, free
    ports; {host}, the far side; {nowhere}, an address there that nobody has; the name of each door there; {ca}, a file
    with its certificate; {file}, the configuration; {pac}, a file that names the proxy http_none."""
    command: str
    config: str = ""
    asks: str = ""      # what the client says first, to a program that is a proxy itself


@dataclass(frozen=True, eq=False)
class Way:
    """One of them: how the proxy is spoken to, how one logs in there, what the tunnel leads to."""
    form: str
    login: str
    target: str
    first: str                  # steps of the first session after the start
    later: str                  # and of those after it
    proxy: str                  # lines of [proxy], as in Run
    lines: str                  # and of the listener
    listener: str = "imap"
    more: str = ""              # more sections
    kerberos: bool = False      # the user has a ticket
    ready: bool = False         # connections are made ahead: sessions come once they stand
    at_once: int = 1            # sessions that come together; the last one counts
    rivals: dict = field(default_factory=dict)  # name of another program: its Run

    def __str__(self):
        return f"{self.form} | {self.login} | {self.target}"

    def runs(self, names):
        """The Runs of the rivals of those names, by name."""
        return {name: run for name, run in self.rivals.items() if name in names}


def length(steps):
    """How many round trips they are."""
    return sum(LENGTHS.get(step, 1) for step in steps)
