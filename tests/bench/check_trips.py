#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The ways to a greeting: that each of them can be gone, and what is concluded from round trips that are made up.  No
session is opened.  TAP."""
import os
import shutil
import string
import subprocess
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from rig import greetings, trips, ways  # noqa: E402
from rig.way import STEPS, Way, length  # noqa: E402

SALLYPORT = os.path.abspath(os.environ.get("SALLYPORT", "src/sallyport"))
EVERY = [(title, way) for title, group in ways.WAYS.items() for way in group]


def equal(got, wanted):
    """AssertionError with both, unless they are equal."""
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


class Skip(Exception):
    """This machine cannot show it; the text says why."""


class Taken:
    """In place of Greetings: one way, and what its programs took there."""

    def __init__(self, first="CQ", later="Q", **programs):
        self.way = Way("http", "none", "plain", first, later, "", "")
        self.groups, self.taken = {"a group": [self.way]}, {}
        for name, starts in programs.items():
            seen = self.taken[self.way, name] = trips.Taken()
            for start in starts:
                seen.add(*start)

    def row(self):
        return trips.rows(self)["a group"][0]


def names_in(text):
    """What stands in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def of_the_far_side(folder):
    """The names of its doors."""
    if not shutil.which("openssl"):
        raise Skip("missing package openssl")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=far", "-keyout", f"{folder}/key", "-out", f"{folder}/certificate"], check=True,
                   stderr=subprocess.DEVNULL)
    with open(f"{folder}/both", "wb") as both:
        for part in ("certificate", "key"):
            with open(f"{folder}/{part}", "rb") as file:
                both.write(file.read())
    with subprocess.Popen([sys.executable, f"{HERE}/far", "127.0.0.1", f"{folder}/both"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as side:
        ready, *doors = side.stdout.readline().decode().split()
        side.stdin.close()
    equal(ready, "ready")
    return [door.partition("=")[0] for door in doors]


def in_one_file(number, way):
    """The sections of a way, to stand beside those of others: each with a label, and without what only one may have."""
    text = greetings.configuration(way).replace(ways.ANYWHERE, "").replace("outer", f"outer{number}")
    own = f"[{way.listener} w{number}]\n"
    text = text.replace("[proxy]", f"[proxy w{number}]").replace(
        f"[{way.listener}]\n", own if ways.DIRECT in way.lines else f"{own}proxy = w{number}\n")
    return text[min(text.index("[", 1), text.index(own)):]


def each_way_leads_to_doors_that_there_are_with_a_configuration_that_is_accepted():
    with tempfile.TemporaryDirectory() as folder:
        given = {"listen": 0, "spare": 0, "host": "127.0.0.1", "nowhere": "127.0.0.2", "ca": f"{folder}/ca",
                 "file": f"{folder}/file", "pac": f"{folder}/pac", "sallyport": SALLYPORT}
        given |= {name: port for port, name in enumerate(of_the_far_side(folder), 2000)}
        for title, way in EVERY:
            for run in (*way.rivals.values(), greetings.Run("", greetings.configuration(way))):
                unknown = names_in(run.command + run.config + run.asks) - set(given)
                equal((title, str(way), unknown), (title, str(way), set()))
        with open(given["pac"], "w", encoding="ascii") as file:
            file.write(greetings.PAC.format(**given))
        with open(given["file"], "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(ways.ANYWHERE + "".join(in_one_file(*each).format(**given) for each in
                                               enumerate(way for _, way in EVERY)))
        done = subprocess.run([SALLYPORT, "-c", given["file"], "check"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False)
        said = [line for line in done.stderr.splitlines() if b"libcurl has no NTLM" not in line]  # newer ones have not
        equal((done.returncode, said), (0, []))


def steps_are_known_and_ways_have_different_names():
    equal({step for _, way in EVERY for step in way.first + way.later} - set(STEPS), set())
    equal(len({(title, str(way)) for title, way in EVERY}), len(EVERY))
    equal(length("CSAQ"), 4)
    equal(length("DHCQ"), 5.5)


def ways_are_chosen_by_parts_of_their_names():
    chosen = ways.matching(["305 Use Proxy", "http | Digest | TLS"])
    equal({title for title, group in chosen.items() if group}, {ways.GRID, "305 Use Proxy"})
    equal(len(chosen["305 Use Proxy"]), len(ways.WAYS["305 Use Proxy"]))
    equal({str(way) for way in chosen[ways.GRID]}, {"http | Digest | TLS", "connect-tcp, http | Digest | TLS"})


def the_least_start_counts_and_of_its_later_sessions_the_longest():
    seen = trips.Taken()
    equal(seen.figures(), None)
    seen.add(3.5, [1.0, 2.1])
    seen.add(3.0, [1.5, 2.0])
    equal(seen.figures(), (3.0, 2.0))


def a_way_is_at_its_fewest_above_or_below():
    equal(Taken(sallyport=[(2.1, [1.3, 1.0])]).row().flag, "")
    equal(Taken(sallyport=[(3.0, [1.0, 1.0])]).row().flag, trips.ABOVE)
    equal(Taken(sallyport=[(2.0, [1.0, 2.0])]).row().flag, trips.ABOVE)
    equal(Taken(sallyport=[(1.0, [1.0, 1.0])]).row().flag, trips.BELOW)
    equal(Taken(sallyport=[]).row().flag, trips.ABOVE)


def what_no_two_starts_agree_on_is_doubtful_above_the_fewest_alone():
    equal(Taken(sallyport=[(3.5, [1.0, 1.0]), (4.5, [1.0, 1.0])]).row().is_doubtful, True)
    equal(Taken(sallyport=[(3.0, [1.0, 1.0]), (3.1, [1.0, 1.0]), (9.0, [1.0, 1.0])]).row().is_doubtful, False)
    equal(Taken(sallyport=[(2.0, [1.0, 1.0]), (4.0, [1.0, 1.0])]).row().is_doubtful, False)


def the_best_rival_is_the_one_with_the_fewest():
    row = Taken(sallyport=[(2.0, [1.0])], socat=[(3.0, [3.0])], cntlm=[(2.2, [2.1])], stunnel=[]).row()
    equal(row.rival, ("cntlm", (2.2, 2.1)))


def verdicts_name_what_is_not_at_its_fewest():
    good, more = (trips.verdicts(trips.rows(Taken(sallyport=[(first, [1.0])]))) for first in (2.0, 3.0))
    equal((len(good), good[0].split()[-1]), (1, "met"))
    equal(more[0].endswith("NOT MET"), True)
    equal(more[1].strip(), "a group: http | none | plain: 3 · 1, wanted 2 · 1")
    less = trips.verdicts(trips.rows(Taken(sallyport=[(1.0, [1.0])])))
    equal((less[0].endswith("NOT MET"), "the table is wrong" in less[1]), (True, True))
    equal(trips.verdicts({}), [])


def a_readme_has_what_is_more_in_bold_and_halves_only_where_they_are():
    lines = trips.markdown(trips.rows(Taken(sallyport=[(3.52, [1.38])])))
    cells = [line for line in lines if line.startswith("| http")]
    equal(cells, ["| http | **3.5 · 1** (2 · 1) | CQ · Q |  |"])


def the_readme_has_the_words_below_the_tables():
    with open(f"{HERE}/../../README.md", encoding="utf-8") as readme:
        text = readme.read()
    for line in trips.words():
        assert f"\n{line}\n" in text, f"README.md has not: {line}"
    assert "\n".join(trips.words()) in text, "README.md has more between these lines"


TESTS = [value for name, value in list(globals().items())
         if getattr(value, "__module__", "") == "__main__" and callable(value)
         and name not in ("equal", "Skip", "Taken", "names_in", "of_the_far_side", "in_one_file", "main")]


def main():
    """Runs all; tells in TAP."""
    print(f"1..{len(TESTS)}")
    failed = False
    for number, test in enumerate(TESTS, 1):
        title = test.__name__.replace("_", " ")
        try:
            test()
            print(f"ok {number} - {title}")
        except Skip as why:
            print(f"ok {number} - {title} # SKIP {why}")
        except Exception:  # pylint: disable=broad-except
            failed = True
            print(f"not ok {number} - {title}")
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
