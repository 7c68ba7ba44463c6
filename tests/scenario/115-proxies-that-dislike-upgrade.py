#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A proxy refuses a request for its Upgrade, or breaks on it, and would open the tunnel without: it is asked once more,
plainly, and remembered.  One that has taken Upgrade before means what it says."""
import re

from kit import check, equal, scenario
from kit.peers import GREETING, OPAQUE
from kit.route import Route, refusal

FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nserver: envoy\r\nContent-Length: 0\r\n\r\n"


def close(connection):
    connection.close()


def reset(connection):
    connection.reset()


def saying(answer):
    return lambda connection: connection.send(answer)


def picky(dislike, plain=OPAQUE):
    """A script: dislike(connection) when there is Upgrade, else that answer, a greeting and an echo."""
    def script(connection):
        if b"\r\nUpgrade:" in connection.read_head():
            dislike(connection)
        else:
            connection.send(plain + GREETING)
            connection.echo()

    return script


def helped(stage, dislike):
    route = Route(stage, picky(dislike))
    route.greeted()
    route.greeted()
    equal([b"Upgrade" in head for head in route.proxy.heads], [True, False, False], "requests with Upgrade")
    route.daemon.wait_line("takes requests without Upgrade only")


def a_refusal(stage):
    helped(stage, saying(FORBIDDEN))


def errors(stage):
    for status in "431 x", "500 x", "502 x", "505 x":
        helped(stage, saying(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()))


def a_close(stage):
    helped(stage, close)


def a_reset(stage):
    helped(stage, reset)


def a_switch_to_something_else(stage):
    helped(stage, saying(b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"))


def the_first_answer_stands_when_it_does_not_help(stage):
    route = Route(stage, picky(saying(FORBIDDEN), b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"))
    text = refusal(route.client(), ("permanent",))
    check("403 Forbidden" in text, f"the first answer is not told: {text}")
    route.failed(re.escape("403 Forbidden; without Upgrade (announce = none): 502 Bad Gateway"), ("permanent",))
    equal(len(route.proxy.heads), 2, "requests")


def a_proxy_that_takes_upgrade_is_obeyed(stage):
    answers = [OPAQUE + GREETING, FORBIDDEN]

    def script(connection):
        connection.read_head()
        connection.send(answers.pop(0))
        connection.hold()

    route = Route(stage, script)
    route.greeted()
    text = refusal(route.client(), ("permanent",))
    check(text.startswith("proxy answered 403 Forbidden ("), f"the client was told {text}")
    equal([b"Upgrade" in head for head in route.proxy.heads], [True, True], "requests with Upgrade")


scenario(a_refusal, errors, a_close, a_reset, a_switch_to_something_else,
         the_first_answer_stands_when_it_does_not_help, a_proxy_that_takes_upgrade_is_obeyed, in_turns=True)
