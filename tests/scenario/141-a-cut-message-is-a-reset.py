#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The server's reset in the middle of a message.  Proxies and gateways make a clean end of it, and with CONNECT the
client cannot tell: the message looks whole.  With connect-tcp it can, through the very same programs, since FINAL_DATA
is missing.  The responder behind the gateways is ours; the proxies and gateways are real."""
from kit import check, equal, scenario
from kit.certificates import Authority
from kit.connect_tcp import responds
from kit.peers import GREETING, Proxy
from kit.real import Apache, ApacheGateway, Haproxy, HaproxyGateway, Squid
from kit.route import listener, settings
from kit.streams import END, RESET, Sink, Source, ending, read_all, read_exactly, reset

HALF = b"* 1 FETCH (BODY[] {4000}\r\nhalf a mess"
ENDLESS = 1 << 40


def server(stage):
    def script(connection):
        connection.send(GREETING)
        connection.keep()

    return Proxy(stage, script)


def session(stage, target, proxy, url, section=""):
    """(daemon, client, the server's side) of a session that is greeted."""
    served = listener("imap", f"127.0.0.1:{target.port}")
    daemon = stage.sallyport(settings(url, served, proxy=section), name=f"sallyport-{proxy.name}")
    client = daemon.connect("imap")
    stage.later(client.close)
    equal(read_exactly(client, len(GREETING)), GREETING, f"greeting through {proxy.name}")
    return daemon, client, target.connections[-1].sock


def half_a_message(client, sock):
    """What the client gets of it, and how that ends."""
    sock.sendall(HALF)
    got = read_exactly(client, len(HALF))  # all is on its way before the reset
    reset(sock)
    return got, ending(client)


def gateways(stage):
    responder, authority = Proxy(stage, responds()), Authority(stage)
    yield ApacheGateway(stage, responder, name="apache")
    yield ApacheGateway(stage, responder, name="apache-tls", authority=authority)
    yield HaproxyGateway(stage, responder, name="haproxy")
    yield HaproxyGateway(stage, responder, name="haproxy-tls", authority=authority)


def it_is_one_with_connect_tcp(stage):
    target = server(stage)
    for gateway in gateways(stage):
        daemon, client, sock = session(stage, target, gateway, gateway.template, gateway.section)
        equal(half_a_message(client, sock), (HALF, RESET), f"half a message through {gateway.name}")
        daemon.wait_line(r"imap #1 closed .*by=proxy")


def it_is_a_clean_end_with_connect(stage):
    """Nothing of ours is asked here: it is what those proxies do, shown for the sake of the other."""
    target, authority = server(stage), Authority(stage)
    squid = Squid(stage, [target.port])
    secure = Apache(stage, [target.port], name="apache-tls", certificate=authority.leaf("localhost"), host="localhost")
    for proxy, section in ((Apache(stage, [target.port]), ""), (secure, f"ca-file = {authority.file}"),
                           (Haproxy(stage, {"IMAP": squid}), ""), (squid, "")):
        _, client, sock = session(stage, target, proxy, proxy.url, section)
        equal(half_a_message(client, sock), (HALF, END), f"half a message through {proxy.name}")


def it_is_one_in_a_flood(stage):
    target = server(stage)
    for gateway in gateways(stage):
        _, client, sock = session(stage, target, gateway, gateway.template, gateway.section)
        source = Source(sock, ENDLESS, "cut")
        read_exactly(client, 1 << 20)
        sink = Sink(client)
        source.abort()
        sink.join()
        equal(sink.how, RESET, f"how the flood ended through {gateway.name}")


def the_clients_reset_is_one_at_the_server(stage):
    target = server(stage)
    for gateway in gateways(stage):
        daemon, client, sock = session(stage, target, gateway, gateway.template, gateway.section)
        client.sendall(HALF)
        read_exactly(sock, len(HALF))
        reset(client)
        equal(ending(sock), RESET, f"how the server's stream ended through {gateway.name}")
        daemon.wait_line(r"imap #1 closed .*by=client")


def a_gateway_that_is_killed(stage):
    target = server(stage)
    for gateway in gateways(stage):
        _, client, _ = session(stage, target, gateway, gateway.template, gateway.section)
        gateway.kill()
        equal(read_all(client), (b"", RESET), f"what came when {gateway.name} was killed")


def a_tunnel_that_is_silent_for_too_long(stage):
    """A gateway's own limit cuts off in mid-stream, too."""
    target, responder = server(stage), Proxy(stage, responds())
    for gateway in (ApacheGateway(stage, responder, ("    ProxyTimeout 43200", "    Timeout 1"), name="apache"),
                    HaproxyGateway(stage, responder, ("timeout tunnel 12h", "timeout tunnel 1s"), name="haproxy")):
        _, client, _ = session(stage, target, gateway, gateway.template, gateway.section)
        equal(read_all(client), (b"", RESET), f"what came when {gateway.name} had enough of the silence")
        check(gateway.process.alive(), f"{gateway.name} is gone")


scenario(it_is_one_with_connect_tcp,
         it_is_a_clean_end_with_connect,
         it_is_one_in_a_flood,
         the_clients_reset_is_one_at_the_server,
         a_gateway_that_is_killed,
         a_tunnel_that_is_silent_for_too_long,
         paths=("splice",))
