#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""squid forbids a server; the lines that `try` prints for its administrator, put where it says, allow that server at
that port and nothing else."""
import re

from kit import Sallyport, check, equal, scenario
from kit.real import Dovecot, Squid, through
from kit.route import listener, settings

NAME = "mail.example.net"


def tried(stage, ini, *names):
    done = Sallyport.command(stage, "try", *names, ini=ini)
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def lines_for_squid(shown):
    lines = re.findall(r"^ {6}((?:acl|http_access) .*)$", shown, re.MULTILINE)
    check(len(lines) == 4, f"no lines for squid in\n{shown}")
    return lines


def add(squid, lines):
    """Puts them above all other http_access lines, and starts squid anew."""
    text = squid.read("squid.conf")
    place = text.index("http_access")
    squid.kill()
    squid.file("squid.conf", text[:place] + "\n".join(lines) + "\n" + text[place:])
    squid.revive()


def allow(stage, host, names=None):
    dovecot = Dovecot(stage)
    squid = Squid(stage, [1], names=names)
    ini = settings(squid.url, listener("imap", f"{host}:{dovecot.imap}") + listener("pop3", f"{host}:{dovecot.pop3}"))
    status, shown = tried(stage, ini, "imap")
    equal(status, 69, f"exit status of try before, which printed\n{shown}")
    check("403" in shown, f"squid does not forbid it:\n{shown}")
    add(squid, lines_for_squid(shown))
    status, shown = tried(stage, ini, "imap")
    equal(status, 0, f"exit status of try with the lines, which printed\n{shown}")
    check(re.search(r"\* OK .*Dovecot", shown), f"no greeting in\n{shown}")
    status, shown = tried(stage, ini, "pop3")
    check(status == 69 and "403" in shown, f"the lines allow another port:\n{shown}")
    other = ini.replace(f"target = {host}", "target = other.example.net")
    status, shown = tried(stage, other, "imap")
    check(status == 69 and "403" in shown, f"the lines allow another server:\n{shown}")


def a_server_by_its_name(stage):
    allow(stage, NAME, {NAME: "127.0.0.1", "other.example.net": "127.0.0.1"})


def a_server_by_its_address(stage):
    allow(stage, "127.0.0.1")


def a_tunnel_that_is_allowed_already(stage):
    """Nothing of all that is said."""
    dovecot = Dovecot(stage)
    status, shown = tried(stage, through(Squid(stage, dovecot.ports), imap=dovecot.imap))
    equal(status, 0, f"exit status of try, which printed\n{shown}")
    check("http_access" not in shown, f"lines for squid in\n{shown}")


scenario(a_server_by_its_name, a_server_by_its_address, a_tunnel_that_is_allowed_already, paths=("splice",))
