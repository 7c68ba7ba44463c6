#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A proxy that is reached through another (`via`): http, https or SOCKS before http or https.  The inner one is told
the protocol, the outer one only where the inner one is, whose name it resolves; each gets its own credentials and
headers and sees nothing of the other's."""
import base64
import re

from kit import check, closed_port, equal, scenario
from kit.certificates import Authority
from kit.checking import complaints
from kit.nameserver import Nameserver
from kit.peers import GREETING, Proxy
from kit.real import Basic, Digest, Kerberos, Microsocks, Negotiate, Squid
from kit.real.loopback import first_address
from kit.route import listener, refusal
from kit.streams import read_exactly
from kit.tls import TlsProxy, greets

OUTER, INNER = ("olaf", "outer: word"), ("ines", "inner: word")

INSIDE = "inner.example.net"
"""The name of the inner proxy, which nobody but squid can resolve."""

LEFT = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: {}\r\nContent-Length: 0\r\n\r\n"


def user(who):
    return f"user = {who[0]}\npassword = {who[1]}\n"


def basic(who):
    """The value of Proxy-Authorization."""
    return b"Basic " + base64.b64encode(":".join(who).encode())


def nested(outer, inner, outer_more="", inner_more="", target="mail.example.net", more="", label="outer"):
    """The configuration text: a listener for IMAP, through the URL inner, which is reached through the URL outer."""
    return (f"[sallyport]\nlog-level = debug\n[proxy]\nurl = {inner}\nvia = {label}\n{inner_more}\n"
            f"[proxy {label}]\nurl = {outer}\n{outer_more}\n{listener('imap', target, more)}")


def greeted(daemon):
    with daemon.connect("imap") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")


def nothing_secret(daemon, *secrets):
    daemon.stop()
    for secret in secrets:
        for text in secret[1], base64.b64encode(":".join(secret).encode()).decode():
            check(not any(text in line for line in daemon.process.lines), f"the log shows {text!r}")


class Inner:
    """A scripted proxy with Basic for INNER, on http or behind TLS; greets as the server behind it."""

    def __init__(self, stage, authority=None, context=None, host=INSIDE, address="127.0.0.1"):
        self.proxy = (TlsProxy(stage, self._script(context), authority.leaf(host, name=f"leaf-{host}").server_side(),
                               address=address)
                      if authority else Proxy(stage, self._script(context), host=address))
        self.url = f"{'https' if authority else 'http'}://{host}:{self.proxy.port}"
        self.port = self.proxy.port

    @staticmethod
    def _script(context):
        then = greets(GREETING, context)

        def script(connection):
            connection.read_head()
            while b"Proxy-Authorization: " + basic(INNER) + b"\r\n" not in connection.head:
                connection.send(LEFT.format('Basic realm="inner"').encode())
                if not connection.read_head():
                    return
            connection.read_head = lambda: None  # it has been read
            then(connection)

        return script

    def was_told(self, outer):
        """Every request names the protocol, and none has a credential or a header of the outer proxy's."""
        for head in self.proxy.heads:
            check(head.startswith(b"CONNECT mail.example.net:") and b"\r\nUpgrade: IMAP" in head, f"got {head!r}")
            check(basic(outer) not in head and b"X-Outer" not in head, f"what is the outer proxy's came in {head!r}")


def real_outers(stage, ports, authority):
    """(outer proxy, lines for its section, the scheme that it wants)"""
    names, kerberos = {INSIDE: "127.0.0.1"}, Kerberos(stage)
    kerberos.add_user("jane", "tick-tock")
    kerberos.log_in("jane", "tick-tock")
    certificate = authority.leaf("localhost", name="outer")
    users = dict([OUTER])
    for number, (login, scheme, who) in enumerate((
            (None, "-", ""), (Basic(users), "Basic", user(OUTER)), (Digest(users), "Digest", user(OUTER)),
            (Negotiate(kerberos, "localhost"), "Negotiate", "auth = negotiate\n"))):
        secure = number % 2  # with and without TLS, in turn
        squid = Squid(stage, ports, logins=[login] if login else (), names=names, host="localhost",
                      certificate=certificate if secure else None, name=f"outer-{scheme.lower()}")
        yield squid, who + (f"ca-file = {authority.file}\n" if secure else ""), scheme, kerberos.env_of()


def through_squid(stage):
    """Of every kind, to an inner proxy of both kinds."""
    authority = Authority(stage)
    plain, secured = Inner(stage), Inner(stage, authority)
    names = Nameserver(stage)
    for squid, own, scheme, tickets in real_outers(stage, [plain.port, secured.port], authority):
        for number, inner in enumerate((plain, secured), 1):
            trusting = f"ca-file = {authority.file}\n" if inner is secured else ""
            daemon = stage.sallyport(nested(squid.url, inner.url, own, user(INNER) + trusting),
                                     env={**names.env, **tickets}, name=f"sallyport-{squid.name}-{inner.port}")
            greeted(daemon)
            daemon.wait_line(rf"imap #1 open proxy={inner.url} target=mail\.example\.net:143 ")
            opened = squid.tunnels(number, "200")
            told = [tunnel for tunnel in squid.tunnels(1) if tunnel["target"] == f"{INSIDE}:{inner.port}"]
            opened = [tunnel for tunnel in opened if tunnel in told and tunnel["status"] == "200"]
            check(opened, f"{squid.name} has opened nothing to {inner.url}: {told}")
            equal({tunnel["login"].split(" ")[0] for tunnel in opened}, {scheme}, "scheme at the outer proxy")
            equal({tunnel["upgrade"] for tunnel in told}, {"-"}, "protocol that the outer proxy was told")
            check(not any(basic(INNER).decode()[6:] in tunnel["login"] for tunnel in told),
                  "the inner proxy's password came to the outer one")
            nothing_secret(daemon, OUTER, INNER)
        squid.kill()
    for inner in plain, secured:
        inner.was_told(OUTER)
    equal(names.asked(INSIDE), 0, "look-ups of the inner proxy's name")


def three_layers_of_tls(stage):
    """An https proxy behind an https proxy, and a server with TLS behind both."""
    authority = Authority(stage)
    inner = Inner(stage, authority, authority.leaf("mail.example.net").server_side())
    squid = Squid(stage, [inner.port], names={INSIDE: "127.0.0.1"}, host="localhost",
                  certificate=authority.leaf("localhost", name="outer"))
    trusting = f"ca-file = {authority.file}\n"
    daemon = stage.sallyport(nested(squid.url, inner.url, trusting, user(INNER) + trusting,
                                    more=f"tls = yes\ntls-{trusting}"))
    greeted(daemon)
    daemon.wait_line(r"imap #1 tls ", count=3)
    inner.was_told(OUTER)


def through_socks(stage):
    """With and without a password; the name goes to the SOCKS server as it is."""
    for who in None, OUTER:
        socks = Microsocks(stage, *(who or ()), name=f"microsocks-{bool(who)}")
        inner = Inner(stage, host="localhost", address=first_address("localhost"))
        daemon = stage.sallyport(nested(socks.url, inner.url, user(who) if who else "", user(INNER)),
                                 name=f"sallyport-{socks.name}")
        for _ in range(2):
            greeted(daemon)
        socks.wait_connected("localhost", inner.port, count=2)
        daemon.wait_line(rf"imap #2 open proxy={inner.url} target=mail\.example\.net:143 ")
        inner.was_told(OUTER)
        nothing_secret(daemon, OUTER, INNER)


def https_through_socks(stage):
    authority = Authority(stage)
    socks = Microsocks(stage)
    inner = Inner(stage, authority, host="localhost", address=first_address("localhost"))
    daemon = stage.sallyport(nested(socks.url, inner.url, "", user(INNER) + f"ca-file = {authority.file}"))
    greeted(daemon)
    inner.was_told(OUTER)


class Relay:
    """A scripted outer proxy that wants Basic of OUTER and hands the rest of the connection to the inner one's
    script.  It keeps all that it could read."""

    def __init__(self, stage, inner):
        def script(connection):
            connection.read_head()
            while b"Proxy-Authorization: " + basic(OUTER) + b"\r\n" not in connection.head:
                connection.send(LEFT.format('Basic realm="outer"').encode())
                connection.read_head()
            self.asked.append(connection.head)
            connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            inner(connection)

        self.asked = []
        self.proxy = Proxy(stage, script)


def each_header_to_its_own(stage):
    heads = []

    def inner(connection):
        heads.append(connection.read_head())
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: IMAP\r\n\r\n" + GREETING)
        connection.echo()

    relay = Relay(stage, inner)
    daemon = stage.sallyport(nested(relay.proxy.url, f"http://{INSIDE}:3128",
                                    user(OUTER) + "header = X-Outer: one", "header = X-Inner: two"))
    greeted(daemon)
    daemon.wait_line(rf"imap #1 open proxy=http://{INSIDE}:3128 .* switched=yes ")
    outer, inner = relay.asked[0], heads[0]
    check(outer.startswith(f"CONNECT {INSIDE}:3128 HTTP/1.1\r\nHost: {INSIDE}:3128\r\n".encode()), f"got {outer!r}")
    check(b"\r\nX-Outer: one\r\n" in outer and b"X-Inner" not in outer, f"the outer proxy got {outer!r}")
    check(b"Upgrade" not in outer and b"IMAP" not in outer, f"the outer proxy got {outer!r}")
    check(b"\r\nX-Inner: two\r\n" in inner and b"X-Outer" not in inner, f"the inner proxy got {inner!r}")
    check(b"Proxy-Authorization" not in inner, f"the inner proxy got {inner!r}")
    check(inner.startswith(b"CONNECT mail.example.net:143 HTTP/1.1\r\n"), f"the inner proxy got {inner!r}")


def a_third_before_the_second(stage):
    """The way to the outer proxy may itself lead through one."""
    socks = Microsocks(stage)
    inner = Inner(stage)
    squid = Squid(stage, [inner.port], names={INSIDE: "127.0.0.1"})
    daemon = stage.sallyport(nested(squid.url, inner.url, "via = first", user(INNER)) +
                             f"[proxy first]\nurl = {socks.url}\n")
    greeted(daemon)
    socks.wait_connected("127.0.0.1", squid.port)
    equal({tunnel["target"] for tunnel in squid.tunnels(1)}, {f"{INSIDE}:{inner.port}"}, "tunnels of the second")


def what_goes_wrong_is_told_of_the_one_that_it_goes_wrong_at(stage):
    inner = Inner(stage)
    names = {INSIDE: "127.0.0.1"}
    wrong = "no such word"
    strict = Squid(stage, [inner.port], users=dict([OUTER]), names=names, name="strict")
    narrow = Squid(stage, [9], names=names, name="narrow")
    wide = Squid(stage, [inner.port], names=names, name="wide")
    socks, closed = Microsocks(stage, *OUTER), f"http://127.0.0.1:{closed_port()}"

    place = f"{INSIDE}:{inner.port}"

    def not_through(url):
        return f"{place}: cannot be reached through {url}: "

    def on_the_way(url, words):
        return rf"{words}{url.split('//')[1]}\) on the way \({place}\)$"

    cases = ((strict.url, user((OUTER[0], wrong)), user(INNER), "permanent", not_through(strict.url) + "407 ",
              on_the_way(strict.url, r"proxy refused the password \(407, ")),
             (narrow.url, "", user(INNER), "permanent", not_through(narrow.url) + "403 ",
              on_the_way(narrow.url, r"proxy answered 403 Forbidden \(")),
             (closed, "", user(INNER), "temporary", not_through(closed) + ".*refused",
              on_the_way(closed, r"cannot connect: .*refused \(")),
             (socks.url, user((OUTER[0], wrong)), user(INNER), "permanent", not_through(socks.url),
              on_the_way(socks.url, r".*")),
             (wide.url, "", user((INNER[0], wrong)), "permanent", f"{place}: 407 ",
              rf"proxy refused the password \(407, {place}\)$"))
    for number, (url, own, inside, kind, words, told) in enumerate(cases):
        daemon = stage.sallyport(nested(url, inner.url, own, inside), name=f"sallyport-{number}")
        with daemon.connect("imap") as client:
            text = refusal(client, (kind,))
        check(re.match(told, text), f"the client is told {text!r}, wanted {told!r}")
        daemon.wait_line(rf'imap #1 failed class={kind} reason="http://{words}')
        nothing_secret(daemon, (OUTER[0], wrong), (INNER[0], wrong), OUTER, INNER)


def ways_that_lead_nowhere(stage):
    """Are errors of the configuration."""
    imap = listener("imap")
    for text, line, words in (
            ("[proxy]\nurl = http://a:1\nvia = b\n" + imap, 3, r"no section \[proxy b\]"),
            ("[proxy]\nurl = http://a:1\nvia = b\n[proxy b]\nurl = http://b:1\nvia = b\n" + imap, 6, "circle"),
            ("[proxy]\nurl = http://a:1\nvia = b\n[proxy b]\nurl = http://b:1\nvia = c\n"
             "[proxy c]\nurl = http://c:1\nvia = b\n" + imap, 3, "circle"),
            ("[proxy]\nurl = socks5h://a:1\n" + imap, 3, "socks5h")):
        told = complaints(stage, text)
        check((line, True) in [(at, bool(re.search(words, said))) for at, said in told], f"{text!r}: {told}")


scenario(through_squid,
         three_layers_of_tls,
         through_socks,
         https_through_socks,
         each_header_to_its_own,
         a_third_before_the_second,
         what_goes_wrong_is_told_of_the_one_that_it_goes_wrong_at,
         ways_that_lead_nowhere,
         paths=("splice",))
