#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What the proxy is asked, byte for byte: every kind of listener, every method, every way to name the protocol,
credentials and headers; and that no byte of the client goes out before the proxy has agreed."""
import base64
import itertools
import re

from kit import Sallyport, check, equal, scenario
from kit.peers import OPAQUE, Proxy
from kit.route import Route, listener
from kit.streams import read_exactly, readable

KINDS = {
    "imap": ("mail.example.net:143", "IMAP", "imap"),
    "smtp": ("mail.example.net:25", "SMTP", None),
    "submission": ("mail.example.net:587", "SMTP", None),
    "nntp": ("mail.example.net:119", "NNTP", "nntp"),
    "pop3": ("mail.example.net:110", "POP3", "pop3"),
    "managesieve": ("mail.example.net:4190", "SIEVE", "managesieve"),
    "forward": ("mail.example.net:4242", "X-TEST", None),
}
"""Kind of listener: what it asks for when its target has no port (in [forward] it must), its token, its ALPN id."""

METHODS = {"connect": "CONNECT {authority}", "proxy": "PROXY {scheme}:{authority}",
           "connect-uri": "CONNECT {scheme}:{authority}"}

ANNOUNCEMENTS = ["none"] + [" ".join(words) for count in (1, 2, 3)
                            for words in itertools.combinations(("upgrade", "alpn", "new-protocol"), count)]

QUIET_SECONDS = 0.3
"""How long a byte that must not come is waited for."""


def opens(connection):
    connection.open(behind=b"", answer=OPAQUE)
    connection.echo()


def section(kind, label="", more=""):
    """A listener of that kind without a port in its target, where that may be left out."""
    target = "mail.example.net:4242" if kind == "forward" else "mail.example.net"
    return listener(f"{kind} {label}".strip(), target, more + ("\nprotocol = X-TEST" if kind == "forward" else ""))


def version(stage):
    return re.match(r"sallyport (\S+)", Sallyport.command(stage, "-V").stdout.decode()).group(1)


def head(first, authority, *fields, agent, last=()):
    """A request head of this first line, with fields before and after User-Agent."""
    return "\r\n".join((f"{first} HTTP/1.1", f"Host: {authority}", *fields, f"User-Agent: sallyport/{agent}",
                        *last, "", "")).encode()


def asked(stage, listeners, proxy="", name="imap"):
    """The request that a client of that listener causes."""
    route = Route(stage, opens, listeners, proxy=proxy)
    route.client(name)
    return route.proxy.wait_head()


def plain(stage, *last):
    """The request of [imap] with everything else left at its default, and these last fields."""
    return head("CONNECT mail.example.net:143", "mail.example.net:143", "Upgrade: IMAP", "Connection: Upgrade",
                agent=version(stage), last=last)


def the_plain_request(stage):
    equal(asked(stage, section("imap")),
          b"CONNECT mail.example.net:143 HTTP/1.1\r\n"
          b"Host: mail.example.net:143\r\n"
          b"Upgrade: IMAP\r\n"
          b"Connection: Upgrade\r\n"
          b"User-Agent: sallyport/" + version(stage).encode() + b"\r\n"
          b"\r\n", "request")


def every_kind_of_listener_with_every_method_and_announcement(stage):
    proxy = Proxy(stage, opens)
    ways = {f"w{number}": way for number, way in enumerate(itertools.product(METHODS, ANNOUNCEMENTS))}
    ini = "".join(f"[proxy {label}]\nurl = {proxy.url}\nmethod = {method}\nannounce = {announce}\n"
                  for label, (method, announce) in ways.items())
    ini += "".join(section(kind, label, f"proxy = {label}") for label in ways for kind in KINDS)
    daemon = stage.sallyport(ini)
    stage.later(proxy.stop)
    agent = version(stage)
    count = 0
    for (label, (method, announce)), (kind, (authority, token, alpn)) in itertools.product(ways.items(), KINDS.items()):
        count += 1
        client = daemon.connect(f"{kind}/{label}")
        stage.later(client.close)
        fields = []
        if "upgrade" in announce:
            fields += [f"Upgrade: {token}", "Connection: Upgrade"]
        if "alpn" in announce and alpn:
            fields += [f"ALPN: {alpn}"]
        if "new-protocol" in announce:
            fields += [f"New-Protocol: {token}"]
        first = METHODS[method].format(authority=authority, scheme=token.lower())
        equal(proxy.wait_head(count), head(first, authority, *fields, agent=agent),
              f"request of [{kind}] with method = {method}, announce = {announce}")


def the_order_of_the_words_of_announce_changes_nothing(stage):
    equal(asked(stage, section("imap"), "announce = new-protocol alpn upgrade"),
          head("CONNECT mail.example.net:143", "mail.example.net:143", "Upgrade: IMAP", "Connection: Upgrade",
               "ALPN: imap", "New-Protocol: IMAP", agent=version(stage)), "request")


def an_ipv6_target_in_brackets(stage):
    equal(asked(stage, listener("imap", "[2001:db8::1]"), "announce = none"),
          head("CONNECT [2001:db8::1]:143", "[2001:db8::1]:143", agent=version(stage)), "request")


def an_ipv6_target_behind_the_name_of_the_protocol(stage):
    equal(asked(stage, listener("imap", "[2001:db8::1]:9143"), "announce = none\nmethod = proxy"),
          head("PROXY imap:[2001:db8::1]:9143", "[2001:db8::1]:9143", agent=version(stage)), "request")


def the_name_of_the_target_as_configured(stage):
    equal(asked(stage, listener("imap", "Mail.Example.NET:9143"), "announce = none"),
          head("CONNECT Mail.Example.NET:9143", "Mail.Example.NET:9143", agent=version(stage)), "request")


def a_protocol_with_a_version(stage):
    route = Route(stage, opens, section("imap", more="protocol = IMAP/4rev1"),
                  proxy="announce = upgrade alpn new-protocol\nmethod = connect-uri")
    route.client("imap")
    equal(route.proxy.wait_head(),
          head("CONNECT imap:mail.example.net:143", "mail.example.net:143", "Upgrade: IMAP/4rev1",
               "Connection: Upgrade", "ALPN: imap", "New-Protocol: IMAP/4rev1", agent=version(stage)), "request")


def basic(user, password):
    return "Proxy-Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def a_user_with_a_password(stage):
    equal(asked(stage, section("imap"), "auth = basic\nuser = jane\npassword = two words: & #1"),
          plain(stage, basic("jane", "two words: & #1")), "request")


def a_user_with_a_password_in_a_file(stage):
    secret = stage.file("secret", "from a file\nnot this line\n", mode=0o600)
    equal(asked(stage, section("imap"), f"auth = basic\nuser = jane\npassword-file = {secret}"),
          plain(stage, basic("jane", "from a file")), "request")


def a_user_with_a_password_from_a_command(stage):
    equal(asked(stage, section("imap"),
                "auth = basic\nuser = jane\npassword-command = printf 'said by %s\\nnot this' printf"),
          plain(stage, basic("jane", "said by printf")), "request")


def headers_of_the_configuration_come_last_and_in_order(stage):
    equal(asked(stage, section("imap"),
                "header = X-Second: 2\nauth = basic\nuser = jane\npassword = x\nheader = X-First:  a,  b\n"),
          plain(stage, basic("jane", "x"), "X-Second: 2", "X-First:  a,  b"), "request")


def headers_go_to_their_own_proxy_only(stage):
    proxy = Proxy(stage, opens)
    daemon = stage.sallyport(f"[proxy]\nurl = {proxy.url}\n[proxy night]\nurl = {proxy.url}\nheader = X-Shift: night\n"
                             + section("imap") + section("imap", "late", "proxy = night"))
    stage.later(proxy.stop)
    for count, (name, last) in enumerate((("imap/late", ("X-Shift: night",)), ("imap", ())), 1):
        stage.later(daemon.connect(name).close)
        equal(proxy.wait_head(count), plain(stage, *last), f"request of {name}")


def no_byte_of_the_client_before_the_proxy_has_agreed(stage):
    said = b"A1 CAPABILITY\r\n"
    early = []

    def script(connection):
        connection.read_head()
        early.append(connection.surplus)
        early.append(readable(connection.sock, QUIET_SECONDS))
        connection.send(OPAQUE)
        connection.echo()

    client = Route(stage, script).client()
    client.sendall(said)
    equal(read_exactly(client, len(said)), said, "what came back once the tunnel was open")
    check(early == [b"", False], f"the proxy got bytes of the client before it had answered: {early}")


scenario(the_plain_request,
         every_kind_of_listener_with_every_method_and_announcement,
         the_order_of_the_words_of_announce_changes_nothing,
         an_ipv6_target_in_brackets,
         an_ipv6_target_behind_the_name_of_the_protocol,
         the_name_of_the_target_as_configured,
         a_protocol_with_a_version,
         a_user_with_a_password,
         a_user_with_a_password_in_a_file,
         a_user_with_a_password_from_a_command,
         headers_of_the_configuration_come_last_and_in_order,
         headers_go_to_their_own_proxy_only,
         no_byte_of_the_client_before_the_proxy_has_agreed, in_turns=True)
