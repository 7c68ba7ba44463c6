#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Two homes wait for one name, and the path to the one that has waited longer drops what is sent there without a word.
The 101 goes into it; the client is served by the other one all the same, at a public port and by the private name."""
import time

from kit import Sallyport, check, equal, scenario
from kit.certificates import Authority
from kit.process import until
from kit.real import PASSWORD, USER, Dovecot, hard, letter
from kit.real.machines import Machine, join, look_for_room
from kit.real.published import ALICE, BOB, NAME, QUIET, RIGHTS, hashed, login, registration
from kit.control import facts

RELAY, GATE, NEAR = "203.0.113.5", "203.0.113.77", "203.0.113.9"
GATE_INSIDE, FAR = "192.168.77.1", "192.168.77.2"

URL = f"https://{RELAY}:8443"

PATIENCE = 10
"""Seconds for which the relay waits for a path to acknowledge the first bytes."""


class AtHome(Dovecot):
    """On a machine where all ports are free."""

    def choose(self, count):
        return [10143, 10110, 10190, 10993, 10995][:count]


class World:
    """A relay, a home beside it, and another one behind a gate."""

    def __init__(self, stage, kinds):
        look_for_room()
        self.stage = stage
        self.authority = Authority(stage)
        self.relay, self.gate, self.near, self.far = (
            Machine(stage, name, authority=self.authority) for name in ("relay", "gate", "near", "far"))
        self.relay.do("ip", "link", "add", "out", "type", "bridge")
        self.relay.do("ip", "address", "add", f"{RELAY}/24", "dev", "out")
        self.relay.do("ip", "link", "set", "out", "up")
        for machine, address in (self.gate, GATE), (self.near, NEAR):
            join(self.relay, machine, address, bridge="out")
        join(self.gate, self.far, FAR, there=GATE_INSIDE)
        self.relay.do("ip", "route", "add", f"{FAR}/32", "via", GATE)
        self.far.do("ip", "route", "add", "default", "via", GATE_INSIDE)
        self.forward(True)
        self.dovecot = AtHome(self.near.inside)
        self.daemon = Sallyport(self.relay.inside, self._relay(kinds), name="the-relay")

    def _relay(self, kinds):
        certificate = self.authority.leaf(RELAY)
        users = self.stage.file("users", "".join(f"{who}:{hashed(password)}:{rights}\n"
                                                 for (who, password), rights in RIGHTS.items()), mode=0o600)
        ports = "".join(f"[public {kind}]\nlisten = {RELAY}:10143\nname = {NAME}:143\nallow = everyone\n"
                        f"protocol = imap\n" for kind in kinds)
        return (f"[relay]\nlisten = {RELAY}:8443\nusers = {users}\ncert-file = {certificate.file}\n"
                f"key-file = {certificate.key}\n{ports}")

    def forward(self, does):
        """Whether the gate lets through what comes to it; it says nothing to anybody."""
        self.gate.do("sh", "-c", f"echo {int(does)} >/proc/sys/net/ipv4/ip_forward")

    def home(self, machine, port, waiting):
        """Publishes the port there, once as many requests stand as are to stand at all."""
        text = (f"[reverse imap]\nrelay = {registration(URL, 'imap')}\ntarget = 127.0.0.1:{port}\nprotocol = imap\n"
                f"waiting = 1\ntrusted-clients = yes\n{login(ALICE)}{QUIET}")
        daemon = Sallyport(machine.inside, text, name=f"home-{machine.name}")
        until(lambda: [name["waiting"] for name in facts(self.daemon)["relay"]] == [waiting], "a place that waits")
        return daemon

    def fetch(self, *way):
        """The first letter as curl fetches it on the relay's machine, and the seconds that it took."""
        begun = time.monotonic()
        self.relay.do("curl", "-sS", "--max-time", "60", "-o", "/run/letter", "--user", f"{USER}:{PASSWORD}", *way)
        return self.relay.read("/run/letter"), time.monotonic() - begun


def served_by_the_next(stage, kinds, *way):
    world = World(stage, kinds)
    text = letter("the next place", hard(100_000))
    world.dovecot.drop(text)
    far = world.home(world.far, 9, 1)  # where nothing listens: what comes from there is no letter
    world.home(world.near, world.dovecot.imap, 2)
    world.forward(False)
    got, seconds = world.fetch(*way)
    equal(got, text, "letter")
    world.daemon.wait_line(rf"#\d+ a place at {NAME}:143 has ended before its first byte")
    world.daemon.wait_line(r"#\d+ open .*again=yes")
    check(PATIENCE / 2 < seconds < 2 * PATIENCE, f"it took {seconds} s")
    equal(far.count("reverse/imap #"), 0, "sessions of the home that is cut off")


def at_a_public_port(stage):
    served_by_the_next(stage, ["imap"], f"imap://{RELAY}:10143/INBOX;MAILINDEX=1")


def by_the_private_name(stage):
    served_by_the_next(stage, [], "--proxytunnel", "--proxy", URL, "--proxy-user", ":".join(BOB),
                       f"imap://{NAME}:143/INBOX;MAILINDEX=1")


scenario(at_a_public_port, by_the_private_name, paths=("splice",))
