#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A new user on a machine from which a squid alone leads out, and who knows an address and that squid: from `sallyport
setup --address` to a letter that mutt sends and reads, with nothing typed or pasted but what was asked and printed."""
import os
import re
import time

from kit import Sallyport, check, equal, need, own_network, run, scenario
from kit.daemon import PROGRAM
from kit.process import until
from kit.provider import ADDRESS, PROXY_PASSWORD, Provider, talk
from kit.real import PASSWORD
from kit.terminal import Terminal

GATE, MACHINE = "192.0.2.1", "192.0.2.2"

BODY = "written and read by nothing but what setup has said"

MINUTES = 3
"""The bound of what a person puts up with; it takes seconds."""


class Newcomer:
    """A person with an empty home on a machine of their own, with one cable to where the proxy is."""

    def __init__(self, stage):
        self.stage = stage
        self.far = own_network.Far(stage, "cable", f"{MACHINE}/24")
        self.far.come(f"{GATE}/24")
        self.provider = Provider(stage, users={"fred": PROXY_PASSWORD}, address=GATE)
        self.home = stage.dir("new", 0o700)
        self.env = {**self.provider.env, "HOME": self.home, "XDG_CONFIG_HOME": f"{self.home}/.config", "USER": "alice",
                    "LANG": "C.UTF-8", "LINES": "24", "COLUMNS": "80", "EDITOR": "true", "VISUAL": "true"}
        self.env.pop("SALLYPORT_NAMESERVERS")

    def terminal(self, *argv):
        """A program that the person uses."""
        with self.far.there():
            return Terminal(self.stage, argv[1:], program=argv[0], on_terminal=True, env=self.env)

    def start(self, *argv, name):
        """One that runs on."""
        with self.far.there():
            return self.stage.start(list(argv), name=name, env=Sallyport.environment(self.stage, self.env))

    def run(self, *argv, data):
        """One that ends."""
        with self.far.there():
            return run(list(argv), data=data, env=Sallyport.environment(self.stage, self.env), cwd=self.home)


def set_up(person):
    """The dialogue; gives what was printed for mutt."""
    setup = person.terminal(PROGRAM, "setup", "--address", ADDRESS)
    talk(setup, ((r"The proxy's URL: $", f"{GATE}:{person.provider.squid.port}\n"),
                 (r"Your user name at the proxy.*: $", "fred\n"), (r"Keep the password by .*: $", "\n"),
                 (r"Your password at the proxy: $", PROXY_PASSWORD + "\n"), (r"Use these servers \[yes\]: $", "\n"),
                 (r"Your mail program \[none\]: $", "mutt\n")))
    equal(setup.wait(), 0, f"status of setup, which showed {setup.shown}")
    check("`sallyport run`" in setup.shown, setup.shown)
    printed = re.search(r"(?s)For mutt:\r\n\r\n(.*)\r\nNext: ", setup.shown)
    check(printed, f"no recipe in {setup.shown}")
    return printed.group(1).replace("\r\n", "\n")


def from_an_address_to_a_letter(stage):
    mutt = need("mutt", "mutt")
    own_network.own_etc()
    person = Newcomer(stage)
    begun = time.monotonic()
    recipe = set_up(person)
    where = re.match(r"# mutt: put these lines into ~/(\S+)\n", recipe)
    check(where, recipe)
    password = stage.file("new/.password", PASSWORD, mode=0o600)
    stage.file(os.path.join("new", where.group(1)), recipe.replace(
        '# set smtp_pass = "`pass show mail`"', f'set smtp_pass = "`cat {password}`"'), mode=0o600)
    person.start(PROGRAM, "run", name="sallyport").wait_line("ready listeners=")

    sent = person.run(mutt, "-s", "from a newcomer", ADDRESS, data=(BODY + "\n").encode())
    equal(sent.returncode, 0, f"status of mutt, which said {sent.stdout} {sent.stderr}")
    box = os.path.join(person.provider.dovecot.mail, "alice/Maildir/new")
    until(lambda: os.listdir(box), "the letter to arrive")
    reader = person.terminal(mutt)
    reader.see(r"(?i)password")
    until(lambda: not reader.echoes(), "the password not to be shown")
    reader.type(PASSWORD + "\r")
    reader.see("from a newcomer")
    reader.type("\r")
    reader.see(BODY)
    taken = time.monotonic() - begun
    print(f"# {taken:.1f} s from the address to the letter", flush=True)
    check(taken < 60 * MINUTES, f"it took {taken} s")
    reader.type("ix")
    equal(reader.wait(), 0, "status of mutt")


own_network.go_inside()
scenario(from_an_address_to_a_letter, paths=["splice"])
