#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Redirects that no configuration allows, or that this one does not: circles, too many hops, malformed ones, ones that
may have come from far away, ones that lead to ourselves.  The client is told why, the log too, and the proxy named is
never asked."""
import re

from kit import check, equal, scenario
from kit.redirecting import Town, answer, imap, use


def must_refuse(stage, told, reason, redirects="", **options):
    """Each of the answers is refused for that reason, and b, which they name, is left alone."""
    town = Town(stage, "a", "b")
    town.run("a", redirects, **options)
    for number, one in enumerate(told(town["b"]), 1):
        town.tell("a", one)
        text = town.refused(r"^redirect refused: .*" + reason)
        check(town["a"].url.endswith(text.split(", ")[-1].rstrip(")")), f"the refusal names another place: {text}")
        town.daemon.wait_line(rf'imap #{number} failed class=permanent reason="{re.escape(town["a"].url)}: 30[56] .*'
                              rf"redirect refused: .*{reason}")
    equal((town.asked("b"), len(town["b"].connections)), (0, 0), "requests and connections at the other proxy")
    equal(town.daemon.count(" redirected by="), 0, "redirects that the log says were followed")
    town.tell("a", None)
    town.greeted("a")  # nothing was learned


def follow_no(stage):
    must_refuse(stage, lambda b: (use(b), use("DIRECT"), answer(f"Location: {b.url}/")), r"follow = no", "follow = no")


def malformed_ones_do_not_give_way_to_location(stage):
    def told(b):
        other = f"Location: {b.url}/"
        return (use("ftp://b.example.net/", fields=[other]),
                use("", fields=[other]),
                use(b, "lifetime=-1", fields=[other]),
                use(b, "type=once type=once", fields=[other]),
                use(b, "scope=imap://other.example.net/", fields=[other]),
                use(b, "scope=imap://mail.example.net.evil.org/"),
                use(b, "scope=imap://net.example.mail/"),
                use(b, 'scope="*'),
                use(b.url + "/path"),
                use(b.url.replace("//", "//jane:sesame@")),
                use('SET; scope="*"'),
                use(b, fields=[f"Set-Proxy: {b.url}"]))
    must_refuse(stage, told, "malformed: ")


def without_any_proxy_in_it(stage):
    must_refuse(stage, lambda b: (answer(), answer("Location: /login"), answer(f"Location: {b.url}/login")),
                "malformed: ")


def to_itself(stage):
    town = Town(stage, "a")
    town.tell("a", use(town["a"], "lifetime=600"))
    town.run("a")
    place = town["a"].url[len("http://"):]
    town.refused(f"in a circle: {place} -> {place}")
    equal(town.asked("a"), 1, "requests")


def in_a_circle(stage):
    town = Town(stage, "a", "b", "c")
    town.run("a")
    for name, other in ("ab", "bc", "ca"):
        town.tell(name, use(town[other]))
    chain = " -> ".join(town[name].url[len("http://"):] for name in "abca")
    town.refused(f"in a circle: {chain}")
    equal([town.asked(name) for name in "abc"], [1, 1, 1], "requests")
    town.daemon.wait_line(rf'failed class=permanent reason="{town["c"].url}: .*{chain}')


def over_more_than_max_hops(stage):
    names = "abcdefg"
    for most in (None, 2):
        town = Town(stage, *names)
        town.run("a", f"max-hops = {most}" if most else "")
        for name, other in zip(names, names[1:]):
            town.tell(name, use(town[other]))
        town.refused(rf"more than {most or 5} times \(max-hops\)")
        asked = (most or 5) + 1
        equal([town.asked(name) for name in names], [1] * asked + [0] * (len(names) - asked), "requests")
        town.tell(names[asked - 1], None)
        town.greeted(names[asked - 1])


def direct_unless_told(stage):
    must_refuse(stage, lambda b: (use("DIRECT"), use("DIRECT; scope=*, seconds=60")),
                r"no proxy at all \(direct = no\)")


def ipl_for_less_than_all(stage):
    must_refuse(stage, lambda b: (use("IPL"), use('IPL; scope="imap://"')), r"IPL without the scope \*")


def through_two_other_proxies(stage):
    must_refuse(stage, lambda b: (use(b, fields=["Via: 1.1 one, 1.1 two"]),
                                  use(b, fields=["Via: 1.1 one", "via: 1.0 two"]),
                                  use('IPL; scope="*"', fields=["Via: 1.1 one"]), use('IPL; scope="*"', version="1.0")),
                "Via|forwarded", "wider = accept")


def forwarded_ones_are_taken_for_this_url_once(stage):
    town = Town(stage, "a", "b")
    town.run("a", "wider = accept", listeners=imap() + imap("mail.example.org", "host"))
    for number, told in enumerate((use(town["b"], "scope=* type=forever", version="1.0"),
                                   use(town["b"], "scope=imap:// lifetime=600", fields=["Via: 1.1 far"])), 1):
        town.tell("a", told)
        town.greeted("b")
        town.redirected("a", "b", lifetime="once", count=number)
        town.tell("a", None)
        town.greeted("a")
        town.greeted("a", "imap/host")


def three_hundred_and_six_of_a_learned_proxy(stage):
    town = Town(stage, "a", "b", "c")
    town.run("a")
    town.tell("a", use(town["b"]))
    town.tell("b", use(town["c"], status="306 Switch Proxy"))
    town.refused("redirect refused: 306 from a proxy that was itself named by a redirect")
    equal(town.asked("c"), 0, "requests at the third proxy")


def to_one_of_our_own_listeners(stage):
    town = Town(stage, "a")
    town.run("a", listeners=imap() + imap("mail.example.org", "other"))
    for parameters in ("type=once", "lifetime=600"):
        for name in ("imap", "imap/other"):
            host, port = town.daemon.address(name)
            for place in (host, "localhost"):
                town.tell("a", use(f"http://{place}:{port}/", parameters))
                town.refused("one of our own listeners")
    town.tell("a", None)
    town.greeted("a")
    equal(town.daemon.count("accepted", 9), 9, "sessions, none of them our own")


def wider_refuse(stage):
    must_refuse(stage, lambda b: (use(b, "scope=imap://"), use(b, "scope=*"), use(b, "scope=imap://*.example.net/"),
                                  use(b, "scope=*://mail.example.net/")), "more than this server", "wider = refuse")


def wider_ask_with_nobody_to_ask(stage):
    must_refuse(stage, lambda b: (use(b, "scope=imap://"), use(b, "scope=* lifetime=60")), "nobody to ask",
                "wider = ask", sallyport="control = none")


def wider_clamp(stage):
    town = Town(stage, "a", "b")
    town.run("a", "wider = clamp", listeners=imap() + imap("mail.example.org", "host"))
    town.tell("a", use(town["b"], "scope=* lifetime=600"))
    town.greeted("b")
    town.redirected("a", "b", lifetime="seconds=600")
    town.tell("a", None)
    town.greeted("b")
    town.greeted("a", "imap/host")


def wider_accept(stage):
    town = Town(stage, "a", "b")
    town.run("a", "wider = accept", listeners=imap() + imap("mail.example.org", "host"))
    town.tell("a", use(town["b"], "scope=imap:// lifetime=600"))
    town.greeted("b")
    town.redirected("a", "b", scope="imap://", lifetime="seconds=600")
    town.greeted("b", "imap/host")
    equal(town.asked("a"), 1, "requests at the first proxy")


def wider_same_domain(stage):
    town = Town(stage, "a", "b")
    here = town.build("here", port=0)
    town.run("a", "wider = same-domain", sallyport="control = none")
    town.tell("a", use(here, "scope=imap:// lifetime=600"))  # an address is only in the domain of itself
    town.greeted("here")
    town.redirected("a", here.url, scope="imap://", lifetime="seconds=600")
    town = Town(stage, "a", "b")
    town.run("a", "wider = same-domain", sallyport="control = none")
    town.tell("a", use(f"http://localhost:{town['b'].port}/", "scope=imap://"))
    town.refused("nobody to ask")


scenario(follow_no,
         malformed_ones_do_not_give_way_to_location,
         without_any_proxy_in_it,
         to_itself,
         in_a_circle,
         over_more_than_max_hops,
         direct_unless_told,
         ipl_for_less_than_all,
         through_two_other_proxies,
         forwarded_ones_are_taken_for_this_url_once,
         three_hundred_and_six_of_a_learned_proxy,
         to_one_of_our_own_listeners,
         wider_refuse,
         wider_ask_with_nobody_to_ask,
         wider_clamp,
         wider_accept,
         wider_same_domain, in_turns=True)
