#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Where a PAC file names the proxies, passwords, headers and certificates of ours go to those in `trusted` and to
nobody else: a PAC file is foreign code."""
from kit import check, equal, scenario
from kit.certificates import Authority
from kit.finding import PacTown, imap_at, server
from kit.peers import GREETING, OPAQUE
from kit.real import Basic, Digest, Squid
from kit.route import refusal
from kit.streams import read_exactly
from kit.tls import TlsProxy

NAME, WORD, KEY = "jane", "blue: moon", "sesame"
USER = f"user = {NAME}\npassword = {WORD}\nheader = X-Key: {KEY}\n"
SCHEMES = ('Basic realm="r"', 'Digest realm="r", nonce="n", qop="auth"', "NTLM", "Negotiate")


def asking(*schemes):
    """A proxy's answer that wants a login."""
    fields = "".join(f"Proxy-Authenticate: {scheme}\r\n" for scheme in schemes)
    return f"HTTP/1.1 407 Who\r\n{fields}Content-Length: 0\r\n\r\n".encode()


def greeted(daemon):
    with daemon.connect("imap") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")


def a_squid_that_is_trusted(stage):
    home = server(stage)
    for number, login in enumerate((Basic({NAME: WORD}), Digest({NAME: WORD}))):
        squid = Squid(stage, [home.port], logins=[login], host="localhost", name=f"squid-{number}")
        town = PacTown(stage)
        town.say(f"PROXY localhost:{squid.port}")
        town.run_found(USER + "trusted = localhost", imap_at(home))
        greeted(town.daemon)
        equal({request["user"] for request in squid.tunnels(1, "200") if request["status"] == "200"}, {NAME},
              "whom squid lets through")


def a_squid_that_is_not(stage):
    home = server(stage)
    squid = Squid(stage, [home.port], logins=[Basic({NAME: WORD})], host="localhost")
    town = PacTown(stage)
    town.say(f"PROXY localhost:{squid.port}")
    town.run_found(USER + "trusted = *.example.net proxy.example.org", imap_at(home))
    with town.daemon.connect("imap") as client:
        told = refusal(client, ("permanent",))
    check("trusted" in told, f"the client is told what to set: {told!r}")
    equal({request["login"] for request in squid.tunnels(1)}, {"-"}, "what squid was told")


def strangers_hear_nothing(stage):
    for schemes in [(scheme,) for scheme in SCHEMES] + [SCHEMES]:
        town = PacTown(stage, "thief")
        town.say("<thief>")
        town.tell("thief", asking(*schemes))
        town.run_found(USER + "trusted = proxy.example.net\n")
        with town.daemon.connect("imap") as client:
            refusal(client, ("permanent",))
        for head in town["thief"].heads:
            for secret in (b"Authorization", KEY.encode(), NAME.encode()):
                check(secret not in head, f"a stranger is told {secret!r}: {head!r}")
        town.daemon.stop()


def nor_do_those_that_come_after_a_trusted_one(stage):
    town = PacTown(stage, "thief")
    friend = PacTown(stage, "friend")
    friend.tell("friend", b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    town.say(f"PROXY localhost:{friend['friend'].port}; <thief>")
    town.tell("thief", asking(SCHEMES[0]))
    town.run_found(USER + "auth = basic\nannounce = none\ntrusted = localhost\n")
    with town.daemon.connect("imap") as client:
        refusal(client, ("permanent",))
    check(b"Proxy-Authorization: Basic" in friend["friend"].wait_head(), "the trusted one has got the password")
    check(b"Authorization" not in town["thief"].wait_head(), "and the other one has not")
    friend["friend"].stop()


def behind_tls(stage):
    authority, other = Authority(stage), Authority(stage, "other")
    script = []

    def play(connection):
        script.append(connection.read_head())
        connection.send(OPAQUE + GREETING)
        connection.echo()

    good = TlsProxy(stage, play, authority.leaf("localhost").server_side(), host="localhost")
    bad = TlsProxy(stage, play, other.leaf("localhost", name="bad").server_side(), host="localhost")
    town = PacTown(stage)
    town.say(f"HTTPS localhost:{bad.port}; HTTPS localhost:{good.port}")
    town.run_found(USER + f"auth = basic\nca-file = {authority.file}\ntrusted = localhost\n")
    greeted(town.daemon)
    equal(len(script), 1, "requests: who cannot show its certificate is asked for nothing")
    check(b"Proxy-Authorization: Basic" in script[0], "the password goes to the one that is what it says")
    town.daemon.wait_line(rf"imap #1 open proxy=https://localhost:{good.port} ")


scenario(a_squid_that_is_trusted, a_squid_that_is_not, strangers_hear_nothing,
         nor_do_those_that_come_after_a_trusted_one, behind_tls, in_turns=True)
