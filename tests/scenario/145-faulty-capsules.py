#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""connect-tcp to a scripted responder that is right in odd ways, or wrong.  What is wrong behind the 101 is a reset at
the client: a message that was cut short must not look whole."""
import re
import socket
import threading

from kit import check, equal, scenario, until
from kit import capsules
from kit.capsules import DATA, FINAL_DATA, LARGEST, UNKNOWN, capsule, data, final
from kit.certificates import Authority
from kit.connect_tcp import PATH, SWITCHED, answers, field, opens, request_line
from kit.peers import GREETING
from kit.process import PATIENCE
from kit.route import FORWARD, Route, listener, refusal
from kit.starttls import Server
from kit.streams import END, RESET, Sink, Source, ending, read_all, read_exactly, readable, reset, send_in_segments
from kit.tls import secure
from kit.usage import anonymous_kib, cpu_seconds, sanitized

BYE = b"* BYE that is all\r\n"

SECONDS = 1.0
"""Of processor time, for what must cost next to nothing; a sanitizer makes it several times as much as it is."""


def route(stage, script, **options):
    return Route(stage, script, path=PATH, **options)


def sends(*parts, end=True):
    """A script: opens, and sends these bytes as they stand, each when the one before was read; then the end of the
    stream, and whatever comes is read."""
    def script(connection):
        connection.read_head()
        connection.send(SWITCHED)
        send_in_segments(connection.sock, parts)
        if end:
            connection.half_close()
        connection.read_all()

    return script


def told(stage, *parts, **options):
    """What the client gets, and how its stream ends."""
    return read_all(route(stage, sends(*parts, **options)).client())


def reset_behind(got, whole):
    """Nothing but a reset, behind some or all of these bytes."""
    check(whole.startswith(got[0]), f"the client got {got[0]!r}")
    equal(got[1], RESET, "how the client's stream ended")


def open_tunnel(stage, **options):
    """(route, client, the responder's layer), greeted."""
    def go_on(connection):
        connection.send(GREETING)
        connection.keep()

    way = route(stage, opens(go_on), **options)
    client = way.client()
    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    return way, client, way.proxy.connections[0].sock


# --- the request, and what opens ---

def the_request(stage):
    way, _, _ = open_tunnel(stage)
    head = way.proxy.heads[0].decode()
    wanted = (f"GET /.well-known/masque/tcp/mail.example.net/143/ HTTP/1.1\r\nHost: 127.0.0.1:{way.proxy.port}\r\n"
              "Connection: Upgrade\r\nUpgrade: connect-tcp\r\nCapsule-Protocol: ?1\r\nUser-Agent: sallyport/")
    equal(head[:len(wanted)], wanted, "request")
    equal(re.sub(r"^sallyport/\S+", "", head[len(wanted) - len("sallyport/"):]), "\r\n\r\n", "its other fields")
    way.daemon.wait_line(rf"imap #1 open proxy={way.proxy.url} target=mail\.example\.net:143 switched=no ")


def an_address_of_ipv6_and_a_template_of_another_form(stage):
    way = Route(stage, opens(lambda connection: connection.send(GREETING)),
                path="/tunnel{?target_host,target_port}", listeners=listener("imap", "[2001:DB8::1]:993"))
    way.greeted()
    line = request_line(way.proxy.heads[0])
    equal(line.lower(), "get /tunnel?target_host=2001%3adb8%3a%3a1&target_port=993 http/1.1", "request line")


def answers_that_open(stage):
    plain = SWITCHED.replace(b"Capsule-Protocol: ?1\r\n", b"")
    check(plain != SWITCHED, "the answer has no Capsule-Protocol")
    for answer in (plain, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + SWITCHED,
                   SWITCHED.replace(b"connect-tcp", b"Connect-TCP").replace(b": Upgrade", b": keep-alive, upgrade")):
        route(stage, opens(lambda connection: connection.send(GREETING), answer)).greeted()


def answers_that_do_not(stage):
    def switched(*upgrades):
        lines = "".join(f"Upgrade: {value}\r\n" for value in upgrades)
        return f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n{lines}\r\n".encode()

    for answer, reason in ((switched("websocket"), "101"),
                           (switched("connect-tcp, IMAP"), "101"),
                           (switched("connect-tcp", "IMAP"), "101"),
                           (switched("connect-tcp", "connect-tcp"), "101"),
                           (switched("connect-tcp/1"), "101"),
                           (switched(), "101"),
                           (b"HTTP/1.1 200 OK\r\n\r\n", "a web server"),
                           (answers("204 No Content"), "a web server"),
                           (answers("200 OK", body="<html>hello</html>"), "a web server"),
                           (answers("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="x"'), "407"),
                           (answers("302 Found", "Location: http://other.example.net/"), "302"),
                           (answers("404 Not Found"), "404")):
        def script(connection, answer=answer):
            connection.read_head()
            connection.send(answer)
            connection.send(data(GREETING))
            connection.read_all()

        way = route(stage, script, proxy="user = me\npassword = secret\n")
        text = refusal(way.client(), ("temporary", "permanent"))
        check(reason in text, f"wanted a refusal with {reason!r} after {answer!r}, got {text!r}")
        equal(way.daemon.count(" open "), 0, f"tunnels open after {answer!r}")
        check(all(b"authorization" not in head.lower() for head in way.proxy.heads),
              f"a password was sent after {answer!r}")


def no_byte_goes_before_the_101(stage):
    """Nor does a request say that it would like to send some."""
    spoken, heard = threading.Event(), []

    def script(connection):
        connection.read_head()
        spoken.wait(PATIENCE)
        heard.append((connection.surplus, readable(connection.sock, 0.3)))
        connection.send(SWITCHED + data(GREETING))
        heard.append(capsules.Layer(connection.sock).recv(100))

    way = route(stage, script)
    client = way.client()
    client.sendall(b"a LOGIN me secret\r\n")
    spoken.set()
    until(lambda: len(heard) == 2, "what the client said")
    equal(heard, [(b"", False), b"a LOGIN me secret\r\n"], "what came before the 101, and behind it")
    check(b"expect" not in way.proxy.heads[0].lower(), f"{way.proxy.heads[0]!r}")


def capsules_in_the_segment_of_the_101(stage):
    way = route(stage, opens(lambda connection: connection.hold(),
                             SWITCHED + capsule(UNKNOWN, b"x" * 300) + data(GREETING) + final(BYE)))
    client = way.client()
    equal(read_all(client), (GREETING + BYE, END), "what the client got")
    client.sendall(b"a LOGOUT\r\n")
    client.shutdown(socket.SHUT_WR)
    way.proxy.stop()


def capsules_cut_anywhere(stage):
    """The answer and its capsules in two segments, cut at every byte behind the head."""
    stream = data(GREETING[:5]) + capsule(UNKNOWN, b"x" * 70) + data() + data(GREETING[5:], sizes=(4, 8)) + final(BYE)
    cuts = iter(range(len(stream)))

    def script(connection):
        cut = next(cuts)
        connection.read_head()
        send_in_segments(connection.sock, [SWITCHED + stream[:cut], stream[cut:]])
        connection.read_all()

    way = route(stage, script)
    for cut in range(len(stream)):
        with way.daemon.connect("imap") as client:
            equal(read_all(client), (GREETING + BYE, END), f"what the client got, cut at {cut}")


# --- capsules that are right ---

def dribbled_by_the_byte(stage):
    stream = data(GREETING) + capsule(UNKNOWN, b"x" * 20, sizes=(8, 8)) + final(BYE)
    way = route(stage, sends(*(stream[i:i + 1] for i in range(len(stream))), end=False))
    equal(read_all(way.client()), (GREETING + BYE, END), "what the client got")


def numbers_longer_than_they_need_be(stage):
    for size in 1, 2, 4, 8:
        got = told(stage, data(GREETING, sizes=(size, size)) + final(sizes=(size, 8)), end=False)
        equal(got, (GREETING, END), f"what the client got, with types of {size} bytes")


def part_of_a_capsule_is_passed_on_as_it_comes(stage):
    def script(connection):
        connection.read_head()
        connection.send(SWITCHED + capsule(DATA, GREETING, length=LARGEST))
        connection.send(connection.sock.recv(100)[2:])  # a DATA capsule of the client's, as the next of the payload
        connection.hold()

    way = route(stage, script)
    client = way.greeted()
    client.sendall(b"a NOOP\r\n")
    equal(read_exactly(client, 8), b"a NOOP\r\n", "what came back")


def an_unknown_capsule_without_end(stage):
    """It is skipped, and takes no memory."""
    size = 64 << 20

    def script(connection):
        connection.read_head()
        connection.send(SWITCHED + data(GREETING) + capsule(UNKNOWN, length=LARGEST))
        connection.keep()

    way = route(stage, script)
    client = way.greeted()
    before = anonymous_kib(way.daemon.process.pid)
    sock = way.proxy.connections[0].sock
    Source(sock, size, "noise").finish()
    grown = anonymous_kib(way.daemon.process.pid) - before
    check(sanitized() or grown < 1024, f"the daemon has {grown} KiB more")
    check(not readable(client), "the client was told something")
    client.sendall(b"a NOOP\r\n")
    equal(sock.recv(100), data(b"a NOOP\r\n"), "what goes the other way")
    sock.close()
    equal(ending(client), RESET, "how the client's stream ended")


def ten_thousand_empty_ones(stage):
    """They bring nothing, and cost little."""
    way, client, layer = open_tunnel(stage)
    before = cpu_seconds(way.daemon.process.pid)
    layer.below.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for _ in range(10_000):
        layer.below.sendall(data())
    layer.below.sendall(capsule(UNKNOWN) * 10_000)
    layer.sendall(BYE)
    equal(read_exactly(client, len(BYE)), BYE, "what came behind them")
    spent = cpu_seconds(way.daemon.process.pid) - before
    check(spent < SECONDS, f"the daemon took {spent:.2f} s for them")


def starttls_inside(stage):
    authority = Authority(stage)
    context = authority.leaf("mail.example.net").server_side()
    for section, port in ("imap", 143), ("smtp", 25), ("nntp", 119):
        server = Server(section, context)
        way = route(stage, opens(server.play), listeners=listener(
            section, f"mail.example.net:{port}", f"tls = starttls\ntls-ca-file = {authority.file}"))
        client = way.client(section)
        replayed = server.dialogue.replayed
        equal(read_exactly(client, len(replayed)), replayed, f"greeting of {section}")
        client.sendall(b"hello\r\n")
        equal(read_exactly(client, 16), b"answered hello\r\n", "answer in TLS")
        client.close()
        equal(server.wait(), "tls", "outcome")
        equal(server.heard, server.commands, "what was said in the clear")


def tls_inside(stage):
    authority = Authority(stage)
    context = authority.leaf("mail.example.net").server_side()
    seen = []

    def go_on(connection):
        secure(connection, context)
        connection.send(GREETING)
        seen.append(connection.read_all())
        connection.half_close()

    way = route(stage, opens(go_on), listeners=listener(
        "imap", more=f"tls = yes\ntls-ca-file = {authority.file}"))
    client = way.greeted()
    client.sendall(BYE)
    client.shutdown(socket.SHUT_WR)
    equal(ending(client), END, "how the client's stream ended")
    equal(until(lambda: seen, "the end at the server")[0], (BYE, END), "what the server got")


# --- ends ---

def the_clients_end_is_final_data(stage):
    way, client, layer = open_tunnel(stage)
    client.sendall(b"a LOGOUT\r\n")
    client.shutdown(socket.SHUT_WR)
    equal((layer.recv(100), layer.recv(100)), (b"a LOGOUT\r\n", b""), "what came")
    equal(layer.seen[-1], (FINAL_DATA, layer.seen[-1][1]), "the last capsule")
    layer.sendall(BYE)
    equal(read_exactly(client, len(BYE)), BYE, "what the client still gets")
    layer.shutdown(socket.SHUT_WR)
    equal(ending(client), END, "how the client's stream ended")
    equal(read_all(layer.below), (b"", END), "what comes behind FINAL_DATA")
    way.daemon.wait_line(rf"imap #1 closed in=10 out={len(GREETING + BYE)} ")


def final_data_is_the_end_and_no_more(stage):
    way, client, layer = open_tunnel(stage)
    layer.below.sendall(final(BYE))
    equal(read_all(client), (BYE, END), "what the client got")
    source = Source(client, 8 << 20, "up")
    equal(Sink(layer, 8 << 20).finish(), source.finish(), "digest of what went behind it")
    client.close()
    equal(layer.recv(100), b"", "the client's end")
    way.daemon.wait_line(rf"imap #1 closed in={8 << 20} ")


def unknown_ones_behind_final_data_are_nothing(stage):
    way, client, layer = open_tunnel(stage)
    layer.below.sendall(final(BYE) + capsule(UNKNOWN, b"x" * 1000))
    equal(read_all(client), (BYE, END), "what the client got")
    client.sendall(b"more")
    equal(layer.recv(100), b"more", "what goes the other way")
    client.close()
    equal(layer.recv(100), b"", "the client's end")
    way.daemon.wait_line(r"imap #1 closed in=4 ")


def in_forward_an_end_without_a_word(stage):
    seen = []

    def go_on(connection):
        connection.half_close()
        seen.append(connection.read_all())

    way = route(stage, opens(go_on), listeners=FORWARD)
    client = way.client("forward")
    equal(ending(client), END, "end at the client")
    client.sendall(b"hello")
    client.shutdown(socket.SHUT_WR)
    equal(until(lambda: seen, "the end at the server")[0], (b"hello", END), "what the server got")


def the_clients_reset_is_none(stage):
    """The stream is broken abruptly, without FINAL_DATA."""
    way, client, layer = open_tunnel(stage)
    client.sendall(b"half a mess")
    equal(layer.recv(100), b"half a mess", "what came")
    reset(client)
    equal(read_all(layer.below), (b"", RESET), "what came behind it")
    way.daemon.wait_line(r"imap #1 closed .*by=client")


def the_servers_reset(stage):
    way, client, layer = open_tunnel(stage)
    layer.sendall(b"half a mess")
    equal(read_exactly(client, 11), b"half a mess", "what came")
    reset(layer.below)
    equal(ending(client), RESET, "how the client's stream ended")
    way.daemon.wait_line(r"imap #1 closed .*by=proxy")


def an_end_without_final_data(stage):
    reset_behind(told(stage, data(GREETING), data(b"half a mess")), GREETING + b"half a mess")


def an_end_without_final_data_when_the_client_has_ended(stage):
    way, client, layer = open_tunnel(stage)
    client.shutdown(socket.SHUT_WR)
    equal(layer.recv(100), b"", "the client's end")
    layer.sendall(b"half a mess")
    equal(read_exactly(client, 11), b"half a mess", "what came")
    layer.close()
    equal(ending(client), RESET, "how the client's stream ended")
    way.daemon.wait_line(r"imap #1 closed .*by=proxy")


def an_end_in_the_middle_of_a_capsule(stage):
    whole = data(GREETING) + data(BYE) + final(BYE)
    for left in 1, 2, len(BYE), len(BYE) + 1, len(BYE) + 2, len(BYE) + 3:
        reset_behind(told(stage, whole[:-left]), GREETING + BYE + BYE)
    reset_behind(told(stage, data(GREETING), b"\x80\x00"), GREETING)
    reset_behind(told(stage, data(GREETING), capsule(UNKNOWN, b"x", length=2)), GREETING)
    reset_behind(told(stage, data(GREETING), capsule(FINAL_DATA, BYE, length=LARGEST)), GREETING + BYE)


def a_second_end(stage):
    """It has been told that all is over, and then that it was not so: what it says from then on is refused."""
    for more in final(), final(BYE), data(b"x"), data():
        way, client, layer = open_tunnel(stage)
        layer.shutdown(socket.SHUT_WR)
        equal(ending(client), END, "end at the client")
        layer.below.sendall(more)
        equal(read_all(layer.below)[0], b"", "what the responder still gets")

        def broken(sock=client):
            try:
                sock.sendall(b"x")
            except ConnectionError:
                return True
            return False

        until(broken, f"the client to be reset after {more!r}")
        way.daemon.wait_line(r"imap #1 closed .*by=proxy")


# --- peers that know the token and nothing of capsules ---

def a_greeting_as_it_stands(stage):
    for section, greeting in (("imap", b"* OK [CAPABILITY IMAP4rev1] ready\r\n"),
                              ("imap", b"* PREAUTH ready\r\n"),
                              ("imap", b"* BYE too many\r\n"),
                              ("smtp", b"220 mail.example.net ESMTP\r\n"),
                              ("nntp", b"200 news.example.net ready\r\n"),
                              ("pop3", b"+OK ready\r\n"),
                              ("managesieve", b'"IMPLEMENTATION" "x"\r\nOK\r\n')):
        def script(connection, greeting=greeting):
            connection.read_head()
            connection.send(SWITCHED + greeting)
            connection.read_all()

        way = route(stage, script, listeners=listener(section))
        text = refusal(way.client(section), ("temporary", "permanent"), section)
        check("speaks connect-tcp without capsules" in text, f"the client of {section} is told {text!r}")
        way.failed("speaks connect-tcp without capsules", ("temporary", "permanent"))


def a_tls_record_as_it_stands(stage):
    def script(connection):
        connection.read_head()
        connection.send(SWITCHED)
        connection.sock.recv(65536)
        connection.send(b"\x15\x03\x01\x00\x02\x02\x46")  # an alert: what came was no TLS
        connection.read_all()

    way = route(stage, script, listeners=listener("imap", more="tls = yes"))
    text = refusal(way.client(), ("temporary", "permanent"))
    check("speaks connect-tcp without capsules" in text, f"the client is told {text!r}")


def nothing_waits_for_a_greeting(stage):
    """Neither a server that takes its time nor the first bytes of one are held back."""
    def script(connection):
        connection.read_head()
        connection.send(SWITCHED + data(b"*"))
        connection.keep()

    way = route(stage, script)
    client = way.client()
    equal(read_exactly(client, 1), b"*", "the first byte")
    client.sendall(b"early")
    equal(capsules.Layer(way.proxy.connections[0].sock).recv(10), b"early", "what the server got")


def field_of_the_servers_choice(stage):
    """What is no greeting and no TLS is for the client to judge: in [forward] there is none to hold it against."""
    way = route(stage, opens(lambda connection: connection.send(b"* OK \x15\x03\x01")), listeners=FORWARD)
    equal(read_exactly(way.client("forward"), 8), b"* OK \x15\x03\x01", "what the client got")
    equal(field(way.proxy.heads[0], "Upgrade"), ["connect-tcp"], "what was asked for")


scenario(the_request,
         an_address_of_ipv6_and_a_template_of_another_form,
         answers_that_open,
         answers_that_do_not,
         no_byte_goes_before_the_101,
         capsules_in_the_segment_of_the_101,
         capsules_cut_anywhere,
         dribbled_by_the_byte,
         numbers_longer_than_they_need_be,
         part_of_a_capsule_is_passed_on_as_it_comes,
         an_unknown_capsule_without_end,
         ten_thousand_empty_ones,
         starttls_inside,
         tls_inside,
         the_clients_end_is_final_data,
         final_data_is_the_end_and_no_more,
         unknown_ones_behind_final_data_are_nothing,
         in_forward_an_end_without_a_word,
         the_clients_reset_is_none,
         the_servers_reset,
         an_end_without_final_data,
         an_end_without_final_data_when_the_client_has_ended,
         an_end_in_the_middle_of_a_capsule,
         a_second_end,
         a_greeting_as_it_stands,
         a_tls_record_as_it_stands,
         nothing_waits_for_a_greeting,
         field_of_the_servers_choice,
         paths=("splice",))
