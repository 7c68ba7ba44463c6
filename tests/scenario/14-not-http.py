#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Something that does not speak HTTP/1 answers where a proxy should be: the client is told so quickly; nobody waits
for the handshake-timeout, though the other end stays connected and silent."""
import random
import time

from kit import check, scenario
from kit.route import Route, refusal

HASTE = 5
"""Seconds in which a refusal must come though handshake-timeout is far longer."""


def told_quickly(stage, answer, reason=r"[ -~]+", first=True):
    """The other end says its piece, before or after it has read the request, and then nothing."""
    def script(connection):
        if not first:
            connection.read_head()
        connection.send(answer)
        connection.hold()

    route = Route(stage, script, sallyport="handshake-timeout = 60s")
    began = time.monotonic()
    refusal(route.client(), ("temporary", "permanent"))
    check(time.monotonic() - began < HASTE, "the refusal waited for more")
    route.failed(reason, kinds=("temporary", "permanent"))
    foreign = [line for line in route.daemon.process.lines if not line.isprintable()]
    check(not foreign, f"bytes from outside were logged as they came: {foreign!r}")


def an_smtp_server(stage):
    told_quickly(stage, b"220 mail.example.net ESMTP ready\r\n")


def an_ssh_server(stage):
    told_quickly(stage, b"SSH-2.0-OpenSSH_9.2\r\n")


def a_tls_alert(stage):
    told_quickly(stage, b"\x15\x03\x01\x00\x02\x02\x46", first=False)


def random_bytes(stage):
    told_quickly(stage, random.Random(2).randbytes(300), first=False)


def random_bytes_without_line_end(stage):
    told_quickly(stage, bytes(byte for byte in random.Random(3).randbytes(300) if byte not in b"\r\nH"), first=False)


def an_http_2_settings_frame(stage):
    told_quickly(stage, b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64")


def the_http_2_preface(stage):
    told_quickly(stage, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")


def a_status_line_of_http_2(stage):
    told_quickly(stage, b"HTTP/2.0 200 OK\r\n\r\n", first=False)


def an_icy_status_line(stage):
    told_quickly(stage, b"ICY 200 OK\r\n\r\n", first=False)


def an_html_page_without_head(stage):
    told_quickly(stage, b"<html><title>Log in</title></html>\n", first=False)


def only_empty_lines(stage):
    told_quickly(stage, b"\r\n" * 40000, first=False)


def our_own_request_sent_back(stage):
    def script(connection):
        connection.send(connection.read_head())
        connection.hold()

    route = Route(stage, script, sallyport="handshake-timeout = 60s")
    began = time.monotonic()
    refusal(route.client(), ("temporary", "permanent"))
    check(time.monotonic() - began < HASTE, "the refusal waited for more")


scenario(an_smtp_server,
         an_ssh_server,
         a_tls_alert,
         random_bytes,
         random_bytes_without_line_end,
         an_http_2_settings_frame,
         the_http_2_preface,
         a_status_line_of_http_2,
         an_icy_status_line,
         an_html_page_without_head,
         only_empty_lines,
         our_own_request_sent_back, in_turns=True)
