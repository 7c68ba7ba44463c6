#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`connect` where standard input and output are one terminal: it ends by itself when the session is refused, and by
each signal that a person or a terminal sends; and the terminal's flags are never changed, so that the shell gets it
back as it was even after SIGKILL."""
import fcntl
import os
import signal

from kit import check, equal, scenario
from kit.peers import Proxy
from kit.route import listener, settings
from kit.terminal import Terminal

UNAVAILABLE = 69
BYE = r"\* BYE sallyport: "


def connected(stage, script):
    """`connect` on a terminal, through a proxy that plays the script."""
    proxy = Proxy(stage, script)
    ini = stage.file("sallyport.ini", settings(proxy.url, listener("imap")), 0o600)
    return Terminal(stage, ["-c", ini, "connect", "imap"], on_terminal=True), proxy


def blocks(terminal):
    return not fcntl.fcntl(terminal.device, fcntl.F_GETFL) & os.O_NONBLOCK


def refuse(connection):
    connection.read_head()
    connection.send(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def talk(connection):
    connection.open()
    connection.echo()


def refused_it_ends_by_itself(stage):
    terminal, _ = connected(stage, refuse)
    terminal.see(BYE)
    check(blocks(terminal), "the terminal blocks no more while the refusal is read")
    equal(terminal.wait(), UNAVAILABLE, "status")
    check(blocks(terminal), "the terminal blocks no more afterwards")


def refused_it_ends_by_a_signal(stage):
    terminal, _ = connected(stage, refuse)
    terminal.see(BYE)
    for number in signal.SIGTERM, signal.SIGINT:
        terminal.child.send_signal(number)
    equal(terminal.wait(), UNAVAILABLE, "status")


def each_signal_ends_it_in_order(stage):
    """Those that come from keys, from a terminal that is closed, from elsewhere; twice, for it is not quiet yet."""
    for number in signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP:
        terminal, _ = connected(stage, talk)
        terminal.see(r"\* OK ")
        check(blocks(terminal), f"{number.name}: the terminal blocks no more while the tunnel is open")
        terminal.child.send_signal(number)
        terminal.child.send_signal(number)
        equal(terminal.wait(), UNAVAILABLE, f"{number.name}: status")
        check(blocks(terminal), f"{number.name}: the terminal blocks no more")


def while_it_is_stopped_and_after_it_was_killed(stage):
    terminal, _ = connected(stage, talk)
    terminal.see(r"\* OK ")
    terminal.child.send_signal(signal.SIGSTOP)
    check(blocks(terminal), "the terminal blocks no more while the program is stopped")
    terminal.child.send_signal(signal.SIGCONT)
    terminal.type("a1 NOOP\n")
    terminal.see("a1 NOOP", 2)  # its echo, and the answer
    terminal.child.kill()
    equal(terminal.wait(), -signal.SIGKILL, "status")
    check(blocks(terminal), "the terminal blocks no more after SIGKILL")


scenario(refused_it_ends_by_itself, refused_it_ends_by_a_signal, each_signal_ends_it_in_order,
         while_it_is_stopped_and_after_it_was_killed, paths=("copy",))
