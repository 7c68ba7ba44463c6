# SPDX-License-Identifier: ISC
"""What the greetings took, in round trips: the table, the verdicts, the same for a README, and the TSV."""
import csv
import textwrap
from dataclasses import dataclass, field

from .grid import FORMS, LOGINS, NOTES, TARGETS
from .way import LENGTHS, STEPS, length
from .ways import GRID

OURS = "sallyport"
SLACK = 0.4     # of a round trip: what is above that is one more
WIDTH = 120     # of a line in a README
ABOVE, BELOW = "MORE", "less than its steps"


@dataclass
class Taken:
    """What was measured of one program on one way."""
    first: list = field(default_factory=list)   # one a start
    later: list = field(default_factory=list)   # a list a start, of the sessions after it
    failure: str = ""                           # why the last start gave nothing

    def add(self, first, later):
        """Keeps one start's."""
        self.first.append(first)
        self.later.append(later)

    def figures(self):
        """(first, later), each the least of all starts, since what others do on the machine only adds; of the later
        ones the session that takes most.  None: there is nothing."""
        if not self.first:
            return None
        return min(self.first), max(min(each) for each in zip(*self.later))

    @property
    def is_settled(self):
        """Whether the two least starts agree.  Where others keep the processors from us, no two do."""
        return all(len(values) < 2 or sorted(values)[1] - min(values) <= SLACK
                   for values in (self.first, *zip(*self.later)))

    def is_above(self, way):
        """Whether these are more than the fewest of the way; so they are when there are none."""
        return _is_above(self.figures(), way)


def _is_above(figures, way):
    return not figures or any(took > length(steps) + SLACK for took, steps in zip(figures, (way.first, way.later)))


@dataclass(frozen=True)
class Row:
    """A way with its figures.  ours: (first, later) or None; rival: (name, figures) of the best, or None."""
    title: str
    way: object
    ours: object
    failure: str
    settled: bool
    rival: object

    @property
    def fewest(self):
        """(first, later)"""
        return length(self.way.first), length(self.way.later)

    @property
    def flag(self):
        """ABOVE, BELOW, or "": it is at its fewest."""
        if _is_above(self.ours, self.way):
            return ABOVE
        return BELOW if any(took < least - SLACK for took, least in zip(self.ours, self.fewest)) else ""

    @property
    def is_doubtful(self):
        """Whether it is above its fewest, and that may be noise."""
        return self.flag == ABOVE and not self.settled


def rows(greetings):
    """{title: [Row]} of what was measured."""
    def row(title, way):
        taken = greetings.taken.get((way, OURS))
        rivals = [(name, seen.figures()) for (other, name), seen in greetings.taken.items()
                  if other is way and name != OURS and seen.figures()]
        best = min(rivals, key=lambda rival: [round(part) for part in rival[1]], default=None)
        return taken and Row(title, way, taken.figures(), taken.failure, taken.is_settled, best)

    found = {title: [row(title, way) for way in ways] for title, ways in greetings.groups.items()}
    return {title: kept for title, group in found.items() if (kept := [each for each in group if each])}


def _line(row):
    took = "".join(f"{value:8.2f}" for value in row.ours) if row.ours else "       -       -"
    fewest = "".join(f"{value:8g}" for value in row.fewest)
    rival = "" if not row.rival else f"{row.rival[1][0]:.2f} {row.rival[1][1]:.2f} {row.rival[0]}"
    return (f"{str(row.way) + '~' * row.is_doubtful:<58}{took}{fewest}  {row.way.first:<9}{row.way.later:<9}"
            f"{row.flag:<6}{rival}").rstrip()


def table(found):
    """The lines of the block in the report, an empty one behind them; none when nothing was measured."""
    if not found:
        return []
    lines = ["round trips to a greeting   [greeting]   less is better; the fewest that its protocols allow beside it",
             f"{'proxy | login | target':<58}{'first':>8}{'later':>8}{'fewest':>8}{'later':>8}  {'steps':<9}"
             f"{'later':<15}best rival"]
    for title, group in found.items():
        lines += [f"-- {title}"] + [_line(row) for row in group]
        lines += [f"   {row.way}: {row.failure}"[:160]
                  for row in group if not row.ours]
    return lines + [f"   {letter}: {meaning}" for letter, meaning in STEPS.items()] + [""]


def verdicts(found):
    """The lines of the table of what is to be reached."""
    every = [row for group in found.values() for row in group]
    above, below = ([row for row in every if row.flag == flag] for flag in (ABOVE, BELOW))
    if not every:
        return []
    word = "NOT MET" if above or below else "met"
    lines = [f"{'ways to a greeting':<40}{'each at its fewest trips':<32}{len(every) - len(above)} of {len(every):<24}"
             f"{word}{' ~' if above and all(row.is_doubtful for row in above) else ''}"]
    lines += [f"    {row.title}: {row.way}: {_pair(row.ours)}, wanted {_pair(row.fewest)}{' ~' * row.is_doubtful}"
              for row in above]
    if any(row.is_doubtful for row in above):
        lines.append("    ~: the machine was too busy to judge: no two starts agree")
    return lines + [f"    {row.title}: {row.way}: {_pair(row.ours)} is less than its steps, "
                    f"{row.way.first} {row.way.later}: the table is wrong" for row in below]


def _pair(figures):
    """First and later as people write it: whole, or with a half where that is more than the slack."""
    if not figures:
        return "none"
    return " · ".join(f"{int(value) if value % 1 <= SLACK else round(value * 2) / 2:g}" for value in figures)


def _cell(row):
    """The figures in a README: bold, with the fewest behind them, where they are more."""
    return _pair(row.ours) if not row.flag else f"**{_pair(row.ours)}** ({_pair(row.fewest)})"


def _grid(group):
    """The grid as a table: a line for each form and login, a column for each of the first three targets."""
    targets = list(dict.fromkeys(row.way.target for row in group))[:3]
    lines = ["| proxy | login | " + " | ".join(targets) + " | best of the others |", "|" + "---|" * (len(targets) + 3)]
    for form, login in dict.fromkeys((row.way.form, row.way.login) for row in group):
        cells = {row.way.target: row for row in group if (row.way.form, row.way.login) == (form, login)}
        rivals = "; ".join(f"{target} {_pair(row.rival[1])} ({row.rival[0]})"
                           for target, row in cells.items() if row.rival)
        lines.append(f"| {form} | {login} | " +
                     " | ".join(_cell(cells[target]) if target in cells else "" for target in targets) +
                     f" | {rivals} |")
    rest = [row for row in group if row.way.target not in targets]
    return lines, rest


def _sums():
    """How the steps of the grid come together, in words."""
    def told(name, first, later):
        return f"{name} " + (first or "nothing") + (f", later {later or 'none'}" if later != first else "")

    forms = "; ".join(told(name, first, later) for name, (first, later, _) in FORMS.items())
    logins = "; ".join(told(name, first, later) for name, (_, first, later, _) in LOGINS.items())
    targets = "; ".join(told(name, steps, steps) for name, (steps, _, _) in TARGETS.items())
    return f"Steps of the first table: {forms}. Then {logins}. Then Q, and behind it {targets}."


def markdown(found):
    """The tables as a README has them."""
    lines, rest = _grid(found.get(GRID, []))
    lines += ["", "| | trips | steps | best of the others |", "|---|---|---|---|"]
    for title, group in {"other protocols": rest, **{title: group for title, group in found.items() if title != GRID}
                         }.items():
        lines += [f"| **{title}** | | | |"][:len(group)]
        for row in group:
            rival = f"{_pair(row.rival[1])} ({row.rival[0]})" if row.rival else ""
            way = "; ".join(part for part in (row.way.form, row.way.login, row.way.target)
                            if part not in ("none", "plain"))
            lines.append(f"| {way} | {_cell(row)} | {row.way.first} · {row.way.later} | {rival} |")
    return lines + [""] + words()


def words():
    """The lines below those tables: how steps come together, what has no row and why, and what the letters mean."""
    def wrapped(text, **indent):
        return textwrap.wrap(text, WIDTH, break_on_hyphens=False, **indent)

    return [line for text in (_sums(), *NOTES) for line in (*wrapped(text), "")] + [
        line for letter, meaning in STEPS.items() for line in wrapped(
            f"* {letter}: {meaning}" + (f" ({LENGTHS[letter]:g} round trips)" if letter in LENGTHS else ""),
            subsequent_indent="  ")]


def write(samples, tables, greetings, found):
    """Two files, the TSV with a line a start, and the tables for a README; none when nothing was measured."""
    if not found:
        return
    with open(tables, "w", encoding="utf-8") as file:
        file.write("\n".join(markdown(found)) + "\n")
    with open(samples, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter="\t", lineterminator="\n")
        out.writerow(["group", "proxy", "login", "target", "program", "first", "later", "failure"])
        for title, ways in greetings.groups.items():
            for way, name in (key for key in greetings.taken if key[0] in ways):
                taken = greetings.taken[way, name]
                begin = [title, way.form, way.login, way.target, name]
                for first, later in zip(taken.first, taken.later):
                    out.writerow(begin + [f"{first:.3f}", " ".join(f"{value:.3f}" for value in later), ""])
                if taken.failure:
                    out.writerow(begin + ["", "", taken.failure])
