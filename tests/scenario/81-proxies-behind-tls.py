#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Proxies that are reached by https: squid's own port, stunnel in front of tinyproxy, apache.  Behind each, a server
that speaks plain text and one that speaks TLS inside the tunnel, which is TLS within TLS.  Certificates of ours; TLS
sessions that are taken up again."""
import socket
import ssl
import warnings

from kit import check, equal, scenario, until
from kit.certificates import Authority
from kit.control import facts
from kit.peers import GREETING, Proxy
from kit.real import Apache, Dovecot, Mailbox, Squid, Stunnel, Tinyproxy, hard, letter
from kit.route import listener, refusal, settings
from kit.streams import END, ending, read_exactly
from kit.tls import TlsProxy, greets, secure as layer

LARGE = letter("large", hard(3 << 20))

NOISE = hard(4 << 20, seed=3)


def fronts(stage, authority, ports):
    """An https proxy of each kind."""
    certificate = authority.leaf("localhost", name="proxy")
    return (Squid(stage, ports, certificate=certificate, host="localhost"),
            Stunnel(stage, Tinyproxy(stage, ports).port, certificate, host="localhost"),
            Apache(stage, ports, certificate=certificate, host="localhost"))


def trusting(authority, more=""):
    """Lines for [proxy]."""
    return f"ca-file = {authority.file}\n{more}"


def secure(authority, port, how="yes"):
    """A listener for IMAP at that port of localhost, in TLS."""
    return listener("imap", f"localhost:{port}", f"tls = {how}\ntls-ca-file = {authority.file}")


def there_and_back(stage, listeners_of):
    """A large letter is put into a mailbox and fetched, through each kind of proxy."""
    authority = Authority(stage)
    dovecot = Dovecot(stage, certificate=authority.leaf("localhost", name="mail"))
    ports = [dovecot.imap, dovecot.imaps]
    for number, front in enumerate(fronts(stage, authority, ports), 1):
        daemon = stage.sallyport(settings(front.url, listeners_of(authority, dovecot), proxy=trusting(authority)),
                                 name=f"sallyport-{front.name}")
        with Mailbox(daemon.address("imap")) as mailbox:
            mailbox.append(LARGE)
            mailbox.wait(number)
            equal(mailbox.message(number), LARGE, f"the letter through {front.name}")
        daemon.wait_line(rf"imap #1 open proxy={front.url} .* switched=no ")
        daemon.wait_line(r"imap #1 closed in=3\d{6} out=3\d{6} ")
        daemon.stop()


def a_plain_server_behind_each_of_them(stage):
    there_and_back(stage, lambda _, dovecot: listener("imap", f"localhost:{dovecot.imap}"))


def tls_within_tls(stage):
    there_and_back(stage, lambda authority, dovecot: secure(authority, dovecot.imaps))


def starttls_within_tls(stage):
    there_and_back(stage, lambda authority, dovecot: secure(authority, dovecot.imap, "starttls"))


def connections_ahead_of_need(stage):
    """Each kind of proxy lets them stand, and serves them when they are used."""
    authority = Authority(stage)
    dovecot = Dovecot(stage, certificate=authority.leaf("localhost", name="mail"))
    for front in fronts(stage, authority, [dovecot.imaps]):
        daemon = stage.sallyport(settings(front.url, secure(authority, dovecot.imaps),
                                          proxy=trusting(authority, "preconnect = 2")), name=f"sallyport-{front.name}")
        for _ in range(4):
            until(lambda: facts(daemon)["proxies"][0]["ready"] == 2, f"two connections ready to {front.name}")
            with Mailbox(daemon.address("imap")) as mailbox:
                equal(mailbox.client.welcome[:5], b"* OK ", "greeting")
        told = facts(daemon)["totals"]
        equal((told["preconnected"], told["stale"]), (4, 0), f"(used, dead) at {front.name}")
        daemon.stop()


def without_any_proxy(stage):
    authority = Authority(stage)
    dovecot = Dovecot(stage, certificate=authority.leaf("localhost", name="mail"))
    for how, port in ("yes", dovecot.imaps), ("starttls", dovecot.imap):
        daemon = stage.sallyport(secure(authority, port, how) + "proxy = direct\n", name=f"sallyport-{how}")
        with Mailbox(daemon.address("imap")) as mailbox:
            mailbox.append(LARGE)
        daemon.wait_line(rf"imap #1 open proxy=direct target=localhost:{port} ")


def a_certificate_of_ours(stage):
    """stunnel and apache want one; it is in two files, or with its key in one."""
    authority = Authority(stage)
    mine, certificate = authority.leaf("me", client=True), authority.leaf("localhost", name="proxy")
    server = Proxy(stage, lambda connection: connection.send(GREETING) or connection.echo())
    behind = Tinyproxy(stage, [server.port])
    doors = (Apache(stage, [server.port], certificate=certificate, client_authority=authority, host="localhost"),
             Stunnel(stage, behind.port, certificate, client_authority=authority, host="localhost"))
    for door in doors:
        for number, own in enumerate((f"cert-file = {mine.file}\nkey-file = {mine.key}", f"cert-file = {mine.both}")):
            daemon = stage.sallyport(settings(door.url, listener("imap", f"localhost:{server.port}"),
                                              proxy=trusting(authority, own)), name=f"sallyport-{door.name}-{number}")
            with daemon.connect("imap") as client:
                equal(read_exactly(client, len(GREETING)), GREETING, "greeting")


def no_certificate_where_one_is_wanted(stage):
    """Or one that the proxy does not trust.  With TLS 1.3 it says so only behind the handshake."""
    authority, stranger = Authority(stage), Authority(stage, "stranger")
    wrong = stranger.leaf("me", client=True)
    certificate = authority.leaf("localhost", name="proxy")
    for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
        context = certificate.server_side(client_authority=authority)
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["h2", "http/1.1"])
        proxy = TlsProxy(stage, greets(GREETING), context, host="localhost")
        for own in "", f"cert-file = {wrong.both}", "http = 2":
            daemon = stage.sallyport(settings(proxy.url, proxy=trusting(authority, own)),
                                     name=f"sallyport-{proxy.port}-{len(own)}")
            with daemon.connect("imap") as client:
                text = refusal(client, ("permanent",))
            check(f"(localhost:{proxy.port})" in text and "client certificate" in text,
                  f"{version.name}: the client is told {text}")
            daemon.wait_line(rf'imap #1 failed class=permanent reason="{proxy.url}: .*client certificate')
        equal(proxy.heads, [], "requests that went through")


def a_tls_session_is_taken_up_again(stage):
    """With the proxy and with the server behind it, of both versions of TLS.  squid's and dovecot's own TLS do not do
    that for anybody."""
    authority = Authority(stage)
    server = Proxy(stage, lambda connection: connection.send(GREETING) or connection.echo())
    certificate = authority.leaf("localhost", name="host")
    for version in "TLSv1.2", "TLSv1.3":
        def front(name, port):
            return Stunnel(stage, port, certificate, host="localhost", more=f"sslVersion = {version}",
                           name=f"{name}-{version}")

        mail = front("mail", server.port)
        for door in (front("proxy", Tinyproxy(stage, [mail.port], name=f"tinyproxy-{version}").port),
                     Apache(stage, [mail.port], certificate=certificate, host="localhost", name=f"apache-{version}")):
            daemon = stage.sallyport(settings(door.url, secure(authority, mail.port), "log-level = debug",
                                              trusting(authority)), name=f"sallyport-{door.name}")
            for number, words in (1, "certificate of CN=host"), (2, "resumed"):
                with daemon.connect("imap") as client:
                    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
                daemon.wait_line(rf"imap #{number} tls .*{words}", count=2)
                daemon.wait_line(rf"imap #{number} closed ")
        mail.process.wait_line("TLS accepted: previous session reused")


def a_scripted_proxy_sees_the_session_again(stage):
    authority = Authority(stage)
    certificate = authority.leaf("localhost", "127.0.0.1", name="proxy")
    proxy = TlsProxy(stage, greets(GREETING), certificate.server_side(), host="localhost")
    daemon = stage.sallyport(settings(proxy.url, proxy=trusting(authority)))
    for _ in range(3):
        with daemon.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    equal(proxy.resumed, [False, True, True], "whether the handshakes took a session up again")


def the_name_is_told_and_an_address_is_not(stage):
    """Server Name Indication, RFC 6066."""
    authority = Authority(stage)
    certificate = authority.leaf("localhost", "127.0.0.1", name="proxy")
    context, told = certificate.server_side(), []
    context.sni_callback = lambda _, name, __: told.append(name)
    for host in ("localhost", "127.0.0.1"):
        proxy = TlsProxy(stage, greets(GREETING), context, host=host)
        daemon = stage.sallyport(settings(proxy.url, proxy=trusting(authority)), name=f"sallyport-{host}")
        with daemon.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    equal(told, ["localhost", None], "names that the proxy was told")


def old_versions_are_refused(stage):
    authority = Authority(stage)
    context = authority.leaf("localhost", name="proxy").server_side(weak=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    proxy = TlsProxy(stage, greets(GREETING), context, host="localhost")
    daemon = stage.sallyport(settings(proxy.url, proxy=trusting(authority)))
    with daemon.connect("imap") as client:
        text = refusal(client, ("permanent",))
    check("version of TLS" in text and "1.2" in text, f"the client is not told why: {text}")


def much_both_ways_and_the_end_on_each_side(stage):
    """Through TLS within TLS; the end of the client's stream is the end of the server's, and the other way round."""
    authority = Authority(stage)
    outer, inner = (authority.leaf("localhost", name=name).server_side() for name in ("proxy", "mail"))
    seen = []

    def script(connection):
        connection.open(b"")
        layer(connection, inner)
        connection.send(NOISE)
        seen.append(connection.read_all())
        connection.send(b"bye")
        connection.half_close()

    proxy = TlsProxy(stage, script, outer, host="localhost")
    daemon = stage.sallyport(settings(proxy.url, secure(authority, 993), proxy=trusting(authority)))
    stage.later(proxy.stop)
    with daemon.connect("imap") as client:
        check(read_exactly(client, len(NOISE)) == NOISE, "what came is not what was sent")
        client.sendall(NOISE)
        client.shutdown(socket.SHUT_WR)
        equal(read_exactly(client, 3), b"bye", "what came behind our end")
        equal(ending(client), END, "how the client's stream ended")
    until(lambda: seen, "the server to see the end")
    got, how = seen[0]
    equal((got == NOISE, how), (True, END), "what the server got is what was sent, and how it ended")


scenario(a_plain_server_behind_each_of_them,
         tls_within_tls,
         starttls_within_tls,
         connections_ahead_of_need,
         without_any_proxy,
         a_certificate_of_ours,
         no_certificate_where_one_is_wanted,
         a_tls_session_is_taken_up_again,
         a_scripted_proxy_sees_the_session_again,
         the_name_is_told_and_an_address_is_not,
         old_versions_are_refused,
         much_both_ways_and_the_end_on_each_side,
         paths=("splice",))
