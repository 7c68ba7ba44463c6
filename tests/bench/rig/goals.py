"""What is to be reached, and whether it was."""
from dataclasses import dataclass, replace

PATH_MS = 50
NOISE = 0.05       # what two equal figures may differ by, at least
FLAT = 0.10


@dataclass(frozen=True)
class Verdict:
    """One line of the last table."""
    what: str
    wanted: str
    got: str
    met: object          # True, False, or None: not measured in this run
    noisy: bool = False  # disturbed samples were all there is, of one side at least


class Judge:
    """Looks the medians up and compares."""

    def __init__(self, results, modes, forwarders):
        self.results = results
        self.modes = {mode.name: mode for mode in modes}
        self.forwarders = forwarders
        self._noisy = False  # whether a figure looked up for the verdict at hand is
        self._failed = ""    # what sallyport failed in, of the same
        self._ours = {forwarder.name for forwarder in forwarders if "ours" in forwarder.tags.split()}

    def _get(self, mode, name, key):
        self._noisy |= self.results.noisy(mode, name)
        if name in self._ours:
            self._failed = self._failed or self.results.failed(mode, name)
        return self.results.median(mode, name, key)

    def _quotient(self, what, mode, key, other, limit, at_most, title=None, ours="sallyport", theirs=None):
        """Ours divided by other's figure (or by the best rival's) against a limit."""
        value = self._get(mode, ours, key)
        rival = other
        if other == "best rival" and mode in self.modes:
            metric = next(metric for metric in self.modes[mode].metrics if metric.key == key)
            best = self.results.best_rival(self.modes[mode], metric, self.forwarders)
            rival, reference = best if best else (other, None)
            self._noisy |= self.results.noisy(mode, rival)
        else:
            reference = self._get(mode, other, key)
        wanted = f"{'at most' if at_most else 'at least'} {limit:.2f} x {title or rival}"
        if value is None or not reference:
            return Verdict(what, wanted, "not measured", None)
        quotient = value / reference
        return Verdict(what, wanted, f"{quotient:.2f} x ({value:.4g} : {reference:.4g})",
                       quotient <= limit if at_most else quotient >= limit)

    def _limit(self, what, value, limit, unit, wanted=None):
        wanted = wanted or f"at most {limit:g} {unit}"
        if value is None:
            return Verdict(what, wanted, "not measured", None)
        return Verdict(what, wanted, f"{value:.4g} {unit}", value <= limit)

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
        yield self._quotient("new tunnels, 32 at once", "new-32", "tunnels_s", "haproxy", 0.85, False)
        yield self._quotient("new tunnels, 32 at once", "new-32", "tunnels_s", "best rival", 1.5, False)
        yield self._quotient("new tunnels, CPU each", "new-32", "cpu_us_tunnel", "haproxy", 60 / 56, True,
                             title="haproxy (60:56)")
        yield self._quotient("new tunnels, one at a time, p50", "new-1", "p50_us", "haproxy", 1.15, True)

    def _trips(self):
        direct, haproxy, ours = (self._get("trip", name, "p50_us") for name in ("direct", "haproxy", "sallyport"))
        what, wanted = "64-byte round trip, added to direct", "at most haproxy's"
        if None in (direct, haproxy, ours):
            yield Verdict(what, wanted, "not measured", None)
        else:
            yield Verdict(what, wanted, f"{ours - direct:.1f} µs : {haproxy - direct:.1f} µs", ours <= haproxy)

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
        if share is None:
            spreads = [self.results.spread(mode, "sallyport", key) or 0 for mode in (few, many)]
            share, wanted = max(NOISE, 2 * max(spreads)), "as without, within noise"
        else:
            wanted = f"within {share:.0%}"
        if not before or after is None:
            return Verdict(what, wanted, "not measured", None)
        return Verdict(what, wanted, f"{after / before - 1:+.0%} ({before:.4g} : {after:.4g})",
                       after / before - 1 <= share)

    def _growth(self):
        yield self._flat("CPU per tunnel, 10 to 9900 open", "grow-new-10", "grow-new-9900", "cpu_us_tunnel", FLAT)
        yield self._flat("CPU per message, 10 to 9900 open", "grow-trip-10", "grow-trip-9900", "cpu_us_trip", FLAT)

    def _tls(self):
        yield self._quotient("TLS to the target, bulk down", "tls-down", "gb_s", "stunnel", 1.5, False,
                             ours="sallyport-tls")
        yield self._quotient("TLS to the target, bulk up", "tls-up", "gb_s", "stunnel", 1.5, False,
                             ours="sallyport-tls")
        yield self._quotient("new TLS tunnels, resumed", "tls-resumed", "tunnels_s", "stunnel", 2, False,
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
        alone, beside = (self._get(mode, ours, "gb_s") for mode in ("https-19", "https-19-of-20"))
        if alone and beside:
            yield Verdict("HTTP/2, one reader of 20 stalled", "others lose under 10 %",
                          f"{beside / alone - 1:+.0%} ({alone:.4g} : {beside:.4g})", beside / alone > 0.9)
        else:
            yield Verdict("HTTP/2, one reader of 20 stalled", "others lose under 10 %", "not measured", None)
        for mode, key, what in (("greeting", "p50_ms", "HTTP/2, greeting at 50 ms, warm"),
                                ("greeting-10", "p99_ms", "HTTP/2, the same, ten at once")):
            yield self._limit(what, self._get(mode, ours, key), PATH_MS + 5, "ms", "one round trip and 5 ms")

    def verdicts(self):
        """One after the other, in the order of the list of what is to be reached."""
        for part in (self._bulk, self._capsules, self._tunnels, self._trips, self._idle, self._growth, self._tls,
                     self._greeting, self._http2):
            for verdict in part():
                if self._failed:
                    verdict = replace(verdict, got=self._failed.split(":")[0], met=False)
                yield replace(verdict, noisy=self._noisy)
                self._noisy, self._failed = False, ""


def table(verdicts):
    """The lines of the last table."""
    lines = [f"{'To reach':<40}{'wanted':<32}got"]
    for verdict in verdicts:
        if verdict.met is not None:
            word = ("met" if verdict.met else "NOT MET") + (" ~" if verdict.noisy else "")
            lines.append(f"{verdict.what:<40}{verdict.wanted:<32}{verdict.got:<31}{word}")
    missing = sum(verdict.met is None for verdict in verdicts)
    return lines + ([f"{missing} more that this run did not measure"] if missing else [])
