#!/usr/bin/env python3
"""Measures two builds of sallyport against each other, in one run: what a change is judged with.  See README.md beside
this file.

    compare.py PROGRAMS OLD NEW OUTPUT

PROGRAMS is the folder of the built load and target; OLD and NEW are each a program, or a commit, which is then built in
build/compare of the sources like the build folder that we are called in; OUTPUT is the folder for the results.  The
environment chooses as for bench.py: QUICK=1, ROUNDS=N, MODES, ONLY (which of our own rows), SEED=N, NOISE."""
import dataclasses
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import bench
from rig import builds, counters, facts, namespace, ratios, report
from rig.forwarders import FORWARDERS
from rig.modes import MODES, doing, unit
from rig.stage import Failure, Stage

ROUNDS = bench.setting("ROUNDS", 8 if bench.QUICK else 15, 1)
MILLISECONDS = 200 if bench.QUICK else 400  # many short pairs tell more than few long ones: noise comes in bursts
SURE = 0.99         # of some twenty figures in a table one would differ by chance, if 95 of 100 were enough
COUNTED_MS = 200
COUNTED_TIMES = 3
AGAIN_MAX = 1       # times that a disturbed pair is taken anew, and the seconds before each round that we wait for quiet:
PATIENCE = 5        # what disturbs both sides alike does no harm
TRIES = 2           # of a sample that counts
DEFAULT = "down-1 down-8 up-1 up-8 new-32 new-1 trip tls-down tls-up tls-resumed"
ROWS = {"plain": "sallyport", "tls": "sallyport-tls", "https": "sallyport-http2", "path": "sallyport-ready"}
OUTPUTS = ("compare.txt", "compare.tsv")
OLD, NEW = "old", "new"


def sides(row):
    """(the old one's row, the new one's) of one of our own."""
    return tuple(dataclasses.replace(row, name=f"{row.name}:{side}",
                                     command=row.command.replace("{sallyport}", "{" + side + "}"))
                 for side in (OLD, NEW))


def subjects(modes):
    """[(mode, old row, new row)]: of each mode the row of ours that stands for its family, or those that ONLY names."""
    ours = [row for row in FORWARDERS if "ours" in row.tags.split()]
    named = os.environ.get("ONLY")
    wanted = {row.name for row in bench.chosen(ours, "ONLY")} if named else None
    return [(mode, *sides(row)) for mode in modes for row in ours
            if mode.family in row.families.split() and (not mode.only or row.name in mode.only.split())
            and (row.name in wanted if wanted else row.name == ROWS[mode.family])]


class Counting:
    """The samples that count instructions and system calls."""

    def __init__(self, stage):
        self.stage, self.seen, self.trouble = stage, {}, {}   # (mode, row): {kind: [per unit]}

    def tools(self, mode):
        """Which a mode needs.  callgrind slows a program down fifty times: what moves much or runs into the hundreds
        is not for it."""
        tools = set(self.stage.counters.tools.values())
        return tools if doing(mode) != "MB" and " -i " not in mode.load else tools - {"callgrind"}

    def count(self, mode, row):
        """Takes the samples of one mode and row."""
        for tool in sorted(self.tools(mode)):
            for _ in range(1 if tool == "callgrind" else COUNTED_TIMES):
                self._once(mode, row, tool)

    def _once(self, mode, row, tool):
        for _ in range(TRIES):
            try:
                counted = self.stage.sample(row, mode, COUNTED_MS * (5 if tool == "callgrind" else 1), tool)
            except Failure as failure:
                self.trouble[mode.name, row.name, tool] = str(failure)
                continue
            _, times = unit(counted)
            for kind, value in counted["events"].items():
                if times:
                    self.seen.setdefault((mode.name, row.name), {}).setdefault(kind, []).append(value / times)
            return

    def median(self, mode, row, kind):
        """Per unit of the mode; None: it was not counted."""
        values = self.seen.get((mode.name, row.name), {}).get(kind)
        return statistics.median(values) if values else None


def cost(metric):
    """What makes a ratio of this figure one of costs: less is better."""
    return -1 if metric.better == "more" else 1


class Table:
    """The rows of the report."""

    def __init__(self, run, counting, compared):
        self.run, self.counting, self.compared = run, counting, compared
        self.open = []  # (what, Interval) that could not be narrowed

    def _interval(self, mode, old, new, metric):
        values, disturbed = self.run.results.pairs((mode.name, new.name), (mode.name, old.name), metric.key)
        seen = ratios.interval([value ** cost(metric) for value in values if value > 0], SURE)
        return seen, disturbed

    def _word(self, seen, less, more):
        if seen.confidence < SURE:
            return f"cannot tell: {seen.count} pairs, {ratios.least(SURE)} are needed"
        found = ratios.difference(seen, SURE)
        return {"less": less, "more": more, "": f"no difference seen (would have seen {ratios.visible(seen):.1%})"}[found]

    def times(self):
        """The lines of times and processor time."""
        lines = [f"{'new : old, less is better':<36}{'median':>7}  {'between':<16}{'pairs':>6}  verdict"]
        for mode, old, new in self.compared:
            keys = [(mode.metrics[0], "time", "faster", "slower")]
            keys += [(metric, "CPU", "less CPU", "more CPU") for metric in mode.metrics
                     if metric.key.startswith("cpu_")]
            if mode.metrics[0].title in ("KiB each",):
                keys[0] = (mode.metrics[0], "memory", "less memory", "more memory")
            if mode.metrics[0].key.startswith("cpu_"):
                del keys[0]
            for metric, what, less, more in keys:
                title = f"{mode.name} {old.name.split(':')[0].removeprefix('sallyport').lstrip('-')}".rstrip()
                lines.append(f"{title:<29}{what:<7}" + self._line(mode, old, new, metric, less, more))
        return lines

    def _line(self, mode, old, new, metric, less, more):
        seen, disturbed = self._interval(mode, old, new, metric)
        if not seen:
            why = [self.run.results.failed(mode.name, row.name) for row in (old, new)]
            return "  " + next((f"no figures: {reason}" for reason in why if reason), "no figures")
        word = self._word(seen, less, more)
        self.open.append((mode, seen))
        return (f"{seen.middle:>7.3f}  {f'{seen.low:.3f} to {seen.high:.3f}':<16}{seen.count:>6}  {word}"
                f"{' ~' if disturbed else ''}")

    def counts(self):
        """The lines of what noise does not touch."""
        lines = [f"{'counted, each':<36}{'old':>11}{'new':>11}{'new - old':>11}"]
        titles = {counters.CALLS: "system calls", counters.USER: "instructions", counters.KERNEL: "kernel's"}
        for mode, old, new in self.compared:
            for kind in counters.KINDS[::-1]:
                before, after = (self.counting.median(mode, row, kind) for row in (old, new))
                if before is None or after is None:
                    continue
                what = f"{titles[kind]} a {doing(mode)}"
                lines.append(f"{mode.name:<13}{what:<23}{report.number(before, 2):>11}{report.number(after, 2):>11}"
                             f"{after - before:>+11.2f}  {after / before - 1 if before else 0:+.1%}")
        for (mode, row, tool), why in self.counting.trouble.items():
            if not self.counting.seen.get((mode, row)):
                lines.append(f"{mode} {row}: {tool}: {why}"[:report.WIDTH])
        return lines + [self.counting.stage.counters.words()]

    def enough(self, within=0.03):
        """Whether the machine let us see what is to be seen, and what would."""
        wide = [(mode, seen) for mode, seen in self.open if ratios.visible(seen) > within and
                seen.low <= 1 <= seen.high or seen.confidence < SURE]
        if not wide:
            return []
        most = max(ratios.more(seen, within, SURE) for _, seen in wide)
        names = ", ".join(sorted({mode.name for mode, _ in wide}))
        return [f"in {names} a difference of {within:.0%} would not have been seen for certain: about {most} more rounds "
                f"would narrow the widest to that", *self.run.noise.busy_words()]


def copies(folder, programs):
    """Copies with names of equal length, which no build changes in the middle."""
    found = {}
    for side, program in zip((OLD, NEW), programs):
        os.mkdir(f"{folder}/{side}")
        found[side] = shutil.copy2(program, f"{folder}/{side}/sallyport")
    return found


def main():
    if len(sys.argv) != 5:
        sys.exit("usage: compare.py PROGRAMS OLD NEW OUTPUT")
    programs, output = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[4])
    bench.raise_descriptors()
    os.environ.setdefault("MODES", "") or os.environ.update(MODES=DEFAULT)
    modes = bench.chosen(MODES, "MODES")
    bench.prepare_output(output, OUTPUTS)
    try:
        built = [builds.program(text, os.getcwd(), bench.say) for text in sys.argv[2:4]]
    except builds.Trouble as trouble:
        sys.exit(f"bench: {trouble}")
    why_shared, congestion = namespace.possible(os.environ.get("CONGESTION", "").split() or bench.UNPACED)
    compared = subjects([mode for mode in modes if not (why_shared and mode.family == "path")])
    if not compared:
        sys.exit("bench: nothing is left to compare")
    with tempfile.TemporaryDirectory(prefix="sallyport-bench-") as scratch:
        stage = Stage(programs, built[1], scratch, not why_shared, congestion, copies(scratch, built))
        bench.say(f"bench: {len(compared)} comparisons, {ROUNDS} rounds")
        run = bench.Run(stage, MILLISECONDS, AGAIN_MAX, PATIENCE)
        broken_off = run.until_interrupted(ROUNDS, lambda _: [[(mode, old), (mode, new)]
                                                              for mode, old, new in compared])
        counting = Counting(stage)
        started = time.monotonic()
        if not broken_off:
            for mode, old, new in compared:
                for row in (old, new):
                    counting.count(mode, row)
            bench.say(f"bench: counting took {time.monotonic() - started:.0f} s")
        head = facts.machine(stage, why_shared, "bench-compare") + broken_off
    table = Table(run, counting, compared)
    names = [f"{side}: {text}" + (f" ({program})" if text != program else "")
             for side, text, program in zip((OLD, NEW), sys.argv[2:4], built)]
    if builds.same(*built):
        names.append("the two are the same, byte for byte: what differs below does so by chance")
    lines = head + names + [f"up to {ROUNDS} pairs of {MILLISECONDS} ms, back to back in shuffled order; the median of their "
                            f"ratios, and between what it lies with {SURE:.0%} confidence", run.noise.words(), ""]
    lines += table.times() + [""] + table.counts() + [""] + table.enough()
    text = "\n".join(lines).rstrip() + "\n"
    bench.say("\n" + text)
    with open(f"{output}/{OUTPUTS[0]}", "w", encoding="utf-8") as file:
        file.write(text)
    report.write_tsv(f"{output}/{OUTPUTS[1]}", run.results)
    bench.say(f"bench: written to {output}: {', '.join(OUTPUTS)}")
    return 1 if broken_off else 0


if __name__ == "__main__":
    sys.exit(main())
