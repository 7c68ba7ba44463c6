#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Measures sallyport against every rival: see README.md beside this file.

    bench.py PROGRAMS SALLYPORT OUTPUT

PROGRAMS is the folder of the built load, target and path, SALLYPORT the program under test, OUTPUT the folder for the
results.  The environment chooses: QUICK=1, ROUNDS=N, MODES and ONLY (names of modes and forwarders), WAYS (parts of
the names of ways to a greeting), SEED=N, CONGESTION (the namespaces' TCP congestion control), NOISE (processors that
others may use during a sample)."""
import collections
import os
import random
import resource
import shlex
import signal
import sys
import tempfile
import time

from rig import chart, facts, goals, greetings, meters, namespace, packages, report, trips, ways
from rig.counting import Counting, countable
from rig.forwarders import FORWARDERS
from rig.modes import IDLE, MODES
from rig.results import Results
from rig.stage import Failure, Stage, found



def setting(variable, default, least, kind=int):
    """What the variable says, or the default."""
    text = os.environ.get(variable, "")
    try:
        value = kind(text) if text else default
    except ValueError:
        value = None
    if value is None or not value >= least:
        sys.exit(f"bench: {variable}={text}: a number, at least {least}, is wanted")
    return value


QUICK = os.environ.get("QUICK", "") not in ("", "0")
ROUNDS = setting("ROUNDS", 2 if QUICK else 5, 1)
MILLISECONDS = 250 if QUICK else 1500
NOISE = setting("NOISE", 0.10, 0, float)
SEED = setting("SEED", time.time_ns(), 0)
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OUTPUTS = ("bench.txt", "bench.tsv", "bench.svg")
GREETINGS = ("greeting.tsv", "greeting.md")
STARTS = 1 if QUICK else 2          # of each program on each way to a greeting
AGAIN_MAX = 1 if QUICK else 3       # times that a disturbed sample is taken anew
COUNT = "count"                     # the name in MODES for what is counted besides
COUNTED_SLOWLY = ("new-1", "trip")  # where valgrind counts if the kernel cannot
DESCRIPTORS = 200000
UNPACED = ["cubic", "reno"]         # bbr paces, which on loopback hides what is to be measured
BUSY = 0.25         # the share of disturbed samples from which on the machine was too busy
AGAIN_UNTIL = 60 if QUICK else 1200  # seconds from the start, after which none is
QUIET, QUIET_WAIT = 0.10, 10 if QUICK else 120  # processors busy with others, and how long we wait for less


def chosen(table, variable, *besides):
    """The rows of a table that the variable names, or all; besides: words that may stand there and name none."""
    names = [name for name in os.environ.get(variable, "").replace(",", " ").split() if name not in besides]
    unknown = set(names) - {row.name for row in table}
    if unknown:
        sys.exit(f"bench: {variable}: no {', '.join(sorted(unknown))}; there are {', '.join(r.name for r in table)}")
    return [row for row in table if row.name in names or not names]


def say(text):
    """At once, also into a pipe."""
    print(text, flush=True)


def available(forwarders, modes):
    """Those that can be measured here, and why the others cannot.  (What does not start says so in its first sample.)
    """
    families = {mode.family for mode in modes}
    forwarders = [row for row in forwarders if families & set(row.families.split())]
    trouble = packages.install(packages.missing({row.package for row in forwarders if row.package}))
    able, absent = [], {}
    for row in forwarders:
        program = shlex.split(row.command)[0] if row.command else ""
        if row.package in trouble:
            absent[row.name] = trouble[row.package]
        elif row.package and not found(program):
            absent[row.name] = f"there is no program {program}"
        else:
            able.append(row)
    return able, absent


def wait_for_quiet(patience):
    """Until others leave the machine alone, or these seconds are over; gives how busy they are then."""
    deadline = time.monotonic() + patience
    others = meters.busy()
    if others > QUIET and patience > 0:
        say(f"bench: {others:.2f} processors are busy with others; waiting up to {patience:.0f} s for quiet")
    while others > QUIET and time.monotonic() < deadline:
        others = meters.busy(1.0)
    return others


def plan(modes, forwarders, number):
    """The samples of one round, without order."""
    def rounds(mode):
        if not QUICK or os.environ.get("ROUNDS"):
            return mode.rounds
        return max(mode.quick, 1 if os.environ.get("MODES") else 0)

    return [(mode, row) for mode in modes for row in forwarders
            if number <= rounds(mode) and mode.family in row.families.split()
            and (not mode.only or row.name in mode.only.split()) and (row.command or mode.metrics is not IDLE)]


def to_greet(stage, modes, forwarders):
    """The ways to a greeting, still to be measured; none where the mode `greeting` is left out."""
    wanted = any(mode.name == "greeting" for mode in modes) and (not QUICK or os.environ.get("MODES"))
    parts = [part.strip() for part in os.environ.get("WAYS", "").split(",")]
    return greetings.Greetings(stage, ways.matching(parts) if wanted else {}, {row.name for row in forwarders})


def count_wanted():
    """(whether instructions and system calls are counted, how many rounds are measured): MODES=count does nothing else,
    a run of everything does it, too."""
    names = os.environ.get("MODES", "").replace(",", " ").split()
    return COUNT in names or not names and not QUICK, 0 if names == [COUNT] else ROUNDS


def to_count(modes, forwarders, comparisons):
    """(mode, forwarder) of those that are compared, in order."""
    names = {name for pair in comparisons for name in pair}
    return [(mode, row) for mode in modes if countable(mode) for row in forwarders
            if (mode.name, row.name) in names and row.command]


def turns(samples, comparisons):
    """The same in lists: what is compared with each other is in one, to be measured back to back."""
    found = [[sample] for sample in samples]

    def holder(name):
        return next((turn for turn in found if any((mode.name, row.name) == name for mode, row in turn)), None)

    for left, right in comparisons:
        one, other = holder(left), holder(right)
        if one and other and one is not other:
            found.remove(other)
            one += other
    return found


class Noise:
    """How much others did, over all samples."""

    def __init__(self):
        self.seen, self.dropped, self.kept, self.unknown = [], 0, 0, False

    def is_over(self, others):
        """Counts one sample, in which others used so many processors (None: unknown)."""
        if others is None:
            self.unknown = True
            return False
        self.seen.append(others)
        self.dropped += others > NOISE
        return others > NOISE

    def words(self):
        """The same in one line."""
        if not self.seen:
            return "noise: not known, for want of a cgroup of our own" if self.unknown else "no times were measured"
        middle, most = sorted(self.seen)[len(self.seen) // 2], max(self.seen)
        text = (f"noise: others used {max(middle, 0):.3f} processors in the median sample, {most:.2f} in the worst; "
                f"{self.dropped} of {len(self.seen)} were disturbed (over {NOISE:g})")
        return text + (f"; ~: {self.kept} had no other" if self.kept else "")

    def busy_words(self):
        """A line that says when the machine was too busy, else none."""
        over = sorted(others for others in self.seen if others > NOISE)
        if len(over) <= BUSY * len(self.seen):
            return []
        return [f"the machine was too busy: others used {over[len(over) // 2]:.2f} processors in {len(over)} of "
                f"{len(self.seen)} samples; wanted: at most {NOISE:g}"]


class Interrupted(Exception):
    """The user, or the system, wants an end."""


def interrupt(number, _):
    """A signal: what was measured so far is told, and nothing is left running."""
    for each in ENDS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(signal.Signals(number).name)


class Run:
    """All rounds.  Afterwards results and noise are filled."""

    def __init__(self, stage, milliseconds, again=AGAIN_MAX, patience=QUIET_WAIT):
        self.stage, self.results, self.noise, self.milliseconds = stage, Results(), Noise(), milliseconds
        self.again, self.patience = again, patience
        self.order = random.Random(SEED)
        self.hopeless = set()  # pairs that gave nothing at all: stalls take long, once is enough
        self.turn = 0
        self.no_more = time.monotonic() + AGAIN_UNTIL

    def until_interrupted(self, *steps):
        """Does all that; gives a line for the report if somebody broke it off."""
        for each in ENDS:
            signal.signal(each, interrupt)
        try:
            for step in steps:
                step()
            said = []
        except Interrupted as interrupted:
            said = [f"broken off by {interrupted}: this is what was measured until then"]
        self.noise.kept = self.results.noisy_ones()
        return said

    def rounds(self, count, planned):
        """Measures; planned(number) gives the turns of a round, lists of (mode, forwarder)."""
        for number in range(1, count + 1):
            wait_for_quiet(self.patience)
            started = time.monotonic()
            self.round(number, planned(number))
            say(f"bench: round {number} of {count} took {time.monotonic() - started:.0f} s")

    def round(self, number, planned):
        """Measures each turn, in shuffled order and anew where others spoiled it; within a turn, too."""
        queue = [(turn, 0) for turn in planned]
        self.order.shuffle(queue)
        while queue:
            turn, again = queue.pop(0)
            self.order.shuffle(turn)
            self.turn += 1
            spoiled = [self.is_spoiled(number, *pair) for pair in turn if pair not in self.hopeless]
            if any(spoiled) and again < self.again and time.monotonic() < self.no_more:
                queue.append((turn, again + 1))

    def is_spoiled(self, number, mode, row):
        """Takes one sample; gives whether others disturbed it, and its figure is one that suffers from that."""
        try:
            counted = self.stage.sample(row, mode, self.milliseconds)
        except Failure as failure:
            self.results.fail(number, mode, row, str(failure))
            if not self.results.values(mode.name, row.name, mode.metrics[0].key):
                self.hopeless.add((mode, row))
            return False
        disturbed = self.noise.is_over(counted["others"])
        self.results.add(number, self.turn, mode, row, counted, disturbed)
        return disturbed and mode.is_touched_by_noise()


def raise_descriptors():
    """As many as this user may have; for the forwarders, too."""
    for wish in (DESCRIPTORS, resource.getrlimit(resource.RLIMIT_NOFILE)[1]):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wish, wish))
            return
        except (ValueError, OSError):
            continue


def prepare_output(folder, names=OUTPUTS):
    """Better now than when all has been measured."""
    try:
        os.makedirs(folder, exist_ok=True)
        for name in names:
            with open(f"{folder}/{name}", "a", encoding="utf-8"):
                pass
    except OSError as error:
        sys.exit(f"bench: cannot write the results: {error}")


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: bench.py PROGRAMS SALLYPORT OUTPUT")
    programs, sallyport, output = map(os.path.abspath, sys.argv[1:])
    raise_descriptors()
    counts, rounds = count_wanted()
    modes = [mode for mode in chosen(MODES, "MODES", COUNT) if mode.quick or not QUICK or os.environ.get("MODES")]
    wanted = chosen(FORWARDERS, "ONLY")
    with open(sallyport, "rb") as program:
        if b"__asan_init" in program.read():
            say("bench: sallyport is built with sanitizers: its figures say nothing")
    prepare_output(output)
    why_shared, congestion = namespace.possible(os.environ.get("CONGESTION", "").split() or UNPACED)
    left_out = []
    if why_shared:
        left_out = [mode for mode in modes if mode.family == "path"]
        modes = [mode for mode in modes if mode.family != "path"]
    with tempfile.TemporaryDirectory(prefix="sallyport-bench-") as scratch:
        stage = Stage(programs, sallyport, scratch, not why_shared, congestion)
        forwarders, absent = available(wanted, modes)
        say(f"bench: {len(forwarders)} forwarders, {len(modes)} modes, {rounds} rounds")
        work = Run(stage, MILLISECONDS)
        together = goals.comparisons(modes, FORWARDERS)
        counted = to_count(modes, forwarders, together)
        counting = Counting(stage)
        greeted = to_greet(stage, modes, wanted)
        broken_off = work.until_interrupted(
            lambda: work.rounds(rounds, lambda number: turns(plan(modes, forwarders, number), together)),
            lambda: counts and counting.count_all(counted, say, COUNTED_SLOWLY),
            lambda: greeted.measure(STARTS, say))
        head = facts.head(stage, forwarders, why_shared, rounds, MILLISECONDS) + broken_off
        foot = facts.foot(forwarders, absent, stage)
    foot += [f"left out: {mode.title}, which needs root for its namespaces" for mode in left_out]
    foot += [f"left out: {why}" for why in greeted.left_out]
    tables, trips_taken = report.tables(work.results, modes, forwarders), trips.rows(greeted)
    if counting.samples or counting.trouble:
        tables += "\n\n" + "\n".join(counting.table(counted))
    verdicts = list(goals.Judge(work.results, modes, FORWARDERS).verdicts())
    needed = work.noise.busy_words()
    text = "\n".join(head + [work.noise.words(), "", tables.lstrip("\n"), ""] + trips.table(trips_taken) + foot + [""] +
                     goals.table(verdicts) + trips.verdicts(trips_taken) + needed) + "\n"
    say("\n" + text)
    trips.write(*(f"{output}/{name}" for name in GREETINGS), greeted, trips_taken)
    table, samples, drawing = (f"{output}/{name}" for name in OUTPUTS)
    with open(table, "w", encoding="utf-8") as file:
        file.write(text)
    report.write_tsv(samples, work.results, counting.samples)
    chart.write(drawing, work.results, modes, forwarders, head[:3] + broken_off + [work.noise.words()])
    say(f"bench: written to {output}: {', '.join(OUTPUTS + (GREETINGS if trips_taken else ()))}")
    return 1 if broken_off else 0


if __name__ == "__main__":
    sys.exit(main())
