#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A hundred redirects in a row end the session and nothing else; of more learned ones than the table holds, those used
longest ago are forgotten; a reload keeps those of proxies that are still configured, unless the rules are others."""
from kit import check, equal, scenario
from kit.redirecting import Town, imap, use
from kit.streams import read_exactly
from kit.usage import anonymous_kib, sanitized

CHAIN = 100
ENTRIES = 1100
"""A few more than the table holds."""


def a_hundred_in_a_row(stage):
    names = [f"p{number}" for number in range(CHAIN + 1)]
    town = Town(stage, *names)
    for name, after in zip(names, names[1:]):
        town.tell(name, use(town[after], "lifetime=600"))
    town.run("p0")
    town.refused(r"more than 5 times \(max-hops\)")
    equal([town.asked(name) for name in names], [1] * 6 + [0] * (CHAIN - 5), "requests")
    town.refused("max-hops")  # from the table straight to the last one
    equal([town.asked(name) for name in names], [1] * 5 + [2] + [0] * (CHAIN - 5), "requests of two sessions")
    equal(town.daemon.count(" redirected by=", 5), 5, "redirects followed")
    town.tell("p5", None)
    town.greeted("p5")


def a_hundred_circles(stage):
    town = Town(stage, "a", "b")
    town.run("a")
    town.tell("a", use(town["b"], "lifetime=600"))
    town.tell("b", use(town["a"], "lifetime=600"))
    for _ in range(CHAIN):
        town.refused("in a circle")
    equal((town.asked("a"), town.asked("b")), (1, CHAIN), "requests")


def more_than_the_table_holds(stage):
    """An entry is made for each sender, and so each session is first sent to another one: the same proxy, which has
    every address of loopback."""
    town = Town(stage, "a")
    everywhere = town.build("everywhere", host="0.0.0.0")
    given = []

    def next_one(connection):
        number = len(given)
        given.append(number)
        connection.send(use(f"http://127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}:"
                            f"{everywhere.port}/", "type=once"))

    def keep_for_long(connection):
        connection.send(use(town["b"], "type=forever"))

    town.proxies["b"] = town.build("b")
    town.tell("a", next_one)
    town.tell("everywhere", keep_for_long)
    town.run("a")
    for _ in range(ENTRIES):
        town.greeted("b")
    equal((len(given), town.asked("b")), (ENTRIES, ENTRIES), "requests")
    if not sanitized():
        used = anonymous_kib(town.daemon.process.pid)
        check(used < 8192, f"the daemon holds {used} KiB")
    given.clear()
    before = len(everywhere.connections)
    town.greeted("b")
    equal(len(everywhere.connections) - before, 1, "the first sender is asked again")
    given[:] = range(ENTRIES - 1)
    town.greeted("b")
    equal(len(everywhere.connections) - before, 1, "the last sender's redirect is known")


def reload_keeps_those_of_configured_proxies(stage):
    town = Town(stage, "a", "b", "c", "d")
    two = f"[proxy other]\nurl = {town['c'].url}\n"
    listeners = imap() + imap("mail.example.org", "other", "proxy = other")
    town.run("a", more=two, listeners=listeners)
    town.tell("a", use(town["b"], "lifetime=600"))
    town.tell("c", use(town["d"], "lifetime=600"))
    town.greeted("b")
    town.greeted("d", "imap/other")
    town.tell("a", None)
    town.tell("c", None)
    with town.daemon.connect("imap") as running:
        equal(read_exactly(running, 6), b"* OK b", "greeting")
        town.daemon.reload(town.ini("a", "ask-timeout = 2m", more=two, listeners=listeners, sallyport="keepalive = 1m"))
        town.daemon.wait_line("reloaded")
        town.greeted("b")
        town.greeted("d", "imap/other")
        # the second proxy is configured no more
        town.daemon.reload(town.ini("a", listeners=imap() + imap("mail.example.org", "other")))
        town.daemon.wait_line("reloaded", count=2)
        town.greeted("b")
        town.daemon.reload(town.ini("a", more=two, listeners=listeners))
        town.daemon.wait_line("reloaded", count=3)
        town.greeted("c", "imap/other")
        running.sendall(b"still here")
        equal(read_exactly(running, 12), b"\r\nstill here", "bytes of the tunnel that was open all the time")


def reload_may_forbid_what_was_learned(stage):
    town = Town(stage, "a", "b")
    town.run("a")
    town.tell("a", use(town["b"], "lifetime=600"))
    town.greeted("b")
    town.tell("a", None)
    town.daemon.reload(town.ini("a", "follow = no"))
    town.daemon.wait_line("reloaded")
    town.greeted("a")


def reload_with_other_rules_forgets_what_the_old_ones_let_in(stage):
    town = Town(stage, "a", "b")
    town.run("a", "wider = accept")
    town.tell("a", use(town["b"], "scope=imap:// lifetime=600"))
    town.greeted("b")
    town.tell("a", None)
    town.greeted("b")
    town.daemon.reload(town.ini("a", "wider = refuse"))
    town.daemon.wait_line("reloaded")
    town.greeted("a")
    town.daemon.reload(town.ini("a", "wider = accept"))
    town.daemon.wait_line("reloaded", count=2)
    town.greeted("a")


scenario(a_hundred_in_a_row,
         a_hundred_circles,
         more_than_the_table_holds,
         reload_keeps_those_of_configured_proxies,
         reload_may_forbid_what_was_learned,
         reload_with_other_rules_forgets_what_the_old_ones_let_in, in_turns=True)
