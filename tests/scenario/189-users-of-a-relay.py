#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A relay's users: `relay-user` makes their lines, real hashes are compared beside the loop, a reload reads the file
anew or changes nothing, and guessers are told of and rest."""
import base64
import re
import time

from kit import check, equal, run, scenario
from kit.control import CONFIGURATION, command
from kit.daemon import PROGRAM
from kit.streams import connect, read_exactly
from kit.terminal import Terminal

HOME = b"* OK home speaks\r\n"
BAD_DATA, NO_INPUT = 65, 66  # of sysexits.h


def enrol(stage, name, password, again=None):
    """What `relay-user` prints, and its exit status."""
    terminal = Terminal(stage, ["relay-user", name])
    terminal.see(re.escape(name) + ": ")
    terminal.type(password + "\n")
    terminal.see("again: ")
    terminal.type((again or password) + "\n")
    status = terminal.wait()
    check(password not in terminal.shown, f"the terminal shows {terminal.shown!r}")
    return terminal.output(), status


def line(stage, name, password, rights):
    printed, status = enrol(stage, name, password)
    equal(status, 0, "status of relay-user")
    return f"{printed.rstrip()}:{rights}\n"


def settings(stage, users):
    """A relay and a public port, on that text as users file."""
    path = stage.file("relay.users", users, mode=0o600)
    return (f"[relay]\nlisten = 127.0.0.1:0\nusers = {path}\n"
            "[public imap]\nlisten = 127.0.0.1:0\nname = home:143\nallow = everyone\n")


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def ask(stage, daemon, head):
    sock = connect(daemon.address("relay"))
    stage.later(sock.close)
    sock.sendall("".join(f"{text}\r\n" for text in (*head, "")).encode())
    return sock


def register(stage, daemon, user, password):
    return ask(stage, daemon, ["GET /.well-known/reverse/tcp/home/143/ HTTP/1.1", "Host: relay", "Connection: upgrade",
                               "Upgrade: reverse", f"Authorization: {basic(user, password)}"])


def reach(stage, daemon, user, password):
    return ask(stage, daemon, ["CONNECT home:143 HTTP/1.1", "Host: home:143",
                               f"Proxy-Authorization: {basic(user, password)}"])


def status_of(sock):
    """Of the answer, whose head is read and not a byte more."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += read_exactly(sock, 1)
    return int(head.split()[1])


def pass_bytes(place, client, asked=True):
    equal(status_of(place), 101, "answer to the place")
    place.sendall(HOME)
    if asked:
        equal(status_of(client), 200, "answer to the client")
    equal(read_exactly(client, len(HOME)), HOME, "greeting")
    client.sendall(b"a\r\n")
    equal(read_exactly(place, 3), b"a\r\n", "what the client says")


def who_was_enrolled_registers_and_reaches(stage):
    users = line(stage, "alice", "p\u00e4ss w:rd", "register=home:143") + line(stage, "bob", "of bob", "reach=home:143")
    daemon = stage.sallyport(settings(stage, users))
    place = register(stage, daemon, "alice", "p\u00e4ss w:rd")
    daemon.wait_line(r"relay #\d+ waiting name=home:143")
    client = reach(stage, daemon, "bob", "of bob")
    pass_bytes(place, client)
    place = register(stage, daemon, "alice", "p\u00e4ss w:rd")
    daemon.wait_line(r"relay #\d+ waiting name=home:143", count=2)
    pass_bytes(place, daemon.connect("public/imap"), asked=False)


def relay_user_prints_nothing_when_in_doubt(stage):
    printed, status = enrol(stage, "alice", "one", "two")
    equal((printed, status), ("", BAD_DATA), "for two that differ")
    for name in "a:b", "", "a\nb":
        done = run([PROGRAM, "relay-user", name])
        equal((done.stdout, done.returncode), (b"", 64), f"for the name {name!r}")
    terminal = Terminal(stage, ["relay-user", "alice"], controls=False)
    equal(terminal.wait(), NO_INPUT, "without a terminal")


def a_reload_reads_the_users_anew(stage):
    bob = line(stage, "bob", "of bob", "reach=home:143")
    alice = line(stage, "alice", "of alice", "register=home:143 reach=*")
    daemon = stage.sallyport(settings(stage, alice + bob))
    place = register(stage, daemon, "alice", "of alice")
    daemon.wait_line(r"relay #\d+ waiting name=home:143")
    client = reach(stage, daemon, "bob", "of bob")
    pass_bytes(place, client)
    settings(stage, alice + "carol\n")
    _, said = command(daemon, "reload", status=CONFIGURATION)
    check(re.search(r"relay\.users:2: this is not NAME:HASH", said), f"the fault is not told: {said!r}")
    _, said = command(daemon, "check", status=CONFIGURATION)
    check("relay.users:2: " in said, f"check does not tell the fault: {said!r}")
    again = register(stage, daemon, "alice", "of alice")
    daemon.wait_line(r"relay #\d+ waiting name=home:143", count=2)
    pass_bytes(again, reach(stage, daemon, "bob", "of bob"))  # who is still there
    settings(stage, alice)
    command(daemon, "reload")
    equal(status_of(reach(stage, daemon, "bob", "of bob")), 407, "answer to bob, who was taken out")
    client.sendall(b"b\r\n")
    equal(read_exactly(place, 3), b"b\r\n", "what goes through the session of before")


def guessers_are_told_of_and_rest(stage):
    daemon = stage.sallyport(settings(stage, line(stage, "alice", "of alice", "register=home:143 reach=*")))
    begun = time.monotonic()
    equal(status_of(reach(stage, daemon, "alice", "no")), 407, "answer to a wrong password")
    check(time.monotonic() - begun >= 1, "the answer came at once")
    daemon.wait_line(r'^sallyport: relay #\d+ refused from=127\.0\.0\.1 user="alice" reason="wrong password"$')
    equal(status_of(register(stage, daemon, "mallory", "of alice")), 401, "answer to somebody unknown")
    daemon.wait_line(r'^sallyport: relay #\d+ refused from=127\.0\.0\.1 user="mallory" reason="unknown user"$')
    for sock in [reach(stage, daemon, "alice", f"no{i}") for i in range(4)]:
        equal(status_of(sock), 407, "answer to a wrong password")
    daemon.wait_line(r'reason="wrong password" rests=60$')
    equal(status_of(reach(stage, daemon, "alice", "of alice")), 429, "answer to one who rests")
    for secret in "no", "no1":
        check(base64.b64encode(f"alice:{secret}".encode()).decode() not in "\n".join(daemon.process.lines),
              "the log has a password")


scenario(who_was_enrolled_registers_and_reaches, relay_user_prints_nothing_when_in_doubt,
         a_reload_reads_the_users_anew, guessers_are_told_of_and_rest, in_turns=True)
