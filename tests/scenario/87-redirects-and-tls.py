#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Redirects from and to https proxies: nobody is sent from https to http unless the user allows it; a learned proxy
must show a certificate that holds, and gets nothing of what is configured for its sender; and a session in TLS has a
URL of its own kind."""
import re

from kit import check, equal, scenario
from kit.certificates import Authority
from kit.peers import OPAQUE
from kit.redirecting import Town, imap, use
from kit.tls import TlsProxy, secure

MAIL = "imaps://mail.example.net:993/"


class SecureTown(Town):
    """In which some proxies are reached by https.  They are all called localhost; the system trusts their authority."""

    def __init__(self, stage, plain=(), secure=()):
        self.authority = Authority(stage)
        self.contexts = {name: self.authority.leaf("localhost", name=name).server_side() for name in secure}
        super().__init__(stage, *plain, *secure)

    def build(self, name, **where):
        proxy = super().build(name, **where)
        if name in self.contexts:
            proxy.stop()
            proxy = TlsProxy(self.stage, proxy.script, self.contexts[name], host="localhost")
        return proxy

    def run(self, first, redirects="", env=None, **options):
        return super().run(first, redirects, env={"SSL_CERT_FILE": self.authority.file, **(env or {})}, **options)


def https_to_https(stage):
    town = SecureTown(stage, secure="ab")
    town.run("a", proxy="user = me\npassword = secret\nheader = X-Own: a\n")
    town.tell("a", use(town["b"], "hits=2"))
    for _ in range(2):
        town.greeted("b")
    equal((town.asked("a"), town.asked("b")), (1, 2), "requests")
    town.redirected("a", "b", lifetime="hits=2")
    town.daemon.wait_line(rf"imap #1 open proxy={town['b'].url} .* redirects=1 ")
    for head in town["b"].heads:
        check(f"\r\nRedirected-Via: {town['a'].url}\r\n".encode() in head, f"got {head!r}")
        check(b"Proxy-Authorization" not in head and b"X-Own" not in head, f"what is the sender's came along: {head!r}")


def http_to_https(stage):
    town = SecureTown(stage, plain="a", secure="b")
    town.run("a")
    town.tell("a", use(town["b"]))
    town.greeted("b")
    town.redirected("a", "b")


def https_to_http(stage):
    town = SecureTown(stage, plain="b", secure="a")
    town.run("a")
    town.tell("a", use(town["b"]))
    text = town.refused("redirect refused")
    check(re.search("https|TLS", text), f"the client is told {text}")
    equal((town.asked("a"), town.asked("b")), (1, 0), "requests")


def https_to_http_where_the_user_allows_it(stage):
    town = SecureTown(stage, plain="b", secure="a")
    town.run("a", "downgrade = yes")
    town.tell("a", use(town["b"]))
    town.greeted("b")
    town.redirected("a", "b")


def a_chain_that_would_end_in_http(stage):
    """http to https is fine, and then it must not go back."""
    town = SecureTown(stage, plain="ac", secure="b")
    town.run("a")
    town.tell("a", use(town["b"]))
    town.tell("b", use(town["c"]))
    town.refused("redirect refused")
    equal([town.asked(name) for name in "abc"], [1, 1, 0], "requests")


def bad(stage, town, name, certificate):
    """From now on that proxy shows another certificate."""
    port = town[name].port
    town[name].stop()
    script = town[name].script
    town.proxies[name] = TlsProxy(stage, script, certificate.server_side(), host="localhost", port=port)
    stage.later(town[name].stop)


def a_learned_proxy_whose_certificate_is_bad(stage):
    """Is forgotten, and the session goes back to the configured one."""
    town = SecureTown(stage, secure="ab")
    town.run("a")
    town.tell("a", use(town["b"], "lifetime=600"))
    town.greeted("b")
    town.tell("a", None)
    town.greeted("b")
    bad(stage, town, "b", town.authority.leaf("other.example.net"))
    town.greeted("a")
    town.daemon.wait_line(rf"imap #\d+ warning: {town['b'].url}, learned by a redirect, is forgotten: .*certificate")
    equal((town.asked("a"), town.asked("b")), (2, 0), "requests at the first, and at the second since then")
    town.greeted("a")
    equal(town.daemon.count("is forgotten", 1), 1, "times that it was forgotten")


def one_that_never_had_a_good_one(stage):
    """It is asked for once, and named again it is the end."""
    town = SecureTown(stage, secure="ab")
    bad(stage, town, "b", Authority(stage, "stranger").leaf("localhost", name="strange"))
    town.run("a")
    town.tell("a", use(town["b"], "lifetime=600"))
    town.refused("redirect refused: to the proxy that has just failed")
    equal((town.asked("a"), town["b"].wait_refusals()), (2, 1), "requests at the first, handshakes with the second")


def the_trust_in_its_sender_is_not_handed_on(stage):
    """The sender's ca-file does not count for the one that it names."""
    town = SecureTown(stage, secure="ab")
    town.run("a", env={"SSL_CERT_FILE": Authority(stage, "system").file}, proxy=f"ca-file = {town.authority.file}")
    answers = [use(town["b"]), OPAQUE + b"* OK a\r\n"]
    town.tell("a", lambda connection: connection.send(answers.pop(0)))
    town.greeted("a")
    equal((town.asked("b"), town["b"].wait_refusals()), (0, 1), "requests at the second, handshakes that were given up")


def trust_in_a_proxy_of_a_section_of_its_own(stage):
    """That one does count, when the learned proxy happens to have such a section."""
    town = SecureTown(stage, secure="ab")
    trusting = f"ca-file = {town.authority.file}\n"
    town.run("a", env={"SSL_CERT_FILE": Authority(stage, "system").file}, proxy=trusting,
             more=f"[proxy b]\nurl = {town['b'].url}\n{trusting}")
    town.tell("a", use(town["b"]))
    town.greeted("b")


def the_url_of_a_session_in_tls(stage):
    """Its scheme is imaps, its port 993, and no scope of imap covers it."""
    town = SecureTown(stage, plain="ab")
    inner = town.authority.leaf("mail.example.net").server_side()

    def opens(connection):
        connection.send(OPAQUE)
        secure(connection, inner)
        connection.send(b"* OK b\r\n")
        connection.echo()

    town.run("a", listeners=imap(more="tls = yes"))
    town.tell("b", opens)
    for scope in "-", "imaps://mail.example.net/", MAIL, "imaps://mail.example.net:993/*":
        town.tell("a", use(town["b"], f"scope={scope}"))
        town.greeted("b")
    town.redirected("a", "b", MAIL, count=4)
    for head in town["a"].heads + town["b"].heads:
        check(head.startswith(b"CONNECT mail.example.net:993 HTTP/1.1\r\n") and b"\r\nUpgrade: IMAPS\r\n" in head,
              f"got {head!r}")
    for scope in "imap://mail.example.net/", "imap://mail.example.net:993/":
        asked = town.asked("b")
        town.tell("a", use(town["b"], f"scope={scope}"))
        town.refused("redirect refused")
        equal(town.asked("b"), asked, f"requests at the second for {scope}")


scenario(https_to_https,
         http_to_https,
         https_to_http,
         https_to_http_where_the_user_allows_it,
         a_chain_that_would_end_in_http,
         a_learned_proxy_whose_certificate_is_bad,
         one_that_never_had_a_good_one,
         the_trust_in_its_sender_is_not_handed_on,
         trust_in_a_proxy_of_a_section_of_its_own,
         the_url_of_a_session_in_tls,
         paths=("splice",))
