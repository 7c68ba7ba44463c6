# SPDX-License-Identifier: ISC
"""Proxies that a PAC file chooses between, and a daemon that asks it."""
import os

from .control import facts
from .peers import GREETING, Proxy
from .process import until
from .redirecting import Town
from .route import listener, settings


class PacTown(Town):
    """Proxies by name, and a PAC file that can be changed at any time."""

    def __init__(self, stage, *names):
        super().__init__(stage, *names)
        self.file = os.path.join(stage.folder, "proxy.pac")

    def member(self, name):
        """The proxy as a member of an answer."""
        return f"PROXY {self[name].host}:{self[name].port}"

    def decide(self, body):
        """From now on the file's function does that; what stands in it as <NAME> is that proxy."""
        for name in self.proxies:
            body = body.replace(f"<{name}>", self.member(name))
        text = f"function FindProxyForURL(url, host) {{ {body} }}\n"
        os.rename(self.stage.file("proxy.pac.new", text), self.file)
        if self.daemon:
            until(self.is_looked_at, "the daemon looks at its PAC file again at the next question")

    def is_looked_at(self):
        """Whether the daemon would look at the file now: it does not when it has done so within a second."""
        age = facts(self.daemon)["found"][0]["age"]
        return age is None or age >= 1

    def say(self, answer):
        """From now on it gives that answer for everything."""
        self.decide(f'return "{answer}";')

    def run_found(self, proxy="", listeners=None, more="", sallyport="", env=None):
        """Starts the daemon, with these lines in [proxy]."""
        ini = f"{settings('pac:' + self.file, listeners, sallyport, proxy)}\n{more}\n"
        self.daemon = self.stage.sallyport(ini, env={"SALLYPORT_ASKPASS": "", "SSH_ASKPASS": "", **(env or {})})
        for town_proxy in self.proxies.values():
            self.stage.later(town_proxy.stop)
        return self


def server(stage):
    """A server that may be dialed directly: it greets and echoes."""
    return Proxy(stage, lambda connection: connection.send(GREETING) or connection.echo())


def imap_at(peer, label="", more=""):
    """A listener whose target is that server."""
    return listener(f"imap {label}".strip(), f"{peer.host}:{peer.port}", more)
