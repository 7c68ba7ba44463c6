#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""haproxy before a squid denies every tunnel; the line that `try` prints for its administrator, put where it says,
allows that server at that port and nothing else."""
import re

from kit import Sallyport, check, equal, need, scenario
from kit.real import Dovecot, Squid
from kit.real.server import Server
from kit.route import listener, settings

NAME = "mail.example.net"


class Gate(Server):
    """haproxy: what its rules do not deny goes to the proxy behind it."""

    def __init__(self, stage, behind):
        super().__init__(stage, "gate")
        program = need("haproxy", "haproxy")
        self.serve(1, lambda port: self._arrange(program, port, behind))
        self.url = f"http://127.0.0.1:{self.ports[0]}"

    def _arrange(self, program, port, behind):
        config = self.file("haproxy.cfg", f"""\
global
    maxconn 200
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
frontend front
    bind 127.0.0.1:{port}
    http-request deny
    default_backend proxies
backend proxies
    server squid 127.0.0.1:{behind.port}
""")
        return self.account.argv(program, "-db", "-f", config)

    def add(self, line):
        """Puts the line above the `http-request deny`, and starts haproxy anew."""
        text = self.read("haproxy.cfg")
        self.kill()
        self.file("haproxy.cfg", text.replace("    http-request deny\n", f"    {line}\n    http-request deny\n"))
        self.revive()


def tried(stage, ini, *names):
    done = Sallyport.command(stage, "try", *names, ini=ini)
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def allow(stage, host, names=None):
    dovecot = Dovecot(stage)
    gate = Gate(stage, Squid(stage, dovecot.ports, names=names))
    ini = settings(gate.url, listener("imap", f"{host}:{dovecot.imap}") + listener("pop3", f"{host}:{dovecot.pop3}"))
    status, shown = tried(stage, ini, "imap")
    line = re.search(r"^ +(http-request allow .*)$", shown, re.MULTILINE)
    check(status == 69 and "403" in shown and line, f"not denied, or no line for haproxy:\n{shown}")
    gate.add(line.group(1))
    status, shown = tried(stage, ini, "imap")
    equal(status, 0, f"exit status of try with the line, which printed\n{shown}")
    check(re.search(r"\* OK .*Dovecot", shown), f"no greeting in\n{shown}")
    status, shown = tried(stage, ini, "pop3")
    check(status == 69 and "403" in shown, f"the line allows another port:\n{shown}")
    status, shown = tried(stage, ini.replace(f"target = {host}", "target = other.example.net"), "imap")
    check(status == 69 and "403" in shown, f"the line allows another server:\n{shown}")


def a_server_by_its_name(stage):
    allow(stage, NAME, {NAME: "127.0.0.1", "other.example.net": "127.0.0.1"})


def a_server_by_its_address(stage):
    allow(stage, "127.0.0.1")


scenario(a_server_by_its_name, a_server_by_its_address, paths=("splice",))
