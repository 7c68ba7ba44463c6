# SPDX-License-Identifier: ISC
"""What a running program uses, from /proc."""
import os
import time

from .case import Skip


def descriptors(pid, kind=""):
    """How many file descriptors are open; with kind ("socket", "pipe") those only."""
    folder, count = f"/proc/{pid}/fd", 0
    try:
        names = os.listdir(folder)
    except PermissionError:
        raise Skip("needs root: the program lets nobody look into it") from None
    for descriptor in names:
        try:
            count += os.readlink(f"{folder}/{descriptor}").startswith(kind)
        except FileNotFoundError:
            pass  # closed in the meantime
    return count


def settled_descriptors(pid):
    """The same, once it has not changed for a third of a second: the log tells of an end shortly before all is
    closed."""
    count, since = descriptors(pid), time.monotonic()
    while time.monotonic() - since < 0.3:
        time.sleep(0.02)
        if descriptors(pid) != count:
            count, since = descriptors(pid), time.monotonic()
    return count


def cpu_seconds(pid):
    """Processor time used so far, by the program itself and by the kernel for it."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def anonymous_kib(pid):
    """Memory that is the program's own: heap, stack, changed data; in KiB."""
    try:
        rollup = open(f"/proc/{pid}/smaps_rollup", encoding="ascii")
    except PermissionError:
        raise Skip("needs root: the program lets nobody look into it") from None
    with rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Anonymous:"))


def sanitized():
    """Whether the program carries a sanitizer, whose memory is not the program's."""
    with open(os.environ["SALLYPORT"], "rb") as program:
        return b"__asan_init" in program.read()
