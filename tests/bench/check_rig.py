#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What the benchmark concludes from samples, tested on samples that are made up: no forwarder is started.  TAP."""
import math
import os
import random
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
for variable in ("QUICK", "ROUNDS", "MODES", "ONLY", "SEED", "NOISE"):
    os.environ.pop(variable, None)

import bench    # noqa: E402 (its settings are read when it is imported)
import compare  # noqa: E402
from rig import counters, counting, goals, ratios  # noqa: E402
from rig.forwarders import FORWARDERS  # noqa: E402
from rig.modes import MODES, doing, figures, unit  # noqa: E402
from rig.results import Results  # noqa: E402

MODE = {mode.name: mode for mode in MODES}
FORWARDER = {row.name: row for row in FORWARDERS}


def equal(got, wanted):
    """AssertionError with both, unless they are equal."""
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


def counted(**more):
    """What the stage counts in a sample without anything peculiar."""
    return {"cpu_s": 1.0, "others": 0.0, "span": 1.0, "pss_before": 0, "pss_after": 0, "group_before": 0,
            "group_after": 0, "measured": True, "events": {}, **more}


def tunnels(tunnels_s):
    """A sample of new tunnels with that rate."""
    return counted(tunnels=1000, failed=0, ns=1000 / tunnels_s * 1e9)


def trips(p99_us):
    """A sample of round trips, of which one in a hundred takes longer than that."""
    return counted(trips=1000, ns=1e9, p50=p99_us * 500, p99=p99_us * 1000)


def bulk(gb_s):
    """A sample of bulk with that rate and a tenth of a processor second for a GB."""
    return counted(bytes=gb_s * 1e9, ns=1e9, cpu_s=gb_s / 10)


class Samples:
    """Results that are filled by hand."""

    def __init__(self):
        self.results, self.turn = Results(), 0

    def pair(self, number, ours, theirs, disturbed=(False, False), mode="down-1", names=("sallyport", "haproxy"),
             sample=bulk):
        """One turn of a round with these rates, or what else the sample is made of."""
        self.turn += 1
        for name, rate, spoilt in zip(names, (ours, theirs), disturbed):
            self.results.add(number, self.turn, MODE[mode], FORWARDER[name], sample(rate), spoilt)

    def verdict(self, what="bulk down, 1 stream", wanted="at least 0.95"):
        """The one of that name."""
        found = [verdict for verdict in goals.Judge(self.results, MODES, FORWARDERS).verdicts()
                 if verdict.what == what and verdict.wanted.startswith(wanted)]
        equal(len(found), 1)
        return found[0]


def an_interval_is_as_sure_as_the_binomial_distribution_says():
    equal([round(ratios.confidence(5, 1), 4), round(ratios.confidence(15, 3), 4)], [0.9375, 0.9926])
    equal([ratios.least(0.9), ratios.least(0.99)], [5, 8])
    seen = ratios.interval(range(1, 16), 0.99)
    equal((seen.low, seen.middle, seen.high), (3, 8, 13))
    seen = ratios.interval([4, 1, 3, 2])
    equal((seen.low, seen.middle, seen.high, seen.confidence), (1, 2.5, 4, 0.875))
    equal(ratios.interval([]), None)
    equal(ratios.interval([7]).confidence, 0)


def an_interval_has_the_median_in_it_as_often_as_it_says():
    dice, hits, runs = random.Random(1), 0, 2000
    for _ in range(runs):
        seen = ratios.interval([dice.expovariate(1) for _ in range(11)], 0.9)
        hits += seen.low <= math.log(2) <= seen.high
    assert 0.9 <= hits / runs <= 0.97, f"in {hits} of {runs}"


def a_verdict_is_what_the_whole_interval_agrees_on():
    seen = ratios.interval([0.90, 0.94, 0.96, 0.98, 1.00])
    equal(ratios.verdict(seen, 0.95, False), "cannot tell")
    equal(ratios.verdict(seen, 0.90, False), "met")
    equal(ratios.verdict(seen, 1.01, False), "NOT MET")
    equal(ratios.verdict(seen, 1.00, True), "met")
    equal(ratios.verdict(seen, 0.95, True), "cannot tell")
    equal([ratios.verdict(seen, 0.97, at_most) for at_most in (False, True)], ["cannot tell"] * 2)
    equal(ratios.verdict(seen, 0.89, True), "NOT MET")


def few_pairs_only_look_like_something():
    equal(ratios.verdict(ratios.interval([0.97, 0.98]), 0.95, False), "looks met")
    equal(ratios.verdict(ratios.interval([0.9]), 0.95, False), "looks NOT MET")
    equal(ratios.verdict(ratios.interval([0.9, 1.0]), 0.95, False), "cannot tell")


def more_rounds_narrow_by_their_root():
    seen = ratios.Interval(0.9, 1.0, 1.1, 0.95, 10)
    equal(ratios.more(seen, 0.05), 30)
    equal(ratios.more(seen, 0.2), 0)
    equal(ratios.more(ratios.Interval(0.99, 1.0, 1.01, 0.5, 2), 0.05), 3)
    equal(ratios.needed(ratios.Interval(0.9, 1.0, 1.1, 0.95, 10), 1.05),
          "about 40 more rounds would narrow 10.0% to 4.5%")
    equal([ratios.rounds(count) for count in (1, 25)], ["about 1 more round", "about 25 more rounds"])
    assert ratios.rounds(6000).startswith("a quieter machine"), ratios.rounds(6000)
    assert "no number of rounds" in ratios.needed(ratios.Interval(0.9, 1.0, 1.1, 0.95, 10), 1.002)


def a_difference_is_one_where_1_is_outside():
    equal(ratios.difference(ratios.interval([0.9] * 8, 0.99), 0.99), "less")
    equal(ratios.difference(ratios.interval([1.1] * 8, 0.99), 0.99), "more")
    equal(ratios.difference(ratios.interval([0.9] * 7, 0.99), 0.99), "")
    equal(ratios.difference(ratios.interval([0.9, 1.1] * 8, 0.99), 0.99), "")
    equal(round(ratios.visible(ratios.Interval(0.98, 1.0, 1.05, 0.99, 8)), 3), 0.05)


def pairs_are_of_one_turn():
    samples = Samples()
    samples.pair(1, 8, 10)
    samples.pair(1, 4, 5)
    samples.pair(2, 3, 2)
    seen, disturbed = samples.results.pairs(("down-1", "sallyport"), ("down-1", "haproxy"), "gb_s")
    equal(([round(ratio, 6) for ratio in seen], disturbed), ([0.8, 0.8, 1.5], False))


def who_never_shares_a_turn_is_paired_by_round():
    samples = Samples()
    for number, ours, theirs in ((1, 8, 4), (2, 9, 3)):
        samples.pair(number, ours, None, names=("sallyport",))
        samples.pair(number, theirs, None, names=("socat",))
    seen, _ = samples.results.pairs(("down-1", "sallyport"), ("down-1", "socat"), "gb_s")
    equal(seen, [2.0, 3.0])


def disturbed_pairs_count_only_while_quiet_ones_are_few():
    samples, sides = Samples(), (("down-1", "sallyport"), ("down-1", "haproxy"), "gb_s")
    for number in range(1, 7):
        samples.pair(number, 5, 10, (number % 2 == 0, False))
    equal(samples.results.pairs(*sides), ([0.5] * 6, True))
    for number in (2, 4):
        samples.pair(number, 10, 10)
    equal(samples.results.pairs(*sides), ([0.5] * 3 + [1.0] * 2, False))


def the_same_verdict_under_noise_that_strikes_both_sides():
    for true, word in ((1.02, "met"), (0.85, "NOT MET")):
        quiet, noisy, dice = Samples(), Samples(), random.Random(2)
        for number in range(1, 12):
            wobble = dice.uniform(0.98, 1.02)
            quiet.pair(number, 5 * true * wobble, 5)
            share = dice.uniform(0.3, 1)    # what a neighbour leaves to both
            noisy.pair(number, 5 * true * wobble * share, 5 * share, (True, True))
        equal([quiet.verdict().word, noisy.verdict().word], [word, word])
        equal([quiet.verdict().noisy, noisy.verdict().noisy], [False, True])


def noise_that_strikes_one_side_is_not_taken_for_a_verdict():
    samples, dice = Samples(), random.Random(3)
    for number in range(1, 12):
        samples.pair(number, 5 * dice.uniform(0.5, 1), 5 * dice.uniform(0.5, 1), (True, True))
    verdict = samples.verdict()
    equal(verdict.word, "cannot tell")
    assert "more rounds" in verdict.needed, verdict.needed
    assert any("more rounds" in line for line in goals.table([verdict])[2:]), "the table does not say what is needed"


def few_and_disturbed_pairs_tell_nothing():
    samples = Samples()
    for number in (1, 2):
        samples.pair(number, 10, 5, (True, False))
    equal(samples.verdict().word, "cannot tell")


def what_failed_is_not_met():
    samples = Samples()
    for number in range(1, 7):
        samples.pair(number, 5, 5)
    samples.results.fail(7, MODE["down-1"], FORWARDER["sallyport"], "it ended in the middle")
    equal(samples.verdict().word, "NOT MET")


def the_limits_are_those_that_are_wanted():
    tls, trip = ("sallyport-tls", "stunnel"), "64-byte round trip beside bulk, p99"
    for what, mode, names, sample, limit, words in (
            ("bulk up, 8 streams", "up-8", ("sallyport", "haproxy"), bulk, 0.95, "at least 0.95 x haproxy"),
            ("new tunnels, 32 at once", "new-32", ("sallyport", "haproxy-1"), tunnels, 0.9,
             "at least 0.90 x haproxy-1"),
            ("TLS to the target, bulk down", "tls-down", tls, bulk, 1.5, "at least 1.50 x stunnel"),
            ("TLS to the target, bulk up", "tls-up", tls, bulk, 1.5, "at least 1.50 x stunnel"),
            ("new TLS tunnels, resumed", "tls-resumed", tls, tunnels, 1.6, "at least 1.60 x stunnel"),
            (trip, "trip-bulk", ("sallyport", "socat"), trips, 1.05, "at most 1.05 x socat")):
        words_of = []
        for share in (0.99, 1.01):
            samples = Samples()
            for number in range(1, 7):
                samples.pair(number, 10 * limit * share, 10, mode=mode, names=names, sample=sample)
                if mode == "trip-bulk":     # it is the best of them that counts
                    samples.pair(number, 20, None, mode=mode, names=("desproxy",), sample=sample)
            words_of.append(samples.verdict(what, words).word)
        equal((what, words_of), (what, ["met", "NOT MET"] if words.startswith("at most") else ["NOT MET", "met"]))


def what_is_compared_is_measured_back_to_back():
    together = goals.comparisons(MODES, FORWARDERS)
    planned = bench.turns(bench.plan(MODES, FORWARDERS, 1), together)
    names = [{(mode.name, row.name) for mode, row in turn} for turn in planned]
    for pair in ({("down-1", "sallyport"), ("down-1", "haproxy")},
                 {("tls-down", "sallyport-tls"), ("tls-down", "stunnel")},
                 {("grow-new-10", "sallyport"), ("grow-new-9900", "sallyport")},
                 {("https-up-8", "sallyport-http2"), ("https-up-8", "sallyport-https")}):
        assert any(pair <= turn for turn in names), f"{pair} are not in one turn"
    assert {("down-1", "cntlm")} in names, "who is compared with nobody has no turn of its own"
    equal(sum(map(len, planned)), len(bench.plan(MODES, FORWARDERS, 1)))


def a_busy_machine_is_told():
    noise = bench.Noise()
    for others in [0.4] * 31 + [0.01] * 9:
        noise.is_over(others)
    equal(noise.busy_words(), ["the machine was too busy: others used 0.40 processors in 31 of 40 samples; "
                               "wanted: at most 0.1"])
    quiet = bench.Noise()
    for others in [0.4] + [0.01] * 39:
        quiet.is_over(others)
    equal(quiet.busy_words(), [])


def what_was_disturbed_is_taken_anew_but_memory():
    class Stage:
        """One that is never alone."""

        def __init__(self):
            self.taken = []

        def sample(self, row, mode, milliseconds):
            """As that of a stage."""
            self.taken.append((mode.name, row.name, milliseconds))
            return counted(others=0.5, bytes=10**9, ns=10**9, tunnels=10, failed=0)

    run = bench.Run(Stage(), 7, again=2)
    run.round(1, [[(MODE["down-1"], FORWARDER["haproxy"])], [(MODE["idle-9900"], FORWARDER["socat"])]])
    equal(sorted(run.stage.taken), [("down-1", "haproxy", 7)] * 3 + [("idle-9900", "socat", 7)])
    equal(run.noise.dropped, 4)


def summaries_of_the_tools_are_read():
    equal(counters.strace_total("""% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000030           1        21         1 read
 40.00    0.000020           2         8           write
------ ----------- ----------- --------- --------- ----------------
100.00    0.000050           1        29         1 total
"""), 29)
    for text in ("", "strace: attach: Operation not permitted\n"):
        try:
            counters.strace_total(text)
        except counters.Trouble:
            continue
        raise AssertionError(f"a summary was seen in {text!r}")
    equal(counters.callgrind_total("events: Ir\nfn=(1)\n1 20\n\ntotals: 123456\n"), 123456)
    equal(counters.callgrind_total("events: Ir\n"), None)


def counts_are_for_one_unit():
    equal(unit(counted(trips=50)), ("trip", 50))
    equal(unit(counted(bytes=3e6)), ("MB", 3))
    equal(unit(counted()), (None, 0))
    equal([doing(MODE[name]) for name in ("down-1", "up-8", "trip", "new-32")], ["MB", "MB", "trip", "tunnel"])
    equal(counting.patient(MODE["new-1"]).load, MODE["new-1"].load + " -w 10000")
    equal(counting.patient(MODE["trip"]), MODE["trip"])
    assert not counting.countable(MODE["idle-1000"]) and not counting.countable(MODE["grow-new-10"])


def counts_that_overlap_do_not_differ():
    tell = counting.Counting._difference
    assert "no difference seen" in tell("calls", [8.0, 8.2, 8.1], [8.1, 8.2, 8.3])
    assert tell("calls", [8.0, 8.0], [4.0, 4.0]).endswith("-50.0%")
    assert tell("calls", [8.0, 8.0], [8.0, 8.0]).endswith("the same")


def old_and_new_have_their_own_programs():
    old, new = compare.sides(FORWARDER["sallyport"])
    equal((old.name, old.command, new.name, new.command),
          ("sallyport:old", "{old} -c {file}", "sallyport:new", "{new} -c {file}"))
    equal({(mode.name, left.name) for mode, left, _ in compare.subjects([MODE["down-1"], MODE["tls-up"]])},
          {("down-1", "sallyport:old"), ("tls-up", "sallyport-tls:old")})


def comparisons(old, new):
    """The table of a comparison of down-1 with these rates, round by round."""
    samples, rows = Samples(), compare.sides(FORWARDER["sallyport"])
    for number, rates in enumerate(zip(old, new), 1):
        samples.turn += 1
        for row, rate in zip(rows, rates):
            samples.results.add(number, samples.turn, MODE["down-1"], row, bulk(rate), False)
    run = bench.Run(None, 1)
    run.results = samples.results
    table = compare.Table(run, [(MODE["down-1"], *rows)])
    return table.lines()[1:], table.needed()


def a_change_is_faster_or_slower_or_not_seen_to_differ():
    (time, cpu), needed = comparisons([5.0] * 8, [6.0] * 8)
    assert "faster" in time and "0.833" in time, time
    assert "no difference seen (would have seen 0.0%)" in cpu, cpu
    equal(needed, [])
    (time, _), _ = comparisons([6.0] * 8, [5.0] * 8)
    assert "slower" in time, time
    (time, _), needed = comparisons([5.0] * 7, [6.0] * 7)
    assert "cannot tell: 8 pairs are needed" in time and "more round" in needed[0], (time, needed)
    (time, _), needed = comparisons([5.0, 6.0] * 4, [6.0, 5.0] * 4)
    assert "no difference seen (would have seen 20.0%)" in time, time
    assert "cannot tell whether there is a difference of 3% in down-1" in needed[0], needed


def figures_come_from_what_was_counted():
    seen = figures(bulk(4.0))
    equal((seen["gb_s"], round(seen["cpu_s_gb"], 6)), (4.0, 0.1))


TESTS = [value for name, value in list(globals().items())
         if getattr(value, "__module__", "") == "__main__" and callable(value)
         and name not in ("equal", "counted", "tunnels", "trips", "bulk", "Samples", "comparisons", "main")]


def main():
    """Runs all; tells in TAP."""
    print(f"1..{len(TESTS)}")
    failed = False
    for number, test in enumerate(TESTS, 1):
        title = test.__name__.replace("_", " ")
        try:
            test()
            print(f"ok {number} - {title}")
        except Exception:  # pylint: disable=broad-except
            failed = True
            print(f"not ok {number} - {title}")
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
