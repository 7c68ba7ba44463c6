#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Measures two builds of sallyport against each other, in one run: what a change is judged with.  See README.md beside
this file.

    compare.py PROGRAMS OLD NEW OUTPUT

PROGRAMS is the folder of the built load and target; OLD and NEW are each a program, or a commit, which is then built in
build/compare of the sources like the build folder that we are called in; OUTPUT is the folder for the results.  The
environment chooses as for bench.py: QUICK=1, ROUNDS=N, MODES, ONLY (which of our own rows), SEED=N, NOISE."""
import dataclasses
import os
import shutil
import sys
import tempfile

import bench
from rig import builds, facts, namespace, ratios, report
from rig.counting import Counting
from rig.forwarders import FORWARDERS
from rig.modes import MODES
from rig.stage import Stage

ROUNDS = bench.setting("ROUNDS", 8 if bench.QUICK else 15, 1)
MILLISECONDS = 200 if bench.QUICK else 400  # many short pairs tell more than few long ones: noise comes in bursts
SURE = 0.99         # of some twenty figures in a table one would differ by chance, if 95 of 100 were enough
WANTED = 0.03       # a difference that ought to be seen
AGAIN_MAX = 1       # times that a disturbed pair is taken anew, and the seconds that we wait for quiet before a round:
PATIENCE = 5        # what disturbs both sides alike does no harm
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


def cost(metric):
    """What makes a ratio of this figure one of costs: less is better."""
    return -1 if metric.better == "more" else 1


def compared_figures(mode):
    """[(metric, its name, what less of it is called, what more is)]: that which counts in the mode, and CPU time."""
    main, *others = mode.metrics
    what = ("memory", "less memory", "more memory") if main.title.startswith("KiB") else ("time", "faster", "slower")
    cpu = [(metric, "CPU", "less CPU", "more CPU") for metric in mode.metrics if metric.key.startswith("cpu_")]
    return cpu if main in [metric for metric, *_ in cpu] else [(main, *what)] + cpu


class Table:
    """The rows of the report."""

    def __init__(self, run, compared):
        self.run, self.compared = run, compared
        self.wide = []  # (mode's name, Interval) of those too wide to show what is WANTED

    def lines(self):
        """What became of the times and the processor time."""
        lines = [f"{'new : old, less is better':<38}{'median':>7}  {'between':<16}{'pairs':>6}  verdict"]
        for mode, old, new in self.compared:
            name = f"{mode.name} {old.name.removesuffix(':' + OLD)}"
            for metric, what, less, more in compared_figures(mode):
                lines.append(f"{name:<31}{what:<7}" + self._line(mode, old, new, metric, less, more))
                name = ""
        return lines

    def _line(self, mode, old, new, metric, less, more):
        values, disturbed = self.run.results.pairs((mode.name, new.name), (mode.name, old.name), metric.key,
                                                   ratios.least(SURE))
        seen = ratios.interval([value ** cost(metric) for value in values if value > 0], SURE)
        if not seen:
            why = [self.run.results.failed(mode.name, row.name) for row in (old, new)]
            return "  no figures" + next((f": {reason}" for reason in why if reason), "")
        word = {"less": less, "more": more, "": f"no difference seen (would have seen {ratios.visible(seen):.1%})"}[
            ratios.difference(seen, SURE)]
        if seen.confidence < SURE:
            word = f"cannot tell: {ratios.least(SURE)} pairs are needed"
        if seen.confidence < SURE or (seen.low <= 1 <= seen.high and ratios.visible(seen) > WANTED):
            self.wide.append((mode.name, seen))
        return (f"{seen.middle:>7.3f}  {f'{seen.low:.3f} to {seen.high:.3f}':<16}{seen.count:>6}  {word}"
                f"{' ~' if disturbed else ''}")

    def needed(self):
        """Lines, if the machine did not let us see what is to be seen: of what, why, and what would."""
        if not self.wide:
            return []
        names = ", ".join(dict.fromkeys(name for name, _ in self.wide))
        more = max(ratios.more(seen, WANTED, SURE) for _, seen in self.wide)
        return [f"cannot tell whether there is a difference of {WANTED:.0%} in {names}: {ratios.rounds(more)} would "
                "narrow the widest to that", *self.run.noise.busy_words()]


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
        run, counting = bench.Run(stage, MILLISECONDS, AGAIN_MAX, PATIENCE), Counting(stage)
        pairs = [[(mode, old), (mode, new)] for mode, old, new in compared]
        broken_off = run.until_interrupted(
            lambda: run.rounds(ROUNDS, lambda _: [list(pair) for pair in pairs]),
            lambda: counting.count_all(sum(pairs, []), bench.say))
        head = facts.machine(stage, why_shared, "bench-compare") + broken_off
    names = [f"{side}: {text}" + (f" ({program})" if text != program else "")
             for side, text, program in zip((OLD, NEW), sys.argv[2:4], built)]
    if builds.same(*built):
        names.append("the two are the same, byte for byte: what differs below does so by chance")
    table = Table(run, compared)
    how = (f"{ROUNDS} round{'s' * (ROUNDS > 1)}; pairs of {MILLISECONDS} ms, back to back in shuffled order: the "
           f"median of their ratios, and between what it lies, with {SURE:.0%} confidence")
    lines = head + names + [how, run.noise.words(), ""]
    lines += table.lines() + [""] + counting.differences(compared) + [""] + table.needed()
    text = "\n".join(lines).rstrip() + "\n"
    bench.say("\n" + text)
    with open(f"{output}/{OUTPUTS[0]}", "w", encoding="utf-8") as file:
        file.write(text)
    report.write_tsv(f"{output}/{OUTPUTS[1]}", run.results, counting.samples)
    bench.say(f"bench: written to {output}: {', '.join(OUTPUTS)}")
    return 1 if broken_off else 0


if __name__ == "__main__":
    sys.exit(main())
