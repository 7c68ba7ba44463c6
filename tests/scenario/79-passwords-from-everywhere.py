#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Where a password can come from: a file, a credential of systemd, a command, the person at the terminal; and what is
said when it does not come."""
import base64
import os
import re
import signal

from kit import Sallyport, check, equal, scenario, until
from kit.checking import accepted, complaints
from kit.peers import GREETING, OPAQUE, Proxy
from kit.route import listener, refusal, settings
from kit.streams import read_exactly
from kit.terminal import Terminal

USER, WORD = "fred", "Tr0ub4dor-and-3"
DENIED = (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n"
          b"Content-Length: 0\r\nConnection: close\r\n\r\n")
UNAVAILABLE, CONFIG = 69, 78
ASKED = re.escape("Password of fred at http://127.0.0.1:") + r"\d+: "


class Guarded(Proxy):
    """A proxy that lets the user in with any of these passwords (bytes), and remembers which it was given."""

    def __init__(self, stage, *passwords):
        self.passwords = passwords or (WORD.encode(),)
        self.given = []
        super().__init__(stage, self._guard)

    def _guard(self, connection):
        head = connection.read_head()
        told = re.search(rb"\r\nProxy-Authorization: Basic (\S+)\r\n", head)
        if told:
            user, _, password = base64.b64decode(told.group(1)).partition(b":")
            self.given.append(password)
            if user == USER.encode() and password in self.passwords:
                connection.send(OPAQUE + GREETING)
                connection.echo()
                return
        if head:
            connection.send(DENIED)


def ini(proxy, source="", listeners=None):
    return settings(proxy.url, listeners, "log-level = debug", f"user = {USER}\nauth = basic\n{source}")


def served(daemon, name="imap"):
    with daemon.connect(name) as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")


def opens(stage, source, password, **options):
    """With that source, the proxy gets this password, and the tunnel opens."""
    proxy = Guarded(stage, password)
    daemon = stage.sallyport(ini(proxy, source), **options)
    served(daemon)
    equal(set(proxy.given), {password}, "passwords at the proxy")
    proxy.stop()
    return daemon


def fails(stage, source, reason, **options):
    """With that source there is no password: a temporary failure, which says why; the proxy gets nothing."""
    proxy = Guarded(stage)
    daemon = stage.sallyport(ini(proxy, source), **options)
    client = daemon.connect("imap")
    stage.later(client.close)
    told = refusal(client)
    check(re.search(reason, told), f"the client is told {told!r}")
    daemon.wait_line(rf"#1 failed class=temporary reason=\".*{reason}")
    equal(proxy.given, [], "passwords at the proxy")


# --- files and credentials ---

ANY_BYTE = bytes(range(1, 256)).replace(b"\n", b"")
"""Every byte that a password may have."""


def a_file(stage):
    for number, (text, password) in enumerate([
            (WORD + "\n", WORD.encode()), (WORD, WORD.encode()), (f"{WORD}\r\nsecond line\n", WORD.encode()),
            (ANY_BYTE + b"\n", ANY_BYTE), (b"  blank ; # = : \n", b"  blank ; # = : ")]):
        path = stage.file(f"word{number}", text, mode=0o600)
        opens(stage, f"password-file = {path}", password, name=f"sallyport{number}")


def a_file_that_changes(stage):
    """Cached until it is refused; then read anew."""
    path = stage.file("word", "first\n", mode=0o600)
    proxy = Guarded(stage, b"first", b"second")
    daemon = stage.sallyport(ini(proxy, f"password-file = {path}"))
    served(daemon)
    stage.file("word", "second\n", mode=0o600)
    served(daemon)
    equal(proxy.given[-1], b"first", "password of the second session")
    proxy.passwords = (b"second",)
    with daemon.connect("imap") as client:
        refusal(client, ("permanent",))
    until_served(daemon)
    equal(proxy.given[-1], b"second", "password after the refusal")
    proxy.stop()


def until_served(daemon):
    """Connects until the greeting comes: a proxy that refused may be left alone for a moment."""
    def is_served():
        with daemon.connect("imap") as client:
            return client.recv(4) == b"* OK"
    until(is_served, "a session that opens")


def a_file_that_others_may_read_meanwhile(stage):
    path = stage.file("word", WORD, mode=0o600)
    proxy = Guarded(stage)
    daemon = stage.sallyport(ini(proxy, f"password-file = {path}"))
    os.chmod(path, 0o644)
    with daemon.connect("imap") as client:
        check("others can read it" in refusal(client), "the client is not told why")
    equal(proxy.given, [], "passwords at the proxy")


def a_credential(stage):
    """systemd gives files of mode 0400, or 0440 with an access list."""
    for mode in (0o400, 0o440):
        folder = stage.dir(f"credentials{mode:o}")
        stage.file(f"credentials{mode:o}/proxy-password", WORD + "\n", mode=mode)
        opens(stage, "password-file = credential:proxy-password", WORD.encode(), name=f"sallyport{mode:o}",
              env={"CREDENTIALS_DIRECTORY": folder})


def a_credential_that_is_no_secret(stage):
    stage.file("credentials/word", WORD, mode=0o644)
    fails(stage, "password-file = credential:word", "others can read it",
          env={"CREDENTIALS_DIRECTORY": stage.dir("credentials")})


def a_credential_that_is_not_there(stage):
    fails(stage, "password-file = credential:word", "No such file or directory",
          env={"CREDENTIALS_DIRECTORY": stage.folder})


def names_that_no_credential_can_have(stage):
    proxy = Guarded(stage)
    for name in ("", ".", "..", "../word", "/etc/passwd", "a/b"):
        told = complaints(stage, ini(proxy, f"password-file = credential:{name}"),
                          env={"CREDENTIALS_DIRECTORY": stage.folder})
        check("credential" in told[0][1], f"{name!r} is called {told}")


def check_by_hand_knows_no_credentials(stage):
    """The same file is right in a shell, where systemd has set nothing."""
    printed = accepted(stage, ini(Guarded(stage), "password-file = credential:word"))
    check("password-file = credential:word\n" in printed, f"printed back as\n{printed}")


def without_systemd_there_are_no_credentials(stage):
    daemon = stage.sallyport(ini(Guarded(stage), "password-file = credential:word"), ready=False)
    daemon.expected = (CONFIG,)
    equal(daemon.process.wait(), CONFIG, "exit status of run")
    daemon.wait_line(r"sallyport\.ini:\d+: password-file: .*CREDENTIALS_DIRECTORY")


# --- commands ---

def a_command(stage):
    stage.file("bytes", ANY_BYTE + b"\r\nmore\n")
    for number, (command, password) in enumerate([
            (f"echo {WORD}", WORD.encode()), (f"echo {WORD}; yes more | head -n 100000", WORD.encode()),
            (f"sleep 0.3; printf %s {WORD}", WORD.encode()), (f"cat {stage.folder}/bytes", ANY_BYTE)]):
        opens(stage, f"password-command = {command}", password, name=f"sallyport{number}")


def a_command_that_fails(stage):
    for number, (command, reason) in enumerate([
            ("exit 3", "password-command ended with status 3"), (f"echo {WORD}; exit 1", "ended with status 1"),
            ("kill -9 $$", "ended with signal 9"), ("true", "no password in the first line"),
            ("printf 'a\\000b\\n'", "NUL"), ("no-such-program-anywhere 2>/dev/null", "ended with status 127")]):
        fails(stage, f"password-command = {command}", reason, name=f"sallyport{number}")


def a_slow_command_holds_nobody_else(stage):
    """While it runs, a session that needs no password is served; and all who wait share one run."""
    proxy, free = Guarded(stage), Proxy(stage, lambda connection: (connection.open(), connection.echo()))
    gate = os.path.join(stage.folder, "gate")
    command = f"echo >>{stage.folder}/runs; until test -e {gate}; do sleep 0.05; done; echo {WORD}"
    more = f"[proxy free]\nurl = {free.url}\n" + listener("nntp", more="proxy = free")
    daemon = stage.sallyport(ini(proxy, f"password-command = {command}", listener("imap") + more))
    waiting = [daemon.connect("imap") for _ in range(3)]
    until(lambda: os.path.exists(f"{stage.folder}/runs"), "the command's start")
    served(daemon, "nntp")
    stage.file("gate")
    for client in waiting:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting of one who waited")
        client.close()
    served(daemon)
    with open(f"{stage.folder}/runs", encoding="ascii") as runs:
        equal(len(runs.read()), 1, "runs of the command")
    proxy.stop()
    free.stop()


def a_command_is_run_again_after_a_reload(stage):
    proxy = Guarded(stage, b"1", b"2")
    text = ini(proxy, f"password-command = echo >>{stage.folder}/runs; wc -l <{stage.folder}/runs")
    daemon = stage.sallyport(text)
    served(daemon)
    served(daemon)
    daemon.reload(text)
    daemon.wait_line("reloaded ")
    served(daemon)
    equal(proxy.given, [b"1", b"1", b"2"], "passwords at the proxy")
    proxy.stop()


# --- the person at the terminal ---

def at_terminal(stage, proxy, *command, listeners=None, **options):
    """sallyport with that command on a terminal of its own, its question read."""
    path = stage.file("asking.ini", ini(proxy, listeners=listeners), mode=0o600)
    terminal = Terminal(stage, ["-c", path, *command], **options)
    terminal.see(ASKED)
    check(not terminal.echoes(), "the terminal echoes while a password is asked for")
    return terminal


def is_as_before(terminal):
    check(terminal.echoes(), "the terminal does not echo any more")
    check(terminal.modes() == terminal.before, "the terminal's modes are not what they were")
    check(WORD not in terminal.shown, f"the terminal shows the password: {terminal.shown!r}")


def try_asks(stage):
    proxy = Guarded(stage)
    terminal = at_terminal(stage, proxy, "try")
    terminal.type(WORD + "\n")
    equal(terminal.wait(), 0, "exit status")
    is_as_before(terminal)
    equal(set(proxy.given), {WORD.encode()}, "passwords at the proxy")
    output = terminal.output()
    check(GREETING.decode().strip() in output and "works" in output, f"try printed\n{output}")
    check("Password" not in output and WORD not in output, f"the question or the answer is in\n{output}")


def try_asks_again_after_a_refusal(stage):
    proxy = Guarded(stage)
    terminal = at_terminal(stage, proxy, "try", listeners=listener("imap") + listener("imap other"))
    terminal.type("wrong\n")
    terminal.see(ASKED, 2)
    check(not terminal.echoes(), "the terminal echoes while a password is asked for again")
    terminal.type(WORD + "\n")
    equal(terminal.wait(), UNAVAILABLE, "exit status")
    is_as_before(terminal)
    equal((set(proxy.given[:-1]), proxy.given[-1]), ({b"wrong"}, WORD.encode()), "passwords at the proxy")
    output = terminal.output()
    check("407" in output and "works" in output, f"try printed\n{output}")


def try_is_told_nothing(stage):
    proxy = Guarded(stage)
    for typed in ("\n", "\x04"):
        terminal = at_terminal(stage, proxy, "try")
        terminal.type(typed)
        equal(terminal.wait(), UNAVAILABLE, "exit status")
        is_as_before(terminal)
        check("no password" in terminal.output(), f"try printed\n{terminal.output()}")
    equal(proxy.given, [], "passwords at the proxy")


def try_is_interrupted(stage):
    """The shell must see that the signal ended it."""
    proxy = Guarded(stage)
    for number, typed in ((signal.SIGINT, WORD + "\x03"), (signal.SIGQUIT, "\x1c"), (signal.SIGTERM, None),
                          (signal.SIGHUP, None)):
        terminal = at_terminal(stage, proxy, "try")
        if typed:
            terminal.type(typed)
        else:
            terminal.child.send_signal(number)
        equal(terminal.wait(), -number, "how it ended")
        is_as_before(terminal)
    equal(proxy.given, [], "passwords at the proxy")


def try_is_stopped_and_continued(stage):
    """In a shell with jobs: ^Z gives the shell a terminal that echoes, fg asks anew."""
    proxy = Guarded(stage)
    path = stage.file("asking.ini", ini(proxy), mode=0o600)
    terminal = Terminal(stage, ["--norc", "--noprofile", "--noediting", "-i"], program="bash", on_terminal=True,
                        env={"PS1": "ready> ", "INI": path, "HISTFILE": ""})
    terminal.see("ready> ")
    terminal.type('"$SALLYPORT" -c "$INI" try; echo status $?\n')
    terminal.see(ASKED)
    terminal.type("half\x1a")
    terminal.see("Stopped")
    terminal.see("ready> ", 2)
    until(terminal.echoes, "a terminal that echoes again")
    terminal.type("fg\n")
    terminal.see(ASKED, 2)
    check(not terminal.echoes(), "the terminal echoes while a password is asked for again")
    terminal.type(WORD + "\n")
    terminal.see(r"  works\r\n")
    until(terminal.echoes, "a terminal that echoes again")
    terminal.type("exit\n")
    equal(set(proxy.given), {WORD.encode()}, "passwords at the proxy")
    check(WORD not in terminal.shown and "half" not in terminal.shown, f"the terminal shows {terminal.shown!r}")


def connect_asks(stage):
    """Standard input and output carry the tunnel alone."""
    proxy = Guarded(stage)
    terminal = at_terminal(stage, proxy, "connect", "imap")
    terminal.type(WORD + "\n")
    equal(terminal.child.stdout.read(len(GREETING)), GREETING, "what standard output begins with")
    terminal.child.stdin.write(b"a1 noop\r\n")
    terminal.child.stdin.close()
    equal(terminal.child.stdout.read(), b"a1 noop\r\n", "what comes behind")
    equal(terminal.wait(), 0, "exit status")
    is_as_before(terminal)


def connect_is_refused(stage):
    terminal = at_terminal(stage, Guarded(stage), "connect", "imap")
    terminal.type("wrong\n")
    equal(terminal.wait(), UNAVAILABLE, "exit status")
    is_as_before(terminal)
    check("407" in terminal.output(), f"the mail program reads {terminal.output()!r}")


def connect_is_interrupted(stage):
    proxy = Guarded(stage)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        terminal = at_terminal(stage, proxy, "connect", "imap")
        if number == signal.SIGINT:
            terminal.type("\x03")
        else:
            terminal.child.send_signal(number)
        check(terminal.wait() != 0, "it ended as if all were well")
        is_as_before(terminal)
    equal(proxy.given, [], "passwords at the proxy")


def without_a_terminal_nobody_is_asked(stage):
    """As cron would start it: the failure says what to set."""
    proxy = Guarded(stage)
    path = stage.file("asking.ini", ini(proxy), mode=0o600)
    for command in (["try"], ["connect", "imap"]):
        terminal = Terminal(stage, ["-c", path, *command], controls=False)
        equal(terminal.wait(), UNAVAILABLE, f"exit status of {command}")
        said = terminal.output() + terminal.child.stderr.read().decode()
        check("no terminal" in said and "password-command" in said, f"{command} said\n{said}")
        equal(terminal.shown, "", "on the terminal")


def run_and_check_ask_nobody(stage):
    """A daemon has nobody to ask: a user without a password is a fault there."""
    text = ini(Guarded(stage))
    told = complaints(stage, text)
    check("password-command" in told[0][1], f"check says {told}")
    done = Sallyport.command(stage, "run", ini=text)
    equal(done.returncode, CONFIG, f"exit status of run, which said {done.stderr}")


scenario(a_file,
         a_file_that_changes,
         a_file_that_others_may_read_meanwhile,
         a_credential,
         a_credential_that_is_no_secret,
         a_credential_that_is_not_there,
         names_that_no_credential_can_have,
         check_by_hand_knows_no_credentials,
         without_systemd_there_are_no_credentials,
         a_command,
         a_command_that_fails,
         a_slow_command_holds_nobody_else,
         a_command_is_run_again_after_a_reload,
         try_asks,
         try_asks_again_after_a_refusal,
         try_is_told_nothing,
         try_is_interrupted,
         try_is_stopped_and_continued,
         connect_asks,
         connect_is_refused,
         connect_is_interrupted,
         without_a_terminal_nobody_is_asked,
         run_and_check_ask_nobody,
         paths=("splice",))
