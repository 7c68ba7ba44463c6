#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""How a talk ends: a client that has said QUIT and is gone is no error in the log, in TLS or not; a server that says
goodbye and leaves without close_notify has ended well; one that leaves before, or without a greeting, has not."""
import re

from kit import Sallyport, check, equal, scenario
from kit.certificates import Authority
from kit.peers import GREETING, OPAQUE, Proxy
from kit.route import Route, listener, refusal, settings
from kit.streams import END, RESET, read_all, read_exactly, reset
from kit.tls import secure

OK, UNAVAILABLE = 0, 69
LEAVE, ANSWER = b"a1 LOGOUT\r\n", b"* BYE see you\r\na1 OK done\r\n"


def server(answer, context=None, waits=False):
    """A script: the greeting, the client's leave, that answer, and the end of the stream below, without close_notify.
    waits: it answers when the client's stream has ended."""
    def script(connection):
        connection.open(b"")
        below = connection.sock
        if context:
            secure(connection, context)
        connection.send(GREETING)
        equal(connection.read_exactly(len(LEAVE)), LEAVE, "the client's leave")
        if waits:
            read_all(connection.sock)
        connection.send(answer)
        below.close()

    return script


def in_tls(stage):
    """An SSLContext for the server, and the keys of a listener that verifies it."""
    authority = Authority(stage)
    return authority.leaf("mail.example.net").server_side(), f"tls = yes\ntls-ca-file = {authority.file}"


def connect(stage, script, more="", data=LEAVE):
    """Status, standard output and standard error of `connect`."""
    proxy = Proxy(stage, script)
    ini = settings(proxy.url, listener("imap", more=more))
    done = Sallyport.command(stage, "connect", "imap", ini=ini, data=data)
    return done.returncode, done.stdout, done.stderr.decode()


def goodbye_without_close_notify(stage):
    context, more = in_tls(stage)
    equal(connect(stage, server(ANSWER, context), more), (OK, GREETING + ANSWER, ""), "what came of it")


def half_a_goodbye_without_close_notify(stage):
    context, more = in_tls(stage)
    for answer in b"", ANSWER[:-3], b"* OK something else\r\n":
        status, _, said = connect(stage, server(answer, context), more)
        equal(status, UNAVAILABLE, f"status after {answer!r}")
        # a reset where the server had not yet read our last bytes
        check("cut off" in said or "reset by peer" in said, f"standard error: {said!r}")


def a_clients_stream_ends_well_then_too(stage):
    context, more = in_tls(stage)
    route = Route(stage, server(ANSWER, context), listener("imap", more=more))
    client = route.greeted()
    client.sendall(LEAVE)
    equal(read_all(client), (ANSWER, END), "what the client got")
    line = route.daemon.wait_line(r"#1 closed .*").group()
    check("error" not in line, line)


def and_with_half_an_answer_it_does_not(stage):
    context, more = in_tls(stage)
    route = Route(stage, server(ANSWER[:-3], context), listener("imap", more=more))
    client = route.greeted()
    client.sendall(LEAVE)
    equal(read_all(client)[1], RESET, "the client's end")
    route.daemon.wait_line(r"#1 closed .* error=")


def gone(stage, leaves, context=None, more=""):
    """A client says its leave and is gone by this function; the server hears it, and the log has no error."""
    route = Route(stage, server(ANSWER, context, waits=True), listener("imap", more=more))
    client = route.greeted()
    client.sendall(LEAVE)
    leaves(client)
    line = route.daemon.wait_line(r"#1 closed .*").group()
    check(re.search(r"by=(client|proxy)$", line), line)


def a_client_that_is_gone(stage):
    gone(stage, lambda client: client.close())
    gone(stage, reset)


def a_client_that_is_gone_before_tls_ends(stage):
    context, more = in_tls(stage)
    gone(stage, lambda client: client.close(), context, more)
    gone(stage, reset, context, more)


def mute(connection):
    connection.read_head()
    connection.send(OPAQUE)
    connection.half_close()
    connection.read_all()


def a_tunnel_without_a_greeting(stage):
    for data in b"", LEAVE:
        status, heard, said = connect(stage, mute, data=data)
        equal(status, UNAVAILABLE, "status")
        check("the tunnel ended without a greeting" in said, f"standard error: {said!r}")
        check(heard == b"" or heard.startswith(b"* BYE [UNAVAILABLE] sallyport: "), f"standard output: {heard!r}")
    route = Route(stage, mute)
    check(refusal(route.client()).startswith("no greeting, the tunnel has ended ("), "refusal")
    route.failed("the tunnel ended without a greeting")


scenario(goodbye_without_close_notify, half_a_goodbye_without_close_notify, a_clients_stream_ends_well_then_too,
         and_with_half_an_answer_it_does_not, a_client_that_is_gone, a_client_that_is_gone_before_tls_ends,
         a_tunnel_without_a_greeting)
