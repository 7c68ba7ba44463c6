#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""TLS that breaks, stalls or is none, at a proxy and at a server inside the tunnel.  What was cut off never looks
complete: the client is reset; and what never came about is told in the client's own protocol."""
import contextlib
import os
import ssl
import threading
from socket import SHUT_RDWR, SHUT_WR

from kit import check, equal, free_port, need, scenario, until
from kit.certificates import Authority
from kit.peers import GREETING, Proxy
from kit.process import PATIENCE
from kit.route import listener, refusal, settings
from kit.streams import END, RESET, ending, read_all, read_exactly, reset, send_in_segments
from kit.tls import CutOff, Layer, TlsProxy, secure

LETTER = b"* 1 FETCH (BODY[] {4000}\r\nFrom: bob@example.net\r\n\r\nhalf of what was promised\r\n"


class House:
    """A server inside the tunnel that plays with its end of the stream, at its three places: behind TLS of its own, in
    plain text behind a proxy with TLS, and with both.  The play is a function of the Connection, whose sock is the
    innermost Layer."""

    PLACES = ("server", "proxy", "both")

    def __init__(self, stage, place, play, sallyport=""):
        authority = Authority(stage, f"authority-{place}")
        self.context = authority.leaf("localhost", "mail.example.net", name=f"leaf-{place}").server_side()
        own = f"tls = yes\ntls-ca-file = {authority.file}" if place != "proxy" else ""

        def script(connection):
            connection.open(b"")
            if own:
                secure(connection, self.context)
            connection.send(GREETING)
            play(connection)

        self.proxy = Proxy(stage, script) if place == "server" else TlsProxy(stage, script, self.context, "localhost")
        self.daemon = stage.sallyport(settings(self.proxy.url, listener("imap", more=own), sallyport,
                                               f"ca-file = {authority.file}"), name=f"sallyport-{place}")
        stage.later(self.proxy.stop)

    def client(self):
        client = self.daemon.connect("imap")
        self.daemon.stage.later(client.close)
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        return client


def ends(stage, play, how, got=LETTER):
    """At each place: the client gets these bytes, and then its stream ends so."""
    for place in House.PLACES:
        client = House(stage, place, play).client()
        equal(read_exactly(client, len(got)), got, f"what came before the end ({place})")
        equal(ending(client), how, f"how it ended ({place})")


def an_end_with_close_notify_is_an_end(stage):
    def play(connection):
        connection.send(LETTER)
        connection.half_close()
        connection.read_all()
    ends(stage, play, END)


def an_end_without_it_is_a_reset(stage):
    def play(connection):
        connection.send(LETTER)
        below = connection.sock
        while isinstance(below, Layer):
            below = below.below
        below.shutdown(SHUT_RDWR)
    ends(stage, play, RESET)


def a_cut_inside_a_tls_tunnel_that_ends_well(stage):
    """The server's own TLS is cut off, the proxy's around it ends in order: it is cut off all the same."""
    def play(connection):
        connection.send(LETTER)
        connection.sock.below.close_notify()
        with contextlib.suppress(ssl.SSLError):  # it is told, too
            connection.read_all()
    client = House(stage, "both", play).client()
    equal(read_exactly(client, len(LETTER)), LETTER, "what came before the end")
    equal(ending(client), RESET, "how it ended")


def an_inner_end_before_the_outer_one_is_cut_off(stage):
    """The other way round, as apache's tunnels end: what the server has ended in order has ended in order."""
    arrived = threading.Semaphore(0)

    def play(connection):
        connection.send(LETTER)
        arrived.acquire(timeout=PATIENCE)
        connection.sock.close_notify()
        socket = connection.sock.below.below
        socket.shutdown(SHUT_WR)
        read_all(socket)

    house = House(stage, "both", play)
    for _ in range(5):  # end and cut mostly come together, but need not
        client = house.client()
        equal(read_exactly(client, len(LETTER)), LETTER, "what came before the end")
        arrived.release()
        equal(ending(client), END, "how it ended")


def an_alert_in_the_middle(stage):
    def play(connection):
        connection.send(LETTER)
        connection.sock._in.write(b"\x17\x03\x03\x00\x20" + 32 * b"x")  # makes OpenSSL send the alert bad_record_mac
        try:
            connection.sock.recv(1)
        except ssl.SSLError:
            return
        raise AssertionError("the record was taken for a good one")
    ends(stage, play, RESET)


def a_damaged_record(stage):
    def play(connection):
        connection.send(LETTER)
        connection.sock.below.sendall(b"\x17\x03\x03\x00\x20" + 32 * b"x")
        connection.keep()
    ends(stage, play, RESET)


def a_second_handshake_is_refused(stage):
    """Renegotiation, by `openssl s_server` and its command r: the old way to become somebody else in the middle."""
    authority = Authority(stage)
    leaf, port = authority.leaf("localhost"), free_port()
    fifo = os.path.join(stage.folder, "typed")
    os.mkfifo(fifo)
    server = stage.start(["sh", "-c", 'exec "$@" <"$0"', fifo, need("openssl", "openssl"), "s_server", "-tls1_2",
                          "-nbio", "-accept", f"127.0.0.1:{port}", "-cert", leaf.bare, "-key", leaf.key],
                         name="s_server")
    with open(fifo, "wb", buffering=0) as typed:
        server.wait_line("ACCEPT")
        daemon = stage.sallyport(listener("imap", f"localhost:{port}", "proxy = direct\ntls = yes\n"
                                                                       f"tls-ca-file = {authority.file}"))
        with daemon.connect("imap") as client:
            typed.write(b"* OK ready\n")
            equal(read_exactly(client, 11), b"* OK ready\n", "greeting")
            typed.write(b"r\n")
            server.wait_line("no renegotiation")
            equal(ending(client), RESET, "how it ended")


def the_clients_reset_is_no_end(stage):
    for place in House.PLACES:
        seen = []

        def play(connection):
            try:
                seen.append(connection.sock.recv(1))
            except (CutOff, ConnectionError) as error:
                seen.append(error)

        house = House(stage, place, play)
        reset(house.client())
        house.daemon.wait_line(r"imap #1 closed ")
        house.proxy.stop()
        check(isinstance(seen[0], ConnectionError), f"the server took it for an end ({place}): {seen}")


def a_handshake_by_the_byte(stage):
    """The server's first bytes of each flight in segments of their own, the rest in short ones."""
    authority = Authority(stage)
    context = authority.leaf("localhost", "mail.example.net", name="leaf").server_side()

    def by_the_byte(sock):
        def send(data):
            head, rest = data[:100], data[100:]
            send_in_segments(sock, [head[at:at + 1] for at in range(len(head))] +
                             [rest[at:at + 40] for at in range(0, len(rest), 40)])
        return send

    def server(connection):
        connection.open(b"")
        secure(connection, context, by_the_byte(connection.sock))
        connection.send(GREETING)
        connection.read_all()

    def proxy(connection):
        secure(connection, context, by_the_byte(connection.sock))
        connection.open(GREETING)
        connection.read_all()

    for number, script in enumerate((server, proxy)):
        peer = Proxy(stage, script)
        url = peer.url if script is server else f"https://localhost:{peer.port}"
        inner = f"tls = yes\ntls-ca-file = {authority.file}" if script is server else ""
        daemon = stage.sallyport(settings(url, listener("imap", more=inner), proxy=f"ca-file = {authority.file}"),
                                 name=f"sallyport-{number}")
        with daemon.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, "greeting")


def refused(stage, script, tls_at, kinds, words, sallyport=""):
    """The refusal's text when the script stands in for the TLS server at that place."""
    peer = Proxy(stage, script)
    url, more = (peer.url, "tls = yes") if tls_at == "server" else (f"https://localhost:{peer.port}", "")
    daemon = stage.sallyport(settings(url, listener("imap", more=more), sallyport), name=f"sallyport-{peer.port}")
    stage.later(peer.stop)
    where = "mail.example.net:993" if tls_at == "server" else f"localhost:{peer.port}"
    with daemon.connect("imap") as client:
        text = refusal(client, kinds)
    check(f"({where})" in text and words in text, f"the client is told\n  {text}\nwanted {where}: ...{words}")
    daemon.wait_line(rf'imap #1 failed class=({"|".join(kinds)}) reason="')


def plain_text_where_tls_should_be(stage):
    words = "does not speak TLS here"

    def greets_first(connection):
        connection.open(GREETING)
        connection.hold()

    def greets_then(connection):
        connection.open(b"")
        connection.send(GREETING)
        connection.hold()

    def answers_to_the_hello(connection):
        connection.open(b"")
        connection.sock.recv(5)
        connection.send(b"* BAD what is that?\r\n")
        connection.hold()

    def is_a_plain_proxy(connection):
        connection.sock.recv(5)
        connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        connection.hold()

    for script in (greets_first, greets_then, answers_to_the_hello):
        refused(stage, script, "server", ("permanent",), words)
    refused(stage, is_a_plain_proxy, "proxy", ("permanent",), words)


def silence_in_the_handshake(stage):
    def silent_server(connection):
        connection.open(b"")
        connection.hold()

    for script, place in ((silent_server, "server"), (lambda connection: connection.hold(), "proxy")):
        refused(stage, script, place, ("temporary",), "handshake", "handshake-timeout = 1s")


def an_end_in_the_handshake(stage):
    def server(how):
        def script(connection):
            connection.open(b"")
            connection.sock.recv(5)
            how(connection)
        return script

    def proxy(how):
        def script(connection):
            connection.sock.recv(5)
            how(connection)
        return script

    for how in (lambda connection: connection.close(), lambda connection: connection.reset(),
                lambda connection: connection.half_close() or connection.read_all()):
        refused(stage, server(how), "server", ("temporary",), "handshake")
        refused(stage, proxy(how), "proxy", ("temporary",), "")


def an_alert_in_the_handshake(stage):
    """handshake_failure, in plain text as it comes before any key."""
    alert = b"\x15\x03\x03\x00\x02\x02\x28"

    def server(connection):
        connection.open(b"")
        connection.sock.recv(5)
        connection.send(alert)
        connection.hold()

    def proxy(connection):
        connection.sock.recv(5)
        connection.send(alert)
        connection.hold()

    refused(stage, server, "server", ("permanent",), "handshake_failure")
    refused(stage, proxy, "proxy", ("permanent",), "handshake_failure")


def a_client_that_leaves_in_the_handshake(stage):
    for place in "server", "proxy":
        gone = []

        def script(connection):
            if place == "server":
                connection.open(b"")
            connection.read_all()
            gone.append(place)

        peer = Proxy(stage, script)
        url, more = (peer.url, "tls = yes") if place == "server" else (f"https://localhost:{peer.port}", "")
        daemon = stage.sallyport(settings(url, listener("imap", more=more), "handshake-timeout = 60s"),
                                 name=f"sallyport-{place}")
        client = daemon.connect("imap")
        peer.wait_connection()
        if place == "server":
            peer.wait_head()
        reset(client)
        daemon.wait_line(r"imap #1 (closed|failed)\b.*client", patience=5)
        until(lambda: gone, f"the end of the connection to the {place}", patience=5)


scenario(an_end_with_close_notify_is_an_end,
         an_end_without_it_is_a_reset,
         a_cut_inside_a_tls_tunnel_that_ends_well,
         an_inner_end_before_the_outer_one_is_cut_off,
         an_alert_in_the_middle,
         a_damaged_record,
         a_second_handshake_is_refused,
         the_clients_reset_is_no_end,
         a_handshake_by_the_byte,
         plain_text_where_tls_should_be,
         silence_in_the_handshake,
         an_end_in_the_handshake,
         an_alert_in_the_handshake,
         a_client_that_leaves_in_the_handshake,
         paths=("splice",))
