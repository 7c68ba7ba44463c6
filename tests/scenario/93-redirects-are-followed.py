#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A proxy that answers 305 or 306 with Set-Proxy, or with Location alone, sends the session to another: for once, for
so many requests, for so many seconds, or for ever; along a chain, each proxy being told who sent the session.  What is
the proxy's own, credentials and headers, never goes along."""
import base64
import re

from kit import check, equal, scenario, until
from kit.nameserver import Nameserver
from kit.redirecting import MAIL, Town, answer, imap, use
from kit.streams import read_exactly


def via(head):
    """The value of Redirected-Via in a request head, or None."""
    found = re.search(rb"\r\nRedirected-Via: ([^\r]*)\r\n", head)
    return found and found.group(1).decode()


def once_is_this_session_and_no_other(stage):
    town = Town(stage, "a", "b")
    town.run("a")
    for told in (use(town["b"]), use(town["b"], "type=once"), use(town["b"], "scope=imap://mail.example.net/ hits=1")):
        town.tell("a", told)
        before = town.asked("a")
        town.greeted("b")
        town.greeted("b")
        equal(town.asked("a") - before, 2, "requests at the first proxy")
    town.tell("a", None)
    town.greeted("a")
    town.redirected("a", "b", count=4)
    target = r"target=mail\.example\.net:143"
    town.daemon.wait_line(rf"imap #1 open proxy={town['b'].url} {target} switched=no redirects=1 ms=")
    town.daemon.wait_line(rf"imap #7 open proxy={town['a'].url} {target} switched=no redirects=0 ms=")


def so_many_hits_the_retry_being_the_first(stage):
    for parameters in ("hits=3", "type=hits count=3", "count=3"):
        town = Town(stage, "a", "b")
        town.run("a")
        town.tell("a", use(town["b"], parameters))
        town.greeted("b")
        town.tell("a", None)
        town.greeted("b")
        town.greeted("b")
        town.greeted("a")
        equal((town.asked("a"), town.asked("b")), (2, 3), f"requests at both for {parameters}")
        town.redirected("a", "b", lifetime="hits=3")


def so_many_seconds(stage):
    town = Town(stage, "a", "b")
    town.run("a")
    town.tell("a", use(town["b"], "lifetime=2"))
    town.greeted("b")
    town.tell("a", None)
    town.greeted("b")
    equal(town.asked("a"), 1, "requests at the first proxy while the redirect holds")

    def over():
        with town.daemon.connect("imap") as client:
            return read_exactly(client, 6) == b"* OK a"
    until(over, "sessions to come back to the first proxy")
    town.greeted("a")
    town.redirected("a", "b", lifetime="seconds=2")


def of_hits_and_seconds_whichever_ends_first(stage):
    town = Town(stage, "a", "b")
    town.run("a")
    town.tell("a", use(f'SET; proxyURI="{town["b"].url}/", scope="-", hits=2, seconds=600'))
    town.greeted("b")
    town.tell("a", None)
    town.greeted("b")
    town.greeted("a")
    town.redirected("a", "b", lifetime="hits=2,seconds=600")


def for_ever_until_a_newer_one_replaces_it(stage):
    town = Town(stage, "a", "b", "c")
    town.run("a")
    town.tell("a", use(town["b"], "type=forever"))
    town.greeted("b")
    for _ in range(20):
        town.greeted("b")
    equal(town.asked("a"), 1, "requests at the first proxy")
    town.tell("b", use(town["c"], "type=forever"))
    town.greeted("c")
    town.greeted("c")
    equal((town.asked("a"), town.asked("b")), (1, 22), "requests at both")


def never_for_longer_than_max_lifetime(stage):
    town = Town(stage, "a", "b")
    town.run("a", "max-lifetime = 7m")
    town.tell("a", use(town["b"], "lifetime=99999999999"))
    town.greeted("b")
    town.redirected("a", "b", lifetime="seconds=420")


def along_a_chain_everybody_is_told_who_sent_the_session(stage):
    town = Town(stage, "a", "b", "c")
    town.run("a")
    town.tell("a", use(town["b"], "lifetime=600"))
    town.tell("b", use(town["c"], "lifetime=600"))
    for _ in range(2):
        town.greeted("c")
    equal((town.asked("a"), town.asked("b"), town.asked("c")), (1, 1, 2), "requests")
    equal(via(town["a"].heads[0]), None, "Redirected-Via at the first")
    equal(via(town["b"].heads[0]), town["a"].url, "Redirected-Via at the second")
    for head in town["c"].heads:
        equal(via(head), f"{town['a'].url}, {town['b'].url}", "Redirected-Via at the third")
        check(head.startswith(b"CONNECT mail.example.net:143 HTTP/1.1\r\nHost: mail.example.net:143\r\n"),
              f"got {head!r}")
        check(b"\r\nUpgrade: IMAP\r\n" in head, f"got {head!r}")
    town.daemon.wait_line(rf"imap #2 open proxy={town['c'].url} .* redirects=2 ")


def the_other_spellings(stage):
    town = Town(stage, "a", "b")
    town.run("a")
    for told in (use(f'SET ; proxyURI = "{town["b"].url}/" ; scope = "imap://net.example.mail/"'),
                 use(town["b"], status="306 Switch Proxy"),
                 answer(f"Location: {town['b'].url}/"),
                 answer(f"Location: {town['b'].url}", status="306 Unused"),
                 answer("Location: http://127.0.0.1:1/", f"set-proxy:\t{town['b'].url}")):
        town.tell("a", told)
        town.greeted("b")
        equal(town.asked("b"), town.asked("a"), "requests at both")


def a_listener_s_own_server_and_no_other(stage):
    town = Town(stage, "a", "b")
    town.run("a", listeners=imap() + imap("mail.example.net:1430", "port") + imap("mail.example.org", "host"))
    town.tell("a", use(town["b"], "lifetime=600"))
    town.greeted("b")
    town.tell("a", None)
    town.greeted("b")
    town.greeted("a", "imap/port")
    town.greeted("a", "imap/host")


def the_narrower_of_two_that_were_learned(stage):
    town = Town(stage, "a", "b", "c")
    town.run("a", "wider = accept", listeners=imap() + imap("mail.example.org", "host"))
    town.tell("a", use(town["b"], "scope=imap:// lifetime=600"))
    town.greeted("b", "imap/host")
    town.tell("b", use(town["c"], f"scope={MAIL} lifetime=600"))
    town.greeted("c")
    town.tell("b", None)
    town.greeted("c")
    town.greeted("b", "imap/host")
    equal(town.asked("a"), 1, "requests at the first proxy")


def each_target_of_an_srv_record_has_its_own_url(stage):
    town = Town(stage, "a", "b")
    names = Nameserver(stage)
    names.add("_imap._tcp.example.net", "SRV", (1, 0, 143, "one.example.net"), (2, 0, 1430, "two.example.net"))

    def answer_each(connection):
        if b"CONNECT one.example.net:143 " in connection.head:
            connection.send(b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n")
        else:
            connection.send(use(town["b"], "scope=imap://two.example.net:1430/ lifetime=600"))

    town.tell("a", answer_each)
    town.run("a", listeners=imap("srv:example.net"), env=names.env)
    town.greeted("b")
    town.redirected("a", "b", scope="imap://two.example.net:1430/", lifetime="seconds=600")
    town.greeted("b")
    equal([head.split()[1] for head in town["a"].heads],
          [b"one.example.net:143", b"two.example.net:1430", b"one.example.net:143"], "targets at the first proxy")


SECRET = base64.b64encode(b"jane:sesame")


def credentials_and_headers_stay_behind(stage):
    town = Town(stage, "a", "b")
    town.run("a", proxy="auth = basic\nuser = jane\npassword = sesame\nheader = X-Department: night shift")
    town.tell("a", use(town["b"], "lifetime=600"))
    town.greeted("b")
    town.greeted("b")
    check(SECRET in town["a"].heads[0] and b"night shift" in town["a"].heads[0], f"got {town['a'].heads[0]!r}")
    for head in town["b"].heads:
        check(b"authorization" not in head.lower() and b"department" not in head.lower(), f"it went along: {head!r}")


def a_configured_proxy_gets_its_own_and_nothing_else(stage):
    town = Town(stage, "a", "b")
    own = base64.b64encode(b"john:simsim")
    town.run("a", proxy="auth = basic\nuser = jane\npassword = sesame\nheader = X-Department: night shift",
             more=f"[proxy other]\nurl = {town['b'].url}\nauth = basic\nuser = john\npassword = simsim\n")
    town.tell("a", use(town["b"]))
    town.greeted("b")
    head = town["b"].heads[0]
    check(b"\r\nProxy-Authorization: Basic " + own + b"\r\n" in head, f"its own credentials are missing: {head!r}")
    check(SECRET not in head and b"department" not in head.lower(), f"something went along: {head!r}")


def credentials_of_the_environment_stay_behind(stage):
    town = Town(stage, "a", "b")
    ini = "[proxy]\nurl = environment\nauth = basic\n" + imap()
    town.daemon = stage.sallyport(ini, env={"all_proxy": town["a"].url.replace("http://", "http://jane:sesame@")})
    town.tell("a", use(town["b"], "lifetime=600"))
    town.greeted("b")
    town.greeted("b")
    check(SECRET in town["a"].heads[0], f"got {town['a'].heads[0]!r}")
    for head in town["b"].heads:
        check(b"authorization" not in head.lower(), f"they went along: {head!r}")


scenario(once_is_this_session_and_no_other,
         so_many_hits_the_retry_being_the_first,
         so_many_seconds,
         of_hits_and_seconds_whichever_ends_first,
         for_ever_until_a_newer_one_replaces_it,
         never_for_longer_than_max_lifetime,
         along_a_chain_everybody_is_told_who_sent_the_session,
         the_other_spellings,
         a_listener_s_own_server_and_no_other,
         the_narrower_of_two_that_were_learned,
         each_target_of_an_srv_record_has_its_own_url,
         credentials_and_headers_stay_behind,
         a_configured_proxy_gets_its_own_and_nothing_else,
         credentials_of_the_environment_stay_behind, in_turns=True)
