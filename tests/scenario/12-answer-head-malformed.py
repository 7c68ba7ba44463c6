#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An answer head with bytes or lines that RFC 9112 forbids is refused at once, and nothing of it reaches the client
as it came; what the RFC lets a recipient mend (obs-fold) is mended, and a line that is no field and cannot be meant
for one that matters is passed over."""
import time

from kit import check, scenario
from kit.peers import GREETING, SWITCHED
from kit.route import Route, refusal

HASTE = 10
"""Seconds in which a refusal must come though handshake-timeout is far longer."""


def answering(stage, answer):
    def script(connection):
        connection.read_head()
        connection.send(answer + GREETING)
        connection.hold()

    return Route(stage, script, sallyport="handshake-timeout = 60s")


def refused(stage, answer):
    route = answering(stage, answer)
    began = time.monotonic()
    refusal(route.client(), ("temporary", "permanent"))
    check(time.monotonic() - began < HASTE, "the refusal waited for more")
    route.failed(kinds=("temporary", "permanent"))
    foreign = [line for line in route.daemon.process.lines if not line.isprintable()]
    check(not foreign, f"bytes from outside were logged as they came: {foreign!r}")


def with_field(field):
    return SWITCHED[:-2] + field + b"\r\n\r\n"


def nul_in_a_field_value(stage):
    refused(stage, with_field(b"Server: gate\0way"))


def nul_in_a_field_name(stage):
    refused(stage, with_field(b"Ser\0ver: gate"))


def nul_in_the_reason_phrase(stage):
    refused(stage, SWITCHED.replace(b"Switching", b"Switch\0ing"))


def bare_cr_in_a_field_value(stage):
    refused(stage, with_field(b"Server: gate\rUpgrade: X"))


def bare_cr_in_the_status_line(stage):
    refused(stage, SWITCHED.replace(b"Switching", b"Switch\ring"))


def bare_cr_as_the_only_line_end(stage):
    refused(stage, SWITCHED.replace(b"\r\n", b"\r"))


def a_line_that_may_be_a_field_that_matters(stage):
    refused(stage, with_field(b"Connection : close"))


def lines_that_are_no_fields_are_passed_over(stage):
    for line in (b"this is no field", b": nameless", b"Cache -Control: no-cache", b"Expires : -1",
                 b"HTTP 1/1 302: Found"):
        answering(stage, with_field(line)).greeted()


def a_fold_before_the_first_field(stage):
    refused(stage, SWITCHED.replace(b"Connection:", b" Connection:"))


def a_status_of_two_digits(stage):
    refused(stage, b"HTTP/1.1 20 OK\r\n\r\n")


def a_status_of_four_digits(stage):
    refused(stage, b"HTTP/1.1 2000 OK\r\n\r\n")


def a_status_of_letters(stage):
    refused(stage, b"HTTP/1.1 2xx OK\r\n\r\n")


def a_status_beyond_five_hundreds(stage):
    refused(stage, b"HTTP/1.1 999 What\r\n\r\n")


def a_status_line_that_ends_after_the_version(stage):
    refused(stage, b"HTTP/1.1\r\n\r\n")


def escape_sequences_in_the_reason_phrase_reach_nobody(stage):
    refused(stage, b"HTTP/1.1 503 \x1b[31m\x07No\xff\xfe\r\nContent-Length: 0\r\n\r\n")


def an_obsolete_fold_is_read_as_a_space(stage):
    def script(connection):
        connection.open(answer=b"HTTP/1.1 101 Switching Protocols\r\nConnection: keep-alive,\r\n\t Upgrade\r\n"
                               b"Upgrade:\r\n IMAP\r\n\r\n")
        connection.hold()

    route = Route(stage, script)
    route.greeted()
    route.daemon.wait_line("#1 open .*switched=yes")


def a_status_line_without_reason_phrase_is_read(stage):
    route = answering(stage, b"HTTP/1.1 200\r\n\r\n")
    route.greeted()


scenario(nul_in_a_field_value,
         nul_in_a_field_name,
         nul_in_the_reason_phrase,
         bare_cr_in_a_field_value,
         bare_cr_in_the_status_line,
         bare_cr_as_the_only_line_end,
         a_line_that_may_be_a_field_that_matters,
         lines_that_are_no_fields_are_passed_over,
         a_fold_before_the_first_field,
         a_status_of_two_digits,
         a_status_of_four_digits,
         a_status_of_letters,
         a_status_beyond_five_hundreds,
         a_status_line_that_ends_after_the_version,
         escape_sequences_in_the_reason_phrase_reach_nobody,
         an_obsolete_fold_is_read_as_a_space,
         a_status_line_without_reason_phrase_is_read, in_turns=True)
