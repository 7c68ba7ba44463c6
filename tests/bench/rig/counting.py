# SPDX-License-Identifier: ISC
"""The samples that count instructions and system calls (counters.py), and their tables: figures for one trip, one
tunnel, 10^6 bytes, the same on a busy machine as on a quiet one."""
import statistics
import time
from dataclasses import replace

from . import counters, modes
from .report import number
from .stage import Failure

MILLISECONDS = 200
SLOWER = 5          # so many times longer under callgrind, which takes fifty times as long for everything
TIMES = 5           # samples of each: five and five that do not overlap do so by chance in one case of 126
WARM_UP_MS = 10000
TRIES = 2           # of a sample that gives nothing
TITLES = {counters.CALLS: "system calls", counters.USER: "instructions", counters.KERNEL: "kernel's"}


def countable(mode):
    """Whether a mode's samples are for it: no idle tunnels, and not the long path, where all is waiting."""
    kind, *options = mode.load.split()
    return kind != "idle" and "-i" not in options and mode.family != "path"


def patient(mode):
    """The same with more time for the first tunnels, of which a slow program opens none in the time that they have."""
    return replace(mode, load=f"{mode.load} -w {WARM_UP_MS}") if modes.doing(mode) == "tunnel" else mode


class Counting:
    """What was counted so far, of (mode, forwarder)."""

    def __init__(self, stage):
        self.stage = stage
        self.samples = []   # (mode's name, forwarder's, tool, {kind: figure})
        self.trouble = {}   # (mode's name, forwarder's, tool): why it gave nothing

    def _tools(self, mode, slow):
        """callgrind is for small things alone, and where it is wanted."""
        tools = set(self.stage.counters.tools.values())
        return tools if modes.doing(mode) != "MB" and slow else tools - {"callgrind"}

    def count_all(self, pairs, say, slow=None):
        """Takes the samples of a list of (mode, forwarder), where they can be counted.  `slow` names the modes in which
        callgrind is tried, too; None: wherever it can."""
        started = time.monotonic()
        for mode, row in pairs:
            if countable(mode) and row.command:
                self.count(mode, row, slow is None or mode.name in slow)
        say(f"bench: counting took {time.monotonic() - started:.0f} s")

    def count(self, mode, row, slow=True):
        """Takes the samples of one mode and forwarder; slow: also by callgrind."""
        for tool in sorted(self._tools(mode, slow)):
            for _ in range(TIMES):
                self._once(mode, row, tool)

    def _once(self, mode, row, tool):
        for _ in range(TRIES):
            try:
                if tool == "callgrind":
                    counted = self.stage.sample(row, patient(mode), SLOWER * MILLISECONDS, tool)
                else:
                    counted = self.stage.sample(row, mode, MILLISECONDS, tool)
            except Failure as failure:
                self.trouble[mode.name, row.name, tool] = str(failure)
                continue
            times = modes.unit(counted)[1]
            if times and counted["events"]:
                self.samples.append((mode.name, row.name, tool,
                                     {kind: value / times for kind, value in counted["events"].items()}))
                return

    def values(self, mode, row, kind):
        """The figures of a kind, for one unit of the mode."""
        return [figures[kind] for mode_name, name, _, figures in self.samples
                if (mode_name, name) == (mode.name, row.name) and kind in figures]

    def _failures(self):
        """Lines about what could not be counted at all."""
        for (mode, name, tool), why in self.trouble.items():
            if not any(sample[:3] == (mode, name, tool) for sample in self.samples):
                yield f"{mode}, {name}: {tool}: {why}"[:100]

    def table(self, pairs):
        """The lines for a list of (mode, forwarder)."""
        lines = [f"{'counted':<42}" + "".join(f"{TITLES[kind]:>12}{'±':>7}" for kind in counters.KINDS[::-1])]
        last = None
        for mode, row in pairs:
            cells = [self._cell(self.values(mode, row, kind)) for kind in counters.KINDS[::-1]]
            if any(cell.strip("- ") for cell in cells):
                what = "" if mode is last else f"{mode.name}, a {modes.doing(mode)}"
                lines.append((f"{what:<22}{row.name:<20}" + "".join(cells)).rstrip())
                last = mode
        return lines + list(self._failures()) + [self.stage.counters.words()]

    @staticmethod
    def _cell(values):
        if not values:
            return f"{'-':>12}{'':7}"
        middle = statistics.median(values)
        spread = f"{(max(values) - min(values)) / 2 / middle:.1%}" if len(values) > 1 and middle else ""
        return f"{number(middle, 2):>12}{spread:>7}"

    def differences(self, compared):
        """The lines for a list of (mode, old row, new row)."""
        lines = [f"{'counted':<36}{'old':>12}{'new':>12}{'new - old':>12}"]
        for mode, old, new in compared:
            for kind in counters.KINDS[::-1]:
                before, after = self.values(mode, old, kind), self.values(mode, new, kind)
                if before and after:
                    what = f"{mode.name:<13}{TITLES[kind]} a {modes.doing(mode)}"
                    lines.append(self._difference(what, before, after))
        return lines + list(self._failures()) + [self.stage.counters.words()]

    @staticmethod
    def _difference(what, before, after):
        """Of several samples each: a difference is one where none of the one side is among the other's."""
        old, new = statistics.median(before), statistics.median(after)
        apart = max(before) < min(after) or max(after) < min(before)
        word = f"{new / old - 1:+.1%}" if apart and old else "no difference seen: the samples overlap"
        return (f"{what:<36}{number(old, 2):>12}{number(new, 2):>12}{new - old:>+12.2f}"
                f"  {'the same' if old == new else word}")
