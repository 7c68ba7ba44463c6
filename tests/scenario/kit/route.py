# SPDX-License-Identifier: ISC
"""One route from a client to a scripted proxy, with the daemon between: what most scenarios about faults need."""
import re

from .case import check, equal
from .peers import GREETING, Proxy
from . import streams

TARGET = "mail.example.net"

REFUSALS = {
    "imap": {"temporary": rb"\* BYE \[UNAVAILABLE\] ", "permanent": rb"\* BYE (?!\[)"},
    "smtp": {"temporary": rb"421 4\.4\.1 ", "permanent": rb"554 5\.7\.0 "},
    "submission": {"temporary": rb"421 4\.4\.1 ", "permanent": rb"554 5\.7\.0 "},
    "nntp": {"temporary": rb"400 ", "permanent": rb"502 "},
    "pop3": {"temporary": rb"-ERR \[SYS/TEMP\] ", "permanent": rb"-ERR \[SYS/PERM\] "},
    "managesieve": {"temporary": rb'BYE \(TRYLATER\) "', "permanent": rb'BYE "'},
}
"""How each protocol's line begins when a tunnel cannot be opened; `sallyport: ` follows."""

BOUND = 200
"""The longest such line, in bytes."""


def listener(section, target=TARGET, more=""):
    """A listener's section, on any free port."""
    return f"[{section}]\nlisten = 127.0.0.1:0\ntarget = {target}\n{more}\n"


FORWARD = listener("forward", f"{TARGET}:4242", "protocol = X-TEST")


def settings(url, listeners=None, sallyport="", proxy=""):
    """A configuration text: these listeners (or one for IMAP) through the proxy with that URL."""
    return f"[sallyport]\n{sallyport}\n[proxy]\nurl = {url}\n{proxy}\n{listeners or listener('imap')}"


def refusal(client, kinds=("temporary",), protocol="imap"):
    """Reads the refusal line of the protocol, which must be all that comes, and gives its text after `sallyport: `."""
    data, how = streams.read_all(client)
    begins = rb"|".join(REFUSALS[protocol][kind] for kind in kinds)
    line = re.fullmatch(rb"(?:" + begins + rb")sallyport: ([ -~]+)\r\n", data)
    check(line, f"wanted the {'/'.join(kinds)} refusal of {protocol} and the end, got {data!r}, then {how}")
    check(len(data) <= BOUND, f"the refusal has {len(data)} bytes: {data!r}")
    equal(how, streams.END, "end of the refused client's stream")
    return line.group(1).decode("ascii")


def heard(daemon, name="imap"):
    """All that a client of that listener gets until the end of its stream."""
    with daemon.connect(name) as client:
        return streams.read_all(client)[0]


def verdict(told):
    """What a refusal says has happened: without the place behind it, and without whose doing it was."""
    return re.sub(r"^(?:proxy|server)(?: answered)? | \([^()]*\)$", "", told)


class Route:
    """A proxy that plays script, a daemon that goes through it, by a URL with that path.  The stage closes clients
    first, then the proxy's connections, and so no session is left when it stops the daemon."""

    def __init__(self, stage, script, listeners=None, sallyport="", proxy="", path="", **options):
        self.stage = stage
        self.proxy = Proxy(stage, script)
        self.daemon = stage.sallyport(settings(self.proxy.url + path, listeners, sallyport, proxy), **options)
        stage.later(self.proxy.stop)

    def client(self, name="imap", **options):
        """A client of that listener, closed with the stage."""
        client = self.daemon.connect(name, **options)
        self.stage.later(client.close)
        return client

    def greeted(self, greeting=GREETING):
        """A client that has been given the greeting."""
        client = self.client()
        equal(streams.read_exactly(client, len(greeting)), greeting, "greeting")
        return client

    def failed(self, reason="", kinds=("temporary",), count=1):
        """Waits for the log line about a failed session whose reason matches the regular expression."""
        return self.daemon.wait_line(rf'#\d+ failed class=({"|".join(kinds)}) reason="[^"]*{reason}', count=count)
