#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A client that speaks TLS where plain text is spoken, and ports that do not fit the key `tls`: the log, the failure
and `check` say what to set."""
import re
import ssl
import threading

from kit import Sallyport, check, equal, scenario
from kit.certificates import Authority
from kit.peers import GREETING, OPAQUE
from kit.process import PATIENCE
from kit.route import Route, listener
from kit.tls import greets

TLS_YES, STARTTLS = "this port expects TLS: set tls = yes", "this port expects plain text first: set tls = starttls"
TLS_IS_DONE = (r"imap #1 warning: the client speaks TLS, which sallyport does with the server: "
               r"set the client to no encryption")


def hello(client):
    """The client begins with TLS, which comes to nothing."""
    context = ssl.create_default_context()
    try:
        context.wrap_socket(client, server_hostname="mail.example.net").close()
    except (ssl.SSLError, OSError):
        pass


def plain(connection):
    connection.open()
    connection.sock.recv(1)
    connection.send(b"* BAD what\r\n")


def a_client_speaks_tls(stage):
    """Once in a while: a client that tries again and again does not fill the log."""
    route = Route(stage, plain)
    for count in 1, 2:
        hello(route.client())
        route.daemon.wait_line(r"#\d+ closed ", count=count)
    pattern = (r"imap #1 warning: the client speaks TLS, and the server plain text: "
               r"set the client to STARTTLS, or to no encryption")
    equal(route.daemon.count(pattern), 1, "lines that say so")


def a_client_speaks_tls_where_sallyport_does(stage):
    authority = Authority(stage)
    context = authority.leaf("mail.example.net").server_side()
    route = Route(stage, greets(GREETING, context),
                  listener("imap", more=f"tls = yes\ntls-ca-file = {authority.file}"))
    hello(route.client())
    route.daemon.wait_line(TLS_IS_DONE)


def a_client_speaks_tls_and_there_is_no_tunnel(stage):
    """The client speaks first and is reset, since it could not read the refusal: then the log says both."""
    spoken = threading.Event()

    def refuses(connection):
        connection.read_head()
        spoken.wait(PATIENCE)
        connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        connection.hold()

    route = Route(stage, refuses, listener("imap", more="tls = yes"), proxy="announce = none")
    with route.client() as client:
        client.sendall(b"\x16\x03\x01\x02\x00")
        spoken.set()
        route.daemon.wait_line(TLS_IS_DONE)
    route.failed("403 Forbidden", ("permanent",))


def check_has_hints(stage):
    ini = "[proxy]\nurl = http://proxy.example.net\n" + "".join(
        listener(section, f"mail.example.net:{port}", f"tls = {tls}") for section, port, tls in (
            ("imap", 993, "no"), ("smtp", 465, "no"), ("pop3", 995, "no"), ("nntp", 563, "no"), ("imap a", 143, "yes"),
            ("submission", 587, "yes"), ("pop3 a", 110, "yes"), ("nntp a", 119, "yes"), ("imap b", 993, "yes"),
            ("imap c", 143, "starttls"), ("imap d", 143, "no")))
    done = Sallyport.command(stage, "check", ini=ini)
    equal(done.returncode, 0, f"status, with {done.stderr!r}")
    printed = done.stdout.decode()
    hints = dict(re.findall(r"^# (\S+) to mail\.example\.net:\d+: (.*)$", printed, re.M))
    for name in "imap", "smtp", "pop3", "nntp":
        check(hints.pop(name, "").startswith(TLS_YES), f"no hint for {name} in:\n{printed}")
    for name in "imap/a", "submission", "pop3/a", "nntp/a":
        check(hints.pop(name, "").startswith(STARTTLS), f"no hint for {name} in:\n{printed}")
    equal(hints, {}, "other hints")


def the_failure_has_the_hint(stage):
    route = Route(stage, lambda connection: (connection.open(), connection.read_all()),
                  listener("imap", "mail.example.net:143", "tls = yes"))
    route.client()
    route.failed(f"does not speak TLS here.*; {STARTTLS}", ["permanent"])


def and_so_has_a_greeting_that_does_not_come(stage):
    def silent(connection):
        connection.read_head()
        connection.send(OPAQUE)
        connection.read_all()

    route = Route(stage, silent, listener("imap", "mail.example.net:993"), sallyport="greeting-timeout = 1s")
    client = route.client()
    data = client.recv(1000)
    check(data.startswith(b"* BYE [UNAVAILABLE] ") and TLS_YES.encode() in data, f"refusal: {data!r}")
    route.failed(f"no greeting came within 1 s; {TLS_YES}")


scenario(a_client_speaks_tls, a_client_speaks_tls_where_sallyport_does,
         a_client_speaks_tls_and_there_is_no_tunnel, check_has_hints, the_failure_has_the_hint,
         and_so_has_a_greeting_that_does_not_come)
