# SPDX-License-Identifier: ISC
"""A person at home who puts what `sallyport recipe` prints where its first line says, and runs the program."""
import os
import re
import traceback
from concurrent.futures import ThreadPoolExecutor, wait

from .case import Skip, check, equal, need
from .certificates import Authority
from .daemon import PROGRAM, Sallyport
from .exchange import Exchange
from .process import PATIENCE, free_port, run, until
from .real import PASSWORD, Account, Dovecot, Inn, Mailbox, Postfix, body_of
from .terminal import COLUMNS, ROWS, Terminal

MAIL, NEWS = "mail.example.net", "news.example.net"

ADDRESS = "alice@example.net"
"""Whose mail it is; the part before the @ is dovecot's USER."""

AT_ONCE = 6
"""Programs that run at the same time: most of what they do is waiting."""

LONG = 2 * PATIENCE
"""Seconds for a dialogue of several steps, each of which may wait: an emacs that starts and does all of its work."""

OUTSIDE = "127.0.0.2"
"""Where dovecot lets nobody log in without TLS."""

LISTENERS = {
    "imap": (f"{MAIL}:993", "yes"), "pop3": (f"{MAIL}:995", "yes"), "submission": (f"{MAIL}:587", "starttls"),
    "managesieve": (f"{MAIL}:4190", "starttls"), "nntp": (f"{NEWS}:119", ""),
    "imap direct": (f"{MAIL}:993", ""), "pop3 direct": (f"{MAIL}:995", ""), "submission direct": (f"{MAIL}:465", ""),
    "imap socket": (f"{MAIL}:993", "yes"), "submission socket": (f"{MAIL}:587", "starttls"),
}
"""The sections that there may be: (target, the value of tls)."""


class Town:
    """dovecot, postfix and INN, as far as the sections need them, a proxy, and the daemon with these sections."""

    def __init__(self, stage, *sections):
        self.stage = stage
        self.authority = Authority(stage)
        certificate = self.authority.leaf(MAIL)
        servers = {}
        self.dovecot = self.postfix = self.inn = None
        if any(section != "nntp" for section in sections):
            self.dovecot = Dovecot(stage, certificate=certificate)
            servers.update({f"{MAIL}:{port}": (OUTSIDE, real) for port, real in (
                (993, self.dovecot.imaps), (995, self.dovecot.pop3s), (4190, self.dovecot.sieve))})
        if any(section.startswith("submission") for section in sections):
            self.postfix = Postfix(stage, self.dovecot, certificate=certificate)
            servers.update({f"{MAIL}:{port}": ("127.0.0.1", real) for port, real in (
                (587, self.postfix.submission), (465, self.postfix.submissions))})
        if "nntp" in sections:
            self.inn = Inn(stage)
            servers[f"{NEWS}:119"] = ("127.0.0.1", self.inn.port)
        self.exchange = Exchange(stage, servers)
        # getmail delivers no mail as root, and so comes as another user.
        self.ini = (f"[sallyport]\nsame-user = no\n[proxy]\nurl = {self.exchange.url}\n" +
                    "".join(map(self._section, sections)))
        self.daemon = stage.sallyport(self.ini)

    def _section(self, section):
        """Its port is one that is free: a recipe has the ports of the configuration."""
        target, tls = LISTENERS[section]
        trusted = f"tls = {tls}\ntls-ca-file = {self.authority.file}\n" if tls else ""
        place = f"127.0.0.1:{free_port()}"
        if section.endswith(" socket"):
            place = f"unix:{self.stage.dir('sockets', 0o700)}/{section.split()[0]}"
        return f"[{section}]\nlisten = {place}\ntarget = {target}\n{trusted}"

    def mailbox(self):
        """The person's mail, past the program under test."""
        return Mailbox(self.daemon.address("imap"))

    def has_letter(self, subject):
        """The body of the first letter with that subject in the mailbox, or None."""
        with self.mailbox() as mailbox:
            _, (numbers,) = mailbox.client.search(None, "SUBJECT", f'"{subject}"')
            return body_of(mailbox.message(int(numbers.split()[0]))) if numbers else None

    def wait_letter(self, subject):
        """The same, once it is there."""
        return until(lambda: self.has_letter(subject), f"the letter {subject}")


class Person:
    """With a home of their own, in which there is nothing but sallyport's configuration.  account: the user of this
    machine who they are, root's own by default."""

    def __init__(self, town, program, *listeners, account=None):
        self.town, self.program, self.account = town, program, account or Account.mine()
        self.home = self.account.own(
            town.stage.dir("-".join(("home", program, *listeners)).replace("/", "-"), 0o700))
        self.env = {"HOME": self.home, "XDG_CONFIG_HOME": f"{self.home}/.config", "TERM": "xterm", "LANG": "C.UTF-8",
                    "PATH": f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}", "LINES": str(ROWS),
                    "COLUMNS": str(COLUMNS),
                    "SSL_CERT_FILE": town.authority.file, "CURL_CA_BUNDLE": town.authority.file,
                    "EDITOR": "true", "VISUAL": "true"}
        self.file(".config/sallyport/sallyport.ini", town.ini)
        self.recipe = self.run(PROGRAM, "recipe", "--address", ADDRESS, program, *listeners).stdout.decode()
        check(PASSWORD not in self.recipe, "the recipe has a password")

    def file(self, name, text=""):
        """A file below the home, as its programs want it: for nobody else."""
        path = self.town.stage.file(os.path.join(self.home, name), text, mode=0o600)
        while path != self.home:
            self.account.own(path)
            path = os.path.dirname(path)
        return os.path.join(self.home, name)

    def files(self, *folders):
        """The texts of all files below these folders."""
        for folder in folders:
            for above, _, names in os.walk(os.path.join(self.home, folder)):
                yield from (self.read(os.path.join(above, name)) for name in names)

    def read(self, name):
        with open(os.path.join(self.home, name), encoding="latin-1") as file:
            return file.read()

    def paste(self, *changes):
        """Writes the recipe into the file that its first line names, and does what it says is to be done first.
        changes: (what is there, what is to be there), for the password.  Gives the file."""
        name = re.search(r"put these lines into ~/(\S+)", self.recipe.splitlines()[0])
        check(name, f"the first line names no file: {self.recipe.splitlines()[0]!r}")
        for first in re.findall(r"(?m)^\S+ first: (.*)$", self.recipe):
            self.run("sh", "-c", first)
        return self.file(name.group(1), self.changed(*changes))

    def changed(self, *changes):
        text = self.recipe
        for before, after in changes:
            check(before in text, f"no {before!r} in the recipe:\n{text}")
            text = text.replace(before, after)
        return text

    def script(self):
        """A recipe that is a command, as a file for sh."""
        return self.file("recipe.sh", self.recipe)

    def password(self):
        """A command that prints the password."""
        return f"cat {self.file('.password', PASSWORD)}"

    def run(self, *argv, data=None, **more):
        """Runs a program to its end, which must be a good one; gives what it printed."""
        env = Sallyport.environment(self.town.stage, {**self.env, **more})
        done = run(self.account.argv(*argv), data=data, env=env, cwd=self.home)
        equal(done.returncode, 0, f"status of {argv[0]}, which said {(done.stdout + done.stderr).decode('latin-1')}")
        return done

    def terminal(self, *argv, **more):
        """Runs a program on a terminal."""
        program = need(argv[0], argv[0])
        return Dialogue(self.town.stage, ["-C", self.home, program, *argv[1:]], program=need("env", "coreutils"),
                        on_terminal=True, env={**self.env, **more})


class Dialogue(Terminal):
    """A program on a terminal, and a person who answers what it asks."""

    def enter_password(self, prompt=r"(?i)password", hidden=True):
        """Types the password once it is asked for and cannot be seen any more: what was typed before is thrown away
        by who turns echo off."""
        self.see(prompt)
        if hidden:
            until(lambda: not self.echoes(), "the terminal to show nothing of what is typed")
        self.type(PASSWORD + "\r")

    def answer(self, answers, done):
        """Types what belongs to each pattern of answers each time that it is shown from now on, until done() is
        true."""
        def shown(pattern):
            return len(re.findall(pattern, self.shown))
        seen = {pattern: shown(pattern) for pattern in answers}

        def step():
            self._read(0.05)
            for pattern, reply in answers.items():
                if shown(pattern) > seen[pattern]:
                    seen[pattern] += 1
                    self.type(reply)
            return done()
        try:
            until(step, "an end of the dialogue", LONG)
        except AssertionError as error:
            raise AssertionError(f"{error}, which showed {self.shown[-1500:]!r}") from None

    def good_end(self, what):
        equal(self.wait(), 0, f"status of {what}, which showed {self.shown[-2000:]!r}")


def side_by_side(*trials):
    """Runs functions at once, all to their end; their failures are told together.  A program that is missing is told
    when all others have done well."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = [pool.submit(trial) for trial in trials]
        wait(done)
    errors = [future.exception() for future in done if future.exception()]
    failures = ["".join(traceback.format_exception(error)) for error in errors if not isinstance(error, Skip)]
    if failures:
        raise AssertionError("\n".join(failures))
    if errors:
        raise Skip("; ".join(map(str, errors)))
