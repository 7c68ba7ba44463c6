#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Tunnels over HTTP/2 (RFC 9113 section 8.5, RFC 8441) to a scripted proxy: what is asked, who shares a connection
with whom and how long it is kept; and that a tunnel over one that stands costs one round trip."""
import threading

from kit import check, equal, scenario, until
from kit import h2
from kit.capsules import data, final
from kit.certificates import Authority
from kit.connect_tcp import PATH
from kit.control import facts
from kit.h2_proxy import ALL, SETTLES, H2TlsProxy, opens
from kit.h2_route import H2Route
from kit.peers import GREETING
from kit.process import PATIENCE, pause
from kit.route import FORWARD, listener, refusal
from kit.streams import END, read_all, read_exactly

PROMISE = {h2.CONNECT_PROTOCOL: 1}
"""What a proxy has to say before it is asked for connect-tcp."""


class Gated(H2TlsProxy):
    """Its handshakes wait: the first for `first`, the others for `others`."""

    def __init__(self, *arguments, **options):
        self.first, self.others = threading.Event(), threading.Event()
        super().__init__(*arguments, **options)

    def _play(self, connection):
        gate = self.first if connection is self.connections[0] else self.others
        gate.wait(PATIENCE)
        super()._play(connection)

    def stop(self):
        self.first.set()
        self.others.set()
        super().stop()


# --- what is asked ---

def a_classic_request(stage):
    way = H2Route(stage, proxy="header = X-Own: yes\nuser = me\npassword = secret\nauth = basic\n")
    way.greeted()
    stream = way.proxy.streams[0]
    check(not {":scheme", ":path", ":protocol", "upgrade", "connection", "host"} & set(stream.fields),
          f"the request has {stream.fields}")
    equal((stream.fields[":method"], stream.target), ("CONNECT", "mail.example.net:143"), "what was asked")
    equal((stream.fields.get("alpn"), stream.fields.get("x-own")), ("imap", "yes"), "its other fields")
    check(stream.fields["user-agent"].startswith("sallyport/"), f"the request has {stream.fields}")
    check(not stream.ended, "the request has ended the stream")
    settings = stream.connection.settings
    equal(settings.get(h2.ENABLE_PUSH), 0, "ENABLE_PUSH")
    equal(settings.get(h2.WINDOW, h2.FIRST_WINDOW) in (65535, 65536), True, f"the first window, in {settings}")
    until(lambda: stream.connection.room > (1 << 31) - (1 << 17), "the window of the connection")
    way.daemon.wait_line(r"imap #1 open .* http=2")


def passwords_are_never_indexed(stage):
    """A proxy behind that one must not keep them in a table (RFC 7541 section 7.1.3)."""
    asked = []

    def wants_password(stream):
        asked.append(stream)
        if "proxy-authorization" in stream.fields:
            opens()(stream)
        else:
            stream.answer(407, ("proxy-authenticate", 'Basic realm="x"'), end=True)

    way = H2Route(stage, wants_password, proxy="user = me\npassword = secret\n")
    way.greeted()
    equal(way.connections(), 1, "connections")
    equal([stream.never_indexed for stream in asked if "proxy-authorization" in stream.fields],
          [["proxy-authorization"]], "fields that are never indexed")
    way.greeted()
    equal(len(asked), 3, "requests of two tunnels")


def connect_tcp(stage):
    way = H2Route(stage, opens(data(GREETING)), path=PATH, offers=PROMISE)
    client = way.greeted()
    stream = way.proxy.streams[0]
    wanted = {":method": "CONNECT", ":protocol": "connect-tcp", ":scheme": "http",
              ":path": "/.well-known/masque/tcp/mail.example.net/143/", ":authority": f"127.0.0.1:{way.proxy.port}",
              "capsule-protocol": "?1"}
    equal({name: stream.fields.get(name) for name in wanted}, wanted, "the request")
    way.echoed(client)
    stream.send(final(b"* BYE\r\n"))
    equal(read_all(client), (b"* BYE\r\n", END), "what came with FINAL_DATA")


def connect_tcp_is_asked_only_after_the_promise(stage):
    """SETTINGS come late: until then there is no request."""
    way = H2Route(stage, opens(data(GREETING)), path=PATH, begin=lambda connection: None, habits=ALL - {SETTLES})
    client = way.client()
    connection = way.proxy.wait_spoken()
    pause(0.3)
    equal(len(connection.streams), 0, "requests before SETTINGS")
    connection.offer(PROMISE)
    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")


def a_proxy_without_the_promise(stage):
    """With `http = 2` nothing else will do."""
    way = H2Route(stage, path=PATH)
    text = refusal(way.client(), ("temporary", "permanent"))
    check("CONNECT" in text, f"the client is told {text!r}")
    equal(len(way.proxy.streams), 0, "requests")


def any_2xx_opens(stage):
    statuses = (200, 201, 202, 299)
    coming = iter(statuses)
    way = H2Route(stage, lambda stream: stream.echo().answer(next(coming), behind=GREETING))
    for _ in statuses:
        way.echoed(way.greeted())


def a_length_means_nothing(stage):
    """Of a Content-Length in it (RFC 9113 section 8.5)."""
    for length in "0", "7", "x":
        way = H2Route(stage, opens(GREETING, ("content-length", length)))
        way.echoed(way.greeted())


# --- who shares ---

def ten_at_once_make_one_connection(stage):
    way = H2Route(stage, authority=Authority(stage), kind=Gated)
    clients = [way.client() for _ in range(10)]
    until(lambda: facts(way.daemon)["totals"]["open"] == 10, "ten sessions in the daemon")
    way.proxy.wait_connection()
    way.proxy.first.set()
    for client in clients:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    equal(way.connections(), 1, "connections")
    equal(way.proxy.spoken[0].most, 10, "tunnels at once")


def who_has_waited_long_enough_makes_another(stage):
    """A quarter of connect-timeout."""
    way = H2Route(stage, authority=Authority(stage), kind=Gated, sallyport="connect-timeout = 2s\n")
    way.proxy.others.set()
    first = way.client()
    way.proxy.wait_connection()
    second = way.client()
    equal(read_exactly(second, len(GREETING)), GREETING, "greeting of who waited")
    equal(way.connections(), 2, "connections")
    way.proxy.first.set()
    equal(read_exactly(first, len(GREETING)), GREETING, "greeting of who was first")


def listeners_and_sections_never_share(stage):
    greeting = b"* OK\r\n220 ready\r\n"
    way = H2Route(stage, opens(greeting), listener("imap") + listener("smtp") + listener("imap b", more="proxy = b") +
                  "[proxy b]\nhttp = 2\nurl = {url}\n")
    for name in ("imap", "smtp", "imap/b") * 2:
        way.greeted(greeting, name)
    equal([connection.most for connection in way.proxy.spoken], [2, 2, 2], "tunnels on each connection")


def a_connection_without_tunnels_is_used_again(stage):
    """It is kept for half a minute, which nobody waits for here."""
    way = H2Route(stage)
    way.greeted().close()
    way.proxy.streams[0].wait_end()
    until(lambda: way.proxy.streams[0].over, "the end of the first tunnel")
    way.greeted()
    equal(way.connections(), 1, "connections")


def and_is_closed_at_preconnect_age(stage):
    way = H2Route(stage, proxy="preconnect = 1\npreconnect-age = 1s\n")
    way.greeted().close()
    connection = way.proxy.wait_spoken()
    equal(connection.wait_gone(), END, "how the connection ended")
    check(connection.goaway and connection.goaway[1] == h2.NO_ERROR, f"GOAWAY was {connection.goaway}")


def many_ahead_are_one(stage):
    way = H2Route(stage, proxy="preconnect = 5\n")
    connection = way.proxy.wait_spoken()
    connection.wait_frame(h2.SETTINGS, flags=h2.ACK)
    pause(0.3)
    equal(way.connections(), 1, "connections before there was a client")
    equal(len(connection.streams), 0, "requests before there was a client")
    for _ in range(3):
        way.greeted()
    equal(len(connection.streams), 3, "tunnels on the one made ahead")


def a_reload_with_tunnels_open(stage):
    """What is open goes on where it is, what is new has a connection of the new configuration."""
    way = H2Route(stage)
    client = way.greeted()
    way.daemon.reload(way.ini)
    way.daemon.wait_line("reloaded")
    way.echoed(client)
    way.greeted()
    equal(way.connections(), 2, "connections")
    client.close()
    equal(way.proxy.spoken[0].wait_gone(), END, "how the old connection ended")


# --- what a tunnel costs ---

def one_round_trip(stage):
    """The proxy says nothing before the request and one word after it; ten at once are not more."""
    way = H2Route(stage, authority=Authority(stage), listeners=listener("imap") + FORWARD)
    way.greeted()
    connection = way.proxy.spoken[0]
    connection.ping()
    connection.habits.clear()
    for count in 1, 10:
        said, before = connection.sent, len(connection.streams)
        clients = [way.client() for _ in range(count)]
        connection.wait_stream(before + count)
        equal(connection.sent, said, "what the proxy said before the request had come")
        for stream in connection.streams[before:]:
            stream.answer(200, behind=GREETING)
        for client in clients:
            equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        equal(connection.sent, said + count, "what the proxy said until the greeting")
    equal(way.connections(), 1, "connections")


scenario(a_classic_request,
         passwords_are_never_indexed,
         connect_tcp,
         connect_tcp_is_asked_only_after_the_promise,
         a_proxy_without_the_promise,
         any_2xx_opens,
         a_length_means_nothing,
         ten_at_once_make_one_connection,
         who_has_waited_long_enough_makes_another,
         listeners_and_sections_never_share,
         a_connection_without_tunnels_is_used_again,
         and_is_closed_at_preconnect_age,
         many_ahead_are_one,
         a_reload_with_tunnels_open,
         one_round_trip,
         paths=("splice",))
