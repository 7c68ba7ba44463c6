#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""connect-tcp behind Apache and haproxy, with the configurations that are delivered, with and without TLS.  The
responder behind them is ours, for want of another; the gateways and the mail server are real."""
import socket

from kit import check, equal, scenario
from kit.certificates import Authority
from kit.connect_tcp import field, request_line, responds
from kit.peers import GREETING, Proxy
from kit.process import PATIENCE
from kit.real import ApacheGateway, Dovecot, HaproxyGateway, Mailbox, WHO, hard, letter
from kit.route import listener, settings
from kit.streams import END, Sink, Source, ending, read_all, read_exactly

SIZE = 64 << 20


def gateways(stage, responder):
    """Of each kind, with and without TLS."""
    authority = Authority(stage)
    for kind, name in (ApacheGateway, "apache"), (HaproxyGateway, "haproxy"):
        yield kind(stage, responder, name=name)
        yield kind(stage, responder, name=f"{name}-tls", authority=authority)


def greeter(stage):
    """A server that greets, and whose connections the test goes on with."""
    def script(connection):
        connection.send(GREETING)
        connection.keep()

    return Proxy(stage, script)


def daemons(stage, port):
    """(gateway, a daemon that goes through it to the server on the port), for each of them."""
    responder = Proxy(stage, responds())
    for gateway in gateways(stage, responder):
        served = listener("imap", f"127.0.0.1:{port}")
        yield gateway, stage.sallyport(settings(gateway.template, served, proxy=gateway.section),
                                       name=f"sallyport-{gateway.name}"), responder


def opened(stage):
    """(gateway, daemon, client, the server's side) for each of them, greeted."""
    server = greeter(stage)
    for gateway, daemon, _ in daemons(stage, server.port):
        with daemon.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, f"greeting through {gateway.name}")
            yield gateway, daemon, client, server.connections[-1].sock


def a_mailbox_behind_each_of_them(stage):
    dovecot = Dovecot(stage)
    body = hard(100_000)
    for number, (gateway, daemon, responder) in enumerate(daemons(stage, dovecot.imap), 1):
        with Mailbox(daemon.address("imap")) as mailbox:
            mailbox.append(letter(gateway.name, body))
            mailbox.wait(number)
            check(mailbox.message(number).endswith(body), f"what came back through {gateway.name} is something else")
        daemon.wait_line(rf"imap #1 open proxy={gateway.url} target=127\.0\.0\.1:{dovecot.imap} switched=no ")
        head = responder.heads[-1]
        equal(request_line(head), f"GET /.well-known/masque/tcp/127.0.0.1/{dovecot.imap}/ HTTP/1.1", "request")
        equal([field(head, name) for name in ("Upgrade", "Capsule-Protocol")], [["connect-tcp"], ["?1"]], "its fields")
        equal(field(head, "Authorization"), [], f"credentials behind {gateway.name}")


def much_both_ways(stage):
    for gateway, daemon, client, server in opened(stage):
        up = Source(client, SIZE, "up", then=lambda sock=client: sock.shutdown(socket.SHUT_WR))
        down = Source(server, SIZE, "down", then=lambda sock=server: sock.shutdown(socket.SHUT_WR))
        at_server, at_client = Sink(server), Sink(client)
        equal(at_server.finish(3 * PATIENCE), up.finish(), f"digest of what went up through {gateway.name}")
        equal(at_client.finish(3 * PATIENCE), down.finish(), f"digest of what came down through {gateway.name}")
        equal((at_server.how, at_client.how), (END, END), f"ends through {gateway.name}")
        daemon.wait_line(rf"imap #1 closed in={SIZE} out={SIZE + len(GREETING)} ")


def the_client_ends_first(stage):
    for gateway, _, client, server in opened(stage):
        client.sendall(b"a LOGOUT\r\n")
        client.shutdown(socket.SHUT_WR)
        equal(read_all(server), (b"a LOGOUT\r\n", END), f"what the server got through {gateway.name}")
        source = Source(server, 1 << 20, "down", then=server.close)
        sink = Sink(client)
        equal((sink.finish(), sink.how), (source.finish(), END), f"what came behind that through {gateway.name}")


def the_server_ends_first(stage):
    for gateway, daemon, client, server in opened(stage):
        server.sendall(b"* BYE\r\n")
        server.shutdown(socket.SHUT_WR)
        equal(read_all(client), (b"* BYE\r\n", END), f"what the client got through {gateway.name}")
        source = Source(client, 1 << 20, "up")
        equal(Sink(server, 1 << 20).finish(), source.finish(), f"what went behind that through {gateway.name}")
        client.close()
        equal(ending(server), END, f"end at the server through {gateway.name}")
        daemon.wait_line(rf"imap #1 closed in={1 << 20} out={len(GREETING) + 7} ")


def an_address_of_ipv6_arrives_as_it_was_sent(stage):
    """Percent-encoded; Apache decodes it unless it is told otherwise, in the delivered file and in the manual."""
    server, authority = greeter(stage), Authority(stage)
    responder = Proxy(stage, responds(names={"2001:db8::1": "127.0.0.1"}))
    for gateway in (ApacheGateway(stage, responder), ApacheGateway(stage, responder, of_manual=True, name="manual"),
                    HaproxyGateway(stage, responder, authority=authority)):
        daemon = stage.sallyport(settings(gateway.template, listener("imap", f"[2001:db8::1]:{server.port}"),
                                          proxy=gateway.section), name=f"sallyport-{gateway.name}")
        with daemon.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, f"greeting through {gateway.name}")
            server.connections[-1].close()
            equal(ending(client), END, "how the client's stream ended")
        equal(request_line(responder.heads[-1]), "GET /.well-known/masque/tcp/2001%3Adb8%3A%3A1/"
              f"{server.port}/ HTTP/1.1", f"request behind {gateway.name}")


def apache_that_passes_any_upgrade_on(stage):
    server = greeter(stage)
    gateway = ApacheGateway(stage, Proxy(stage, responds()), ("upgrade=connect-tcp", "upgrade=ANY"))
    daemon = stage.sallyport(settings(gateway.template, listener("imap", f"127.0.0.1:{server.port}"),
                                      proxy=gateway.section))
    with daemon.connect("imap") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        server.connections[0].close()
        equal(ending(client), END, "how the client's stream ended")


def apache_with_digest(stage):
    """mod_auth_digest holds what is said of the request's target against the request, too."""
    server = greeter(stage)
    responder = Proxy(stage, responds())
    gateway = ApacheGateway(stage, responder, digest=True)
    daemon = stage.sallyport(settings(gateway.template, listener("imap", f"127.0.0.1:{server.port}"),
                                      proxy=gateway.section))
    for count in range(2):
        with daemon.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
            server.connections[count].close()
            equal(ending(client), END, "how the client's stream ended")
    daemon.wait_line(rf"imap #2 open proxy={gateway.url} ")
    equal(len(responder.heads), 2, "requests that came through")


def with_the_lines_of_the_manual(stage):
    authority, responder, server = Authority(stage), Proxy(stage, responds()), greeter(stage)
    for count, gateway in enumerate((ApacheGateway(stage, responder, of_manual=True),
                                     HaproxyGateway(stage, responder, of_manual=True, authority=authority))):
        daemon = stage.sallyport(settings(gateway.template, listener("imap", f"127.0.0.1:{server.port}"),
                                          proxy=gateway.section), name=f"sallyport-{gateway.name}")
        with daemon.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, f"greeting through {gateway.name}")
            server.connections[count].close()
            equal(ending(client), END, "how the client's stream ended")


def nobody_comes_in_without_the_password(stage):
    responder = Proxy(stage, responds())
    gateway = ApacheGateway(stage, responder)
    for name, lines in ("none", ""), ("wrong", gateway.section.replace(WHO[1], "shut")):
        daemon = stage.sallyport(settings(gateway.template, proxy=lines), name=name)
        with daemon.connect("imap") as client:
            told, how = read_all(client)
        check(told.startswith(b"* BYE sallyport: ") and b"401" in told, f"the client is told {told!r}")
        equal(how, END, "end of the refused client's stream")
    equal(responder.heads, [], "requests that came through")


scenario(a_mailbox_behind_each_of_them,
         much_both_ways,
         the_client_ends_first,
         the_server_ends_first,
         an_address_of_ipv6_arrives_as_it_was_sent,
         apache_that_passes_any_upgrade_on,
         apache_with_digest,
         with_the_lines_of_the_manual,
         nobody_comes_in_without_the_password,
         paths=("splice",))
