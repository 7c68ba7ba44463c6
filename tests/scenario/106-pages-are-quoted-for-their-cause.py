#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The page that comes with a refusal, or in place of TLS, is quoted for its cause, and each field of the line can be
read by a program, whatever quotes the page has."""
import re

from kit import check, closed_port, equal, scenario
from kit.real import Squid, through
from kit.route import Route, listener, refusal

FIELD = re.compile(r'([a-z-]+)=("(?:[^"\\]|\\.)*"|\S+)(?: |$)')
PORTAL = b'<html lang="en"><head><title>Hello</title></head><body class="x"><p>Please "log in".</p></body></html>'


def fields(line):
    """The fields behind the event's name, all of which can be read, one behind the other."""
    rest, found = line.partition(" failed ")[2], {}
    while rest:
        field = FIELD.match(rest)
        check(field, f"this is no field: {rest!r} in {line}")
        found[field.group(1)] = re.sub(r"\\(.)", r"\1", field.group(2).strip('"'))
        rest = rest[field.end():]
    return found


def what_squid_says(stage):
    dead = closed_port()
    for allowed, code, words in (1, "ERR_ACCESS_DENIED", "Access Denied."), (dead, "ERR_CONNECT_FAIL", "failed."):
        squid = Squid(stage, [allowed])
        daemon = stage.sallyport(through(squid, imap=dead), name=f"sallyport-{code}")
        with daemon.connect("imap") as client:
            refusal(client, ("temporary", "permanent"))
        body = fields(daemon.wait_line(r"imap #\d+ failed .*").string)["body"]
        check(body.startswith(code) and words in body, f"squid's cause is not in {body!r}")
        check("could not be retrieved" not in body, f"the title is quoted: {body!r}")


def a_page_in_place_of_tls(stage):
    for head in b"", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n":
        def early(connection):
            connection.open(head + PORTAL)
            connection.read_all()

        def late(connection):
            connection.open(b"")
            connection.sock.recv(5)
            connection.send(head + PORTAL)
            connection.read_all()

        for script in early, late:
            route = Route(stage, script, listener("imap", more="tls = yes"))
            told = refusal(route.client(), ("permanent",))
            check(told.startswith("server does not speak TLS here, but "), f"the client is told {told!r}")
            said = fields(route.failed("", ("permanent",)).string)
            check(said["answer"].startswith((head + PORTAL)[:15].decode()), f"not quoted: {said}")
            equal(said["body"], 'Please "log in".', "what is quoted of the page")


scenario(what_squid_says, a_page_in_place_of_tls)
