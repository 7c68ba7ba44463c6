# SPDX-License-Identifier: ISC
"""What paired samples say: the median of their ratios, how sure that is, and what it would take to be surer.

The two sides of a pair were measured one right after the other, so that what is slow for both of them, as a busy
neighbour is, cancels out of their ratio.  Nothing is supposed of how the ratios are distributed: of n of them, the one
in place k from below and the one in place k from above have the median between them with a probability that the
binomial distribution gives."""
import math
from dataclasses import dataclass

SURE = 0.90         # of a verdict: five pairs that all say the same are
MOST_ROUNDS = 200   # that anybody would wait for
TINY = 1e-9         # by which figures differ for their representation alone
NARROWEST = 0.01    # nearer to the limit than this, no number of rounds is told


@dataclass(frozen=True)
class Interval:
    """The median of some figures, and between what it lies with that confidence."""
    low: float
    middle: float
    high: float
    confidence: float   # 0 to 1
    count: int          # figures

    @property
    def half(self):
        """Half of its width, as a share of the median."""
        return (self.high - self.low) / 2 / abs(self.middle) if self.middle else math.inf

    def words(self, digits=2):
        """As the tables write it."""
        return f"{self.middle:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"


def confidence(count, place):
    """How probable it is that the median lies between the figures in that place (1 is the outermost) from both ends."""
    outside = sum(math.comb(count, below) for below in range(place)) / 2 ** count
    return max(0.0, 1 - 2 * outside)


def least(wanted):
    """How few figures can be as sure as that: then the outermost two are the interval."""
    count = 1
    while confidence(count, 1) < wanted:
        count += 1
    return count


def interval(figures, wanted=SURE):
    """The narrowest Interval that is as sure as wanted; with too few figures all of them, and the confidence says what
    that is worth.  None: there are no figures."""
    figures = sorted(figures)
    count = len(figures)
    if not count:
        return None
    place = 1
    while place + 1 <= (count + 1) // 2 and confidence(count, place + 1) >= wanted:
        place += 1
    middle = (figures[(count - 1) // 2] + figures[count // 2]) / 2
    return Interval(figures[place - 1], middle, figures[count - place], confidence(count, place), count)


MET, NOT_MET, OPEN = "met", "NOT MET", "cannot tell"


def verdict(seen, limit, at_most, wanted=SURE):
    """Whether what was seen keeps the limit: only what the whole interval agrees on is told.  Too few figures to be
    sure of anything only look like it."""
    if at_most:
        word = MET if seen.high <= limit else NOT_MET if seen.low > limit else OPEN
    else:
        word = MET if seen.low >= limit else NOT_MET if seen.high < limit else OPEN
    return f"looks {word}" if word != OPEN and seen.confidence < wanted else word


def more(seen, within, wanted=SURE):
    """About how many more figures would narrow the interval to that share of the median on each side: its width goes
    with the root of their number."""
    narrow = seen.count * max(1.0, seen.half / within) ** 2
    return max(math.ceil(narrow - TINY), least(wanted)) - seen.count


def needed(seen, limit, wanted=SURE):
    """What would settle a verdict that is open, in words."""
    distance = abs(seen.middle - limit) / abs(seen.middle) if seen.middle else 0
    if distance < NARROWEST:
        return f"within {NARROWEST:.0%} of what is wanted: no number of rounds is sure to tell"
    within = distance * 0.9     # a little less: the interval is to end before the limit
    return f"{rounds(max(1, more(seen, within, wanted)))} would narrow {seen.half:.1%} to {within:.1%}"


def rounds(count):
    """That many more of them, in words."""
    if count > MOST_ROUNDS:
        return f"a quieter machine, or about {count} more rounds,"
    return f"about {count} more round{'s' * (count != 1)}"


def difference(seen, wanted=SURE):
    """Of a ratio new : old of costs: 'less', 'more', or '' when 1 lies within, or when there are too few to tell."""
    if seen.confidence < wanted or seen.low - TINY <= 1 <= seen.high + TINY:
        return ""
    return "less" if seen.high < 1 else "more"


def visible(seen):
    """The smallest difference from 1 that would have been seen for certain, as a share."""
    return max(abs(1 - seen.low), abs(seen.high - 1))
