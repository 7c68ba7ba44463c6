#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Interim answers (1xx but 101) before the final one are skipped, but only so many and so much of them."""
import time

from kit import check, equal, scenario
from kit.peers import GREETING, OPAQUE, SWITCHED
from kit.route import Route, refusal
from kit.streams import END, read_all

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\nServer: gate\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nLink: </script.js>\r\n\r\n"
HASTE = 10
"""Seconds in which a refusal must come though handshake-timeout is far longer."""


def a_few_interim_answers_are_skipped(stage):
    finals = [OPAQUE, SWITCHED]

    def script(connection):
        connection.read_head()
        connection.send(CONTINUE + PROCESSING + HINTS + finals.pop(0) + GREETING)

    route = Route(stage, script)
    equal(read_all(route.client()), (GREETING, END), "what came through behind the 200")
    equal(read_all(route.client()), (GREETING, END), "what came through behind the 101")
    route.daemon.wait_line("#2 open .*switched=yes")


def interim_answers_in_segments_of_their_own(stage):
    def script(connection):
        connection.read_head()
        connection.send_in_segments((CONTINUE, PROCESSING[:20], PROCESSING[20:], HINTS + SWITCHED[:9],
                                     SWITCHED[9:], GREETING))

    equal(read_all(Route(stage, script).client()), (GREETING, END), "what came through")


def flooded(stage, flood):
    """The proxy sends the same interim answer again and again, for ever."""
    def script(connection):
        connection.read_head()
        while not connection.proxy.stopping.is_set():
            connection.send(flood)

    route = Route(stage, script, sallyport="handshake-timeout = 60s")
    began = time.monotonic()
    refusal(route.client(), ("temporary", "permanent"))
    check(time.monotonic() - began < HASTE, "the refusal waited for more")
    route.failed(kinds=("temporary", "permanent"))


def a_flood_of_small_interim_answers_is_cut(stage):
    flooded(stage, CONTINUE * 100)


def a_flood_of_large_interim_answers_is_cut(stage):
    flooded(stage, b"HTTP/1.1 103 Early Hints\r\nLink: <" + b"a" * 30000 + b">\r\n\r\n")


def a_thousand_of_them_are_too_many_however_small(stage):
    """25 KB, and the right answer behind them: the count is bounded, too."""
    def script(connection):
        connection.read_head()
        connection.send(CONTINUE * 1000 + OPAQUE + GREETING)
        connection.hold()

    refusal(Route(stage, script).client(), ("temporary", "permanent"))


def a_slow_drip_of_interim_answers_does_not_move_the_deadline(stage):
    def script(connection):
        connection.read_head()
        while not connection.proxy.stopping.wait(0.4):
            connection.send(CONTINUE)

    route = Route(stage, script, sallyport="handshake-timeout = 1s")
    began = time.monotonic()
    refusal(route.client(), ("temporary", "permanent"))
    check(time.monotonic() - began < HASTE, "each interim answer moved the deadline")


scenario(a_few_interim_answers_are_skipped,
         interim_answers_in_segments_of_their_own,
         a_flood_of_small_interim_answers_is_cut,
         a_flood_of_large_interim_answers_is_cut,
         a_thousand_of_them_are_too_many_however_small,
         a_slow_drip_of_interim_answers_does_not_move_the_deadline, in_turns=True)
