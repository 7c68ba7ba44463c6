#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`http = auto` where HTTP/2 is not to be had, or is not enough: a proxy that knows only HTTP/1.1, one that opens only
there, one that wants NTLM, one that says HTTP_1_1_REQUIRED, connect-tcp at one that has no extended CONNECT; and
`http = 2` at the same places."""
from kit import Skip, check, equal, scenario
from kit.certificates import Authority
from kit.connect_tcp import responds
from kit.echo import Echo, greeted, leaves
from kit.peers import Proxy
from kit.real import Apache, ApacheGateway, H2Haproxy, Nghttpx, Node, Ntlm, Squid, before_all, knows_ntlm
from kit.route import listener, refusal, settings

HTTP_1_1_REQUIRED = 13

WHO = ("nancy", "ntlm: word")

LOGIN = f"user = {WHO[0]}\npassword = {WHO[1]}\n"


class House:
    """The server and an authority."""

    def __init__(self, stage):
        self.stage, self.authority, self.server = stage, Authority(stage), Echo(stage)
        self.trust = f"ca-file = {self.authority.file}\n"
        self._daemons = 0

    def daemon(self, url, http="auto", more=""):
        self._daemons += 1
        return self.stage.sallyport(settings(url, listener("imap", self.server.target),
                                             proxy=f"{self.trust}http = {http}\n{more}"),
                                    name=f"sallyport-{self._daemons}")

    def sessions(self, url, count=2, **options):
        """So many, one after the other, which must be opened over HTTP/1.1; gives the daemon."""
        daemon = self.daemon(url, **options)
        for _ in range(count):
            leaves(greeted(daemon))
        equal(daemon.count(r"#\d+ open ", count), count, "tunnels")
        equal(daemon.count(r"#\d+ open .* http=2"), 0, "tunnels over HTTP/2")
        equal(daemon.count(" rests for | failed class"), 0, "failures")
        return daemon


def refused(daemon, kinds=("temporary", "permanent")):
    """What a client of that daemon is told."""
    with daemon.connect("imap") as client:
        return refusal(client, kinds)


def proxies_that_know_only_the_old_one(stage):
    house = House(stage)
    certificate = house.authority.leaf("localhost", name="proxy")
    squid = Squid(stage, [house.server.port], certificate=certificate, host="localhost")
    apache = Apache(stage, [house.server.port], certificate=certificate, host="localhost")
    house.sessions(squid.url)
    equal([tunnel["upgrade"] for tunnel in squid.tunnels(2)], ["IMAP"] * 2, "protocols that squid was told")
    told = refused(house.daemon(apache.url, http="2"))
    check("http = auto" in told, f"the client is told {told!r}")


def plain_text_stays_as_it_was(stage):
    """`auto` is for ALPN to decide, which there is none of without TLS."""
    house = House(stage)
    house.trust = ""
    squid = Squid(stage, [house.server.port])
    house.sessions(squid.url)
    equal([tunnel["upgrade"] for tunnel in squid.tunnels(2)], ["IMAP"] * 2, "protocols that squid was told")


def one_that_refuses_over_http2(stage):
    """It is asked once over the older version, that answer counts, and the version that opened is kept."""
    house = House(stage)
    squid = Squid(stage, [house.server.port])
    front = H2Haproxy(stage, squid, before_all("return status 403 if { fc_http_major 2 }"),
                      authority=house.authority)
    house.sessions(front.url, count=3)
    told = refused(house.daemon(front.url, http="2"), ("permanent",))
    check("403" in told, f"the client is told {told!r}")


def one_that_refuses_whatever_it_is_asked_in(stage):
    house = House(stage)
    front = H2Haproxy(stage, Squid(stage, [1]), authority=house.authority)
    told = refused(house.daemon(front.url), ("permanent",))
    check("403" in told, f"the client is told {told!r}")


def ntlm_needs_the_old_one(stage):
    """It is about the connection, which in HTTP/2 is shared."""
    if not knows_ntlm():
        raise Skip("this libcurl is built without NTLM")
    house = House(stage)
    squid = Squid(stage, [house.server.port], logins=[Ntlm(dict([WHO]))])
    front = H2Haproxy(stage, squid, authority=house.authority)
    house.sessions(front.url, more=LOGIN)
    house.sessions(front.url, more=LOGIN + "auth = ntlm")
    equal({tunnel["user"] for tunnel in squid.tunnels(4, status="200")} - {"-"}, {WHO[0]}, "who squid let in")
    told = refused(house.daemon(front.url, http="2", more=LOGIN), ("permanent",))
    check("NTLM" in told or "407" in told, f"the client is told {told!r}")


def one_that_says_so(stage):
    house = House(stage)
    node = Node(stage, house.authority, refuse=HTTP_1_1_REQUIRED, h1=True)
    house.sessions(node.url, count=3)
    equal((node.process.count("^asked .* CONNECT "), node.process.count("^asked .* 1.1 ")), (1, 3),
          "requests over HTTP/2, and over HTTP/1.1")


def connect_tcp_where_extended_connect_is_unknown(stage):
    house = House(stage)
    responder = Proxy(stage, responds())
    gateway = ApacheGateway(stage, responder, ("SSLEngine on", "SSLEngine on\n    Protocols h2 http/1.1"),
                            authority=house.authority)
    login = gateway.section.replace(house.trust, "")
    house.sessions(gateway.template, more=login)
    equal(len(responder.heads), 2, "requests that came through")
    told = refused(house.daemon(gateway.template, http="2", more=login))
    check("CONNECT" in told, f"the client is told {told!r}")


def require_switch_leaves_http2_aside(stage):
    """No protocol can be switched to there."""
    house = House(stage)
    nghttpx = Nghttpx(stage, Squid(stage, [house.server.port]), authority=house.authority)
    leaves(greeted(house.daemon(nghttpx.url)))
    daemon = house.daemon(nghttpx.url, more="require-switch = yes")
    told = refused(daemon, ("permanent",))
    check("did not switch" in told or "switch" in told, f"the client is told {told!r}")
    equal(daemon.count("http=2|HTTP/2"), 0, "words of HTTP/2")


scenario(proxies_that_know_only_the_old_one,
         plain_text_stays_as_it_was,
         one_that_refuses_over_http2,
         one_that_refuses_whatever_it_is_asked_in,
         ntlm_needs_the_old_one,
         one_that_says_so,
         connect_tcp_where_extended_connect_is_unknown,
         require_switch_leaves_http2_aside,
         paths=("splice",))
