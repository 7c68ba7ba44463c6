# SPDX-License-Identifier: ISC
"""What stands in the manual pages between .Bd -literal and .Ed: lines for the configuration of other programs, and
commands, which the tests take from there."""
import os
import re

from .case import check

TOP = os.environ.get("top_srcdir") or os.path.join(os.path.dirname(__file__), "../../..")


def read(page):
    """The source of a page, such as "sallyport-relay.7"."""
    with open(os.path.join(TOP, f"man/{page}.in"), encoding="utf-8") as file:
        return file.read()


def section(page, heading):
    """The source of that section or subsection."""
    found = re.search(rf"(?s)^\.S[hs] {re.escape(heading)}\n(.*?)(?=^\.S[hs] |\Z)", read(page), re.MULTILINE)
    check(found, f"{page} has no section {heading!r}")
    return found.group(1)


def literals(source):
    """Of each literal block in the source of a section: (the path that was named last before it, its text)."""
    found, path = [], None
    for part in re.finditer(r"(?ms)^\.Pa (\S+)|^\.Bd -literal[^\n]*\n(.*?)^\.Ed", source):
        if part.group(1):
            path = part.group(1)
        else:
            found.append((path, part.group(2).replace("\\e", "\\")))
    return found


def printed(page, heading, number=0):
    """The text of one literal block of that section."""
    found = literals(section(page, heading))
    check(len(found) > number, f"{page} has no lines in {heading!r}")
    return found[number][1]
