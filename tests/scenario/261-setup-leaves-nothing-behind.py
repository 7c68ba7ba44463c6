#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`sallyport setup` that does not come to its end: Ctrl-C at each question and between them, a full disk, a folder that
cannot be written to, a file that is there already, an answer that is none.  Nothing is left behind, the terminal is as
it was, and what went wrong is said."""
import os
import signal
import subprocess

from kit import check, equal, own_network, scenario
from kit.peers import Proxy
from kit.provider import ADDRESS, IMAP, PROXY_PASSWORD, SMTP, Provider, fits, keeps_secret, mode, talk

CTRL_C, CTRL_D = "\x03", "\x04"

LOGIN = ((r"Your user name at the proxy.*: $", "fred\n"), (r"Keep the password by .*: $", "file\n"),
         (r"Your password at the proxy: $", PROXY_PASSWORD + "\n"))


def everything(folder):
    """The names of all that is below the folder, and the texts of files."""
    found = {}
    for place, _, files in os.walk(folder):
        found[place] = None
        for name in files:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                found[path] = file.read()
    return found


def home(stage):
    """Where the person's files are; the stage's own are elsewhere."""
    folder = os.path.join(stage.folder, "home")
    return folder if os.path.isdir(folder) else stage.dir("home", 0o700)


def start(provider, *arguments, **more):
    """setup, by somebody whose home it is."""
    return provider.setup(*arguments, env={"XDG_CONFIG_HOME": home(provider.stage), "HOME": home(provider.stage)},
                          **more)


def interrupted(provider, dialogue, arguments=(), typed=CTRL_C, ends=-signal.SIGINT):
    """Runs the dialogue, and Ctrl-C in place of its last answer; nothing is there that was not before."""
    before = everything(home(provider.stage))
    person = start(provider, *arguments)
    talk(person, (*dialogue[:-1], (dialogue[-1][0], typed)))
    equal(person.wait(), ends, f"how setup ended, which showed {person.shown}")
    equal(person.modes(), person.before, "the terminal's settings")
    equal(everything(home(provider.stage)), before, "what is there")
    keeps_secret(person.shown)
    fits(person.shown)
    return person.shown


def ctrl_c_at_each_question(stage):
    own_network.own_etc()
    provider = Provider(stage, users={"fred": PROXY_PASSWORD})
    dialogue = ((r"Your mail address: $", ADDRESS + "\n"), (r"The proxy's URL: $", provider.squid.url + "\n"), *LOGIN,
                (r"Use these servers \[yes\]: $", "no\n"), (r"by IMAP: $", "none\n"), (r"by POP3: $", "none\n"),
                (r"submission\): $", f"{SMTP}:{provider.postfix.submissions}\n"),
                (r"TLS with it .*\[yes\]: $", "\n"))
    for count in range(1, len(dialogue) + 1):
        interrupted(provider, dialogue[:count])
    interrupted(provider, ((r"Your mail address: $", ""),), typed=CTRL_D, ends=66)
    interrupted(provider, ((r"Your mail address: $", ""),), typed="half" + CTRL_C)

    person = start(provider)
    talk(person, (*dialogue, (r"Your mail program \[none\]: $", CTRL_C)))
    equal(person.wait(), -signal.SIGINT, "how setup ended after it had written")
    folder = os.path.join(home(stage), "sallyport")
    equal(sorted(os.listdir(folder)), ["proxy-password", "sallyport.ini"], "what was written by then")
    ini = os.path.join(folder, "sallyport.ini")
    text = provider.read(ini)
    check(f"\n[submission]\n" in text and "[imap]" not in text and "known from" not in text, text)

    interrupted(provider, ((rf"There is a configuration already:\s+{ini}", ""), (r"Replace it.* \[no\]: $", "")),
                ("--address", ADDRESS))
    shown = interrupted(provider, ((r"Replace it.* \[no\]: $", ""),), ("--address", ADDRESS), "\n", 73)
    check("Nothing was changed." in shown, shown)


def ctrl_c_between_them(stage):
    """While the proxy is waited for, at first and when it is asked for a web page."""
    own_network.own_etc()
    provider = Provider(stage, tells=False)
    silent = Proxy(stage, lambda connection: (connection.read_head(), connection.wait_gone()))
    for url, step in ((silent.url, r"request +CONNECT .*\n"), (provider.squid.url, r"pacc +asking for.*\n")):
        before = everything(home(stage))
        person = start(provider, "--address", ADDRESS, "--proxy", url)
        person.see(step)
        person.type(CTRL_C)
        equal(person.wait(), -signal.SIGINT, f"how setup ended, which showed {person.shown}")
        equal(everything(home(stage)), before, "what is there")


def servers_by_hand(stage):
    """Nobody tells of them, and guesses lead nowhere; then they are typed."""
    own_network.own_etc()
    provider = Provider(stage, tells=False)
    person = start(provider, "--address", ADDRESS, "--proxy", provider.squid.url, "--program", "none")
    talk(person, ((r"Found none: ", ""), (r"by IMAP: $", "no such thing\n"), (r"by IMAP: $",
                  f"{IMAP}:{provider.dovecot.imaps}\n"), (r"TLS with it .*\[yes\]: $", "maybe\n"),
                  (r"TLS with it .*\[yes\]: $", "\n"), (r"submission\): $", f"{SMTP}:{provider.postfix.submission}\n"),
                  (r"TLS with it .*\[yes\]: $", "starttls\n")))
    equal(person.wait(), 0, f"how setup ended, which showed {person.shown}")
    equal(person.shown.count("  works\r\n"), 2, f"listeners that work in {person.shown}")
    done = provider.setup_alone("--address", ADDRESS, "--proxy", provider.squid.url, "--output",
                                os.path.join(home(stage), "other.ini"))
    equal(done.returncode, 69, f"status without a person, which was told {done.stderr}")
    check(b"nobody is to be asked" in done.stderr, done.stderr)
    check(b"guess" in done.stdout, done.stdout)
    equal(sorted(os.listdir(home(stage))), ["sallyport"], "what is there")


def a_file_that_is_there(stage):
    own_network.own_etc()
    provider = Provider(stage)
    output = stage.file("mine/my.ini", "; mine\n", mode=0o644)
    arguments = ("--address", ADDRESS, "--proxy", provider.squid.url, "--program", "none", "--output", output)
    done = provider.setup_alone(*arguments)
    equal(done.returncode, 73, f"status without --yes, with {done.stderr}")
    equal(provider.read(output), "; mine\n", "the file")

    done = provider.setup_alone("--dry-run", *arguments)
    equal(done.returncode, 0, f"status of --dry-run, with {done.stderr}")
    check(done.stdout.startswith(b"# sallyport's configuration for ") and b"\n[imap]\n" in done.stdout, done.stdout)
    check(b"autoconfig" in done.stderr, done.stderr)
    equal(sorted(os.listdir(os.path.dirname(output))), ["my.ini"], "what is there after --dry-run")

    link = os.path.join(stage.dir("links"), "link.ini")
    os.symlink(output, link)
    done = provider.setup_alone("--yes", *arguments[:-1], link)
    equal(done.returncode, 0, f"status of --yes, with {done.stdout} {done.stderr}")
    check(os.path.islink(link), "the link is none any more")
    equal(provider.read(output + ".bak"), "; mine\n", "the copy")
    check("[imap]" in provider.read(output), provider.read(output))
    mode(output, 0o600)
    equal(sorted(os.listdir(os.path.dirname(output))), ["my.ini", "my.ini.bak"], "what is there")
    check(f"sallyport -c {link} run".encode() in done.stdout.replace(b"\n", b" "), done.stdout)


def no_room_and_no_right(stage):
    """A disk with room for the password and not for the configuration; one that is read only."""
    own_network.own_etc()
    provider = Provider(stage, users={"fred": PROXY_PASSWORD})
    for options, why in (("size=4k", "No space left on device; make room"), ("ro", "Read-only file system; name a ")):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", home(stage)], check=True)
        shown = interrupted(provider, (*LOGIN, (r"Use these servers \[yes\]: $", "")),
                            ("--address", ADDRESS, "--proxy", provider.squid.url), "\n", 73)
        check(why in shown.replace("\r\n", " "), shown)
        equal(os.listdir(home(stage)), [], "what is there")
        subprocess.run(["umount", home(stage)], check=True)


own_network.go_inside()
scenario(ctrl_c_at_each_question, ctrl_c_between_them, servers_by_hand, a_file_that_is_there, no_room_and_no_right,
         paths=["splice"])
