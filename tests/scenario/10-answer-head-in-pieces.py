#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The proxy's answer arrives in pieces: the tunnel opens the same, and what stands behind the head reaches the
client whole and in order."""
from kit import equal, scenario
from kit.peers import GREETING, OPAQUE, SWITCHED
from kit.route import Route
from kit.streams import END, read_all, read_exactly

ANSWER = SWITCHED.replace(b"\r\n\r\n", b"\r\nServer: gate/1.0\r\n\r\n")


def whole(route, what):
    """The client gets exactly the greeting and a clean end."""
    equal(read_all(route.client()), (GREETING, END), what)


def an_answer_in_one_byte_segments(stage):
    def script(connection):
        connection.read_head()
        connection.send_in_segments(bytes([byte]) for byte in ANSWER + GREETING)

    route = Route(stage, script)
    whole(route, "what came through")
    route.daemon.wait_line("#1 open .*switched=yes")


def an_answer_split_in_two_at_every_point(stage):
    answer = ANSWER + GREETING

    def script(connection):
        at = proxy_splits.pop(0)
        connection.read_head()
        connection.send_in_segments((answer[:at], answer[at:]))

    proxy_splits = list(range(1, len(answer)))
    route = Route(stage, script)
    for at in range(1, len(answer)):
        whole(route, f"what came through when split at {at}")
    route.daemon.wait_line("open .*switched=yes", count=len(answer) - 1)


def a_greeting_of_many_segments_behind_the_head_stays_in_order(stage):
    lines = b"".join(b"* OK line %d of the greeting\r\n" % number for number in range(20000))

    def script(connection):
        connection.read_head()
        connection.send(OPAQUE + lines)

    equal(read_all(Route(stage, script).client()), (lines, END), "the long greeting")


def line_ends_of_lf_alone(stage):
    def script(connection):
        connection.read_head()
        connection.send(ANSWER.replace(b"\r\n", b"\n") + GREETING)

    route = Route(stage, script)
    whole(route, "what came through")
    route.daemon.wait_line("#1 open .*switched=yes")


def bytes_behind_the_head_that_look_like_a_head(stage):
    trap = b"\r\n\r\nHTTP/1.1 503 No\r\n\r\n" + GREETING

    def script(connection):
        connection.read_head()
        connection.send(ANSWER + trap)

    client = Route(stage, script).client()
    equal(read_exactly(client, len(trap)), trap, "the bytes behind the head")
    equal(read_all(client), (b"", END), "the end")


scenario(an_answer_in_one_byte_segments,
         an_answer_split_in_two_at_every_point,
         a_greeting_of_many_segments_behind_the_head_stays_in_order,
         line_ends_of_lf_alone,
         bytes_behind_the_head_that_look_like_a_head, in_turns=True)
