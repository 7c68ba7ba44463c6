#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Certificates that hold and certificates that do not, of a proxy and of a server inside the tunnel.  Each refusal is
a permanent one whose line tells the client where and what is wrong, which name was wanted and which is there, or what
to set; the log has the whole certificate."""
import re
import ssl

from kit import check, equal, scenario
from kit.certificates import Authority
from kit.nameserver import Nameserver
from kit.peers import GREETING, Proxy
from kit.route import listener, refusal
from kit.streams import read_exactly
from kit.tls import TlsProxy, greets, secure

NAME = "mail.example.net"

DAY = r"\d{4}-\d\d-\d\d"


class Case:
    """One certificate.  context: the SSLContext of the server that shows it; text: a regular expression for what the
    client is told, with OPTION for the key that names the authorities, or None where the certificate is right; more:
    the lines that this case needs, with KEY before each key; host: what is asked for."""

    def __init__(self, name, context, text=None, more=None, host=NAME):
        self.name, self.context, self.text, self.more, self.host = name, context, text, more, host


def cases(stage):
    """Some of what is right first, then all that is wrong."""
    authority, stranger = Authority(stage), Authority(stage, "stranger")
    middle = Authority(stage, "middle", above=authority)
    own, pinned = authority.self_signed_leaf(NAME), stranger.leaf(NAME, name="pinned")

    def trust(file):
        return f"KEYca-file = {file}"

    usual = trust(authority.file)

    def right(name, *names, by=authority, more=usual, host=NAME):
        return Case(name, by.leaf(*names, name=name).server_side(), more=more, host=host)

    def wrong(name, text, *names, by=authority, host=NAME, weak=False, **options):
        return Case(name, by.leaf(*names, name=name, **options).server_side(weak=weak), text, usual, host)

    chain = middle.leaf(NAME, name="chain")
    return [
        right("name", NAME),
        right("several", "other.example.net", NAME),
        right("wildcard", "*.example.net"),
        right("address", "127.0.0.1", host="127.0.0.1"),
        right("intermediate", NAME, by=middle),
        Case("pinned-self-signed", own.server_side(), more=trust(own.file)),
        Case("pinned-leaf", pinned.server_side(), more=trust(pinned.bare)),
        right("unverified", "other.example.net", by=stranger, more="KEYverify = no"),
        wrong("expired", f"certificate expired on {DAY}", NAME, since=-40, days=30),
        wrong("not-yet-valid", f"certificate is not valid before {DAY}", NAME, since=2),
        wrong("wrong-name", r"certificate is for other\.example\.net, www\.example\.net, not for mail\.example\.net",
              "other.example.net", "www.example.net"),
        wrong("wildcard-below", r"certificate is for \*\.mail\.example\.net, not for mail\.example\.net",
              "*.mail.example.net"),
        wrong("wildcard-above", r"certificate is for \*\.net, not for mail\.example\.net", "*.net"),
        wrong("wrong-address", r"certificate is for 127\.0\.0\.2, not for 127\.0\.0\.1", "127.0.0.2",
              host="127.0.0.1"),
        wrong("common-name", r"certificate has no name of a host .*CN=mail\.example\.net", common=NAME),
        wrong("unknown-authority", "by an authority that is not trusted: CN=stranger; set OPTION", NAME, by=stranger),
        Case("no-intermediate", chain.server_side(chain=chain.bare),
             "by an authority that is not trusted: CN=middle; set OPTION, or have the server send the whole chain",
             usual),
        wrong("sha-1", "certificate is signed with SHA-1", NAME, digest="sha1", weak=True),
        wrong("short-key", r"certificate has a key that is too short \(1024 bits\)", NAME, key=1024, weak=True),
        Case("self-signed", own.server_side(), "certificate is signed by itself and not trusted; set OPTION", usual),
    ]


def judge(daemon, case, option, where):
    """One client of that case's listener is greeted, or told what is wrong."""
    name = f"imap/{case.name}"
    with daemon.connect(name) as client:
        if case.text is None:
            equal(read_exactly(client, len(GREETING)), GREETING, f"greeting with {case.name}")
            return
        text = refusal(client, ("permanent",))
    said = re.sub(r"is for (.*), not for (.*)", r"is not for \2, but for \1", case.text)
    wanted = said.replace("OPTION", option) + r".* \(" + re.escape(where) + r"\)"
    check(re.search(wanted, text), f"{case.name}: the client is told\n  {text}\nwanted\n  {wanted}")
    logged = re.escape(where) + ": .*" + case.text.replace("OPTION", option)
    line = daemon.wait_line(rf'{name} #\d+ failed class=permanent reason="(https://)?{logged}').string
    check(re.search(rf'certificate="CN=\S+; for .*; by CN=\S+; {DAY} to {DAY}"', line),
          f"the log does not describe the certificate: {line}")
    equal(daemon.count(rf"{name} #\d+ failed", 1), 1, f"failures of {case.name}")


def of_a_server_inside_the_tunnel(stage):
    told = cases(stage)
    reached = []

    def script(connection):
        connection.open(b"")
        case = told[int(re.match(rb"CONNECT \S+:(\d+) ", connection.head).group(1)) - 1]
        try:
            secure(connection, case.context)
        except (ssl.SSLError, ConnectionError):
            return
        reached.append(case.name)
        connection.send(GREETING)
        connection.read_all()

    proxy = Proxy(stage, script)
    daemon = stage.sallyport(f"[proxy]\nurl = {proxy.url}\n" + "".join(
        listener(f"imap {case.name}", f"{case.host}:{number}", "tls = yes\n" + case.more.replace("KEY", "tls-"))
        for number, case in enumerate(told, 1)))
    stage.later(proxy.stop)
    for number, case in enumerate(told, 1):
        judge(daemon, case, "tls-ca-file", f"{case.host}:{number}")
    proxy.stop()
    equal(reached, [case.name for case in told if case.text is None], "handshakes that were done")


def of_a_proxy(stage):
    told = cases(stage)
    names = Nameserver(stage)
    names.add(NAME, "A", "127.0.0.1")
    proxies = {case.name: TlsProxy(stage, greets(GREETING), case.context, host=case.host) for case in told}
    daemon = stage.sallyport("".join(
        f"[proxy {case.name}]\nurl = {proxies[case.name].url}\n{case.more.replace('KEY', '')}\n" +
        listener(f"imap {case.name}", more=f"proxy = {case.name}") for case in told), env=names.env)
    for case in told:
        judge(daemon, case, "ca-file", f"{case.host}:{proxies[case.name].port}")
        equal(len(proxies[case.name].heads), case.text is None, f"requests to the proxy with {case.name}")


def of_an_address_of_ipv6(stage):
    authority = Authority(stage)
    inner = authority.leaf("::1", name="six").server_side()
    proxy = Proxy(stage, greets(GREETING, inner))
    daemon = stage.sallyport(f"[proxy]\nurl = {proxy.url}\n" + "".join(
        listener(f"imap {label}", host, f"tls = yes\ntls-ca-file = {authority.file}")
        for label, host in (("right", "[::1]:993"), ("wrong", "[::2]:993"))))
    with daemon.connect("imap/right") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    with daemon.connect("imap/wrong") as client:
        text = refusal(client, ("permanent",))
    check("certificate is not for ::2, but for ::1" in text, f"the client is told {text}")


def the_authorities_of_the_system(stage):
    """Without a ca-file they count, and with one they do not."""
    system, other = Authority(stage, "system"), Authority(stage, "other")
    proxy = Proxy(stage, greets(GREETING, system.leaf(NAME).server_side()))
    daemon = stage.sallyport(f"[proxy]\nurl = {proxy.url}\n" +
                             listener("imap system", NAME, "tls = yes") +
                             listener("imap other", NAME, f"tls = yes\ntls-ca-file = {other.file}"),
                             env={"SSL_CERT_FILE": system.file})
    with daemon.connect("imap/system") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    with daemon.connect("imap/other") as client:
        check("CN=system" in refusal(client, ("permanent",)), "the authority is not named")


scenario(of_a_server_inside_the_tunnel,
         of_a_proxy,
         of_an_address_of_ipv6,
         the_authorities_of_the_system,
         paths=("splice",))
