#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""HTTP/2 together with what else there is: Digest, a wrong password, 305, a proxy behind a proxy in each order of the
versions, the next proxy when one is down, connections made ahead."""
from kit import check, closed_port, equal, scenario, until
from kit.certificates import Authority
from kit.control import facts
from kit.echo import Echo, greeted, leaves
from kit.process import pause
from kit.real import H2Apache, H2Haproxy, Nghttpx, Squid, WHO, before_all
from kit.real.loopback import closed, connections
from kit.route import listener, refusal

SECOND_BY_SECOND = ("KeepAliveTimeout 60", "KeepAliveTimeout 1")


class House:
    """The server, and squid, who reaches it."""

    def __init__(self, stage):
        self.stage, self.authority, self.server = stage, Authority(stage), Echo(stage)
        self.trust = f"ca-file = {self.authority.file}\n"
        self._daemons = 0

    def run(self, text):
        """The daemon with this text, which has all but the listener."""
        self._daemons += 1
        return self.stage.sallyport(text + listener("imap", self.server.target), name=f"sallyport-{self._daemons}",
                                    env={"SSL_CERT_FILE": self.authority.file})

    def through(self, proxy, more=""):
        """The daemon that knows this proxy, and HTTP/2."""
        return self.run(f"[proxy]\nurl = {proxy.url}\n{proxy.section}http = auto\n{more}\n")


def told(apache, answers, what):
    """Waits until Apache has written down that these were its answers."""
    until(lambda: len(apache.answers()) >= len(answers), what)
    equal(apache.answers(), answers, what)


def digest_asks_once_more_once(stage):
    """The nonce is good for the later tunnels, on whichever connection."""
    house = House(stage)
    apache = H2Apache(stage, [house.server.port], authority=house.authority, login="Digest")
    daemon = house.through(apache)
    for _ in range(3):
        leaves(greeted(daemon))
    told(apache, ["407"] + ["200"] * 3, "answers of Apache")
    equal((daemon.count(r" open .* http=2", 3), closed(apache.port)), (3, 0), "tunnels; connections that were given up")


def a_wrong_password_is_sent_once(stage):
    house = House(stage)
    for login in "Basic", "Digest":
        apache = H2Apache(stage, [house.server.port], authority=house.authority, login=login, name=login.lower())
        apache.section = apache.section.replace(WHO[1], "another")
        daemon = house.through(apache)
        with daemon.connect("imap") as client:
            check("refused the password" in refusal(client, ("permanent",)), "the client is not told why")
        told(apache, ["407", "407"], f"answers of Apache with {login}")


def a_redirect(stage):
    """To a proxy that is spoken to in the version that its own section says, and in the old one if it has none."""
    house = House(stage)
    squid = Squid(stage, [house.server.port])
    second = Nghttpx(stage, squid, authority=house.authority)
    first = H2Haproxy(stage, squid, before_all(f'return status 305 hdr Set-Proxy "{second.url}/ hits=1"'),
                      authority=house.authority)
    own = f"[proxy second]\nurl = {second.url}\n{second.section}http = auto\n"
    for more, version in (own, " http=2"), ("", ""):
        daemon = house.through(first, more)
        leaves(greeted(daemon))
        daemon.wait_line(rf"#1 redirected by={first.url} to={second.url} ")
        line = daemon.wait_line(rf"#1 open proxy={second.url} .*$").group(0)
        equal("http=2" in line, bool(version), f"whether the second is spoken to in HTTP/2, by {line!r}")


def a_proxy_behind_a_proxy(stage):
    house = House(stage)
    squid = Squid(stage, [house.server.port])
    inner = H2Haproxy(stage, squid, authority=house.authority)
    doors = Squid(stage, [inner.port, squid.port], name="outer-squid")
    outer = Nghttpx(stage, doors, authority=house.authority)
    ways = (("new behind old", inner.url, "auto", doors.url, "1.1"),
            ("old behind new", squid.url, "1.1", outer.url, "auto"),
            ("new behind new", inner.url, "2", outer.url, "2"))
    for what, url, http, via, outer_http in ways:
        daemon = house.run(f"[proxy]\nurl = {url}\nvia = outer\nhttp = {http}\n{house.trust if 'https' in url else ''}"
                           f"[proxy outer]\nurl = {via}\nhttp = {outer_http}\n"
                           f"{house.trust if 'https' in via else ''}\n")
        for _ in range(2):
            leaves(greeted(daemon))
        equal(daemon.count(r" open .* http=2", 0 if http == "1.1" else 2), 0 if http == "1.1" else 2,
              f"tunnels over HTTP/2, {what}")
        equal(daemon.count(" rests for | failed class"), 0, f"failures, {what}")
        daemon.stop()


def the_next_one_when_one_is_down(stage):
    house = House(stage)
    squid = Squid(stage, [house.server.port])
    busy = H2Haproxy(stage, squid, before_all("return status 503 hdr Retry-After 60"), authority=house.authority)
    good = Nghttpx(stage, squid, authority=house.authority)
    daemon = house.run(f"[proxy]\nurl = https://localhost:{closed_port()} {busy.url} {good.url}\n{house.trust}"
                       "http = auto\n")
    for number in 1, 2:
        leaves(greeted(daemon))
        daemon.wait_line(rf"#{number} open proxy={good.url} .* http=2")
    equal(daemon.count(" rests for | asks to be left alone "), 2, "times that a proxy was left alone")


def connections_ahead_are_one(stage):
    """However many are wanted; and where the proxy ends those that nobody uses, they are made anew at its pace."""
    house = House(stage)
    apache = H2Apache(stage, [house.server.port], SECOND_BY_SECOND, authority=house.authority)
    daemon = house.through(apache, "preconnect = 3\npreconnect-age = 1h\n")
    until(lambda: facts(daemon)["proxies"][0]["ready"] == 1, "a connection ahead of need")
    leaves(greeted(daemon))
    equal((connections(apache.port), closed(apache.port)), (1, 0), "connections, and ended ones, behind a session")
    begun = closed(apache.port)
    pause(2.5)
    check(closed(apache.port) - begun <= 3, f"{closed(apache.port) - begun} connections ended in 2.5 s")
    equal(daemon.count(" rests for | failed class"), 0, "failures")
    leaves(greeted(daemon))


scenario(digest_asks_once_more_once,
         a_wrong_password_is_sent_once,
         a_redirect,
         a_proxy_behind_a_proxy,
         the_next_one_when_one_is_down,
         connections_ahead_are_one,
         paths=("splice",))
