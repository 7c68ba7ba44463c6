#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The head of the answer is bounded: 64 KiB and 128 fields.  What is larger is refused at once, however it is
made, and never waited for."""
import time

from kit import check, scenario
from kit.peers import GREETING, SWITCHED
from kit.route import Route, refusal

MIB = 1 << 20
HASTE = 10
"""Seconds in which a refusal must come though handshake-timeout is far longer."""


def refused_at_once(stage, pour):
    """pour(connection) sends the answer and then the proxy says no more."""
    def script(connection):
        connection.read_head()
        try:
            pour(connection)
        except ConnectionError:
            pass  # the daemon may leave before it has been told all
        connection.hold()

    route = Route(stage, script, sallyport="handshake-timeout = 60s")
    began = time.monotonic()
    refusal(route.client(), ("temporary", "permanent"))
    check(time.monotonic() - began < HASTE, "the refusal waited for more")
    route.failed(kinds=("temporary", "permanent"))
    check(not route.daemon.count(r"#1 open "), "the tunnel was opened")


def opened(stage, answer):
    def script(connection):
        connection.read_head()
        connection.send(answer + GREETING)
        connection.hold()

    Route(stage, script).greeted()


def with_fields(fields):
    return SWITCHED[:-2] + b"".join(fields) + b"\r\n"


def one_mib_of_one_field(stage):
    refused_at_once(stage, lambda proxy: proxy.send(with_fields([b"X-Long: " + b"a" * MIB + b"\r\n"])))


def one_mib_of_many_fields(stage):
    line = b"X-Field: value\r\n"
    refused_at_once(stage, lambda proxy: proxy.send(with_fields([line] * (MIB // len(line)))))


def one_mib_of_status_line(stage):
    refused_at_once(stage, lambda proxy: proxy.send(b"HTTP/1.1 101 " + b"a" * MIB))


def one_mib_in_few_fields_of_16_kib_each(stage):
    field = b"X-Long: " + b"a" * (16 << 10) + b"\r\n"
    refused_at_once(stage, lambda proxy: proxy.send(with_fields([field] * 64)))


def a_head_without_end_that_grows_for_ever(stage):
    def pour(proxy):
        proxy.send(SWITCHED[:-2])
        while not proxy.proxy.stopping.is_set():
            proxy.send(b"X-Field: value\r\n" * 64)

    refused_at_once(stage, pour)


def one_field_more_than_128(stage):
    refused_at_once(stage, lambda proxy: proxy.send(with_fields([b"X-Field: value\r\n"] * 127)))


def exactly_128_fields_are_read(stage):
    opened(stage, with_fields([b"X-Field: value\r\n"] * 126))


def a_head_of_60_kib_is_read(stage):
    opened(stage, with_fields([b"X-Long: " + b"a" * (60 << 10) + b"\r\n"]))


scenario(one_mib_of_one_field,
         one_mib_of_many_fields,
         one_mib_of_status_line,
         one_mib_in_few_fields_of_16_kib_each,
         a_head_without_end_that_grows_for_ever,
         one_field_more_than_128,
         exactly_128_fields_are_read,
         a_head_of_60_kib_is_read, in_turns=True)
