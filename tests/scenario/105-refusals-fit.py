#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What has happened stands in the first 60 bytes behind the code of a refusal: mail programs show little more."""
import re

from kit import check, scenario
from kit.route import FORWARD, REFUSALS, Route, listener, refusal

SHOWN = 60
LONG = "policy " * 20

ANSWERS = {
    "403 Forbidden": "proxy answered 403 Forbidden",
    "403 " + LONG: "proxy answered 403 policy",
    "503 Service Unavailable": "proxy answered 503 Service Unavailable",
    "407 Authenticate": "proxy wants a login",
    "302 Found": "captive portal",
    "305 Use Proxy": "redirect refused",
    "101 Switching": "proxy switched, but names no protocol",
}


def listeners():
    return "".join(listener(kind) for kind in REFUSALS) + FORWARD


def told(stage, script, verdict, **options):
    route = Route(stage, script, listeners(), **options)
    for kind in REFUSALS:
        text = "sallyport: " + refusal(route.client(kind), ("temporary", "permanent"), kind)
        check(verdict in text[:SHOWN], f"[{kind}] {verdict!r} is not in the first {SHOWN} bytes of {text!r}")
        check(re.search(rf"\((?:\d+, )?127\.0\.0\.1:{route.proxy.port}\)\"?$", text),
              f"[{kind}] does not say where: {text}")


def answers_of_the_proxy(stage):
    for status, verdict in ANSWERS.items():
        def script(connection, status=status):
            connection.read_head()
            connection.send(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

        told(stage, script, verdict)


def no_answer_of_the_proxy(stage):
    def leaves(connection):
        connection.read_head()

    def babbles(connection):
        connection.read_head()
        connection.send(b"220 mail.example.net ESMTP\r\n")
        connection.read_all()

    told(stage, leaves, "proxy closed the connection without an answer")
    told(stage, babbles, "proxy answers with something that is not HTTP")


def a_refused_password(stage):
    def script(connection):
        connection.read_head()
        connection.send(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")

    told(stage, script, "proxy refused the password", proxy="user = fred\npassword = hunter22xyz\nauth = basic")


scenario(answers_of_the_proxy, no_answer_of_the_proxy, a_refused_password)
