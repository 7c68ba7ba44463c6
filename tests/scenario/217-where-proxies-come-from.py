#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`status` tells where each proxy comes from and what is asked for those that are found; `try` shows the question and
the answer; and a program of the user's, or the environment, may answer in place of a PAC file."""
import re

from kit import check, equal, scenario
from kit.control import UNAVAILABLE, command, facts
from kit.finding import PacTown, imap_at, server
from kit.peers import GREETING
from kit.redirecting import use
from kit.route import settings
from kit.streams import read_exactly


def source_of(daemon, proxy):
    """What status says of that proxy."""
    return {told["url"]: told["source"] for told in facts(daemon)["proxies"]}[proxy.url]


def status_tells(stage):
    town = PacTown(stage, "a", "b")
    town.say("<a>")
    town.tell("a", use(town["b"], "seconds=600"))
    town.run_found(more="[proxy other]\nurl = http://192.0.2.1:3128\n")
    equal(facts(town.daemon)["found"], [{"section": "", "asks": f"pac:{town.file}", "place": town.file, "age": None,
                                         "answers": 0, "helper": False, "last_error": None}], "before any question")
    town.greeted("b")
    told = facts(town.daemon)
    equal({proxy["url"]: proxy["source"] for proxy in told["proxies"]},
          {"http://192.0.2.1:3128": "file", town["a"].url: "pac", town["b"].url: None}, "where the proxies come from")
    found = told["found"][0]
    equal((found["answers"], found["helper"], found["last_error"]), (1, True, None), "what is told of the PAC file")
    check(found["age"] is not None and found["age"] < 60, f"its age: {found}")
    shown = command(town.daemon, "status")[0]
    for wanted in (rf"^{re.escape(town['a'].url)} +pac +up +-$", r"^FOUND BY +AGE +ANSWERS$",
                   rf"^pac:{re.escape(town.file)} +\d+s +1$"):
        check(re.search(wanted, shown, re.MULTILINE), f"no line like {wanted!r} in:\n{shown}")
    town.decide('throw "up";')
    with town.daemon.connect("imap") as client:
        client.recv(1000)
    check("up" in facts(town.daemon)["found"][0]["last_error"], "the last error")


def try_shows(stage):
    home = server(stage)
    town = PacTown(stage, "a")
    town.say("<a>; DIRECT")
    town.run_found(listeners=imap_at(home))
    shown = command(town.daemon, "try", "imap")[0]
    for wanted in (rf"^  question +\d+ ms  https://127\.0\.0\.1:{home.port}/$",
                   rf"^  answer +\d+ ms  {re.escape(town.member('a'))}; DIRECT$",
                   r"^  skipped +\d+ ms  DIRECT, which needs fallback = direct$", r"^  works$"):
        check(re.search(wanted, shown, re.MULTILINE), f"no line like {wanted!r} in:\n{shown}")
    town.say("DIRECT")
    shown = command(town.daemon, "try", "imap", status=UNAVAILABLE)[0]
    check(re.search(r"^  temporary failure: pac:\S+: says DIRECT for \S+, which needs fallback = direct$", shown,
                    re.MULTILINE), f"the failure of: {shown}")


def a_program_answers(stage):
    home = server(stage)
    town = PacTown(stage, "a")
    program = stage.file("proxy", f'#!/bin/sh\necho "$1" >>"{stage.folder}/asked"\necho {town["a"].url}\n', 0o755)
    town.daemon = stage.sallyport(settings(f"command:{program}", imap_at(home)))
    stage.later(town["a"].stop)
    for _ in range(3):
        town.greeted("a")
    with open(f"{stage.folder}/asked", encoding="ascii") as file:
        equal(file.read(), f"https://127.0.0.1:{home.port}/\n", "what the program was asked, once")
    equal(source_of(town.daemon, town["a"]), "command", "where the proxy comes from")


def the_environment_answers(stage):
    home = server(stage)
    town = PacTown(stage, "a")
    town.daemon = stage.sallyport(settings("system", imap_at(home)), env={"imap_proxy": town["a"].url})
    stage.later(town["a"].stop)
    town.greeted("a")
    equal(source_of(town.daemon, town["a"]), "environment", "where the proxy comes from")


def no_proxy_counts_for_the_desktop_too(stage):
    home = server(stage)
    town = PacTown(stage, "a")
    town.daemon = stage.sallyport(settings("system", imap_at(home)),
                                  env={"imap_proxy": town["a"].url, "no_proxy": "127.0.0.1"})
    with town.daemon.connect("imap") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    town.daemon.wait_line(r"imap #1 open proxy=direct ")


scenario(status_tells, try_shows, a_program_answers, the_environment_answers, no_proxy_counts_for_the_desktop_too,
         in_turns=True)
