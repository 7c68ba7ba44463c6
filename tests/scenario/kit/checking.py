# SPDX-License-Identifier: ISC
"""`sallyport check` on a configuration text, and what it says."""
import os
import re

from .case import check, equal
from .daemon import Sallyport

NAME = "checked.ini"
CONFIG = 78
"""The exit status for a configuration that is wrong (sysexits.h)."""

PROXY = "[proxy]\nurl = http://proxy.example.net:3128\n"
IMAP = "[imap]\nlisten = 127.0.0.1:0\ntarget = mail.example.net\n"


def checked(stage, text, mode=0o600, env=None):
    """Runs `check` on a file with that text (or bytes) and mode; gives its CompletedProcess."""
    return Sallyport.command(stage, "-c", stage.file(NAME, text, mode), "check", env=env)


def accepted(stage, text, **options):
    """What `check` prints for a text that is right."""
    done = checked(stage, text, **options)
    equal((done.returncode, done.stderr), (0, b""), f"status and complaints about\n{text!r}\n")
    return done.stdout.decode("utf-8")


def complaints(stage, text, **options):
    """[(line, message)] that `check` tells of a text that is wrong; line 0 where it names only the file.  Nothing is
    printed back, every line of the complaint names the file and has only printable characters."""
    done = checked(stage, text, **options)
    equal((done.returncode, done.stdout), (CONFIG, b""), f"status and output for {text!r:.300}, {done.stderr!r:.900}")
    found = []
    for line in done.stderr.decode("utf-8", "surrogateescape").splitlines():
        told = re.search(rf"{re.escape(os.path.join(stage.folder, NAME))}:(?:(\d+):)? (.+)", line)
        check(told, f"a complaint without file and line: {line!r}")
        check(line.isprintable() and line.isascii(), f"bytes of the file were printed as they are: {line!r}")
        found.append((int(told.group(1) or 0), told.group(2)))
    check(found, f"nothing was said about {text!r:.300}")
    return found
