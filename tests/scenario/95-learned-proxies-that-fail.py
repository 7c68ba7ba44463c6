#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A proxy that a redirect named and that is dead, or has no time, is forgotten, and the session goes back to its
configured proxy, once.  And the redirects that name no proxy: DIRECT, and IPL, which takes all back."""
import re

from kit import check, closed_port, equal, scenario
from kit.peers import Proxy
from kit.redirecting import Town, imap, use

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


def forgotten(town, url):
    town.daemon.wait_line(rf"imap #\d+ warning: {re.escape(url)}, learned by a redirect, is forgotten: ")


def a_dead_one_is_forgotten(stage):
    town = Town(stage, "a", "b")
    town.run("a")
    town.tell("a", use(town["b"], "lifetime=600"))
    town.greeted("b")
    town["b"].stop()
    town.tell("a", None)
    town.greeted("a")
    forgotten(town, town["b"].url)
    equal(town.asked("a"), 2, "requests at the first proxy")
    town.greeted("a")
    equal(town.daemon.count("is forgotten", 1), 1, "times that it was forgotten")
    equal(town.daemon.count("failed class"), 0, "sessions that failed")


def a_dead_one_that_is_named_again_is_the_end(stage):
    town = Town(stage, "a")
    town.run("a")
    dead = f"http://127.0.0.1:{closed_port()}"
    for parameters in ("type=once", "lifetime=600"):
        asked = town.asked("a")
        town.tell("a", use(dead + "/", parameters))
        town.refused("redirect refused: to the proxy that has just failed")
        equal(town.asked("a") - asked, 2, "requests at the first proxy")
    town.tell("a", None)
    town.greeted("a")


def it_goes_back_once_and_no_second_time(stage):
    town = Town(stage, "a", "b", "c")
    town.run("a")
    seen = []

    def alternate(connection):
        seen.append(1)
        connection.send(use(town["b"] if len(seen) % 2 else town["c"]))

    town.tell("a", alternate)
    town.tell("b", BUSY)
    town.tell("c", BUSY)
    town.refused("503 Service Unavailable", ("temporary",))
    equal([town.asked(name) for name in "abc"], [2, 2, 2], "requests, those that fail with Upgrade and without")


def one_that_answers_with_an_error_of_its_own(stage):
    for status in ("500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout",
                   "599 Odd"):
        town = Town(stage, "a", "b")
        town.run("a")
        town.tell("a", use(town["b"], "type=forever"))
        town.greeted("b")
        town.tell("a", None)
        town.tell("b", f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        town.greeted("a")
        forgotten(town, town["b"].url)
        town.greeted("a")
        equal(town.asked("b"), 2, f"requests at the second proxy after {status}")


def one_that_says_no_is_believed(stage):
    town = Town(stage, "a", "b")
    town.run("a")
    town.tell("a", use(town["b"], "lifetime=600"))
    town.tell("b", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    for _ in range(2):
        check(town["b"].url.split("//")[1] in town.refused("403 Forbidden"), "the refusal is not the second's")
    equal((town.asked("a"), town.asked("b")), (1, 4), "requests, those that are refused with Upgrade and without")


def one_that_breaks_off(stage):
    town = Town(stage, "a", "b")
    town.run("a")
    town.tell("a", use(town["b"], "lifetime=600"))
    town.greeted("b")
    town.tell("a", None)
    town.tell("b", lambda connection: connection.reset())
    town.greeted("a")
    forgotten(town, town["b"].url)


def one_that_is_silent(stage):
    town = Town(stage, "a", "b")
    town.run("a", sallyport="handshake-timeout = 1s")
    town.tell("a", use(town["b"], "lifetime=600"))
    town.greeted("b")
    town.tell("a", None)
    town.tell("b", lambda connection: connection.hold())
    town.greeted("a")
    forgotten(town, town["b"].url)


def one_whose_name_does_not_exist(stage):
    town = Town(stage, "a")
    town.run("a")
    town.tell("a", use("http://no-such-proxy.invalid:3128/"))
    town.refused("just failed")
    equal(town.asked("a"), 2, "requests at the first proxy")


def the_configured_proxy_does_not_rest_for_it(stage):
    town = Town(stage, "a")
    other = town.build("other")
    town.run("a")
    town.daemon.reload(town.ini("a").replace(town["a"].url, f"{town['a'].url} {other.url}"))
    town.daemon.wait_line("reloaded")
    town.tell("a", use(f"http://127.0.0.1:{closed_port()}/"))
    town.refused("just failed")
    town.tell("a", None)
    town.greeted("a")
    equal(len(other.connections), 0, "connections at the next configured proxy")
    equal(town.daemon.count(" rests for "), 0, "proxies that rest")


# --- no proxy at all ---

def server(stage):
    def script(connection):
        connection.send(b"* OK server\r\n")
        connection.echo()

    return Proxy(stage, script)


def direct_when_told(stage):
    town = Town(stage, "a")
    target = server(stage)
    town.run("a", "direct = yes", listeners=imap(f"127.0.0.1:{target.port}"))
    town.tell("a", use("DIRECT; hits=2"))
    town.greeted("server")
    town.tell("a", None)
    town.greeted("server")
    town.greeted("a")
    town.redirected("a", "direct", scope=f"imap://127.0.0.1:{target.port}/", lifetime="hits=2")
    town.daemon.wait_line(rf"imap #2 open proxy=direct target=127\.0\.0\.1:{target.port} switched=no redirects=1 ")


def direct_to_a_dead_server_goes_back(stage):
    for parameters in ("", "; seconds=600"):
        town = Town(stage, "a")
        told = [use("DIRECT" + parameters)]
        town.run("a", "direct = yes", listeners=imap(f"127.0.0.1:{closed_port()}"))

        def once(connection, told=told):
            connection.send(told.pop() if told else b"HTTP/1.1 200 OK\r\n\r\n* OK a\r\n")

        town.tell("a", once)
        town.greeted("a")
        equal(town.asked("a"), 2, "requests at the proxy")
        town.greeted("a")


def ipl_takes_all_back_once_a_minute(stage):
    town = Town(stage, "a", "b")
    town.run("a")
    town.tell("a", use(town["b"], "lifetime=600"))
    town.greeted("b")
    town.tell("a", None)
    town.tell("b", use('IPL; scope="*"'))
    town.greeted("a")
    town.redirected("b", "configuration", scope="*")
    town.greeted("a")
    equal(town.asked("b"), 2, "requests at the second proxy")
    town.tell("a", use('IPL; scope="*"'))
    town.refused("IPL was obeyed less than a minute ago")


scenario(a_dead_one_is_forgotten,
         a_dead_one_that_is_named_again_is_the_end,
         it_goes_back_once_and_no_second_time,
         one_that_answers_with_an_error_of_its_own,
         one_that_says_no_is_believed,
         one_that_breaks_off,
         one_that_is_silent,
         one_whose_name_does_not_exist,
         the_configured_proxy_does_not_rest_for_it,
         direct_when_told,
         direct_to_a_dead_server_goes_back,
         ipl_takes_all_back_once_a_minute, in_turns=True)
