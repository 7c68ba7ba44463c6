#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`sallyport try` shows dovecot's greetings and ends with 0; without the proxy, or with a dead server behind it, it
says which step failed and ends with 69."""
import re

from kit import Sallyport, check, closed_port, equal, scenario
from kit.real import Dovecot, Squid, through

UNAVAILABLE = 69
"""EX_UNAVAILABLE of sysexits.h."""


def tried(stage, ini, *names, status):
    """What `sallyport try NAME ...` printed; it must end with that status."""
    done = Sallyport.command(stage, "try", *names, ini=ini)
    shown = (done.stdout + done.stderr).decode()
    equal(done.returncode, status, f"exit status of try, which printed\n{shown}")
    return shown


def greetings(stage):
    dovecot = Dovecot(stage)
    ini = through(Squid(stage, dovecot.ports), imap=dovecot.imap, pop3=dovecot.pop3, managesieve=dovecot.sieve)
    shown = tried(stage, ini, "imap", status=0)
    check(re.search(r"\* OK \[CAPABILITY IMAP4rev1 .*Dovecot", shown), f"no greeting in\n{shown}")
    check("POP3" not in shown.upper(), f"another listener than the named one in\n{shown}")
    shown = tried(stage, ini, status=0)
    for greeting in r"\* OK .*Dovecot", r"\+OK Dovecot", r"Dovecot .*Pigeonhole":
        check(re.search(greeting, shown), f"no greeting like {greeting} in\n{shown}")


def the_proxy_is_down(stage):
    dovecot = Dovecot(stage)
    squid = Squid(stage, dovecot.ports)
    squid.kill()
    shown = tried(stage, through(squid, imap=dovecot.imap), status=UNAVAILABLE)
    check(f"127.0.0.1:{squid.port}" in shown, f"the proxy is not named in\n{shown}")
    check("refused" in shown, f"the reason is not told in\n{shown}")


def one_server_of_two_is_down(stage):
    dovecot = Dovecot(stage)
    dead = closed_port()
    squid = Squid(stage, [dovecot.imap, dead])
    shown = tried(stage, through(squid, imap=dovecot.imap, smtp=dead), status=UNAVAILABLE)
    check("Dovecot" in shown, f"the server that is up is not shown in\n{shown}")
    check("503" in shown, f"squid's answer is not told in\n{shown}")


scenario(greetings, the_proxy_is_down, one_server_of_two_is_down, in_turns=True)
