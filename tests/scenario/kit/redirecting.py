# SPDX-License-Identifier: ISC
"""Proxies that send their clients to one another, and a daemon that follows as far as it may."""
import re

from .case import check, equal
from .peers import OPAQUE, Proxy
from .route import listener, refusal, settings
from .streams import connect, read_exactly

MAIL = "imap://mail.example.net:143/"
"""The URL of a session of the usual listener."""


def use(proxy, parameters="", version="1.1", status="305 Use Proxy", fields=()):
    """The answer that names the proxy (or a whole Set-Proxy value) in the spelling of March 1997."""
    value = proxy if isinstance(proxy, str) else proxy.url + "/"
    return answer(f"Set-Proxy: {value} {parameters}".rstrip(), *fields, version=version, status=status)


def answer(*fields, version="1.1", status="305 Use Proxy"):
    """A whole answer with those fields."""
    return "".join(line + "\r\n" for line in (f"HTTP/{version} {status}", *fields, "Content-Length: 0", "")).encode()


def status_for(proxy, target, token):
    """The status that the proxy answers to a request for the target that names this protocol; None: names none."""
    upgrade = f"Upgrade: {token}\r\nConnection: Upgrade\r\n" if token else ""
    with connect(("127.0.0.1", proxy.port)) as client:
        client.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{upgrade}\r\n".encode())
        head = read_exactly(client, len("HTTP/1.1 305"))
    return head.decode().split()[1]


class Town:
    """Proxies by name.  One opens every tunnel and greets with its name, until it is told what to answer."""

    def __init__(self, stage, *names):
        self.stage = stage
        self.daemon = None
        self.answers = {}
        self.proxies = {name: self.build(name) for name in names}

    def __getitem__(self, name):
        return self.proxies[name]

    def build(self, name, **where):
        def script(connection):
            connection.read_head()
            told = self.answers.get(name)
            if callable(told):
                told(connection)
            elif told:
                connection.send(told)
            else:
                connection.send(OPAQUE + f"* OK {name}\r\n".encode())
                connection.echo()

        return Proxy(self.stage, script, **where)

    def tell(self, name, what):
        """From now on that proxy answers so: bytes, a function of the connection, or None to open tunnels."""
        self.answers[name] = what

    def ini(self, first, redirects="", more="", **options):
        """The configuration text whose proxy is that one, with those lines in [redirects], sections in more, and the
        options of settings()."""
        return f"{settings(self.proxies[first].url, **options)}\n{more}\n[redirects]\n{redirects}\n"

    def run(self, first, redirects="", env=None, **options):
        """Starts the daemon; it asks nobody unless it is told whom."""
        quiet = {"SALLYPORT_ASKPASS": "", "SSH_ASKPASS": ""}
        self.daemon = self.stage.sallyport(self.ini(first, redirects, **options), env={**quiet, **(env or {})})
        for proxy in self.proxies.values():
            self.stage.later(proxy.stop)
        return self

    def greeted(self, name, listener_name="imap"):
        """A session that is greeted by that proxy, and then over."""
        wanted = f"* OK {name}\r\n".encode()
        with self.daemon.connect(listener_name) as client:
            equal(read_exactly(client, len(wanted)), wanted, "greeting")

    def refused(self, reason, kinds=("permanent",)):
        """A session that is refused for a reason that matches; gives the text of the refusal."""
        with self.daemon.connect("imap") as client:
            text = refusal(client, kinds)
        check(re.search(reason, text), f"wanted a refusal like {reason!r}, got {text!r}")
        return text

    def asked(self, name):
        """How many requests that proxy got."""
        return len(self.proxies[name].heads)

    def redirected(self, by, to, scope=MAIL, lifetime="once", count=1):
        """Waits for the log line about that redirect; to is a proxy's name or the word that stands for none."""
        where = self.proxies[to].url if to in self.proxies else to
        told = f"redirected by={self.proxies[by].url} to={where} scope={scope} lifetime={lifetime}"
        return self.daemon.wait_line(rf"imap #\d+ {re.escape(told)}$", count=count)


def imap(target="mail.example.net", label="", more=""):
    """A listener for IMAP, with a label if there are several."""
    return listener(f"imap {label}".strip(), target, more)
