#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Answers over HTTP/2 that break the rules or are out of all proportion: the session is refused or reset, what runs
beside it goes on where the connection is not beyond repair, and nothing hangs or grows."""
from kit import check, equal, scenario, until
from kit import h2, hpack
from kit.control import is_alive, place
from kit.h2_proxy import opens
from kit.h2_route import H2Route
from kit.peers import GREETING
from kit.route import FORWARD, listener, refusal
from kit.streams import RESET, ending, read_all, read_exactly
from kit.usage import anonymous_kib, cpu_seconds, sanitized

KINDS = ("temporary", "permanent")

STATUS_200 = b"\x88"
"""The field block of `:status: 200`."""

SECONDS = 2.0
"""Of processor time that one hostile answer may cost; a sanitizer makes it several times as much as it is."""


def headers(stream, block, flags=h2.END_HEADERS):
    return h2.frame(h2.HEADERS, flags, stream.number, block)


def says(*frames):
    """What to do when asked: each is made by a function of the stream, and all leave in one write.  The first tunnel
    of a connection is opened as it should be."""
    def asked(stream):
        if stream.number == 1:
            opens()(stream)
        else:
            stream.connection.send(b"".join(make(stream) for make in frames))

    return asked


def beside(stage, *frames, **options):
    """A route on which a tunnel is open, and its client."""
    way = H2Route(stage, says(*frames), **options)
    return way, way.greeted()


def refused_but_no_more(stage, block, **options):
    """An answer with that field block refuses its session, and touches no other."""
    way, neighbour = beside(stage, lambda stream: headers(stream, block), **options)
    text = refusal(way.client(), KINDS)
    way.echoed(neighbour)
    equal(way.connections(), 1, "connections")
    is_alive(place(way.daemon))
    return text


# --- fields ---

def status_101(stage):
    """There is none in HTTP/2 (RFC 9113 section 8.6)."""
    refused_but_no_more(stage, hpack.block((":status", "101"), ("upgrade", "imap")))


def fields_that_are_none(stage):
    status = (":status", "200")
    for fields in ((("x", "y"),),
                   (status, status),
                   (status, (":status", "204")),
                   ((":status", "20x"),),
                   ((":status", "2000"),),
                   ((":status", ""),),
                   (("x", "y"), status),
                   (status, (":path", "/")),
                   (status, (":colour", "green")),
                   (status, ("Server", "x")),
                   (status, ("connection", "keep-alive")),
                   (status, ("transfer-encoding", "chunked")),
                   (status, ("", "x")),
                   (status, ("x", "a\r\nb")),
                   (status, ("x", b"a\0b"))):
        text = refused_but_no_more(stage, hpack.block(*fields))
        check(text.isprintable(), f"the client is told {text!r}")


def blanks_around_a_value(stage):
    """They are not allowed either (RFC 9113 section 8.2.1), and harm nobody."""
    block = hpack.block((":status", "200"), ("server", "x "), ("via", " x"))
    way, _ = beside(stage, lambda stream: headers(stream, block) + h2.frame(h2.DATA, 0, stream.number, GREETING))
    way.greeted()


def an_answer_that_ends_at_once(stage):
    """A tunnel that is open and over is no server."""
    way, neighbour = beside(stage, lambda stream: headers(stream, STATUS_200, h2.END_HEADERS | h2.END_STREAM))
    refusal(way.client(), KINDS)
    way.echoed(neighbour)


def an_error_with_its_page(stage):
    """As over HTTP/1.1, what it says of the cause is told."""
    way, neighbour = beside(stage, lambda stream: headers(stream, hpack.block((":status", "403"), (
        "proxy-status", "scripted; error=destination_ip_prohibited; details=\"not for you\""))),
        lambda stream: h2.frame(h2.DATA, h2.END_STREAM, stream.number, b"<html>no</html>"))
    text = refusal(way.client(), KINDS)
    check("403" in text, f"the client is told {text!r}")
    way.echoed(neighbour)


def interim_answers(stage):
    """Sixteen are passed over, more are not."""
    interim = hpack.block((":status", "103"), ("link", "</x>"))
    way, _ = beside(stage, lambda stream: headers(stream, interim) * 16,
                    lambda stream: headers(stream, STATUS_200) + h2.frame(h2.DATA, 0, stream.number, GREETING))
    way.greeted()
    way, neighbour = beside(stage, lambda stream: headers(stream, interim) * 17,
                            lambda stream: headers(stream, STATUS_200) + h2.frame(h2.DATA, 0, stream.number, GREETING))
    refusal(way.client(), KINDS)
    way.echoed(neighbour)


def interim_answers_and_then_nothing(stage):
    way, neighbour = beside(stage, lambda stream: headers(stream, hpack.block((":status", "100"))),
                            sallyport="handshake-timeout = 1s\n")
    refusal(way.client(), KINDS)
    equal(way.proxy.streams[1].wait_reset(), h2.CANCEL, "code of what was given up")
    way.echoed(neighbour)


def data_before_the_answer(stage):
    """It ends the connection (RFC 9113 section 5.1), and the request is made elsewhere."""
    way, neighbour = beside(stage, lambda stream: h2.frame(h2.DATA, 0, stream.number, b"* BYE from the grave\r\n"))
    way.greeted()
    equal(ending(neighbour), RESET, "how the tunnel beside it ended")
    equal(way.connections(), 2, "connections")


def field_flood(stage):
    """As many fields as fit in 16 KiB frames, far beyond 64 KiB; the rest is not kept."""
    field = hpack.literal("x-flood", "y" * 100)
    block = STATUS_200 + field * 3000
    pieces = [block[at:at + 16000] for at in range(0, len(block), 16000)]

    def flood(stream):
        frames = headers(stream, pieces[0], 0)
        for piece in pieces[1:-1]:
            frames += h2.frame(h2.CONTINUATION, 0, stream.number, piece)
        return frames + h2.frame(h2.CONTINUATION, h2.END_HEADERS, stream.number, pieces[-1])

    way, _ = beside(stage, flood)
    refusal(way.client(), KINDS)
    way.greeted()
    is_alive(place(way.daemon))


def hpack_bomb(stage):
    """One large field, remembered and then said again by a byte each time: 16 KiB that stand for 60 MB."""
    block = STATUS_200 + hpack.literal("x-bomb", "y" * 3900, 0x40) + hpack.indexed(62) * 12000
    way, _ = beside(stage, lambda stream: headers(stream, block))
    pid = way.daemon.process.pid
    memory, spent = anonymous_kib(pid), cpu_seconds(pid)
    refusal(way.client(), KINDS)
    grown, spent = anonymous_kib(pid) - memory, cpu_seconds(pid) - spent
    check(sanitized() or grown < 1024, f"the daemon has {grown} KiB more")
    check(spent < SECONDS, f"the daemon took {spent:.2f} s for it")
    way.proxy.asked = opens()
    way.greeted()
    equal(way.connections(), 1, "connections")


def fields_that_cannot_be_read(stage):
    """The tables of both sides differ from then on: the connection is over, what was open is reset, the request is
    made elsewhere."""
    for block in (b"\xff\xff\xff\xff\xff\xff", b"\xfe\x7f", b"\x3f\xe1\xff\x03", b"\x00\x7f",
                  b"\x00\x85\xff\xff\xff\xff\xff"):
        way, neighbour = beside(stage, lambda stream, block=block: headers(stream, block)
                                if stream.connection is way.proxy.spoken[0] else b"")
        way.greeted()
        equal(ending(neighbour), RESET, f"how the tunnel beside {block!r} ended")
        equal(way.connections(), 2, "connections")


def no_end_of_headers(stage):
    """And then nothing: the session is told when its time is over."""
    way, neighbour = beside(stage, lambda stream: headers(stream, STATUS_200, 0),
                            sallyport="handshake-timeout = 1s\n")
    refusal(way.client(), KINDS)
    is_alive(place(way.daemon))
    neighbour.close()


# --- behind the answer ---

def headers_twice(stage):
    """Nothing but DATA has a place in an open tunnel (RFC 9113 section 8.5)."""
    for status in 200, 103, 500:
        way, neighbour = beside(stage)
        client = way.client()
        stream = way.proxy.wait_streams(2)[1]
        stream.answer(200, behind=GREETING)
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        stream.answer(status)
        equal(ending(client), RESET, f"how the tunnel ended behind {status}")
        way.echoed(neighbour)
        equal(way.connections(), 1, "connections")


def trailers(stage):
    """They are no end: what they cut off must not look whole."""
    way, neighbour = beside(stage)
    client = way.client()
    stream = way.proxy.wait_streams(2)[1]
    stream.answer(200, behind=GREETING + b"half a mess")
    equal(read_exactly(client, len(GREETING) + 11), GREETING + b"half a mess", "what came")
    stream.connection.send(headers(stream, hpack.block(("x-checksum", "1")), h2.END_HEADERS | h2.END_STREAM))
    equal(ending(client), RESET, "how the tunnel ended")
    way.echoed(neighbour)


def data_behind_the_end(stage):
    way, _ = beside(stage)
    client = way.client("imap")
    stream = way.proxy.wait_streams(2)[1]
    stream.answer(200, behind=GREETING)
    stream.end()
    stream.connection.send(h2.frame(h2.DATA, 0, stream.number, b"more"))
    got, _ = read_all(client)
    check(b"more" not in got, f"the client got {got!r}")
    way.proxy.asked = opens()
    way.greeted()
    is_alive(place(way.daemon))


def more_than_the_window(stage):
    """A client that does not read, and a proxy that sends on and on: what we did not grant is not taken."""
    way = H2Route(stage, listeners=listener("imap") + FORWARD)
    client = way.client("forward")
    stream = way.proxy.wait_streams(1)[0]
    until(lambda: stream.connection.room > 1 << 20, "the window of the connection")
    read_exactly(client, len(GREETING))
    pid = way.daemon.process.pid
    memory = anonymous_kib(pid)
    try:
        for _ in range(4096):
            if stream.code is not None or stream.connection.gone:
                break
            stream.connection.send(h2.frame(h2.DATA, 0, stream.number, b"x" * 16384))
    except OSError:
        pass
    until(lambda: stream.code is not None or stream.connection.gone, "an end to the stream or its connection")
    grown = anonymous_kib(pid) - memory
    check(sanitized() or grown < 8192, f"the daemon has {grown} KiB more")
    way.proxy.asked = opens()
    way.greeted()


# --- the connection ---

def what_ends_the_connection(stage):
    """Its tunnels are reset, and the next one has another; the log says why."""
    ping = h2.frame(h2.PING, payload=b"x" * 8)
    for what, sends in (("a push", h2.frame(h2.PUSH_PROMISE, h2.END_HEADERS, 1, h2.long(2) + b"\x82\x84\x86\x41\x01x")),
                        ("a frame that is too large", h2.frame(h2.DATA, 0, 1, b"x" * 20000)),
                        ("SETTINGS that are no multiple of 6", h2.frame(h2.SETTINGS, payload=b"12345")),
                        ("SETTINGS of a stream", h2.frame(h2.SETTINGS, stream=1)),
                        ("33 settings", h2.settings([(0x1000 + i, i) for i in range(33)])),
                        ("a window beyond 2^31-1 in SETTINGS", h2.settings({h2.WINDOW: 1 << 31})),
                        ("a frame size below 16384", h2.settings({h2.FRAME: 100})),
                        ("connect-tcp taken back", h2.settings({h2.CONNECT_PROTOCOL: 1}) +
                         h2.settings({h2.CONNECT_PROTOCOL: 0})),
                        ("PING of a stream", h2.frame(h2.PING, stream=1, payload=b"x" * 8)),
                        ("a short PING", h2.frame(h2.PING, payload=b"x")),
                        ("DATA of stream 0", h2.frame(h2.DATA, payload=b"x")),
                        ("DATA of a stream never opened", h2.frame(h2.DATA, 0, 99, b"x")),
                        ("RST_STREAM of one", h2.rst(99, h2.CANCEL)),
                        ("CONTINUATION of nothing", h2.frame(h2.CONTINUATION, h2.END_HEADERS, 1, b"\x88")),
                        ("the connection's window above 2^31-1", h2.window(0, (1 << 31) - 1)),
                        ("a window update of 0", h2.window(0, 0)),
                        ("HTTP/1.1", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" + ping)):
        way = H2Route(stage)
        client = way.greeted()
        connection = way.proxy.spoken[0]
        connection.send(sends)
        equal(ending(client), RESET, f"how the tunnel ended at {what}")
        until(lambda connection=connection: connection.gone, f"the end of the connection at {what}")
        way.greeted()
        equal(way.connections(), 2, f"connections, behind {what}")


def not_http_2_at_all(stage):
    """A proxy that answers the preface by HTTP/1.1, or by a page."""
    for answer in b"HTTP/1.1 505 HTTP Version Not Supported\r\n\r\n", b"\0" * 100, b"SSH-2.0-x\r\n":
        way = H2Route(stage, begin=lambda connection, answer=answer: (connection.send(answer), connection.close()))
        refusal(way.client(), KINDS)
        way.failed(kinds=KINDS)


scenario(status_101,
         fields_that_are_none,
         blanks_around_a_value,
         an_answer_that_ends_at_once,
         an_error_with_its_page,
         interim_answers,
         interim_answers_and_then_nothing,
         data_before_the_answer,
         field_flood,
         hpack_bomb,
         fields_that_cannot_be_read,
         no_end_of_headers,
         headers_twice,
         trailers,
         data_behind_the_end,
         more_than_the_window,
         what_ends_the_connection,
         not_http_2_at_all,
         paths=("splice",))
