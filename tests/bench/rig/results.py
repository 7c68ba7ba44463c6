# SPDX-License-Identifier: ISC
"""All samples of a run, and what they come to: medians, spreads, the best rival."""
import statistics

from .modes import figures

ENOUGH = 5  # pairs without disturbance, of which disturbed ones beside them are not needed


class Results:
    """Samples by mode and forwarder.  Disturbed ones are kept for the TSV, but count only where there is no other."""

    def __init__(self):
        self.samples = []   # dictionaries: round, turn, mode, forwarder, counted, figures, disturbed
        self.failures = []  # (round, mode, forwarder, why)

    def add(self, number, turn, mode, forwarder, counted, disturbed):
        """Keeps what the stage has counted in one sample of this round; those of one turn were taken back to back."""
        self.samples.append({"round": number, "turn": turn, "mode": mode, "forwarder": forwarder, "counted": counted,
                             "figures": figures(counted), "disturbed": disturbed})

    def fail(self, number, mode, forwarder, why):
        """Keeps why a sample of this round gave nothing."""
        self.failures.append((number, mode, forwarder, why))

    def failed(self, mode, name):
        """In words how many samples of those names gave nothing, and why the last one did; "" for none."""
        reasons = [why for _, failed_mode, forwarder, why in self.failures
                   if failed_mode.name == mode and forwarder.name == name]
        good = sum(sample["mode"].name == mode and sample["forwarder"].name == name for sample in self.samples)
        if not reasons:
            return ""
        return f"{len(reasons)} of {len(reasons) + good} samples failed: {reasons[-1]}"

    def took_part(self, mode, name):
        """Whether there was a sample of those names, be it one that failed."""
        names = [(failed_mode.name, forwarder.name) for _, failed_mode, forwarder, _ in self.failures]
        names += [(sample["mode"].name, sample["forwarder"].name) for sample in self.samples]
        return (mode, name) in names

    def _counting(self, mode, name):
        own = [sample for sample in self.samples if sample["mode"].name == mode and sample["forwarder"].name == name]
        return [sample for sample in own if not sample["disturbed"]] or own

    def values(self, mode, name, key):
        """The figures of that key that count, by names."""
        seen = (sample["figures"].get(key) for sample in self._counting(mode, name))
        return [value for value in seen if value is not None]

    def median(self, mode, name, key):
        """None: there is no such figure."""
        values = self.values(mode, name, key)
        return statistics.median(values) if values else None

    def spread(self, mode, name, key):
        """Half of the range between the quartiles, as a share of the median; None with fewer than two samples."""
        values = self.values(mode, name, key)
        middle = statistics.median(values) if values else 0
        if len(values) < 2 or middle == 0:
            return None
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        return (high - low) / 2 / abs(middle)

    def pairs(self, ours, theirs, key, enough=ENOUGH):
        """(ratios ours : theirs, whether they were disturbed) of two (mode, name), a pair of samples each: of the same
        turn, or where they never share one, of the same round.  Disturbed ones are left out as long as enough others
        remain, or one for each round."""
        for together in ("turn", "round"):
            sides = [self._by(together, *side, key) for side in (ours, theirs)]
            shared = sorted(set(sides[0]) & set(sides[1]))
            if shared:
                break
        pairs = [(sides[0][when], sides[1][when]) for when in shared]
        ratios = [(left / right, left_disturbed or right_disturbed)
                  for (left, left_disturbed), (right, right_disturbed) in pairs if right]
        quiet = [ratio for ratio, disturbed in ratios if not disturbed]
        if len(quiet) >= min(enough, len({sample["round"] for sample in self.samples})):
            return quiet, False
        return [ratio for ratio, _ in ratios], len(quiet) < len(ratios)

    def _by(self, together, mode, name, key):
        """{turn or round: (figure, whether it was disturbed)} of those names; of several the last quiet one."""
        found = {}
        for sample in self.samples:
            value = sample["figures"].get(key)
            if sample["mode"].name == mode and sample["forwarder"].name == name and value is not None:
                if sample[together] not in found or not sample["disturbed"]:
                    found[sample[together]] = value, sample["disturbed"]
        return found

    def noisy(self, mode, name):
        """Whether all that there is was disturbed."""
        own = self._counting(mode, name)
        return bool(own) and own[0]["disturbed"]

    def noisy_ones(self):
        """Of how many pairs of mode and forwarder all that there is was disturbed."""
        names = {(sample["mode"].name, sample["forwarder"].name) for sample in self.samples}
        return sum(self.noisy(*pair) for pair in names)

    def best_rival(self, mode, metric, forwarders):
        """(name, median) of the best of the rivals, or None."""
        rivals = [(forwarder.name, self.median(mode.name, forwarder.name, metric.key)) for forwarder in forwarders
                  if is_rival(forwarder, mode)]
        rivals = [rival for rival in rivals if rival[1] is not None]
        if not rivals:
            return None
        return (max if metric.better == "more" else min)(rivals, key=lambda rival: rival[1])


def is_rival(forwarder, mode):
    """Whether ours is measured against this one, in this mode: a program as it comes, which can ask a proxy, or with
    TLS inside, where stunnel cannot, at least speaks TLS."""
    tags = forwarder.tags.split()
    return "ours" not in tags and "default" in tags and mode.family in forwarder.families.split()
