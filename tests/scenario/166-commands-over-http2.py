#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`sallyport connect`, `try` and `status` with HTTP/2."""
import re

from kit import Sallyport, check, equal, scenario
from kit.certificates import Authority
from kit.control import command, facts
from kit.echo import Echo, GOODBYE, greeted, leaves
from kit.peers import GREETING
from kit.real import Nghttpx, Squid
from kit.route import listener, settings


def house(stage):
    """(the proxy, the configuration)."""
    authority, server = Authority(stage), Echo(stage)
    proxy = Nghttpx(stage, Squid(stage, [server.port]), authority=authority)
    return proxy, settings(proxy.url, listener("imap", server.target), proxy=f"{proxy.section}http = auto")


def connect(stage):
    _, ini = house(stage)
    done = Sallyport.command(stage, "connect", "imap", ini=ini, data=b"hello\r\n" + GOODBYE)
    equal((done.stdout, done.returncode), (GREETING + b"hello\r\n" + GOODBYE, 0), f"what came, besides {done.stderr!r}")


def attempt(stage):
    _, ini = house(stage)
    done = Sallyport.command(stage, "try", ini=ini)
    shown = (done.stdout + done.stderr).decode()
    equal(done.returncode, 0, f"exit status of try, which printed\n{shown}")
    check(GREETING.decode().strip() in shown, f"no greeting in\n{shown}")
    check(re.search(r"(?i)\bhttp\b.*\b2\b", shown), f"nothing of HTTP/2 in\n{shown}")


def status(stage):
    proxy, ini = house(stage)
    daemon = stage.sallyport(ini)
    clients = [greeted(daemon) for _ in range(3)]
    leaves(clients.pop())
    daemon.wait_line("closed ")
    told = {one["url"]: one for one in facts(daemon)["proxies"]}[proxy.url]["connections"]
    equal(told, [{"http": "2", "tunnels": 2, "most": 3, "draining": False}], "connections")
    check("2" in command(daemon, "status")[0], "nothing is said of it to people")


scenario(connect, attempt, status, paths=("splice",))
