#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Node's HTTP/2 as the proxy: each side ends by itself, resets travel both ways, much goes both ways at once through
windows that it sets, in plain text and in TLS.  connect-tcp by extended CONNECT, at Node and behind haproxy, which
turns it into an Upgrade: there a message that is cut off is a reset whatever lies between."""
import socket

from kit import capsules, check, equal, scenario, until
from kit.certificates import Authority
from kit.connect_tcp import PATH, field, request_line, responds
from kit.peers import GREETING, Proxy
from kit.process import PATIENCE
from kit.real import H2Haproxy, Node
from kit.route import listener, settings
from kit.streams import END, RESET, Sink, Source, ending, read_all, read_exactly, reset

MUCH, LESS = 64 << 20, 16 << 20

REFUSED_STREAM, CONNECT_ERROR = 7, 10
"""RFC 9113 section 7: nothing was done for the request; the connection behind a CONNECT was reset."""


def keeps(connection):
    """A server that greets, and whose connection the test goes on with."""
    connection.send(GREETING)
    connection.keep()


def speaks_capsules(connection):
    """What Node leads connect-tcp to: the server within capsules."""
    connection.sock = capsules.Layer(connection.sock)
    keeps(connection)


class Way:
    """A greeted client, and the server's side of its tunnel.  template: connect-tcp is asked for."""

    def __init__(self, stage, template=False, tls=True, http="auto", **options):
        authority = Authority(stage) if tls else None
        self.server = Proxy(stage, speaks_capsules if template else keeps)
        if template:
            options["resource"] = self.server.port
        self.node = Node(stage, authority, **options)
        self.daemon = stage.sallyport(settings(self.node.url + (PATH if template else ""),
                                               listener("imap", f"127.0.0.1:{self.server.port}"),
                                               proxy=f"{self.node.section}http = {http}"))
        self.client = self.open(stage)
        self.far = self.server.connections[0].sock

    def open(self, stage):
        client = self.daemon.connect("imap")
        stage.later(client.close)
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        return client


def each_kind(stage):
    """Classic, and connect-tcp."""
    yield Way(stage)
    yield Way(Renamed(stage), template=True)


class Renamed:
    """The stage for a second daemon and a second Node."""

    def __init__(self, stage):
        self._stage = stage

    def sallyport(self, ini):
        return self._stage.sallyport(ini, name="sallyport-2")

    def __getattr__(self, name):
        return getattr(self._stage, name)


def the_client_ends_first(stage):
    for way in each_kind(stage):
        way.client.sendall(b"a LOGOUT\r\n")
        way.client.shutdown(socket.SHUT_WR)
        equal(read_all(way.far), (b"a LOGOUT\r\n", END), "what the server got")
        way.far.sendall(b"* BYE\r\n")
        equal(read_exactly(way.client, 7), b"* BYE\r\n", "what came behind that")
        way.far.shutdown(socket.SHUT_WR)
        equal(ending(way.client), END, "end at the client")
        way.daemon.wait_line(r"#1 closed in=10 out=59 ")


def the_server_ends_first(stage):
    for way in each_kind(stage):
        way.far.sendall(b"* BYE\r\n")
        way.far.shutdown(socket.SHUT_WR)
        equal(read_all(way.client), (b"* BYE\r\n", END), "what the client got")
        source = Source(way.client, 1 << 20, "up")
        sink = Sink(way.far, 1 << 20)
        equal(sink.finish(), source.finish(), "what went behind that")
        way.client.close()
        equal(ending(way.far), END, "end at the server")
        way.daemon.wait_line(rf"#1 closed in={1 << 20} out=59 ")


def the_client_resets(stage):
    """Which the proxy is told with CONNECT_ERROR, and the server by a reset; capsules have no FINAL_DATA then."""
    for way in each_kind(stage):
        way.client.sendall(b"half a mess")
        equal(read_exactly(way.far, 11), b"half a mess", "what the server got")
        reset(way.client)
        equal(way.node.wait_reset(), CONNECT_ERROR, "code of RST_STREAM")
        broken = getattr(way.far, "below", way.far)
        equal(ending(broken), RESET, "end at the server")


def the_server_resets(stage):
    for way in each_kind(stage):
        way.far.sendall(b"half a mess")
        equal(read_exactly(way.client, 11), b"half a mess", "what the client got")
        reset(getattr(way.far, "below", way.far))
        equal(ending(way.client), RESET, "end at the client")
        way.daemon.wait_line(r"#1 closed .*by=proxy")


def a_connection_outlives_its_tunnels(stage):
    way = Way(stage)
    reset(way.client)
    way.node.wait_reset()
    for number in 2, 3:
        client = way.open(stage)
        client.sendall(b"x")
        equal(read_exactly(way.server.connections[number - 1].sock, 1), b"x", "what the server got")
        reset(way.server.connections[number - 1].sock)
        equal(ending(client), RESET, "end at the client")
    equal(way.node.process.count("^session$", 1), 1, "connections")
    equal(way.daemon.count(" rests for "), 0, "times that the proxy was blamed")


def refused_streams_are_asked_for_once_more(stage):
    """On another connection, since this one is full: nobody's failure."""
    way = Way(stage, refuse=REFUSED_STREAM, first=1)
    equal((way.node.process.count("^asked ", 2), way.node.process.count("^session$")), (2, 2), "requests, connections")
    equal(way.daemon.count(" rests for | failed class"), 0, "failures")


def much(way, size=MUCH):
    up = Source(way.client, size, "up", then=lambda: way.client.shutdown(socket.SHUT_WR))
    down = Source(way.far, size, "down", then=lambda: way.far.shutdown(socket.SHUT_WR))
    at_server, at_client = Sink(way.far), Sink(way.client)
    equal(at_server.finish(3 * PATIENCE), up.finish(3 * PATIENCE), "digest of what went up")
    equal(at_client.finish(3 * PATIENCE), down.finish(3 * PATIENCE), "digest of what came down")
    equal((at_server.how, at_client.how), (END, END), "ends")
    way.daemon.wait_line(rf"#1 closed in={size} out={size + len(GREETING)} ")


def much_both_ways_in_tls(stage):
    much(Way(stage, window=1 << 20))


def much_both_ways_in_plain_text_through_a_small_window(stage):
    """By prior knowledge: HTTP/2 from the first byte."""
    way = Way(stage, tls=False, http="2", window=20_000)
    way.node.process.wait_line(rf"^asked 1 CONNECT - 127\.0\.0\.1:{way.server.port} -")
    much(way, LESS)


def connect_tcp_is_asked_for_by_extended_connect(stage):
    way = Way(stage, template=True)
    way.node.process.wait_line(rf"^asked 1 CONNECT connect-tcp localhost:{way.node.port} "
                               rf"/\.well-known/masque/tcp/127\.0\.0\.1/{way.server.port}/$")
    way.far.shutdown(socket.SHUT_WR)
    equal(ending(way.client), END, "end at the client")
    way.client.close()
    equal(ending(way.far), END, "end at the server")
    until(lambda: way.far.seen == [(capsules.FINAL_DATA, 0)], "the capsules that the server got")


def connect_tcp_without_final_data(stage):
    """The proxy's END_STREAM alone is a cut, not an end."""
    way = Way(stage, template=True)
    way.far.sendall(b"half a mess")
    equal(read_exactly(way.client, 11), b"half a mess", "what the client got")
    way.far.below.shutdown(socket.SHUT_WR)
    equal(ending(way.client), RESET, "end at the client")


def haproxy_translates_connect_tcp(stage):
    """To GET with Upgrade, for a responder that speaks HTTP/1.1."""
    authority, server = Authority(stage), Proxy(stage, keeps)
    responder = Proxy(stage, responds())
    for http in "auto", "2":
        front = H2Haproxy(stage, None, responder=responder, authority=authority, name=f"haproxy-{http}")
        daemon = stage.sallyport(settings(front.template, listener("imap", f"127.0.0.1:{server.port}"),
                                          proxy=f"{front.section}http = {http}"), name=f"sallyport-{http}")
        for broken in False, True:
            with daemon.connect("imap") as client:
                equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
                far = server.connections[-1].sock
                client.sendall(b"here")
                equal(read_exactly(far, 4), b"here", "what the server got")
                far.sendall(b"half a mess")
                equal(read_exactly(client, 11), b"half a mess", "what the client got")
                if broken:
                    reset(far)
                else:
                    far.close()
                equal(ending(client), RESET if broken else END, "end at the client")
        head = responder.heads[-1]
        equal((request_line(head), field(head, "Upgrade"), field(head, "Capsule-Protocol")),
              (f"GET /.well-known/masque/tcp/127.0.0.1/{server.port}/ HTTP/1.1", ["connect-tcp"], ["?1"]), "request")
        equal(daemon.count(r" open .* http=2", 2), 2, "tunnels")
        check(not daemon.count(" rests for "), "the proxy was blamed")


scenario(the_client_ends_first,
         the_server_ends_first,
         the_client_resets,
         the_server_resets,
         a_connection_outlives_its_tunnels,
         refused_streams_are_asked_for_once_more,
         much_both_ways_in_tls,
         much_both_ways_in_plain_text_through_a_small_window,
         connect_tcp_is_asked_for_by_extended_connect,
         connect_tcp_without_final_data,
         haproxy_translates_connect_tcp,
         paths=("splice",))
