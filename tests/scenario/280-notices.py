#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A user who does not read the log is shown what is amiss, by notify-command: a refused password, a section without a
proxy that is up and its return, a redirect that waits for an answer.  Each once, not often, and never a secret."""
import os
import re
import signal
import socket
import time

from kit import Sallyport, check, equal, need, scenario, until
from kit.desktop_bus import DesktopBus
from kit.peers import GREETING, Proxy
from kit.redirecting import Town, imap, use
from kit.route import settings
from kit.streams import read_all, read_exactly

SECRET = "Tr0ub4dor-and-3"
DENIED = (f"HTTP/1.1 407 not with {SECRET} <b>\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n"
          "Connection: close\r\n\r\n").encode()
LOGIN = f"user = fred\nauth = basic\npassword = {SECRET}\n"
REFUSED = "User and password are refused"
PAUSE = 10
"""Seconds from one notice to the next, and the longest that the program may take."""


class Show:
    """A notify-command that leaves a line for each run: its process, what it got, separated by '|'."""

    def __init__(self, stage, body="", name="show"):
        self.trace = stage.file(f"{name}.trace")
        self.path = stage.file(name, f'#!/bin/sh\necho "$$|$#|$1|$2|$3" >>{self.trace}\n{body}\n', mode=0o755)
        self.key = f"notify-command = {self.path} -x"

    def runs(self):
        with open(self.trace, encoding="utf-8") as lines:
            return [line.rstrip("\n").split("|") for line in lines if line.endswith("\n")]

    def wait(self, count=1):
        """The title and the text of the count-th notice."""
        return until(lambda: len(self.runs()) >= count and self.runs(), f"notice {count}", 4 * PAUSE)[count - 1][3:]


def guarded(stage, answer=DENIED):
    """A proxy that refuses every password."""
    def script(connection):
        if connection.read_head():
            connection.send(answer)

    return Proxy(stage, script)


def session(daemon, name="imap"):
    """What a client of the daemon gets."""
    with daemon.connect(name) as client:
        return read_all(client, len(GREETING))[0]


def a_refused_password(stage):
    show, proxy = Show(stage), guarded(stage)
    daemon = stage.sallyport(settings(proxy.url, sallyport=show.key, proxy=LOGIN))
    for _ in range(3):
        session(daemon)
    title, text = show.wait()
    equal(show.runs()[0][1:3], ["3", "-x"], "number of arguments, and the first")
    equal(title, REFUSED, "title")
    check(text.startswith(f"http://127.0.0.1:{proxy.port}: 407 not with *************** _b_"), f"text {text!r}")
    check("sallyport reload" in text, f"text {text!r}")
    daemon.process.signal(signal.SIGHUP)
    daemon.wait_line("reloaded")
    session(daemon)
    equal(show.wait(2)[0], REFUSED, "after a reload, and no sooner than the pause says")
    with open(show.trace, encoding="utf-8") as trace:
        check(SECRET not in trace.read(), "the password was shown")
    proxy.stop()


def a_proxy_that_is_down_and_back(stage):
    """Of two proxies one is not enough to tell of; a program that hangs is ended, and keeps nobody."""
    show = Show(stage, f"test -e {stage.folder}/hung && exit 0\n>{stage.folder}/hung; exec sleep 600")
    dead = socket.socket()  # nobody listens there, and nobody else comes to
    dead.bind(("127.0.0.1", 0))
    stage.later(dead.close)
    alive = Proxy(stage, lambda connection: (connection.open(), connection.echo()))
    urls = f"http://127.0.0.1:{dead.getsockname()[1]} {alive.url}"
    daemon = stage.sallyport(settings(urls, sallyport=show.key))
    equal(session(daemon), GREETING, "greeting")
    daemon.wait_line("rests for")
    equal(show.runs(), [], "notices while one proxy serves")
    alive.stop()
    session(daemon)
    begun = time.monotonic()
    title, text = show.wait()
    equal(title, "The proxy is down", "title")
    check(text.startswith("No tunnel through [proxy]: http://127.0.0.1:"), f"text {text!r}")
    again = Proxy(stage, lambda connection: (connection.open(), connection.echo()), port=alive.port)
    until(lambda: session(daemon) == GREETING, "the proxy to be asked again")
    equal(show.wait(2), ["The proxy is back", "Tunnels open again through [proxy]."], "title and text")
    check(time.monotonic() - begun > PAUSE - 1, "the second notice came too soon")
    daemon.wait_line("warning: notify-command: took too long")
    until(lambda: not os.path.exists(f"/proc/{show.runs()[0][0]}"), "the end of the program that hung")
    equal(len(show.runs()), 2, "notices")
    again.stop()


def a_question(stage):
    show = Show(stage)
    town = Town(stage, "a", "b")
    town.tell("a", use(town["b"], "scope=imap:// lifetime=600"))
    town.run("a", sallyport=show.key, listeners=imap())
    with town.daemon.connect("imap") as client:
        title, text = show.wait()
        equal(title, "A redirect waits for your answer", "title")
        number = re.match(r"Answer it with `sallyport redirects allow (\d+)` or `refuse \1`: sallyport: the proxy "
                          r"http://\S+ wants all IMAP to go through the proxy ", text)
        check(number, f"text {text!r}")
        done = town.daemon.command(stage, "-c", town.daemon.ini, "redirects", "allow", number.group(1))
        equal(done.returncode, 0, "status of what was shown")
        equal(read_exactly(client, 8), b"* OK b\r\n", "greeting")


def a_question_that_a_program_asks_is_not_shown(stage):
    show = Show(stage)
    asker = Show(stage, "exit 1", "ask")
    town = Town(stage, "a", "b")
    town.tell("a", use(town["b"], "scope=imap:// lifetime=600"))
    town.run("a", f"ask-command = {asker.path}", sallyport=show.key, listeners=imap())
    town.refused("the user said no")
    equal((len(asker.runs()), show.runs()), (1, []), "questions, and notices")


def reload_changes_it(stage):
    first, second, proxy = Show(stage), Show(stage, name="other"), guarded(stage)

    def taken(key, count):
        daemon.reload(settings(proxy.url, sallyport=key, proxy=LOGIN))
        daemon.wait_line("reloaded", count=count)
        session(daemon)

    daemon = stage.sallyport(settings(proxy.url, sallyport="notify-command = none", proxy=LOGIN))
    session(daemon)
    taken(first.key, 1)
    equal(first.wait()[0], REFUSED, "title")
    taken("notify-command = none", 2)
    taken(second.key, 3)
    equal(second.wait()[0], REFUSED, "title")
    equal(len(first.runs()), 1, "notices by the first program")
    proxy.stop()


def a_program_that_is_not_there(stage):
    proxy = guarded(stage)
    daemon = stage.sallyport(settings(proxy.url, sallyport=f"notify-command = {stage.folder}/nothing", proxy=LOGIN))
    session(daemon)
    daemon.wait_line("warning: notify-command: cannot run .*/nothing: No such file or directory")
    proxy.stop()


def where_a_display_is(stage):
    """notify-send by itself, and nothing on a bare machine."""
    show, proxy = Show(stage, name="bin/notify-send"), guarded(stage)
    path = f"{stage.folder}/bin:{os.environ['PATH']}"
    for number, variables in enumerate([{}, {"DISPLAY": ":7"}, {"WAYLAND_DISPLAY": "wayland-7"}]):
        daemon = stage.sallyport(settings(proxy.url, proxy=LOGIN), env={"PATH": path, **variables}, name=f"d{number}")
        session(daemon)
        daemon.wait_line("failed class=")
        until(lambda: len(show.runs()) == number, "a notice by each daemon with a display")
        daemon.stop()
    equal([run[1:4] for run in show.runs()], [["4", "-a", "sallyport"]] * 2, "arguments")
    proxy.stop()


def a_person_at_the_terminal_is_not_shown_anything(stage):
    show, proxy = Show(stage), guarded(stage)
    ini = settings(proxy.url, sallyport=show.key, proxy=LOGIN)
    check(Sallyport.command(stage, "try", ini=ini).returncode != 0, "try got through")
    check(Sallyport.command(stage, "connect", "imap", ini=ini, data=b"").returncode != 0, "connect got through")
    equal(show.runs(), [], "notices")
    proxy.stop()


def on_a_desktop(stage):
    """The real notify-send, a real session bus, and somebody who shows what comes."""
    need("notify-send", "libnotify-bin")
    bus, proxy = DesktopBus(stage), guarded(stage)
    daemon = stage.sallyport(settings(proxy.url, proxy=LOGIN, sallyport="log-level = debug"),
                             env={"DISPLAY": ":7", "DBUS_SESSION_BUS_ADDRESS": bus.address})
    session(daemon)
    until(lambda: bus.shown, "a notification")
    program, title, text = bus.shown[0]
    equal((program, title), ("sallyport", REFUSED), "program and title")
    check(text.startswith(f"http://127.0.0.1:{proxy.port}: 407 not with ***"), f"text {text!r}")
    equal(daemon.count("notify-command"), 0, "complaints")
    proxy.stop()


def without_a_bus(stage):
    """The log hears of it, at the level of debug, once."""
    need("notify-send", "libnotify-bin")
    proxy = guarded(stage)
    daemon = stage.sallyport(settings(proxy.url, proxy=LOGIN, sallyport="log-level = debug"),
                             env={"DISPLAY": ":7", "DBUS_SESSION_BUS_ADDRESS": f"unix:path={stage.folder}/none"})
    session(daemon)
    daemon.wait_line("sallyport: notify-command: ended with status 1")
    equal(daemon.count("warning: notify-command"), 0, "warnings")
    proxy.stop()


scenario(a_refused_password,
         a_proxy_that_is_down_and_back,
         a_question,
         a_question_that_a_program_asks_is_not_shown,
         reload_changes_it,
         a_program_that_is_not_there,
         where_a_display_is,
         a_person_at_the_terminal_is_not_shown_anything,
         on_a_desktop,
         without_a_bus,
         paths=("splice",))
