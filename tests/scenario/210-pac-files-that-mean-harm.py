#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A PAC file is a program of somebody else's.  It runs in a process of its own, which is there only when it is needed;
one that never ends, eats memory or dies costs the session that asked, in words, and nobody else; and nothing is left
of it."""
import os
import signal

from kit import check, equal, scenario, until
from kit.finding import PacTown
from kit.redirecting import imap
from kit.route import refusal
from kit.usage import cpu_seconds, settled_descriptors

GOOD, BAD = "imap/good", "imap/bad"

BOMBS = (
    ("while (true) ;", "(computes for more than 2|takes longer than 5) s"),
    ("var a = []; for (;;) { var b = 'x'; for (var i = 0; i < 20; i++) b += b; a.push(b + a.length); }", ""),
    ("function f() { return f() + 1; } return f();", "callstack limit"),
    ("var a = 'x'; for (var i = 0; i < 24; i++) a += a; return a;", ""),
    ("return '<a>\\u0000';", "control character"),
    ("throw new Error('no way');", "no way"),
    ("return null;", "null"),
    ("return '';", ""),
)
"""What it does for one host, and a part of what is said then."""


def helpers(daemon):
    """The children of the daemon: {process id: (name, state)}."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                text = stat.read()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended in the meantime
        state, parent = text.rpartition(")")[2].split()[:2]
        if int(parent) == daemon.process.pid:
            found[int(name)] = (text.partition("(")[2].rpartition(")")[0], state)
    return found


def town_with(stage, body):
    """A daemon with a listener for a host with which the file does no harm, and one for which it does that."""
    town = PacTown(stage, "a")
    decide(town, body)
    return town.run_found(listeners=imap("good.example.net", "good") + imap("bad.example.net", "bad"))


def decide(town, body):
    town.decide(f"if (host == 'good.example.net') return '<a>'; {body}")


def refused(town, reason, name):
    """The session is refused in words, and the log has them."""
    with town.daemon.connect(name) as client:
        told = refusal(client, ("temporary", "permanent"))
    town.daemon.wait_line(rf'#\d+ failed class=\w+ reason="[^"]*{reason}')
    check(told, "the client is told nothing")


def it_is_there_only_when_it_is_asked(stage):
    other = PacTown(stage, "b")
    other.run("b")
    other.greeted("b")
    equal(helpers(other.daemon), {}, "children of one whose proxies are listed")
    town = town_with(stage, "return '<a>';")
    equal(helpers(town.daemon), {}, "children before the first session")
    town.greeted("a", GOOD)
    first = helpers(town.daemon)
    equal([name for name, _ in first.values()], ["findproxy"], "children with a session")
    for _ in range(5):
        town.greeted("a", BAD)
    equal(list(helpers(town.daemon)), list(first), "children after some more")
    town.daemon.stop()
    check(not os.path.exists(f"/proc/{list(first)[0]}"), "the helper is still there")


def each_costs_only_its_own_session(stage):
    town = town_with(stage, "return '<a>';")
    town.greeted("a", GOOD)
    before = settled_descriptors(town.daemon.process.pid)
    for number, (bomb, reason) in enumerate(BOMBS):
        decide(town, bomb)
        with town.daemon.connect(BAD) as waiting:
            town.greeted("a", GOOD)
            check(refusal(waiting, ("temporary", "permanent")), "nothing was said")
        town.daemon.wait_line(rf'bad #\d+ failed class=\w+ reason="[^"]*{reason}')
        equal(town.daemon.count(r"bad #\d+ failed ", number + 1), number + 1, "sessions that failed")
        town.greeted("a", GOOD)
    equal(town.daemon.count("good #[0-9]+ failed "), 0, "others that failed")
    check(len(helpers(town.daemon)) <= 1, f"there are {helpers(town.daemon)}")
    equal([state for _, state in helpers(town.daemon).values() if state == "Z"], [], "zombies")
    equal(settled_descriptors(town.daemon.process.pid), before, "descriptors")


def one_that_was_killed_is_replaced_and_after_three_it_rests(stage):
    names = ("one", "two", "three", "four") # each is a question; an answer that is known needs no helper
    town = PacTown(stage, "a")
    town.say("<a>")
    town.run_found(listeners="".join(imap(f"{name}.example.net", name) for name in names))
    before, killed = None, set()
    for name in names[:3]:
        town.greeted("a", f"imap/{name}")
        (helper,) = helpers(town.daemon)
        check(helper not in killed, "it is the same one")
        os.kill(helper, signal.SIGKILL)
        killed.add(helper)
        until(lambda: not helpers(town.daemon), "its end")
        before = before or settled_descriptors(town.daemon.process.pid)
    town.daemon.wait_line("warning: the helper findproxy has failed 3 times within 60 s, and rests for 60 s")
    refused(town, "is asked again in", "imap/four")
    equal(helpers(town.daemon), {}, "children while it rests")
    equal(settled_descriptors(town.daemon.process.pid), before, "descriptors")
    town.decide('return "<a>"; /* another one */')
    town.greeted("a", "imap/four")


def _is_gone(pid):
    """It has ended, and be it that whoever has inherited it has not looked yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def an_endless_loop_does_not_outlive_the_daemon(stage):
    town = town_with(stage, "while (true) ;")
    town.daemon.expected = (-signal.SIGKILL,)
    town.greeted("a", GOOD)
    (helper,) = helpers(town.daemon)
    with town.daemon.connect(BAD):
        until(lambda: cpu_seconds(helper) > 0.1, "the loop")
        os.kill(town.daemon.process.pid, signal.SIGKILL)
        until(lambda: _is_gone(helper), "the end of the helper", 1.5) # it has 2 s of its own


scenario(it_is_there_only_when_it_is_asked, each_costs_only_its_own_session,
         one_that_was_killed_is_replaced_and_after_three_it_rests, an_endless_loop_does_not_outlive_the_daemon,
         paths=("splice",))
