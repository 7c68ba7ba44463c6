#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""kill -9 of a real proxy while a message flows: the client's stream is reset, never cleanly ended, so that half a
message cannot look like a whole one.

The kernel ends a killed program's connections with a reset where something lies unread, and in order otherwise; then
nobody can tell it from an end that was wanted.  Here the proxy has not read all that the client said."""
import signal
import socket

from kit import check, equal, scenario, until
from kit.process import PATIENCE
from kit.real import PASSWORD, USER, Dovecot, Postfix, Squid, Tinyproxy, letter, through
from kit.real.loopback import unread
from kit.streams import RESET, read_all, read_exactly

LARGE = 48 << 20
"""More than all socket buffers on the way hold."""

STUCK = 0.5
"""Seconds after which a send that has not gone through will not."""


def while_a_message_is_fetched(stage):
    dovecot = Dovecot(stage)
    dovecot.drop(letter("large", b"x" * 76 + b"\r\n") + (b"y" * 76 + b"\r\n") * (LARGE // 78))
    squid = Squid(stage, [dovecot.imap])
    daemon = stage.sallyport(through(squid, imap=dovecot.imap))
    with daemon.connect("imap") as client:
        client.sendall(f"a LOGIN {USER} {PASSWORD}\r\nb SELECT INBOX\r\nc FETCH 1 BODY[]\r\n".encode())
        read_exactly(client, 1 << 20)
        squid.process.signal(signal.SIGSTOP)
        client.sendall(b"d NOOP\r\n")
        until(lambda: unread(squid.port), "the client's word to reach the proxy")
        squid.kill()
        data, how = read_all(client)
        equal(how, RESET, f"how the client's stream ended, {len(data)} bytes after the kill")
        check(len(data) < LARGE - (1 << 20), "the whole message had come before the kill")
    daemon.wait_line(r"imap #1 closed .*by=proxy")


def while_a_message_is_sent(stage):
    postfix = Postfix(stage, Dovecot(stage))
    tinyproxy = Tinyproxy(stage, [postfix.port])
    daemon = stage.sallyport(through(tinyproxy, smtp=postfix.port))
    with daemon.connect("smtp") as client, client.makefile("rb") as stream:
        for said in b"", b"HELO client.example.net", b"MAIL FROM:<>", b"RCPT TO:<alice@example.net>", b"DATA":
            client.sendall(said and said + b"\r\n")
            check(stream.readline()[:1] in (b"2", b"3"), f"{said!r} is refused")
        client.sendall((b"z" * 76 + b"\r\n") * 10_000)
        tinyproxy.process.signal(signal.SIGSTOP)
        client.settimeout(STUCK)
        try:
            for _ in range(LARGE >> 16):
                client.sendall(b"z" * 65534 + b"\r\n")
            raise AssertionError("all was sent to a proxy that stands still")
        except socket.timeout:
            pass  # every buffer on the way is full
        client.settimeout(PATIENCE)
        tinyproxy.kill()
        equal(read_all(client), (b"", RESET), "what the client got after the kill")
    daemon.wait_line(r"smtp #1 closed .*by=proxy")


scenario(while_a_message_is_fetched, while_a_message_is_sent)
