#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`url = system` and the settings of a desktop: those that GNOME and others share, set by their own program, gsettings,
and read by libproxy with its module for them.  They are in a file of the test's, for which no session is needed."""
import os
import subprocess

from kit import check, equal, scenario
from kit.finding import PacTown, imap_at, server
from kit.peers import GREETING
from kit.route import settings
from kit.streams import read_exactly

SCHEMA = "org.gnome.system.proxy"


class Desktop(PacTown):
    """Proxies, a PAC file and a server without a proxy; the settings name one, the other or neither."""

    def __init__(self, stage):
        super().__init__(stage, "a", "b")
        self.environment = {"GSETTINGS_BACKEND": "keyfile", "XDG_CONFIG_HOME": os.path.join(stage.folder, "config"),
                            "XDG_CURRENT_DESKTOP": "", "DESKTOP_SESSION": ""}
        self.peer = server(stage)

    def set(self, key, value, schema=SCHEMA):
        subprocess.run(["gsettings", "set", schema, key, value], check=True,
                       env={**os.environ, **self.environment})

    def by_hand(self, name):
        self.set("host", self[name].host, SCHEMA + ".https")
        self.set("port", str(self[name].port), SCHEMA + ".https")
        self.set("ignore-hosts", "[]")  # by themselves they except this machine
        self.set("mode", "manual")

    def start(self, proxy=""):
        listeners = imap_at(self.peer)
        self.daemon = self.stage.sallyport(settings("system", listeners, "", proxy), env=self.environment)
        for each in self.proxies.values():
            self.stage.later(each.stop)
        return self

    def heard(self):
        with self.daemon.connect("imap") as client:
            return read_exactly(client, len(GREETING))


def proxies_by_hand(stage):
    desktop = Desktop(stage)
    desktop.by_hand("a")
    desktop.start("fallback = direct")
    desktop.greeted("a")
    equal(desktop.peer.heads, [], "who came to the server")


def exceptions_of_theirs(stage):
    desktop = Desktop(stage)
    desktop.by_hand("a")
    desktop.set("ignore-hosts", f"['{desktop.peer.host}']")
    desktop.start("fallback = direct")
    equal(desktop.heard(), GREETING, "the server's own greeting")


def a_pac_file_of_theirs(stage):
    desktop = Desktop(stage)
    desktop.say(desktop.member("b"))
    desktop.by_hand("a")
    desktop.set("autoconfig-url", "file://" + desktop.file)
    desktop.set("mode", "auto")
    desktop.start("fallback = direct")
    desktop.greeted("b")


def a_pac_file_that_is_not_there_is_not_direct(stage):
    desktop = Desktop(stage)
    desktop.set("autoconfig-url", "file:///nonexistent/proxy.pac")
    desktop.set("mode", "auto")
    desktop.start("fallback = direct")
    heard = desktop.heard()
    check(heard != GREETING and b"BYE" in heard, f"greeted by {heard}")
    desktop.daemon.wait_line("No such file")


def none_at_all(stage):
    desktop = Desktop(stage)
    desktop.set("mode", "none")
    desktop.start("fallback = direct")
    equal(desktop.heard(), GREETING, "the server's own greeting")


scenario(proxies_by_hand, exceptions_of_theirs, a_pac_file_of_theirs, a_pac_file_that_is_not_there_is_not_direct,
         none_at_all, paths=("splice",))
