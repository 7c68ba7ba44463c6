#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""bash, zsh and fish complete commands, options, names of listeners and IDs of questions; they ask the configuration
that the line names, and evaluate nothing of it."""
import os
import re
import subprocess

from kit import Sallyport, check, equal, need, scenario
from kit.daemon import PROGRAM
from kit.redirecting import Town, use
from kit.terminal import Terminal

COMMANDS = ("run", "check", "try", "connect", "status", "redirects", "reload", "stop", "setup", "pac",
            "recipe", "relay-user")
OPTIONS = ("--config", "--verbose", "--quiet", "--timestamps", "--version", "--help")
PROGRAMS = ("mutt", "neomutt", "alpine", "aerc", "gnus", "thunderbird", "claws-mail", "evolution", "pan", "mbsync",
            "offlineimap", "getmail", "fetchmail", "msmtp", "swaks", "git-send-email", "slrn", "tin", "sieve-connect",
            "curl")
HIDDEN = ("completion", "completion-values")

INI = """\
[proxy]
url = http://proxy.example.net
[imap]
target = mail.example.net
[imap work.1-a]
listen = 127.0.0.1:1144
target = mail.example.net
[smtp]
target = mail.example.net
[reverse home]
relay = https://relay.example.net/desk
target = 127.0.0.1:22
"""

HOSTILE = INI + """\
[imap $(touch pwned)]
target = mail.example.net
[imap `touch pwned`]
target = mail.example.net
[smtp ;touch pwned]
target = $(touch pwned)
[sallyport]
control = /$$(touch pwned)
"""


class Shell:
    """One of the three, with what sallyport has printed for it, in a folder of its own."""

    def __init__(self, stage):
        self.stage = stage
        self.folder = stage.dir("here")
        self.program = need(self.name, self.name)
        self.script = stage.file(os.path.join(self.name, self.file),
                                 Sallyport.command(stage, "completion", self.name).stdout.decode())
        self.env = Sallyport.environment(stage, {"PATH": os.path.dirname(PROGRAM) + ":" + os.environ["PATH"],
                                                 "TERM": "dumb", "SALLYPORT_NONE": ""})

    def run(self, text):
        """The lines that the shell prints; it must say nothing else."""
        done = subprocess.run([self.program, *self.plainly, "-c", text], capture_output=True, env=self.env,
                              cwd=self.folder, timeout=60, check=False, stdin=subprocess.DEVNULL)
        equal(done.stderr.decode(), "", f"what {self.name} says to {text}")
        return done.stdout.decode().splitlines()

    @staticmethod
    def behind_a_sign(_, word):
        """What is offered for a word that begins with an option and its '='."""
        return [word]

    def wanted(self, line, *words):
        equal(sorted(self.complete(line)), sorted(words), f"what {self.name} offers for {line!r}")


class Bash(Shell):
    name, file, plainly = "bash", "sallyport", ("--norc",)

    def complete(self, line):
        """As bash itself calls the function: the line, and its words as it takes them apart."""
        words = re.findall(r"[=:]|(?:\\.|'[^']*'|\"[^\"]*\"|[^\s=:'\"\\])+", line)
        if line[-1] in " =":
            words.append("")
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
        whole = "'" + line.replace("'", "'\\''") + "'"
        return self.run(f"source {self.script}; COMP_LINE={whole}; COMP_WORDS=({quoted}); "
                        f"COMP_CWORD={len(words) - 1}; _sallyport; printf '%s\\n' \"${{COMPREPLY[@]}}\" | grep .")


class Fish(Shell):
    name, file, plainly = "fish", "sallyport.fish", ("--no-config",)

    @staticmethod
    def behind_a_sign(option, word):
        return [option + word]

    def complete(self, line):
        quoted = line.replace("\\", "\\\\").replace("'", "\\'")
        offers = [offer.split("\t")[0] for offer in self.run(f"source {self.script}; complete -C '{quoted}'")]
        begun = [offer for offer in offers if offer.startswith(line.split(" ")[-1])]
        return begun or offers  # fish 4 names those, too, that have it elsewhere


class Typed(Shell):
    """A shell at a terminal, where somebody types and presses the key."""

    def __init__(self, stage):
        super().__init__(stage)
        self.terminal = Terminal(stage, [*self.plainly, "-i"], program=self.program, on_terminal=True,
                                 env={**self.env, "HOME": self.folder})
        self.terminal.type(self.start() + "\n")
        self.terminal.see(r"(?m)^READY")

    def typed(self, line, pattern):
        """Types the line and presses the key twice; waits until the terminal shows that behind it, and leaves it."""
        self.terminal.shown = ""
        self.terminal.type(line + "\t\t")
        self.terminal.see(pattern)
        self.terminal.type("\x15echo DO''NE\n")
        self.terminal.see(r"(?m)^DONE")


class TypedBash(Typed):
    name, file, plainly = "bash", "sallyport", ("--norc",)

    def start(self):
        return f"cd {self.folder}; bind 'set enable-bracketed-paste off'; source {self.script}; echo REA''DY"


class TypedZsh(Typed):
    name, file, plainly = "zsh", "_sallyport", ("-f",)

    def start(self):
        return (f"cd {self.folder}; fpath=({os.path.dirname(self.script)} $fpath); unset zle_bracketed_paste; "
                "autoload -U compinit; compinit -u -D; LISTMAX=1000; stty cols 200; echo REA''DY")


def of_the_tables(shell):
    shell.wanted("sallyport ", *COMMANDS)
    shell.wanted("sallyport st", "status", "stop")
    shell.wanted("sallyport status --", "--json", "--watch", *OPTIONS)
    shell.wanted("sallyport check --s", "--socket-unit")
    shell.wanted("sallyport try --j")
    shell.wanted("sallyport redirects ", "clear", "allow", "refuse")
    shell.wanted("sallyport redirects r", "refuse")
    shell.wanted("sallyport setup --", "--address", "--proxy", "--program", "--output", "--yes", "--dry-run", *OPTIONS)
    for before in ("recipe", "recipe --address me@example.net", "setup --yes --program"):
        shell.wanted(f"sallyport {before} ", *PROGRAMS)
        shell.wanted(f"sallyport {before} mu", "mutt")
    shell.wanted("sallyport setup --program=th", *shell.behind_a_sign("--program=", "thunderbird"))
    shell.wanted("sallyport setup --d", "--dry-run")
    shell.wanted("sallyport setup --p", "--proxy", "--program")
    shell.wanted("sallyport recipe --a", "--address")
    for nothing in ("setup ", "setup --proxy ", "recipe --address ", "reload ", "relay-user ", "redirects clear ",
                    "connect imap ", "completion", "no-such-command "):
        shell.wanted("sallyport " + nothing)


def of_the_configuration(shell, stage):
    ini = stage.file("names.ini", INI, mode=0o600)
    odd = stage.file("odd name; $(touch pwned).ini", INI.replace("imap", "pop3"), mode=0o600)
    for before in (f"-c {ini}", f"--config={ini}", f"-c{ini}", f"-v --config {ini} -q"):
        shell.wanted(f"sallyport {before} try im", "imap", "imap/work.1-a")
        shell.wanted(f"sallyport {before} try smtp ", "imap", "imap/work.1-a", "smtp", "reverse/home")
        for command in ("connect", "recipe mutt", "recipe --address me@example.net mutt smtp"):
            shell.wanted(f"sallyport {before} {command} ", "imap", "imap/work.1-a", "smtp")
    shell.wanted(f"sallyport -c '{odd}' try po", "pop3", "pop3/work.1-a")
    shell.wanted("sallyport -c /no/such/file try ")
    equal(os.listdir(shell.folder), [], "what is in the folder after all that")


def of_a_hostile_file(shell, stage):
    """It has faults, and so no names; nor is anything said, or run."""
    ini = stage.file("hostile.ini", HOSTILE, mode=0o600)
    shell.wanted(f"sallyport -c {ini} try ")
    shell.wanted(f"sallyport -c {ini} redirects allow ")
    shell.wanted("sallyport -c '$(touch pwned)' try `touch pwned`")
    pipe = os.path.join(shell.folder, "pipe")
    os.mkfifo(pipe)
    shell.wanted(f"sallyport -c {pipe} try ")
    equal(os.listdir(shell.folder), ["pipe"], "what is in the folder after all that")


def of_the_daemon(shell, stage):
    program = stage.file("asks", "#!/bin/sh\nexec sleep 600\n", mode=0o755)
    town = Town(stage, "a", "b")
    town.tell("a", use(town["b"], "scope=imap:// lifetime=600"))
    town.run("a", f"ask-command = {program}")
    with town.daemon.connect("imap"):
        number = town.daemon.wait_line(r"asking question=(\d+) ").group(1)
        shell.wanted(f"sallyport -c {town.daemon.ini} redirects allow ", number)
        shell.wanted(f"sallyport -c {town.daemon.ini} redirects refuse ", number)
        town.daemon.command(stage, "-c", town.daemon.ini, "redirects", "refuse", number)
    shell.wanted(f"sallyport -c {town.daemon.ini} redirects allow ")


def all_of(kind, stage):
    shell = kind(stage)
    of_the_tables(shell)
    of_the_configuration(shell, stage)
    of_a_hostile_file(shell, stage)
    of_the_daemon(shell, stage)


def bash_is_asked_by_its_function(stage):
    all_of(Bash, stage)


def fish_is_asked_by_complete(stage):
    all_of(Fish, stage)


def at_a_terminal(shell, stage):
    ini = stage.file("names.ini", INI, mode=0o600)
    hostile = stage.file("hostile.ini", HOSTILE, mode=0o600)
    shell.typed("sallyport st", r"status.*\s.*stop")
    shell.typed("sallyport redirects cl", r"redirects clear")
    shell.typed("sallyport status --w", r"status --watch")
    shell.typed("sallyport check --so", r"check --socket-unit")
    shell.typed("sallyport recipe neo", r"recipe neomutt")
    shell.typed("sallyport setup --dr", r"setup --dry-run")
    shell.typed("sallyport setup --program claw", r"--program claws-mail")
    shell.typed(f"sallyport -c {ini} recipe mutt sm", r"recipe mutt smtp")
    shell.typed(f"sallyport -c {ini} try imap/", r"try imap/work\.1-a")
    shell.typed(f"sallyport --config={ini} try rev", r"try reverse/home")
    shell.typed(f"sallyport -v --config={ini} connect sm", r"connect smtp")
    stage.file("here/some-file.pac", "")
    shell.typed("sallyport pac some", r"pac some-file\.pac")
    shell.typed("sallyport -c some", r"-c some-file\.pac")
    shell.typed("sallyport --config=some", r"--config=some-file\.pac")
    shell.typed(f"sallyport -c {hostile} try x", r"try x")
    shell.typed(f"sallyport -c '$(touch pwned)' try `touch pwned` x", r"` x")
    equal(os.listdir(shell.folder), ["some-file.pac"], "what is in the folder after all that")


def bash_at_a_terminal(stage):
    at_a_terminal(TypedBash(stage), stage)


def zsh_at_a_terminal(stage):
    at_a_terminal(TypedZsh(stage), stage)


def zsh_offers_the_questions(stage):
    """zsh is only typed to."""
    shell = TypedZsh(stage)

    class Asks:
        @staticmethod
        def wanted(line, *words):
            if words:
                shell.typed(line, rf"(?:allow|refuse) {words[0]}\b")

    of_the_daemon(Asks, stage)


def the_values_say_nothing_else(stage):
    for kind, ini, status, said in (("names", INI, 0, "imap\nimap/work.1-a\nsmtp\nreverse/home\n"),
                                    ("listeners", INI, 0, "imap\nimap/work.1-a\nsmtp\n"), ("names", HOSTILE, 0, ""),
                                    ("questions", INI, 0, ""),
                                    ("programs", INI, 0, "".join(f"{name}\n" for name in PROGRAMS)),
                                    ("secrets", INI, 64, "")):
        done = Sallyport.command(stage, "completion-values", kind, ini=ini)
        equal((done.returncode, done.stdout.decode(), done.stderr.decode()), (status, said, ""), f"of {kind}")
    small = stage.file("sallyport/conf.d/a.ini", INI)
    main = os.path.join(stage.folder, "sallyport", "sallyport.ini")
    equal(Sallyport.command(stage, "completion-values", "listeners").stdout, b"imap\nimap/work.1-a\nsmtp\n",
          f"where {small} is all there is")
    os.mkfifo(main)  # which nobody writes to: nothing waits
    equal(Sallyport.command(stage, "completion-values", "listeners", patience=10).stdout, b"", f"with a pipe at {main}")
    os.unlink(main)
    equal(Sallyport.command(stage, "completion", "csh").returncode, 64, "status for csh")
    shown = Sallyport.command(stage, "--help").stdout.decode()
    check(not any(word in shown for word in HIDDEN), f"the commands for the scripts are in the summary:\n{shown}")


scenario(bash_is_asked_by_its_function, fish_is_asked_by_complete, bash_at_a_terminal, zsh_at_a_terminal,
         zsh_offers_the_questions, the_values_say_nothing_else, paths=("splice",))
