#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A redirect for more than was asked for waits until the user has said yes or no: the ask-command is run without a
shell, once for all sessions with the same question, never longer than ask-timeout or than somebody waits; whatever it
does, other sessions go on."""
import os
import re
import signal

from kit import check, equal, scenario, until
from kit.redirecting import Town, imap, use
from kit.streams import read_all, read_exactly, readable, reset

QUIET = "control = none"
"""Without a control socket the program alone can answer."""


class Asked(Town):
    """a sends everybody to b for all of IMAP; the ask-command is a script that leaves a line for each run."""

    def __init__(self, stage, body, redirects="", parameters="lifetime=600", sallyport=QUIET, interpreter="/bin/sh",
                 **options):
        super().__init__(stage, "a", "b")
        self.trace = stage.file("trace")
        self.program = stage.file("ask me; $(touch pwned)", f"#!{interpreter}\n"
                                  f'echo "$$|$#|$1|$SSH_ASKPASS_PROMPT" >>{self.trace}\n{body}\n', mode=0o755)
        self.tell("a", use(self["b"], f"scope=imap:// {parameters}"))
        self.run("a", f"ask-command = {self.program}\n{redirects}", sallyport=sallyport,
                 listeners=imap() + imap("mail.example.org", "host"), **options)

    def runs(self):
        with open(self.trace, encoding="utf-8") as lines:
            return [line.rstrip("\n").split("|") for line in lines if line.endswith("\n")]

    def wait_run(self, count=1):
        """The process id of the count-th run."""
        return int(until(lambda: len(self.runs()) >= count and self.runs(), f"run {count} of the ask-command")[-1][0])


def gone(group):
    """Whether nothing of the process group runs; what is killed may still wait to be buried by init."""
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except (OSError, NotADirectoryError):
            continue
        if int(fields[2]) == group and fields[0] not in "ZX":
            return False
    return True


def yes(stage):
    town = Asked(stage, "exit 0")
    town.greeted("b")
    question = (f"sallyport: the proxy {town['a'].url} wants all IMAP to go through the proxy {town['b'].url} "
                "for 10 minutes. Allow it?")
    equal(town.runs()[0][1:], ["1", question, "confirm"], "what the program was told")
    town.redirected("a", "b", scope="imap://", lifetime="seconds=600")
    town.greeted("b", "imap/host")
    equal((town.asked("a"), len(town.runs())), (1, 1), "requests at the first proxy, and questions")
    check(not any(name.startswith("pwned") for name in os.listdir(".")), "a shell has run a part of the program's name")


def no(stage):
    town = Asked(stage, "exit 1")
    for _ in range(3):
        town.refused("redirect refused: the user said no")
    equal((town.asked("a"), town.asked("b"), len(town.runs())), (3, 0, 1), "requests at both, and questions")
    town.tell("a", None)
    town.greeted("a")


def a_yes_is_remembered_and_a_no_for_a_while(stage):
    town = Asked(stage, "exit 0", parameters="type=once")
    for _ in range(3):
        town.greeted("b")
    equal(len(town.runs()), 1, "questions after a yes")
    town = Asked(stage, f"test $(wc -l <{stage.folder}/trace) -gt 2", "ask-timeout = 1s", parameters="type=once")
    town.refused("the user said no")
    town.refused("the user said no")
    runs = len(town.runs())

    def asked_again():
        with town.daemon.connect("imap") as client:
            data, _ = read_all(client, 6)
        return len(town.runs()) > runs and data == b"* OK b"
    until(asked_again, "a no to be forgotten")


def after_a_no_the_proxy_asks_nothing_else(stage):
    town = Asked(stage, "exit 1")
    town.refused("redirect refused: the user said no")
    for scope in ("*", "imap://*.example.net/"):
        town.tell("a", use(town["b"], f"scope={scope} type=forever"))
        town.refused("the user has just said no to this proxy", kinds=("temporary",))
    equal(len(town.runs()), 1, "questions")


def a_yes_to_one_session_is_none_to_all(stage):
    town = Asked(stage, "exit 0", parameters="hits=1")
    town.greeted("b")
    town.greeted("b")
    equal(len(town.runs()), 1, "questions about one session")
    town.tell("a", use(town["b"], "scope=imap:// type=forever"))
    town.greeted("b")
    equal(len(town.runs()), 2, "questions")


def missing(stage):
    town = Asked(stage, "", "")
    os.remove(town.program)
    town.refused("redirect refused: ")
    town.daemon.wait_line("ask-command: .*No such file|ask-command: ")
    town.tell("a", None)
    town.greeted("a")


def not_executable(stage):
    town = Asked(stage, "exit 0")
    os.chmod(town.program, 0o644)
    town.refused("redirect refused: ")


def ends_by_a_signal(stage):
    town = Asked(stage, "kill -SEGV $$")
    town.refused("redirect refused: the ask-command failed", kinds=("temporary",))
    town.daemon.wait_line(rf"ask-command: ended by signal {signal.SIGSEGV:d}")


def floods_its_output(stage):
    town = Asked(stage, "head -c 20000000 /dev/zero; head -c 20000 /dev/zero >&2; exit 0")
    town.greeted("b")


def hangs_until_ask_timeout(stage):
    town = Asked(stage, "sleep 600 & sleep 600", "ask-timeout = 1s")
    town.refused("redirect refused: nobody answered in time", kinds=("temporary",))
    group = town.wait_run()
    until(lambda: gone(group), "the end of the ask-command")


def hangs_and_others_go_on(stage):
    town = Asked(stage, "sleep 600 & sleep 600")
    waiting = town.daemon.connect("imap")
    group = town.wait_run()
    town.tell("a", None)
    for _ in range(20):
        town.greeted("a")
    check(not readable(waiting), "the session that waits was told something")
    check(not gone(group), "the program was ended too early")
    reset(waiting)  # its client gives up
    until(lambda: gone(group), "the end of the ask-command with its session")


def ends_with_the_daemon(stage):
    town = Asked(stage, "sleep 600 & sleep 600")
    with town.daemon.connect("imap"):
        group = town.wait_run()
        town.daemon.stop()
        until(lambda: gone(group), "the end of the ask-command with the daemon")


def several_sessions_share_a_question(stage):
    go = os.path.join(stage.folder, "go")
    town = Asked(stage, f"while ! test -e {go}; do sleep 0.05; done")
    waiting = []

    def send_away(connection):
        connection.send(use(town["b"], "scope=imap:// lifetime=600"))
        connection.read_all()
        waiting.append(connection)

    town.tell("a", send_away)
    clients = [town.daemon.connect(name) for name in ("imap", "imap/host") * 10]
    until(lambda: len(waiting) == len(clients), "all sessions to leave the first proxy")
    group = town.wait_run()
    reset(clients.pop())
    reset(clients.pop(0))
    check(not gone(group), "the program was ended though others wait")
    stage.file("go")
    for client in clients:
        equal(read_exactly(client, 8), b"* OK b\r\n", "greeting")
        client.close()
    equal(len(town.runs()), 1, "questions")


def others_are_asked_about_other_things(stage):
    town = Asked(stage, "exit 0", parameters="type=once")
    town.greeted("b")
    town.tell("a", use(town["b"], "scope=*"))
    town.greeted("b")
    equal([re.search("wants (.*) to go", run[2])[1] for run in town.runs()], ["all IMAP", "everything"],
          "scopes asked about")


def by_the_environment(stage):
    for name in ("SALLYPORT_ASKPASS", "SSH_ASKPASS"):
        town = Town(stage, "a", "b")
        trace = stage.file("trace")
        other = stage.file("other", "#!/bin/sh\nexit 1\n", mode=0o755)
        program = stage.file("program", f'#!/bin/sh\necho "$1" >>{trace}\n', mode=0o755)
        town.tell("a", use(town["b"], "scope=imap://"))
        env = {"SSH_ASKPASS": other, "DISPLAY": ":0", name: program}
        town.run("a", sallyport=QUIET, env=env)
        town.greeted("b")


def shown_the_list_can_answer_and_the_program_may_break(stage):
    town = Asked(stage, "exit 127", sallyport="")
    with town.daemon.connect("imap") as client:
        number = town.daemon.wait_line(r"asking question=(\d+) ").group(1)
        until(lambda: gone(town.wait_run()), "the end of the ask-command")
        done = town.daemon.command(stage, "-c", town.daemon.ini, "redirects")
        check(re.search(rf"(?m)^\D*{number}\b.*all IMAP".encode(), done.stdout), f"the list has no question: {done}")
        equal(town.daemon.command(stage, "-c", town.daemon.ini, "redirects", "allow", number).returncode, 0, "status")
        equal(read_exactly(client, 8), b"* OK b\r\n", "greeting")


def shown_the_list_can_refuse_and_ends_the_program(stage):
    town = Asked(stage, "sleep 600", sallyport="")
    with town.daemon.connect("imap") as client:
        number = town.daemon.wait_line(r"asking question=(\d+) ").group(1)
        group = town.wait_run()
        equal(town.daemon.command(stage, "-c", town.daemon.ini, "redirects", "refuse", number).returncode, 0, "status")
        data, _ = read_all(client)
        check(b"the user said no" in data, f"got {data!r}")
        until(lambda: gone(group), "the end of the ask-command")
        check(town.daemon.command(stage, "-c", town.daemon.ini, "redirects", "allow", number).returncode != 0,
              "it could be answered twice")



def nobody_is_asked_about_what_is_forbidden_anyway(stage):
    town = Asked(stage, "exit 0")
    port = town.daemon.address("imap")[1]
    town.tell("a", use(f"http://localhost:{port}/", "scope=imap:// lifetime=600"))
    town.refused("one of our own listeners")
    equal(town.runs(), [], "runs of the ask-command")
    equal(town.daemon.count("asking"), 0, "questions")


scenario(yes,
         no,
         a_yes_is_remembered_and_a_no_for_a_while,
         after_a_no_the_proxy_asks_nothing_else,
         a_yes_to_one_session_is_none_to_all,
         missing,
         not_executable,
         ends_by_a_signal,
         floods_its_output,
         hangs_until_ask_timeout,
         hangs_and_others_go_on,
         ends_with_the_daemon,
         several_sessions_share_a_question,
         others_are_asked_about_other_things,
         by_the_environment,
         shown_the_list_can_answer_and_the_program_may_break,
         shown_the_list_can_refuse_and_ends_the_program,
         nobody_is_asked_about_what_is_forbidden_anyway, in_turns=True)
