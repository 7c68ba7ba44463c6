#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A tunnel cannot be opened: each protocol's own refusal, one short line of printable ASCII that says what failed and
where, then the end; a reset where the protocol has no such line, or the client speaks TLS."""
import re
import threading

from kit import check, equal, scenario
from kit.route import FORWARD, Route, listener, refusal
from kit.streams import END, RESET, ending, read_all

LINES = {
    "imap": ("* BYE [UNAVAILABLE] {}\r\n", "* BYE {}\r\n"),
    "smtp": ("421 4.4.1 {}\r\n", "554 5.7.0 {}\r\n"),
    "submission": ("421 4.4.1 {}\r\n", "554 5.7.0 {}\r\n"),
    "nntp": ("400 {}\r\n", "502 {}\r\n"),
    "pop3": ("-ERR [SYS/TEMP] {}\r\n", "-ERR [SYS/PERM] {}\r\n"),
    "managesieve": ('BYE (TRYLATER) "{}"\r\n', 'BYE "{}"\r\n'),
}
"""Temporary and permanent, to the byte."""

TLS = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
"""How a client starts TLS: the first bytes of a handshake record."""


def refuses(status, *fields):
    head = "\r\n".join((f"HTTP/1.1 {status}", *fields, "Content-Length: 0", "", "")).encode("latin-1")

    def script(connection):
        connection.read_head()
        connection.send(head)

    return script


def every_listener():
    return "".join(listener(kind) for kind in LINES) + FORWARD


def lines(stage, status, which):
    """Each protocol's line, to the byte, and then the end of the stream."""
    route = Route(stage, refuses(status), every_listener(), proxy="announce = none")
    said = f"sallyport: proxy answered {status} (127.0.0.1:{route.proxy.port})"
    for kind, forms in LINES.items():
        equal(read_all(route.client(kind)), (forms[which].format(said).encode(), END), f"refusal of [{kind}]")
    return route


def temporary_lines(stage):
    lines(stage, "503 Service Unavailable", 0).failed("503 Service Unavailable", ("temporary",), count=len(LINES))


def permanent_lines(stage):
    lines(stage, "403 Forbidden", 1).failed("403 Forbidden", ("permanent",), count=len(LINES))


def nobody_at_the_proxy_is_temporary(stage):
    route = Route(stage, refuses("503 No"), every_listener())
    route.proxy.stop()
    for kind in LINES:
        text = refusal(route.client(kind), ("temporary",), kind)
        check(f"127.0.0.1:{route.proxy.port}" in text, f"[{kind}] does not say where: {text}")


def a_forward_listener_resets(stage):
    for status in "503 Service Unavailable", "403 Forbidden":
        route = Route(stage, refuses(status), FORWARD)
        equal(ending(route.client("forward")), RESET, f"end of the stream after {status}")
        route.failed(status, ("temporary", "permanent"))


def whatever_the_proxy_says_it_is_one_short_line(stage):
    reasons = ("x" * 300, "caf\xe9 \x07\x1b[31m\x7f done", 'a "quoted" \\ word', "tab\there", "{0} %s %n $(id)")
    for reason in reasons:
        route = Route(stage, refuses(f"503 {reason}"), every_listener())
        for kind in LINES:
            refusal(route.client(kind), ("temporary",), kind)
        if kind == "managesieve":
            data, _ = read_all(route.client(kind))
            quoted = re.fullmatch(rb'BYE \(TRYLATER\) "((?:[^"\\]|\\["\\])*)"\r\n', data)
            check(quoted, f"not a quoted string of ManageSieve: {data!r}")


def a_long_name_of_the_proxy_does_not_break_the_line(stage):
    name = ".".join(["p" * 60] * 2 + ["invalid"])
    daemon = stage.sallyport("[sallyport]\nresolve-timeout = 1s\n"
                             f"[proxy]\nurl = http://{name}:3128\n" + "".join(listener(kind) for kind in LINES),
                             env={"SALLYPORT_NAMESERVERS": "127.0.0.1:9"})
    for kind in LINES:
        client = daemon.connect(kind)
        stage.later(client.close)
        refusal(client, ("temporary", "permanent"), kind)


def client_with_tls(stage, kind, said):
    """How the stream of a client ends that has said this before the proxy refuses."""
    heard = threading.Event()

    def script(connection):
        connection.read_head()
        heard.wait()
        connection.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

    route = Route(stage, script, every_listener())
    stage.later(heard.set)
    client = route.client(kind)
    client.sendall(said)
    route.proxy.wait_head()
    heard.set()
    return read_all(client)


def a_client_that_starts_tls_is_reset(stage):
    for kind in LINES:
        equal(client_with_tls(stage, kind, TLS), (b"", RESET), f"what a TLS client of [{kind}] gets")


def a_client_that_speaks_early_but_not_tls_gets_the_line(stage):
    for said in b"A1 CAPABILITY\r\n", b"\x16\x04 is no TLS\r\n":
        data, how = client_with_tls(stage, "imap", said)
        check(re.fullmatch(rb"\* BYE \[UNAVAILABLE\] sallyport: [ -~]+\r\n", data), f"got {data!r}, then {how}")
        equal(how, END, f"end of the stream after {said!r}")


scenario(temporary_lines,
         permanent_lines,
         nobody_at_the_proxy_is_temporary,
         a_forward_listener_resets,
         whatever_the_proxy_says_it_is_one_short_line,
         a_long_name_of_the_proxy_does_not_break_the_line,
         a_client_that_starts_tls_is_reset,
         a_client_that_speaks_early_but_not_tls_gets_the_line, in_turns=True)
