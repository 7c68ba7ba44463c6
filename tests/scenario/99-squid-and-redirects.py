#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""squid as the one who sends sessions on, with the lines that are delivered; and squid as the first hop, which passes
a parent's 305 on word for word, without a Via of its own, so that the policy has to hold by itself."""
import os
import re

from kit import check, equal, need, scenario
from kit.peers import Proxy
from kit.real import Squid
from kit.real.server import Server
from kit.redirecting import answer, status_for, use
from kit.route import listener, refusal, settings
from kit.streams import read_exactly

GREETING = b"* OK ready\r\n"
DELIVERED = os.path.join(os.environ.get("top_srcdir") or os.path.join(os.path.dirname(__file__), "../.."),
                         "etc/squid-redirect.conf")


class BareSquid(Server):
    """A squid with those lines of configuration and little else."""

    def __init__(self, stage, lines, name="front"):
        program = need("squid", "squid")
        super().__init__(stage, name)
        self.serve(1, lambda port: self.account.argv(program, "-N", "-d", "1", "-f", self.file("squid.conf", f"""\
http_port 127.0.0.1:{port}
visible_hostname front.test
pid_filename none
coredump_dir {self.folder}
cache_log /dev/null
access_log none
cache deny all
cache_mem 8 MB
memory_cache_shared off
max_filedescriptors 1024
pinger_enable off
{lines}
http_access allow all
""")))
        self.port = self.ports[0]
        self.url = f"http://127.0.0.1:{self.port}"


def server(stage):
    def greet(connection):
        connection.send(GREETING)
        connection.echo()

    return Proxy(stage, greet)


def daemon(stage, proxy, target, redirects="", more=""):
    return stage.sallyport(settings(proxy.url, listener("imap", target) + more, sallyport="control = none")
                           + f"[redirects]\n{redirects}\n", env={"SALLYPORT_ASKPASS": "", "SSH_ASKPASS": ""})


def greeted(house, count=1):
    for _ in range(count):
        with house.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, "greeting")


def refused(house, reason):
    with house.connect("imap") as client:
        text = refusal(client, ("permanent",))
    check(re.search(reason, text), f"wanted a refusal like {reason!r}, got {text!r}")


# --- squid sends sessions on ---

def delivered(other):
    """The delivered lines, naming that proxy."""
    with open(DELIVERED, encoding="utf-8") as file:
        text = file.read()
    check("http://proxy-b.example.net:3128" in text, "the delivered lines name no proxy B")
    return text.replace("http://proxy-b.example.net:3128", other.url).replace("acl CONNECT method CONNECT\n", "")


def by_the_delivered_lines(stage):
    target = server(stage)
    other = Squid(stage, [target.port], name="squid-b")
    front = BareSquid(stage, delivered(other))
    house = daemon(stage, front, f"127.0.0.1:{target.port}")
    greeted(house, 3)
    house.wait_line(rf"imap #1 redirected by={front.url} to={other.url} scope=imap://127\.0\.0\.1:{target.port}/ "
                    r"lifetime=seconds=600$")
    equal(house.count(" redirected by=", 1), 1, "redirects")
    equal([tunnel["upgrade"] for tunnel in other.tunnels(3)], ["IMAP"] * 3, "what the second squid was told")


def each_protocol_with_and_without_tls(stage):
    """What sallyport names, and nothing else."""
    target = server(stage)
    front = BareSquid(stage, delivered(Squid(stage, [target.port], name="squid-b")))
    for token in ("IMAP", "IMAPS", "SMTP", "SMTPS", "POP3", "POP3S", "SIEVE", "NNTP", "NNTPS"):
        equal(status_for(front, f"127.0.0.1:{target.port}", token), "305", f"answer to {token}")
    for token in (None, "GOPHER"):
        equal(status_for(front, f"127.0.0.1:{target.port}", token), "200", f"answer to {token}")


def with_its_via_it_is_taken_for_once(stage):
    target = server(stage)
    other = Squid(stage, [target.port], name="squid-b")
    front = BareSquid(stage, delivered(other).replace("via off", "via on"))
    house = daemon(stage, front, f"127.0.0.1:{target.port}")
    greeted(house, 3)
    house.wait_line(rf"imap #3 redirected by={front.url} to={other.url} .* lifetime=once$")
    equal(house.count(r" redirected by=.* lifetime=once$", 3), 3, "redirects")


def by_location_alone(stage):
    target = server(stage)
    other = Squid(stage, [target.port], name="squid-b")
    lines = re.sub(r"(?m)^reply_header_add.*$", "", delivered(other))
    front = BareSquid(stage, lines)
    house = daemon(stage, front, f"127.0.0.1:{target.port}")
    greeted(house, 2)
    equal(house.count(r" redirected by=.* lifetime=once$", 2), 2, "redirects")


# --- squid as the first hop ---

class Hop:
    """squid that asks a scripted parent for everything; told is what the parent answers (None: it opens tunnels)."""

    def __init__(self, stage):
        self.told = None
        self.parent = Proxy(stage, self._play)
        self.squid = BareSquid(stage, f"""\
cache_peer 127.0.0.1 parent {self.parent.port} 0 no-query no-digest no-netdb-exchange default connect-fail-limit=1000
never_direct allow all
nonhierarchical_direct off""")

    def _play(self, connection):
        if not connection.read_head():
            return  # squid looks whether its parent is there
        if self.told:
            connection.send(self.told)
        else:
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + GREETING)
            connection.echo()


def the_policy_holds_behind_a_squid(stage):
    hop, evil = Hop(stage), Proxy(stage, lambda connection: connection.open(GREETING))
    house = daemon(stage, hop.squid, "mail.example.net", more=listener("imap other", "mail.example.org"))
    for told, reason in ((use(evil, "scope=* type=forever"), "nobody to ask"),
                         (use(evil, "scope=imap:// lifetime=600"), "nobody to ask"),
                         (use(evil, "scope=imap://mail.example.net.evil.org/"), "malformed: its scope"),
                         (use(evil, fields=["Via: 1.1 parent, 1.1 far"]), "Via"),
                         (use("DIRECT"), "direct = no"),
                         (use("IPL"), "IPL without"),
                         (use(hop.squid), "in a circle"),
                         (use(evil, fields=["Set-Proxy: x"]), "two Set-Proxy")):
        hop.told = told
        refused(house, "redirect refused: .*" + reason)
    equal(len(evil.connections), 0, "connections at the proxy that was named")
    hop.told = None
    greeted(house)
    equal(house.count(" redirected by="), 0, "redirects")


def what_a_parent_may_do(stage):
    """squid gives no sign that the answer is not its own: the parent can move what was asked for, nothing else.  A sign
    that the parent gives is passed on, and heeded."""
    hop, other = Hop(stage), Proxy(stage, lambda connection: connection.open(GREETING))
    house = daemon(stage, hop.squid, "mail.example.net", "wider = accept", listener("imap other", "mail.example.org"))
    for number, told in enumerate((use(other, "scope=* type=forever", version="1.0"),
                                   use(other, "scope=* type=forever", fields=["Via: 1.1 parent"]),
                                   answer(f"Location: {other.url}/")), 1):
        hop.told = told
        greeted(house)
        house.wait_line(rf"imap #\d+ redirected by={hop.squid.url} to={other.url} "
                        r"scope=imap://mail\.example\.net:143/ lifetime=once$", count=number)
    hop.told = use(other, "lifetime=600")
    greeted(house, 2)
    house.wait_line(r"redirected by=.* scope=imap://mail\.example\.net:143/ lifetime=seconds=600$")
    hop.told = None
    before = len(other.connections)
    with house.connect("imap/other") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    equal(len(other.connections), before, "connections at the proxy that was named for another server")


scenario(by_the_delivered_lines,
         each_protocol_with_and_without_tls,
         with_its_via_it_is_taken_for_once,
         by_location_alone,
         the_policy_holds_behind_a_squid,
         what_a_parent_may_do, in_turns=True)
