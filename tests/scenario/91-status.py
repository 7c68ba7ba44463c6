#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`status` and `redirects`: what they tell of listeners, sessions, proxies, redirects and questions, as JSON and as a
table for 80 columns; and answering questions."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import time

from kit import check, closed_port, equal, scenario, until
from kit.control import UNAVAILABLE, USAGE, command, facts, place, say
from kit.daemon import PROGRAM
from kit.peers import GREETING, OPAQUE, SWITCHED, Proxy
from kit.route import listener, refusal, settings
from kit.streams import read_exactly

URL = "imap://mail.example.net:143/"

FIELDS = {
    "": {"version", "pid", "configuration", "uptime", "stopping", "totals", "listeners", "reverse", "relay", "sessions",
         "proxies", "found", "network", "redirects", "questions"},
    "network": {"epoch", "since"},
    "totals": {"open", "sessions", "in", "out", "preconnected", "stale"},
    "listeners": {"name", "addresses", "target", "sessions"},
    "sessions": {"name", "listener", "state", "age", "in", "out", "from", "on", "program", "pid",
                 "proxy", "switched"},
    "proxies": {"url", "source", "state", "seconds", "ready", "next_try", "last_error", "last_error_age",
                "connections"},
    "redirects": {"id", "sender", "proxy", "scope", "seconds_left", "hits_left", "hits"},
    "questions": {"id", "text", "seconds_left"},
}
"""The names that programs may rely on."""


def echoing(answer=OPAQUE):
    def script(connection):
        connection.open(answer=answer)
        connection.echo()
    return script


def redirecting(value):
    """A proxy that sends everybody elsewhere."""
    head = f"HTTP/1.1 305 Use Proxy\r\nSet-Proxy: {value}\r\nContent-Length: 0\r\n\r\n"

    def script(connection):
        connection.read_head()
        connection.send(head.encode())
    return script


def greeted(stage, daemon, name="imap"):
    client = daemon.connect(name)
    stage.later(client.close)
    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    return client


class Sent:
    """A daemon whose proxy sends it on to a second one, by a Set-Proxy field with these parameters."""

    def __init__(self, stage, parameters, redirects=""):
        self.second = Proxy(stage, echoing())
        self.first = Proxy(stage, redirecting(f"{self.second.url}/ {parameters}"))
        ini = settings(self.first.url) + f"[redirects]\n{redirects}\n"
        self.daemon = stage.sallyport(ini)
        stage.later(self.second.stop)

    def question(self):
        """The one that is open, once it is."""
        return until(lambda: facts(self.daemon)["questions"], "a question")[0]


def on_terminal(daemon, *arguments, columns=80):
    """What a command prints on a terminal so wide."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    child = subprocess.Popen([PROGRAM, "-c", daemon.ini, *arguments], env=daemon.env, stdout=there)
    os.close(there)
    shown = b""
    try:
        while data := os.read(here, 65536):
            shown += data
    except OSError:
        pass  # the other end is closed
    os.close(here)
    equal(child.wait(), 0, f"status of {arguments}")
    return shown.decode().replace("\r\n", "\n")


# --- JSON ---

def a_quiet_daemon(stage):
    daemon = stage.sallyport("[proxy]\nurl = http://127.0.0.1:1 http://proxy-b.example.net:3128\n" +
                             "[proxy other]\nurl = http://proxy-b.example.net:3128\n" + listener("imap") +
                             listener("imap work", "srv:example.net"))
    told = facts(daemon)
    equal(set(told), FIELDS[""], "fields")
    equal(set(told["totals"]), FIELDS["totals"], "fields of totals")
    equal(set(told["network"]), FIELDS["network"], "fields of network")
    check(re.fullmatch(r"\d+\.\d+\.\d+\S*", told["version"]), f"version {told['version']!r}")
    equal(told["pid"], daemon.process.pid, "pid")
    equal(told["configuration"], daemon.ini, "configuration")
    equal(told["stopping"], False, "stopping")
    check(0 <= told["uptime"] < 20, f"uptime {told['uptime']}")
    host, port = daemon.address("imap")
    equal(told["listeners"][0], {"name": "imap", "addresses": [f"{host}:{port}"], "target": "mail.example.net:143",
                                 "sessions": 0}, "first listener")
    equal(told["listeners"][1]["target"], "srv:example.net", "target of the second")
    equal(told["proxies"], [{"url": url, "source": "file", "state": "up", "seconds": 0, "ready": None, "next_try": None,
                             "last_error": None, "last_error_age": None, "connections": []}
                            for url in ("http://127.0.0.1:1", "http://proxy-b.example.net:3128")], "proxies")
    for part in "sessions", "found", "redirects", "questions":
        equal(told[part], [], part)
    equal(told["totals"], {"open": 0, "sessions": 0, "in": 0, "out": 0, "preconnected": 0, "stale": 0}, "totals")


def sessions_of_every_kind(stage):
    """One whose proxy has switched, one through an opaque tunnel, one without a proxy, one that is opening."""
    switched, opaque = Proxy(stage, echoing(SWITCHED)), Proxy(stage, echoing())
    silent = Proxy(stage, lambda connection: (connection.read_head(), connection.hold()))
    server = Proxy(stage, lambda connection: (connection.send(GREETING), connection.echo()))
    daemon = stage.sallyport(
        f"[proxy]\nurl = {switched.url}\n[proxy b]\nurl = {opaque.url}\n[proxy c]\nurl = {silent.url}\n" +
        listener("imap") + listener("imap b", more="proxy = b") + listener("imap c", more="proxy = c") +
        listener("imap d", f"127.0.0.1:{server.port}", "proxy = direct"))
    for proxy in switched, opaque, silent, server:
        stage.later(proxy.stop)
    client = greeted(stage, daemon)
    client.sendall(b"A1 NOOP\r\n")
    read_exactly(client, 9)
    greeted(stage, daemon, "imap/b")
    greeted(stage, daemon, "imap/d")
    stage.later(daemon.connect("imap/c").close)
    silent.wait_head()
    told = facts(daemon)
    seen = {session["listener"]: session for session in told["sessions"]}
    for session in told["sessions"]:
        equal(set(session), FIELDS["sessions"], "fields of a session")
        check(re.fullmatch(rf"{session['listener']} #\d+", session["name"]), f"name {session['name']!r}")
        check(0 <= session["age"] < 20, f"age {session['age']}")
        host, port = daemon.address(session["listener"])
        equal(session["on"], f"{host}:{port}", "where it came to")
        with open("/proc/self/comm", encoding="utf-8") as file:
            equal((session["program"], session["pid"]), (file.read().rstrip("\n"), os.getpid()), "its client")
    address = "%s:%d" % client.getsockname()
    check(address in [session["from"] for session in told["sessions"]], f"no client from {address}")
    for name, state, proxy, is_switched in (("imap", "piping", switched.url, True),
                                            ("imap/b", "piping", opaque.url, False),
                                            ("imap/c", "opening", None, False),
                                            ("imap/d", "piping", "direct", False)):
        equal((seen[name]["state"], seen[name]["proxy"], seen[name]["switched"]), (state, proxy, is_switched), name)
    equal((seen["imap"]["in"], seen["imap"]["out"]), (9, len(GREETING) + 9), "bytes in and out")
    equal(told["totals"], {"open": 4, "sessions": 4, "in": 9, "out": 3 * len(GREETING) + 9,
                           "preconnected": 0, "stale": 0}, "totals")
    equal({one["name"]: one["sessions"] for one in told["listeners"]},
          {"imap": 1, "imap/b": 1, "imap/c": 1, "imap/d": 1}, "sessions of each listener")
    client.close()
    daemon.wait_line("imap #1 closed")
    equal(facts(daemon)["totals"], {"open": 3, "sessions": 4, "in": 9, "out": 3 * len(GREETING) + 9,
                           "preconnected": 0, "stale": 0}, "totals later")


def proxies_that_rest(stage):
    away = Proxy(stage, lambda connection: (connection.read_head(), connection.send(
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 100\r\nContent-Length: 0\r\n\r\n")))
    dead, good = f"http://127.0.0.1:{closed_port()}", Proxy(stage, echoing())
    daemon = stage.sallyport(settings(f"{dead} {good.url}", listener("imap") + listener("smtp", more="proxy = away"))
                             .replace("[imap]", f"[proxy away]\nurl = {away.url}\n[imap]"))
    stage.later(good.stop)
    greeted(stage, daemon)
    stage.later(daemon.connect("smtp").close)
    daemon.wait_line(r"smtp #\d+ failed")
    proxies = {proxy["url"]: proxy for proxy in facts(daemon)["proxies"]}
    for proxy in proxies.values():
        equal(set(proxy), FIELDS["proxies"], "fields of a proxy")
    equal(proxies[good.url], {"url": good.url, "source": "file", "state": "up", "seconds": 0, "ready": None,
                              "next_try": None, "last_error": None, "last_error_age": None,
                              "connections": []}, "good one")
    equal(proxies[dead]["state"], "resting", "state of the dead one")
    check(0 < proxies[dead]["seconds"] <= 2, f"it rests for {proxies[dead]['seconds']} s")
    check("refused" in proxies[dead]["last_error"], f"last error {proxies[dead]['last_error']!r}")
    equal(proxies[away.url]["state"], "away", "state of the one that wants to be left alone")
    check(90 < proxies[away.url]["seconds"] <= 100, f"it is away for {proxies[away.url]['seconds']} s")
    check(0 <= proxies[dead]["last_error_age"] <= 10, f"age of its error: {proxies[dead]['last_error_age']}")
    check("503" in proxies[away.url]["last_error"], f"last error {proxies[away.url]['last_error']!r}")
    until(lambda: next(p for p in facts(daemon)["proxies"] if p["url"] == dead)["state"] == "doubtful",
          "the end of its rest")


def a_learned_redirect(stage):
    house = Sent(stage, "type=lifetime=600 count=5")
    for _ in range(2):
        greeted(stage, house.daemon)
    house.daemon.wait_line(r"redirected by=.* to=.* scope=imap://mail\.example\.net:143/ lifetime=")
    told = facts(house.daemon)
    redirect, = told["redirects"]
    left = redirect.pop("seconds_left")
    check(580 < left <= 600, f"seconds left: {left}")
    equal(redirect, {"id": 1, "sender": house.first.url, "proxy": house.second.url, "scope": URL, "hits_left": 3,
                     "hits": 2}, "redirect")
    equal(json.loads(say(place(house.daemon), b"redirects\n").split(b"\n", 1)[1])["redirects"][0]["id"], 1, "its ID")
    command(house.daemon, "redirects", "clear")
    equal(facts(house.daemon)["redirects"], [], "redirects after `redirects clear`")
    greeted(stage, house.daemon)
    equal(len(house.first.heads), 2, "requests to the first proxy")


# --- questions ---

def a_question_that_is_allowed(stage):
    house = Sent(stage, "scope=imap://*.example.net/ type=lifetime=600")
    client = house.daemon.connect("imap")
    stage.later(client.close)
    question = house.question()
    equal(set(question), FIELDS["questions"], "fields of a question")
    for word in house.first.url, house.second.url, "IMAP to example.net:143 and every name", "10 minutes":
        check(word in question["text"], f"no {word} in {question['text']!r}")
    check(50 < question["seconds_left"] <= 60, f"seconds left: {question['seconds_left']}")
    house.daemon.wait_line(rf'asking question={question["id"]} text="')
    shown, _ = command(house.daemon, "redirects")
    check(f"sallyport redirects allow {question['id']}" in shown, f"no way to answer in:\n{shown}")
    command(house.daemon, "redirects", "allow", "77", status=UNAVAILABLE)
    equal(command(house.daemon, "redirects", "allow", str(question["id"])), ("", ""), "what it says")
    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    house.daemon.wait_line(rf"answered question={question['id']} yes=yes")
    equal(facts(house.daemon)["questions"], [], "questions after the answer")
    equal(facts(house.daemon)["redirects"][0]["scope"], "imap://*.example.net:143/", "scope")
    command(house.daemon, "redirects", "allow", str(question["id"]), status=UNAVAILABLE)


def a_question_that_is_refused(stage):
    house = Sent(stage, "scope=* type=forever")
    client = house.daemon.connect("imap")
    stage.later(client.close)
    command(house.daemon, "redirects", "refuse", str(house.question()["id"]))
    check("the user said no" in refusal(client, ("temporary", "permanent")), "the client is not told why")
    house.daemon.wait_line(r"answered question=\d+ yes=no")
    equal(facts(house.daemon)["redirects"], [], "redirects")


def a_question_that_nobody_answers(stage):
    house = Sent(stage, "scope=* type=forever", "ask-timeout = 1s")
    client = house.daemon.connect("imap")
    stage.later(client.close)
    house.question()
    refusal(client, ("temporary", "permanent"))
    equal(facts(house.daemon)["questions"], [], "questions")


# --- for people ---

def a_table_that_fits_80_columns(stage):
    house = Sent(stage, "type=forever")
    greeted(stage, house.daemon)
    lines = on_terminal(house.daemon, "status").split("\n")
    for line in lines:
        check(len(line) <= 80, f"{len(line)} columns: {line!r}")
        equal(line, line.rstrip(), "a line")
    shown = "\n".join(lines)
    for wanted in (r"^sallyport \S+, up \d+s, process \d+$", r"^sessions 1 open, 1 so far; 0 B in, \d+ B out$",
                   r"^LISTENER +ADDRESS +TARGET +SESSIONS$", r"^imap +127\.0\.0\.1:\d+ +mail\.example\.net:143 +1$",
                   r"^SESSION +AGE +IN +OUT +SWITCHED +PROXY +CLIENT$",
                   rf"^imap #1 +\d+s +0 B +\d+ B +no +{re.escape(house.second.url)} +\S+ {os.getpid()}$",
                   r"^PROXY +FROM +STATE +LAST ERROR$", rf"^{re.escape(house.first.url)} +file +up +-$",
                   r"^REDIRECTS$", rf"^ +1  {URL}$", rf"^ +from {house.first.url} to {house.second.url}$",
                   r"^ +until restart, 1 hit so far$"):
        check(re.search(wanted, shown, re.MULTILINE), f"no line like {wanted!r} in:\n{shown}")


def long_names_are_cut_on_a_terminal_only(stage):
    host = "-".join(["mail"] * 12) + ".example.net"
    urls = " ".join(f"http://{name}.{'-'.join(['proxy'] * 9)}.example.net:3128" for name in "ab")
    daemon = stage.sallyport(settings(urls.split()[0], listener(f"imap {'x' * 32}", host)))
    stage.later(daemon.connect(f"imap/{'x' * 32}").close)
    daemon.wait_line(r" accepted ")
    for columns in 80, 60, 40:
        shown = on_terminal(daemon, "status", columns=columns)
        for line in shown.split("\n"):
            check(len(line) <= columns, f"{len(line)} columns: {line!r}")
        check(re.search(r"http://a\S+\.\.\.\S+:3128", shown), f"no proxy is cut in its middle in:\n{shown}")
    shown, _ = command(daemon, "status")
    check(host in shown and urls.split()[0] in shown, f"something was cut in:\n{shown}")


def a_watch_shows_what_is_new(stage):
    proxy = Proxy(stage, echoing())
    daemon = stage.sallyport(settings(proxy.url))
    stage.later(proxy.stop)
    watch = stage.start([PROGRAM, "-c", daemon.ini, "status", "--watch"], name="watch", env=daemon.env)
    watch.wait_line(r"^sessions 0 open, 0 so far;")
    greeted(stage, daemon)
    watch.wait_line(r"^sessions 1 open, 1 so far;")
    watch.wait_line(rf"^imap #1 .* \S+ {os.getpid()}$")
    daemon.stop()
    equal(watch.wait(), UNAVAILABLE, "status when the daemon has gone")


def a_wide_question_is_folded(stage):
    house = Sent(stage, "scope=imap://*.example.net/ type=lifetime=600")
    stage.later(house.daemon.connect("imap").close)
    house.question()
    for arguments in ("status",), ("redirects",):
        shown = on_terminal(house.daemon, *arguments)
        check("QUESTIONS\n" in shown and all(len(line) <= 80 for line in shown.split("\n")), f"not folded:\n{shown}")


def nothing_to_tell(stage):
    daemon = stage.sallyport(settings("http://127.0.0.1:1"))
    equal(command(daemon, "redirects")[0], "nothing is redirected, and nothing is asked\n", "what it says")


def json_of_many_sessions_is_whole(stage):
    proxy = Proxy(stage, echoing())
    daemon = stage.sallyport(settings(proxy.url))
    stage.later(proxy.stop)
    for _ in range(300):
        stage.later(daemon.connect("imap").close)
    until(lambda: daemon.count(r" open ") == 300, "300 sessions")
    began = time.monotonic()
    equal(len(facts(daemon)["sessions"]), 300, "sessions")
    check(time.monotonic() - began < 5, "that took too long")


# --- mistakes ---

def mistakes_are_told(stage):
    daemon = stage.sallyport(settings("http://127.0.0.1:1"))
    for arguments in (("redirects", "drop"), ("redirects", "allow"), ("redirects", "allow", "x"),
                      ("redirects", "allow", "0"), ("redirects", "clear", "1"), ("redirects", "allow", "1", "2"),
                      ("status", "now"), ("reload", "now"), ("stop", "now"), ("redirects", "--json"),
                      ("check", "--json"), ("status", "--keys"), ("run", "--watch"),
                      ("status", "--watch", "--json")):
        shown, said = command(daemon, *arguments, status=USAGE)
        equal(shown, "", f"standard output of {arguments}")
        check(said.startswith("sallyport: "), f"{arguments}: {said!r}")


def without_a_daemon_there_is_nothing_to_ask(stage):
    daemon = stage.sallyport(settings("http://127.0.0.1:1"))
    daemon.stop()
    for arguments in (("status",), ("status", "--json"), ("redirects",), ("redirects", "clear"),
                      ("redirects", "allow", "1"), ("reload",), ("stop",)):
        shown, said = command(daemon, *arguments, status=UNAVAILABLE)
        equal(shown, "", f"standard output of {arguments}")
        equal(said, f"sallyport: no sallyport is running: nobody answers on {place(daemon)}\n", f"{arguments}")


scenario(a_quiet_daemon,
         sessions_of_every_kind,
         proxies_that_rest,
         a_learned_redirect,
         a_question_that_is_allowed,
         a_question_that_is_refused,
         a_question_that_nobody_answers,
         a_table_that_fits_80_columns,
         long_names_are_cut_on_a_terminal_only,
         a_watch_shows_what_is_new,
         a_wide_question_is_folded,
         nothing_to_tell,
         json_of_many_sessions_is_whole,
         mistakes_are_told,
         without_a_daemon_there_is_nothing_to_ask,
         paths=("splice",))
