#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The demonstration of the README: every step works, it fits a terminal of 80 columns, and its end leaves nothing."""
import os
import re
import signal
import sys

from kit import Sallyport, check, equal, need, run, scenario, until
from kit.daemon import PROGRAM

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../demo/demo.py")


def left_over(stage):
    """Processes that were started with this stage's folder as their home."""
    mark = f"HOME={stage.folder}\0".encode()
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as environ:
                if mark in environ.read() + b"\0":
                    found.append(pid)
        except OSError:
            pass  # it ended meanwhile, or is not ours to see
    return found


def environment(stage):
    need("curl", "curl")
    return Sallyport.environment(stage, {"TMPDIR": stage.dir("tmp")})


def once(stage):
    done = run([sys.executable, DEMO, PROGRAM, "--once"], env=environment(stage))
    shown = done.stdout.decode()
    equal((done.returncode, done.stderr), (0, b""), f"status and complaints, with\n{shown}\n")
    equal(len(re.findall(r"^  ok: ", shown, re.MULTILINE)), 3, "steps that worked")
    for line in ("CONNECT mail.example.net:25 HTTP/1.1", "Upgrade: SMTP", "CONNECT mail.example.net:143 HTTP/1.1",
                 "Upgrade: IMAP", "CONNECT news.example.net:119 HTTP/1.1", "Upgrade: NNTP"):
        check(f"> {line}\n" in shown, f"no {line!r} as the proxy saw it in\n{shown}")
    wide = [line for line in shown.splitlines() if len(line) > 80]
    equal(wide, [], "lines wider than 80 columns")
    equal(left_over(stage), [], "processes left over")
    equal(os.listdir(stage.dir("tmp")), [], "files left over")


def a_program_that_fails_is_told(stage):
    done = run([sys.executable, DEMO, "/bin/false", "--once"], env=environment(stage))
    check(done.returncode != 0, "the demonstration of a program that does not work ends well")
    check(b"FAILED" in done.stdout, f"it does not say so: {done.stdout!r}")


def it_stays_until_a_signal(stage):
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        demo = stage.start([sys.executable, DEMO, PROGRAM], env=environment(stage))
        demo.wait_line("still running")
        place = demo.wait_line(r"'imap://(\S+)/INBOX;MAILINDEX=1'").group(1)
        got = run([need("curl", "curl"), "--silent", "--noproxy", "*", "-u", "reader:secret",
                   f"imap://{place}/INBOX;MAILINDEX=1"])
        check(b"through the proxy" in got.stdout, f"the line to try gives {got!r}")
        demo.wait_line(r"imap #\d+ closed ", count=2)
        demo.signal(number)
        equal(demo.wait(), 0, f"status after signal {number}")
        until(lambda: not left_over(stage), "the end of every process")
        equal(os.listdir(stage.dir("tmp")), [], "files left over")


scenario(once, a_program_that_fails_is_told, it_stays_until_a_signal, paths=("splice",))
