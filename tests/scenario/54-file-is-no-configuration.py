#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The file is not there, not a file, or full of anything: `check` says so with status 78 and survives."""
import os
import random

from kit import check, equal, scenario
from kit.checking import CONFIG, IMAP, PROXY, complaints
from kit.daemon import Sallyport


def random_bytes(stage):
    chance = random.Random(11)
    for size in (1, 10, 1000, 100_000):
        complaints(stage, chance.randbytes(size))


def random_bytes_among_good_lines(stage):
    """Good lines before and after do not hide the bad one, and it is told by its number."""
    chance = random.Random(12)
    for _ in range(20):
        noise = bytes(byte for byte in chance.randbytes(60) if byte not in b"\r\n;#[= \t") or b"\0"
        told = complaints(stage, PROXY.encode() + noise + b"\n" + IMAP.encode())
        equal(told[0][0], 3, f"line of {noise!r}")


def nul_bytes(stage):
    good = (PROXY + IMAP).encode()
    for text, line in ((good.replace(b"mail.", b"mail\0."), 5), (good + b"\0", 6)):
        told = complaints(stage, text)
        check(line in [number for number, _ in told], f"line {line} was not told: {told}")
    complaints(stage, b"\0" * 100_000)


def control_bytes_are_told_and_not_printed(stage):
    told = complaints(stage, (PROXY + IMAP).encode() + b"\x1b[2Jkey = value\n")
    equal(told[0][0], 6, "line")


def a_megabyte_without_line_end(stage):
    complaints(stage, b"a" * (1 << 20))


def very_many_faults_are_bounded(stage):
    told = complaints(stage, PROXY + IMAP + "nonsense = 1\n" * 100_000)
    check(10 <= len(told) <= 1000, f"{len(told)} complaints")
    check("more" in told[-1][1], f"the last does not say that there are more: {told[-1]}")


def an_empty_file(stage):
    complaints(stage, "")


def elf(stage):
    with open(os.path.realpath("/proc/self/exe"), "rb") as program:
        complaints(stage, program.read(1 << 20))


def refused(stage, path, word):
    done = Sallyport.command(stage, "-c", path, "check")
    equal((done.returncode, done.stdout), (CONFIG, b""), "status and output")
    check(path.encode() in done.stderr and word in done.stderr, f"not clear: {done.stderr!r}")


def a_file_that_is_not_there(stage):
    refused(stage, os.path.join(stage.folder, "nothing.ini"), b"No such file")


def a_folder(stage):
    refused(stage, stage.dir("folder.ini"), b"directory")


def no_file_anywhere(stage):
    done = Sallyport.command(stage, "check")
    equal((done.returncode, done.stdout), (CONFIG, b""), "status and output")
    check(b"sallyport.ini" in done.stderr, f"it does not say what it looked for: {done.stderr!r}")


scenario(random_bytes,
         random_bytes_among_good_lines,
         nul_bytes,
         control_bytes_are_told_and_not_printed,
         a_megabyte_without_line_end,
         very_many_faults_are_bounded,
         an_empty_file,
         elf,
         a_file_that_is_not_there,
         a_folder,
         no_file_anywhere,
         paths=("splice",))
