#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`method = tcpconnection`: a server that is reached by its URL, directly, through CONNECT, and through squid as a
forward proxy with the lines that are delivered.  The responder is ours: nobody else has one."""
import base64
import re
import socket

from kit import Sallyport, check, equal, scenario
from kit.certificates import Authority
from kit.connect_tcp import TCPCONNECTION, answers, connects, field, request_line
from kit.peers import GREETING, Proxy
from kit.real import Dovecot, Mailbox, Microsocks, Squid, SquidForwarder, hard, letter
from kit.redirecting import use
from kit.route import Route, listener, refusal, settings
from kit.streams import END, RESET, Sink, Source, ending, read_all, read_exactly, reset
from kit.tls import TlsProxy

PATH = "/mail/imap"

METHOD = "method = tcpconnection\n"

SIZE = 8 << 20


def switched(*lines):
    return TCPCONNECTION.replace(b"{}", "".join(line + "\r\n" for line in lines).encode())


def greets(*lines):
    """A script: switches with those fields and greets, and then sends back what comes."""
    def script(connection):
        connection.open(answer=switched(*lines))
        connection.echo()
        connection.half_close()

    return script


def route(stage, script, proxy="", **options):
    return Route(stage, script, proxy=METHOD + proxy, path=PATH, **options)


def refused(stage, script, reason, proxy="", kinds=("temporary", "permanent")):
    """The client is refused for that reason; gives the route."""
    way = route(stage, script, proxy)
    text = refusal(way.client(), kinds)
    check(re.search(reason, text), f"wanted a refusal like {reason!r}, got {text!r}")
    equal(way.daemon.count(" open "), 0, "tunnels that opened")
    return way


def answered(stage, answer, reason, proxy="", **options):
    """The same, for an answer and a greeting behind it."""
    def script(connection):
        connection.open(answer=answer)
        connection.read_all()

    return refused(stage, script, reason, proxy, **options)


# --- the request, and ends ---

def the_request(stage):
    way = route(stage, greets())
    way.greeted()
    head = way.proxy.heads[0].decode()
    wanted = (f"OPTIONS {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{way.proxy.port}\r\nUpgrade: TCPConnection/1.0\r\n"
              "Connection: Upgrade\r\nUser-Agent: sallyport/")
    equal(head[:len(wanted)], wanted, "request")
    check(re.fullmatch(r"\S+\r\n\r\n", head[len(wanted):]), f"its other fields: {head[len(wanted):]!r}")


def with_fields_of_ones_own(stage):
    way = route(stage, greets(), proxy="header = X-Own: yes\nannounce = alpn\n")
    way.greeted()
    equal([field(way.proxy.heads[0], name) for name in ("X-Own", "ALPN", "New-Protocol")], [["yes"], ["imap"], []],
          "fields")


def in_tls(stage):
    authority = Authority(stage)
    proxy = TlsProxy(stage, greets(), authority.leaf("localhost").server_side(), host="localhost")
    daemon = stage.sallyport(settings(proxy.url + PATH, proxy=f"{METHOD}ca-file = {authority.file}"))
    with daemon.connect("imap") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    equal(field(proxy.heads[0], "Host"), [f"localhost:{proxy.port}"], "Host")


def it_is_a_plain_stream(stage):
    """What goes through is bytes, and ends and resets are those of TCP."""
    def script(connection):
        connection.open(answer=switched())
        connection.keep()

    way = route(stage, script)
    client = way.greeted()
    server = way.proxy.connections[0].sock
    up, down = Source(client, SIZE, "up"), Source(server, SIZE, "down")
    equal(Sink(server, SIZE).finish(), up.finish(), "digest of what went up")
    equal(Sink(client, SIZE).finish(), down.finish(), "digest of what came down")
    client.shutdown(socket.SHUT_WR)
    equal(ending(server), END, "end at the server")
    server.sendall(b"* BYE\r\n")
    equal(read_exactly(client, 7), b"* BYE\r\n", "what the client still gets")
    reset(server)
    equal(ending(client), RESET, "how the client's stream ended")


# --- what is no such connection ---

def an_ordinary_web_server(stage):
    for answer in answers("200 OK", "Allow: GET, HEAD, OPTIONS"), answers("204 No Content"):
        answered(stage, answer, "web server")


def another_version_or_none(stage):
    for wrong in b"TCPConnection/1.1", b"TCPConnection/2.0", b"TCPConnection", b"TCPConnection/1.00", b"IMAP", b"":
        answered(stage, switched().replace(b"TCPConnection/1.0", wrong), "101")
    answered(stage, switched().replace(b"Connection: Upgrade\r\n", b""), "101")


def the_name_in_any_case(stage):
    def script(connection):
        connection.open(answer=switched().replace(b"TCPConnection", b"tcpCONNECTION"))
        connection.echo()

    route(stage, script).greeted()


def what_is_refused_stays_refused(stage):
    for status, reason in (("404 Not Found", "404"), ("301 Moved Permanently", "301"), ("305 Use Proxy", "305"),
                           ("407 Proxy Authentication Required", "407"), ("501 Not Implemented", "501"),
                           ("426 Upgrade Required", "426")):
        way = answered(stage, answers(status, "Location: http://127.0.0.1:1/", 'Proxy-Authenticate: Basic realm="x"',
                                      "Set-Proxy: http://127.0.0.1:1/"), reason, "user = me\npassword = secret\n")
        check(all(request_line(head).startswith("OPTIONS ") for head in way.proxy.heads), f"{way.proxy.heads}")
        check(all(b"uthorization" not in head for head in way.proxy.heads), f"a password was sent: {way.proxy.heads}")


def a_redirect_is_not_followed(stage):
    other = Proxy(stage, greets())
    way = answered(stage, use(other), "305", "user = me\npassword = secret\n")
    equal((len(way.proxy.heads), other.heads), (1, []), "who was asked")


# --- Access-Control ---

def origins_that_may(stage):
    for rule in ("allow <example.com>", "allow <*>", "allow <other.example.net> <EXAMPLE.com>", "ALLOW <example.com>",
                 "allow <http://example.com>", "allow <http://example.com:80>"):
        way = route(stage, greets(f"Access-Control: {rule}"), proxy="origin = example.com\n")
        way.greeted()
        equal(field(way.proxy.heads[0], "Origin"), ["http://example.com"], f"Origin, for {rule}")
    route(stage, greets("Access-Control: allow <*.example.com>"), proxy="origin = www.example.com\n").greeted()


def origins_that_may_not(stage):
    for lines in ((), ("Access-Control: allow <example.net>",), ("Access-Control: deny <example.com>",),
                  ("Access-Control: allow <*> exclude <example.com>",),
                  ("Access-Control: allow <*>", "Access-Control: deny <example.com>"),
                  ("Access-Control: allow <*.example.com>",), ("Access-Control: allow <notexample.com>",),
                  ("Access-Control: allow example.com",), ("Access-Control: allow <example.com",),
                  ("Access-Control: perhaps <example.com>",), ("Access-Control:",),
                  ("Access-Control: allow <https://example.com>",), ("Access-Control: allow <example.com:8080>",)):
        answered(stage, switched(*lines), "Access-Control|origin", "origin = example.com\n")


def without_an_origin_the_field_is_nothing(stage):
    way = route(stage, greets("Access-Control: deny <*>"))
    way.greeted()
    equal(field(way.proxy.heads[0], "Origin"), [], "Origin")


# --- behind proxies ---

def inside_connect(stage):
    """The 2xx is awaited; the outer proxy is told where, and nothing else."""
    for kind in (lambda port: Squid(stage, [port])), (lambda _: Microsocks(stage)):
        responder = Proxy(stage, greets())
        outer = kind(responder.port)
        daemon = stage.sallyport(settings(f"http://127.0.0.1:{responder.port}{PATH}", proxy=(
            f"{METHOD}via = outer\n[proxy outer]\nurl = {outer.url}\n")), name=f"sallyport-{outer.name}")
        with daemon.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, f"greeting through {outer.name}")
        equal(request_line(responder.heads[0]), f"OPTIONS {PATH} HTTP/1.1", "request")
        if outer.name == "squid":
            equal([(told["target"], told["upgrade"]) for told in outer.tunnels(1)],
                  [(f"127.0.0.1:{responder.port}", "-")], "what squid was told")


def nothing_goes_before_the_2xx(stage):
    seen = []

    def script(connection):
        connection.read_head()
        seen.append(connection.surplus)
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.open(answer=switched())
        connection.echo()

    outer = Proxy(stage, script)
    daemon = stage.sallyport(settings(f"http://relay.example.net{PATH}", proxy=(
        f"{METHOD}via = outer\nuser = inner\npassword = one\n[proxy outer]\nurl = {outer.url}\n")))
    with daemon.connect("imap") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    equal(seen, [b""], "what came behind CONNECT's head")
    check(request_line(outer.heads[0]).startswith("OPTIONS"), f"{outer.heads[0]!r}")


def through_squid(stage, target, **options):
    """(responder, daemon) in the absolute form."""
    responder = Proxy(stage, connects({PATH: ("127.0.0.1", target)}))
    squid = SquidForwarder(stage, **options)
    daemon = stage.sallyport(settings(f"http://relay.example.net:{responder.port}{PATH}", proxy=(
        f"{METHOD}form = absolute\nvia = outer\n[proxy outer]\nurl = {squid.url}\n")))
    return responder, daemon


def a_mailbox_through_squid_in_the_absolute_form(stage):
    dovecot = Dovecot(stage)
    responder, daemon = through_squid(stage, dovecot.imap)
    text = letter("squid", hard(1 << 20))
    with Mailbox(daemon.address("imap")) as mailbox:
        mailbox.append(text)
        mailbox.wait(1)
        equal(mailbox.message(1), text, "letter that came back")
    head = responder.heads[0]
    equal(request_line(head), f"OPTIONS {PATH} HTTP/1.1", "request behind squid")
    equal([field(head, "Upgrade"), field(head, "Connection"), len(field(head, "Via"))],
          [["TCPConnection/1.0"], ["upgrade"], 1], "its fields")


def squid_with_the_lines_of_the_manual(stage):
    server = Proxy(stage, lambda connection: connection.send(GREETING) or connection.echo())
    _, daemon = through_squid(stage, server.port, of_manual=True)
    with daemon.connect("imap") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")


def the_absolute_form(stage):
    proxy = Proxy(stage, greets())
    daemon = stage.sallyport(settings(f"http://relay.example.net{PATH}", proxy=(
        f"{METHOD}form = absolute\nvia = outer\n[proxy outer]\nurl = {proxy.url}\nuser = out\npassword = er\n")))
    with daemon.connect("imap") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    (head,) = proxy.heads
    equal(request_line(head), f"OPTIONS http://relay.example.net{PATH} HTTP/1.1", "request")
    equal(field(head, "Host"), ["relay.example.net"], "Host")


def squid_that_was_not_told(stage):
    """Without the delivered line Upgrade does not get through, and the server answers as a web server does."""
    responder = Proxy(stage, lambda connection: connection.read_head() and connection.send(answers("200 OK")))
    squid = SquidForwarder(stage, ("http_upgrade_request_protocols TCPConnection allow to_relay", ""))
    daemon = stage.sallyport(settings(f"http://relay.example.net:{responder.port}{PATH}", proxy=(
        f"{METHOD}form = absolute\nvia = outer\n[proxy outer]\nurl = {squid.url}\n")))
    with daemon.connect("imap") as client:
        text = refusal(client, ("temporary", "permanent"))
    check("web server" in text, f"the client is told {text!r}")
    equal(field(responder.heads[0], "Upgrade"), [], "Upgrade behind squid")


# --- who may come ---

def basic_at_the_server(stage):
    """401, which is the server's; the proxy before it has its own."""
    login = "Basic " + base64.b64encode(b"me:secret").decode()

    def script(connection):
        while connection.read_head():
            if field(connection.head, "Authorization") == [login]:
                connection.send(switched() + GREETING)
                connection.read_all()
                return
            connection.send(answers("401 Unauthorized", 'WWW-Authenticate: Basic realm="relay"'))

    way = route(stage, script, proxy="user = me\npassword = secret\n")
    way.greeted()
    equal(field(way.proxy.heads[-1], "Proxy-Authorization"), [], "credentials for a proxy")
    text = refusal(route(stage, script, proxy="user = me\npassword = wrong\n").client(), ("permanent",))
    check("401" in text, f"the client is told {text!r}")


def a_url_leads_to_one_server(stage):
    ini = settings(f"http://relay.example.net{PATH}", listener("imap") + listener("nntp", "news.example.net"),
                   proxy=METHOD)
    done = Sallyport.command(stage, "check", ini=ini)
    check(done.returncode == 78 and b"nntp has another target than imap" in done.stderr, f"check says {done}")


def end_of_a_server_without_a_word(stage):
    """The server hangs up behind its 101: the end comes before a greeting, which is told as everywhere."""
    def script(connection):
        connection.read_head()
        connection.send(switched())

    way = route(stage, script)
    got, how = read_all(way.client())
    check(got.startswith(b"* BYE ") and how == END, f"the client got {got!r}, then {how}")


scenario(the_request,
         with_fields_of_ones_own,
         in_tls,
         it_is_a_plain_stream,
         an_ordinary_web_server,
         another_version_or_none,
         the_name_in_any_case,
         what_is_refused_stays_refused, a_redirect_is_not_followed,
         origins_that_may,
         origins_that_may_not,
         without_an_origin_the_field_is_nothing,
         inside_connect,
         nothing_goes_before_the_2xx,
         a_mailbox_through_squid_in_the_absolute_form,
         squid_with_the_lines_of_the_manual,
         the_absolute_form,
         squid_that_was_not_told,
         basic_at_the_server,
         a_url_leads_to_one_server,
         end_of_a_server_without_a_word,
         paths=("splice",))
