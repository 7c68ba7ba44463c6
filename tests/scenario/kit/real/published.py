# SPDX-License-Identifier: ISC
"""Servers that are published through a relay: the relay, the home, and a client that knows the private name, each a
daemon of its own."""
from ..process import run
from ..route import listener, settings
from ..case import need

NAME = "home"
"""The private name of everything that is published; what it is tells the port."""

WAYS = {"imap": 143, "submission": 587, "smtp": 25, "nntp": 119}
"""The port of the private name by which each kind of server is known."""

ALICE, BOB = ("alice", "open: sesame"), ("bob", "tick tock")
"""Who registers, and who comes."""

RIGHTS = {ALICE: "register=" + ",".join(f"{NAME}:{port}" for port in WAYS.values()),
          BOB: "reach=" + ",".join(f"{NAME}:{port}" for port in WAYS.values())}

QUIET = "[sallyport]\ncontrol = none\n"
"""The relay alone has the stage's control socket."""


def hashed(password):
    """As crypt(3) has it."""
    done = run([need("openssl", "openssl"), "passwd", "-6", "-stdin"], data=password.encode() + b"\n")
    return done.stdout.decode().strip()


def login(who):
    """The lines of a section."""
    return "user = {}\npassword = {}\n".format(*who)


class Relay:
    """Reached by TLS, or behind a web server when it has no authority.  public: the kinds of servers that have a port
    of their own."""

    def __init__(self, stage, authority=None, public=(), more="", allow="everyone", name="relay"):
        self.stage, self.authority = stage, authority
        users = stage.file(f"{name}.users", "".join(f"{who}:{hashed(password)}:{rights}\n"
                                                    for (who, password), rights in RIGHTS.items()), mode=0o600)
        identity = ""
        if authority:
            certificate = authority.leaf("localhost", name=name)
            identity = f"cert-file = {certificate.file}\nkey-file = {certificate.key}\n"
        ports = "".join(f"[public {kind}]\nlisten = 127.0.0.1:0\nname = {NAME}:{WAYS[kind]}\nallow = {allow}\n"
                        f"protocol = {kind}\n" for kind in public)
        self.daemon = stage.sallyport(
            f"[relay]\nlisten = 127.0.0.1:0\nusers = {users}\n{identity}{more}\n{ports}", name=name)
        self.port = self.daemon.address("relay")[1]
        self.url = f"{'https' if authority else 'http'}://localhost:{self.port}"
        self.trusting = f"ca-file = {authority.file}\n" if authority else ""

    def holds(self, count):
        """Waits until the relay has let so many requests wait, from its start on.  A home says that they stand when
        none was refused for 2 s, and on a busy machine the relay may look at a password for longer."""
        self.daemon.wait_line(r"relay #\d+ waiting name=", count=count)

    def public(self, kind):
        """(host, port) of that server for everybody."""
        return self.daemon.address(f"public/{kind}")


def registration(url, kind):
    """The URL at which that kind of server is registered at a relay."""
    return f"{url}/.well-known/reverse/tcp/{NAME}/{WAYS[kind]}/"


class Home:
    """Publishes servers, {kind: port of 127.0.0.1}, at the relay that is reached at url.  trusting: the lines that
    verify it.  lines: for each section of theirs, by default that the servers trust nobody; sections: what else is in
    the file."""

    def __init__(self, stage, url, servers, trusting="", lines="trusted-clients = yes\n", sections="",
                 name="home", ready=True):
        self.servers = servers
        text = "".join(f"[reverse {kind}]\nrelay = {registration(url, kind)}\ntarget = 127.0.0.1:{port}\n"
                       f"protocol = {kind}\n{login(ALICE)}{trusting}{lines}\n" for kind, port in servers.items())
        self.daemon = stage.sallyport(text + sections + QUIET, name=name, ready=ready)
        if ready:
            self.wait()

    def wait(self, count=1):
        """Waits until requests for each server stand, for the count-th time."""
        for kind in self.servers:
            self.daemon.wait_line(rf"reverse/{kind} waiting", count=count)


def visitor(stage, relay, kinds, lines="", name="visitor"):
    """The daemon that comes as bob, with a listener for each kind of server."""
    text = settings(relay.url, "".join(listener(kind, f"{NAME}:{WAYS[kind]}") for kind in kinds),
                    sallyport="control = none", proxy=login(BOB) + relay.trusting + lines)
    return stage.sallyport(text, name=name)
