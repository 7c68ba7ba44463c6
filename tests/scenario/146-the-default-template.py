#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A classic proxy that answers 426 and names connect-tcp, or 501 whatever it is asked, is asked by the default
template, once; what came of it is remembered until the configuration is read again, and a failure ends as the first
answer."""
import socket

from kit import check, equal, scenario
from kit.capsules import Layer
from kit.connect_tcp import SWITCHED, answers, field, pipe, request_line, responds
from kit.peers import GREETING, OPAQUE, Proxy
from kit.process import PATIENCE
from kit.real import HaproxyGateway
from kit.route import listener, refusal, settings
from kit.streams import read_exactly

UPGRADE = answers("426 Upgrade Required", "Upgrade: connect-tcp", "Connection: Upgrade")
NOT_IMPLEMENTED = answers("501 Not Implemented")

TEMPLATE = "GET /.well-known/masque/tcp/mail.example.net/143/ HTTP/1.1"
CONNECT = "CONNECT mail.example.net:143 HTTP/1.1"


class House:
    """A proxy that answers each CONNECT with `connect` and each GET with `get`, until the stream ends, and a daemon."""

    def __init__(self, stage, connect, get=None, proxy="", listeners=None):
        self.connect, self.get = connect, get
        self.asked = []
        self.proxy = Proxy(stage, self._play)
        self.ini = settings(self.proxy.url, listeners, proxy=proxy)
        self.daemon = stage.sallyport(self.ini)
        stage.later(self.proxy.stop)

    def _play(self, connection):
        while connection.read_head():
            line = request_line(connection.head)
            self.asked.append((line, field(connection.head, "Upgrade")))
            answer = self.get if line.startswith("GET ") else self.connect
            if line.startswith("GET ") and not answer:
                connection.send(SWITCHED)
                connection.sock = Layer(connection.sock, connection.surplus)
            elif not line.startswith("GET ") and not answer:
                connection.send(OPAQUE)
            else:
                connection.send(answer)
                continue
            connection.send(GREETING)
            connection.echo()
            return

    def greeted(self):
        with self.daemon.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
            client.sendall(b"a NOOP\r\n")
            equal(read_exactly(client, 8), b"a NOOP\r\n", "what came back")
        return self.taken()

    def refused(self, reason, kinds=("temporary", "permanent")):
        with self.daemon.connect("imap") as client:
            text = refusal(client, kinds)
        check(reason in text, f"wanted a refusal with {reason!r}, got {text!r}")
        return self.taken()

    def reload(self):
        self.daemon.reload(self.ini)
        self.daemon.wait_line("sallyport: reloaded")

    def taken(self):
        """What was asked since the last time."""
        asked, self.asked = self.asked, []
        return asked


def a_426_that_names_it(stage):
    house = House(stage, UPGRADE)
    equal(house.greeted(), [(CONNECT, ["IMAP"]), (TEMPLATE, ["connect-tcp"])], "requests")
    equal([house.greeted() for _ in range(3)], [[(TEMPLATE, ["connect-tcp"])]] * 3, "requests afterwards")
    house.daemon.wait_line(rf"imap #1 open proxy={house.proxy.url} target=mail\.example\.net:143 switched=no ")
    equal(house.daemon.count(rf"imap #1 {house.proxy.url} takes connect-tcp and no CONNECT; "), 1, "lines that say so")
    house.reload()
    equal(house.greeted()[-1], (TEMPLATE, ["connect-tcp"]), "request after a reload")


def it_is_asked_anew_after_a_reload(stage):
    house = House(stage, UPGRADE)
    house.greeted()
    house.reload()
    house.connect = None
    equal(house.greeted(), [(CONNECT, ["IMAP"])], "request after the reload")


def a_426_that_names_it_among_others(stage):
    house = House(stage, answers("426 Upgrade Required", "Upgrade: HTTP/2.0, Connect-TCP", "Connection: Upgrade"))
    equal(house.greeted()[-1], (TEMPLATE, ["connect-tcp"]), "last request")


def a_426_that_names_something_else(stage):
    house = House(stage, answers("426 Upgrade Required", "Upgrade: TLS/1.2", "Connection: Upgrade"))
    asked = house.refused("426")
    equal({line for line, _ in asked}, {CONNECT}, "requests")


def a_501_whatever_is_asked(stage):
    house = House(stage, NOT_IMPLEMENTED)
    equal(house.greeted(), [(CONNECT, ["IMAP"]), (CONNECT, []), (TEMPLATE, ["connect-tcp"])], "requests")
    equal(house.greeted(), [(TEMPLATE, ["connect-tcp"])], "requests afterwards")


def a_501_to_upgrade_alone(stage):
    """Without Upgrade it opens: that is an old acquaintance, and no template is tried."""
    house = House(stage, NOT_IMPLEMENTED)
    house.connect = None
    equal(house.greeted(), [(CONNECT, ["IMAP"])], "requests")
    other = House(stage, None)

    def play(connection):
        while connection.read_head():
            other.asked.append((request_line(connection.head), field(connection.head, "Upgrade")))
            if not field(connection.head, "Upgrade"):
                connection.send(OPAQUE + GREETING)
                connection.echo()
                return
            connection.send(NOT_IMPLEMENTED)

    other.proxy.script = play
    equal(other.greeted(), [(CONNECT, ["IMAP"]), (CONNECT, [])], "requests")


def a_failure_ends_as_the_first_answer(stage):
    """Which leads to CONNECT without Upgrade, if that was not asked before.  It is remembered: the template is not
    tried again."""
    with_it, without, template = (CONNECT, ["IMAP"]), (CONNECT, []), (TEMPLATE, ["connect-tcp"])
    for first, word, wanted in ((UPGRADE, "426", [with_it, template, without]),
                                (NOT_IMPLEMENTED, "501", [with_it, without, template])):
        for second in (answers("404 Not Found"), answers("200 OK"), answers("403 Forbidden"), UPGRADE,
                       SWITCHED.replace(b"connect-tcp", b"websocket")):
            house = House(stage, first, second)
            equal(house.refused(word), wanted, f"requests, the second answer being {second[:30]!r}")
            check(template not in house.refused(""), "the template was tried again")
            house.daemon.stop()


def what_it_says_to_the_template_it_named_stands(stage):
    """A 426 in its place would hide the cause.  After a 501, nobody has named the template."""
    for second, kind in (("502 Bad Gateway", "temporary"), ("503 Busy", "temporary"), ("401 Who?", "permanent")):
        House(stage, UPGRADE, answers(second)).refused(second[:3], (kind,))
        House(stage, NOT_IMPLEMENTED, answers(second)).refused("501")


def a_way_that_fails_is_not_the_template(stage):
    """The proxy before it has a bad moment just when the template is tried: the next session tries it again."""
    house = House(stage, answers("426 Upgrade Required", "Upgrade: connect-tcp", "Connection: Upgrade, close"))
    requests = []

    def before(connection):
        connection.read_head()
        requests.append(connection.head)
        if len(requests) == 2:
            connection.send(answers("502 Bad Gateway"))
            return
        connection.send(OPAQUE)
        pipe(connection.sock, socket.create_connection(("127.0.0.1", house.proxy.port), timeout=PATIENCE))

    other = Proxy(stage, before)
    house.daemon.stop()
    house.daemon = stage.sallyport(settings(house.proxy.url, proxy="via = before") +
                                   f"[proxy before]\nurl = {other.url}\n")
    house.refused("426")
    equal(house.greeted()[-1], (TEMPLATE, ["connect-tcp"]), "the last request of the second session")


def credentials_for_the_proxy_are_not_the_templates(stage):
    """What a 407 asked for goes to the proxy; the origin gets it when it asks, by 401, being the same one."""
    house = House(stage, UPGRADE, proxy="user = me\npassword = secret\n")
    house.greeted()
    check(all(b"uthorization" not in head for head in house.proxy.heads), f"unasked: {house.proxy.heads}")


def nobody_talks_us_into_basic(stage):
    """Who has once offered a better scheme gets no password that can be read, at its template neither."""
    def play(connection):
        while connection.read_head():
            if connection.head.startswith(b"GET "):
                connection.send(answers("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'))
            elif house.connect:
                connection.send(house.connect)
            elif field(connection.head, "Proxy-Authorization"):
                connection.send(OPAQUE + GREETING)
                connection.echo()
                return
            else:
                connection.send(answers("407 Who?", 'Proxy-Authenticate: Digest realm="x", nonce="n", qop="auth"'))

    house = House(stage, None, proxy="user = me\npassword = secret\n")
    house.proxy.script = play
    house.greeted()
    house.connect = UPGRADE
    house.refused("readable password")
    gets = [head for head in house.proxy.heads if head.startswith(b"GET ")]
    check(gets and not any(field(head, "Authorization") for head in gets), f"the template was asked for by {gets}")


def haproxy_as_delivered(stage):
    """Known by its bare address it says 426, and its default template leads to the responder, which is ours."""
    def greet(connection):
        connection.send(GREETING)
        connection.echo()

    server, responder = Proxy(stage, greet), Proxy(stage, responds())
    gateway = HaproxyGateway(stage, responder)
    daemon = stage.sallyport(settings(gateway.url, listener("imap", f"127.0.0.1:{server.port}"), "log-level = debug"))
    for _ in range(2):
        with daemon.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    equal([request_line(head) for head in responder.heads],
          [f"GET /.well-known/masque/tcp/127.0.0.1/{server.port}/ HTTP/1.1"] * 2, "requests at the responder")


def a_proxy_that_opens_is_not_asked(stage):
    house = House(stage, None, listeners=listener("imap"))
    equal([house.greeted() for _ in range(2)], [[(CONNECT, ["IMAP"])]] * 2, "requests")


scenario(a_426_that_names_it,
         it_is_asked_anew_after_a_reload,
         a_426_that_names_it_among_others,
         a_426_that_names_something_else,
         a_501_whatever_is_asked,
         a_501_to_upgrade_alone,
         a_failure_ends_as_the_first_answer,
         what_it_says_to_the_template_it_named_stands,
         a_way_that_fails_is_not_the_template,
         credentials_for_the_proxy_are_not_the_templates,
         nobody_talks_us_into_basic,
         haproxy_as_delivered,
         a_proxy_that_opens_is_not_asked,
         paths=("splice",))
