# SPDX-License-Identifier: ISC
"""What is to be reached, and whether it was: of what is compared the ratios of paired samples decide."""
import collections
from dataclasses import dataclass, replace

from . import ratios
from .results import Results

PATH_MS = 50
NOISE = 0.05       # what two equal figures may differ by, at least
FLAT = 0.10


@dataclass(frozen=True)
class Verdict:
    """One line of the last table."""
    what: str
    wanted: str
    got: str
    word: str            # met, NOT MET, cannot tell (ratios.py); "": not measured in this run
    noisy: bool = False  # disturbed samples were needed, of one side at least
    needed: str = ""     # what would tell where it cannot be told


class Judge:
    """Looks the medians up and compares."""

    def __init__(self, results, modes, forwarders):
        self.results = results
        self.modes = {mode.name: mode for mode in modes}
        self.forwarders = forwarders
        self._noisy = False  # whether a figure looked up for the verdict at hand is
        self._failed = ""    # what sallyport failed in, of the same
        self.compared = []   # ((mode, name), (mode, name)) of all that were put side by side
        self._ours = {forwarder.name for forwarder in forwarders if "ours" in forwarder.tags.split()}

    def _get(self, mode, name, key):
        self._noisy |= self.results.noisy(mode, name)
        if name in self._ours:
            self._failed = self._failed or self.results.failed(mode, name)
        return self.results.median(mode, name, key)

    def _paired(self, ours, theirs, key):
        """Interval of the ratios of two (mode, name), or None."""
        self.compared.append((ours, theirs))
        for side in (ours, theirs):
            if side[1] in self._ours:
                self._failed = self._failed or self.results.failed(*side)
        values, disturbed = self.results.pairs(ours, theirs, key)
        self._noisy |= disturbed
        return ratios.interval(values)

    def _ratio(self, what, wanted, seen, limit, at_most, got=None):
        """The verdict on an interval of ratios, or that there is none."""
        if not seen:
            return Verdict(what, wanted, "not measured", "")
        word = ratios.verdict(seen, limit, at_most)
        if self._noisy and seen.confidence < ratios.SURE:
            word = ratios.OPEN  # few, and disturbed ones
        return Verdict(what, wanted, got or f"{seen.words()} x", word,
                       needed=ratios.needed(seen, limit) if word == ratios.OPEN else "")

    def _quotient(self, what, mode, key, other, limit, at_most, title=None, ours="sallyport"):
        """Ours divided by other's figure (or by the best rival's) against a limit."""
        if other == "best rival":
            best = None
            if mode in self.modes:
                metric = next(metric for metric in self.modes[mode].metrics if metric.key == key)
                best = self.results.best_rival(self.modes[mode], metric, self.forwarders)
            other = best[0] if best else other
        wanted = f"{'at most' if at_most else 'at least'} {limit:.2f} x {title or other}"
        return self._ratio(what, wanted, self._paired((mode, ours), (mode, other), key), limit, at_most)

    def _limit(self, what, value, limit, unit, wanted=None):
        wanted = wanted or f"at most {limit:g} {unit}"
        if value is None:
            return Verdict(what, wanted, "not measured", "")
        return Verdict(what, wanted, f"{value:.4g} {unit}", ratios.MET if value <= limit else ratios.NOT_MET)

    def _bulk(self):
        for mode in ("down-1", "down-8", "up-1", "up-8"):
            what = f"bulk {mode.replace('-', ', ')} stream{'s' if mode.endswith('8') else ''}"
            yield self._quotient(what, mode, "gb_s", "haproxy", 0.95, False)
            yield self._quotient(what, mode, "gb_s", "best rival", 2, False)
            yield self._quotient(what + ", CPU per GB", mode, "cpu_s_gb", "haproxy", 1.1, True)

    def _capsules(self):
        for mode in ("down-1", "down-8", "up-1", "up-8"):
            what = f"capsules, bulk {mode.replace('-', ', ')} stream{'s' if mode.endswith('8') else ''}"
            yield self._quotient(what, mode, "gb_s", "sallyport-copy", 0.8, False, ours="sallyport-capsules")

    def _tunnels(self):
        yield self._quotient("new tunnels, 32 at once", "new-32", "tunnels_s", "haproxy-1", 0.9, False)
        yield self._quotient("new tunnels, 32 at once", "new-32", "tunnels_s", "best rival", 1.5, False)
        yield self._quotient("new tunnels, CPU each", "new-32", "cpu_us_tunnel", "haproxy", 60 / 56, True,
                             title="haproxy (60:56)")
        yield self._quotient("new tunnels, one at a time, p50", "new-1", "p50_us", "haproxy", 1.15, True)

    def _trips(self):
        direct, haproxy, ours = (self._get("trip", name, "p50_us") for name in ("direct", "haproxy", "sallyport"))
        what, wanted = "64-byte round trip, added to direct", "at most haproxy's"
        seen = self._paired(("trip", "sallyport"), ("trip", "haproxy"), "p50_us")
        self.compared.append((("trip", "sallyport"), ("trip", "direct")))
        got = None if direct is None or not seen else f"{ours - direct:.1f} µs : {haproxy - direct:.1f} µs"
        yield self._ratio(what, wanted, seen, 1, True, got)
        yield self._quotient("64-byte round trip beside bulk, p99", "trip-bulk", "p99_us", "best rival", 1 + NOISE,
                             True)

    def _idle(self):
        for mode in ("idle-1000", "idle-9900"):
            yield self._limit(f"{mode[5:]} idle tunnels, user memory", self._get(mode, "sallyport", "user_kib"), 1,
                              "KiB each")
        yield self._limit("idle tunnel with TLS inside", self._get("tls-idle", "sallyport-tls", "user_kib"), 24,
                          "KiB each")
        yield self._limit("9900 idle tunnels, not opened", self._get("idle-9900", "sallyport", "failed"), 0, "",
                          "not one")
        yield self._flat("round trips beside 9900 idle ones, p50", "trip", "grow-trip-9900", "p50_us", None)

    def _flat(self, what, few, many, key, share):
        """Whether a figure stays the same; share None: within noise."""
        before, after = self._get(few, "sallyport", key), self._get(many, "sallyport", key)
        seen = self._paired((many, "sallyport"), (few, "sallyport"), key)
        if share is None:
            share, wanted = NOISE, "as without, within noise"
        else:
            wanted = f"within {share:.0%}"
        got = None if not before or after is None or not seen else (
            f"{seen.middle - 1:+.0%} ({seen.low - 1:+.0%} to {seen.high - 1:+.0%}; {before:.4g} : {after:.4g})")
        return self._ratio(what, wanted, seen, 1 + share, True, got)

    def _growth(self):
        yield self._flat("CPU per tunnel, 10 to 9900 open", "grow-new-10", "grow-new-9900", "cpu_us_tunnel", FLAT)
        yield self._flat("CPU per message, 10 to 9900 open", "grow-trip-10", "grow-trip-9900", "cpu_us_trip", FLAT)

    def _tls(self):
        yield self._quotient("TLS to the target, bulk down", "tls-down", "gb_s", "stunnel", 1.5, False,
                             ours="sallyport-tls")
        yield self._quotient("TLS to the target, bulk up", "tls-up", "gb_s", "stunnel", 1.5, False,
                             ours="sallyport-tls")
        yield self._quotient("new TLS tunnels, resumed", "tls-resumed", "tunnels_s", "stunnel", 1.6, False,
                             ours="sallyport-tls")

    def _greeting(self):
        yield self._limit("greeting at 50 ms, preconnect", self._get("greeting", "sallyport-ready", "p50_ms"),
                          PATH_MS + 5, "ms", "one round trip and 5 ms")

    def _http2(self):
        """Against our own HTTP/1.1 with the same TLS; a new tunnel also against the one without TLS."""
        ours, own = "sallyport-http2", "sallyport-https"
        for mode in ("https-down-1", "https-down-8", "https-up-1", "https-up-8"):
            what = f"HTTP/2, bulk {mode[6:].replace('-', ', ')} stream{'s' if mode.endswith('8') else ''}"
            yield self._quotient(what, mode, "gb_s", own, 0.9, False, title="our HTTP/1.1", ours=ours)
        yield self._quotient("HTTP/2, CPU of a warm tunnel", "https-new", "cpu_us_tunnel", "sallyport-plain", 0.8, True,
                             title="our plain HTTP/1.1", ours=ours)
        yield self._limit("HTTP/2, 1000 idle tunnels", self._get("https-idle", ours, "user_kib"), 2, "KiB each")
        yield self._ratio("HTTP/2, one reader of 20 stalled", "others lose under 10 %",
                          self._paired(("https-19-of-20", ours), ("https-19", ours), "gb_s"), 0.9, False)
        for mode, key, what in (("greeting", "p50_ms", "HTTP/2, greeting at 50 ms, warm"),
                                ("greeting-10", "p99_ms", "HTTP/2, the same, ten at once")):
            yield self._limit(what, self._get(mode, ours, key), PATH_MS + 5, "ms", "one round trip and 5 ms")

    def verdicts(self):
        """One after the other, in the order of the list of what is to be reached."""
        for part in (self._bulk, self._capsules, self._tunnels, self._trips, self._idle, self._growth, self._tls,
                     self._greeting, self._http2):
            for verdict in part():
                if self._failed:
                    verdict = replace(verdict, got=self._failed.split(":")[0], word=ratios.NOT_MET)
                yield replace(verdict, noisy=self._noisy)
                self._noisy, self._failed = False, ""


def comparisons(modes, forwarders):
    """((mode, name), (mode, name)) of all that is compared, of two known names each: to be measured back to back."""
    judge = Judge(Results(), modes, forwarders)
    collections.deque(judge.verdicts(), maxlen=0)
    return judge.compared


def table(verdicts):
    """The lines of the last table, and below it what would settle what is open."""
    lines = [f"{'To reach':<40}{'wanted':<32}got"]
    for verdict in verdicts:
        if verdict.word:
            lines.append(f"{verdict.what:<40}{verdict.wanted:<32}{verdict.got:<31} {verdict.word}"
                         f"{' ~' if verdict.noisy else ''}")
    missing = sum(not verdict.word for verdict in verdicts)
    lines += [f"{missing} more that this run did not measure"] if missing else []
    return lines + [f"{verdict.what}, {verdict.wanted}: {verdict.needed}" for verdict in verdicts if verdict.needed]
