#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Each answer that our relay gives, as somebody sees it who sends it bytes: who is let in, what opens, what is
refused."""
from kit import check, equal, scenario, until
from kit.control import facts
from kit.own_relay import UPGRADE, Relay, basic, path
from kit.streams import END, read_all, readable

REGISTER = f"GET {path()}"


def asked(relay, line, user=None, *fields, secret=None):
    """The visitor who asked that, with its answer read."""
    visitor = relay.visitor()
    visitor.asks(line, user, *fields, secret=secret)
    visitor.answer()
    return visitor


def refused(relay, status, line, user=None, *fields):
    """That request is refused so, and the connection goes on with the next, unless it was to become a tunnel."""
    visitor = asked(relay, line, user, *fields)
    equal(visitor.status, status, f"status for {line} of {user}")
    return visitor


# --- who is let in ---

def strangers(stage):
    """A path of the relay asks who one is, and every other is not there; no answer tells what names there are."""
    relay = Relay(stage, more="path /mail/imap = home:143\n")
    told = set()
    for line in REGISTER, f"GET {path('nobody')}", "OPTIONS /mail/imap":
        visitor = refused(relay, 401, line, None, *UPGRADE)
        told.add((visitor.fields["www-authenticate"], visitor.body))
        visitor.asks(REGISTER, "alice", *UPGRADE)  # on the same connection
        relay.daemon.wait_line("waiting name=home:143", count=len(told))
    equal(len(told), 1, "different answers to strangers")
    for name in "home:143", "nobody:1", "127.0.0.1:22":
        visitor = refused(relay, 407, f"CONNECT {name}")
        check(visitor.fields["proxy-authenticate"].startswith("Basic realm="), f"{visitor.fields}")
    for line in ("GET /", "GET /favicon.ico", "GET /.well-known/reverse/", "OPTIONS *", "GET /mail", "PUT /x"):
        visitor = refused(relay, 404, line)
        check("home" not in str((visitor.fields, visitor.body)), f"{visitor.fields} {visitor.body}")


def someone_elses_name(stage):
    relay = Relay(stage)
    for line, user in ((f"GET {path('away')}", "alice"), (f"GET {path('home')}", "bob"),
                       (f"GET {path('home', 144)}", "alice"), ("CONNECT home:993", "bob"),
                       ("CONNECT nobody:1", "carol"), ("CONNECT 127.0.0.1:22", "carol"), ("CONNECT away:143", "alice")):
        refused(relay, 403, line, user, *UPGRADE)
        relay.daemon.wait_line(rf'refused from=127\.0\.0\.1\S* user="?{user}"? .*status=403')


def a_second_user_for_a_name(stage):
    relay = Relay(stage)
    first = relay.place("alice")
    refused(relay, 409, REGISTER, "carol", *UPGRADE)
    relay.place("alice")  # the first one may go on
    client = relay.client().gets(200)
    first.gets(101)
    client.says(b"x")
    first.reads(b"x")


def who_is_gone_leaves_no_place(stage):
    """The tunnels that died hold nothing: all sixteen of a user are free at once."""
    relay = Relay(stage)
    for visitor in [relay.place() for _ in range(16)]:
        visitor.sock.close()
    until(lambda: not facts(relay.daemon)["relay"] or facts(relay.daemon)["relay"][0]["waiting"] == 0, "no places")
    for _ in range(16):
        relay.place()
    equal(facts(relay.daemon)["relay"][0]["waiting"], 16, "places")
    visitor = refused(relay, 429, REGISTER, "alice", *UPGRADE)
    check(int(visitor.fields["retry-after"]) > 0, f"{visitor.fields}")


# --- what opens ---

def a_tunnel(stage):
    """The oldest request is served, with the token as it was asked and the client's own address."""
    relay = Relay(stage)
    first, second = relay.place(), relay.place("alice", "home", 143)
    for place, token in ((first, "reverse"), (second, "reverse")):
        client = relay.client(source="127.0.0.3")
        client.gets(200)
        equal(place.answer(), 101, "status")
        host, port = client.sock.getsockname()
        equal(place.fields, {"connection": "upgrade", "upgrade": token,
                             "forwarded": f'for="{host}:{port}";by="127.0.0.1:{relay.port}"'}, "fields")
        place.says(b"* OK\r\n")
        client.reads(b"* OK\r\n")
        client.says(b"a LOGOUT\r\n")
        place.reads(b"a LOGOUT\r\n")
        client.sock.shutdown(1)
        place.ends()
        place.says(b"* BYE\r\n")
        place.sock.close()
        equal(read_all(client.sock), (b"* BYE\r\n", END), "end at the client")


def the_form_of_h2o(stage):
    """Names of fields in lower case, the token in any case, and the ALPN that both know."""
    relay = Relay(stage, more="alpn = http/1.1,imap\n")
    rows = (("reverse", "h2,http%2F1.1", "http%2F1.1"), ("Reverse", "h2, imap", "imap"), ("REVERSE", "h2", None))
    for count, (token, offered, selected) in enumerate(rows, 1):
        place = relay.visitor()
        place.says(f"GET {path()} HTTP/1.1\r\nhost: relay.example\r\nconnection: upgrade\r\nupgrade: {token}\r\n"
                   f"alpn: {offered}\r\nauthorization: {basic('alice')}\r\n\r\n")
        relay.daemon.wait_line("waiting name=home:143 ", count=count)
        client = relay.client().gets(200)
        place.gets(101)
        equal((place.fields["upgrade"], place.fields.get("selected-alpn")), (token, selected), "what was chosen")
        client.sock.close()


def a_mapped_path(stage):
    relay = Relay(stage, more="path = /mail/imap = home:143\n")
    place = relay.place()
    visitor = relay.visitor()
    visitor.asks("OPTIONS /mail/imap", "bob", "Connection: Upgrade", "Upgrade: tcpconnection/1.0")
    visitor.gets(101)
    equal((visitor.fields["upgrade"], visitor.fields["connection"].lower()), ("TCPConnection/1.0", "upgrade"), "fields")
    place.gets(101)
    place.says(b"* OK\r\n")
    visitor.reads(b"* OK\r\n")
    refused(relay, 426, "OPTIONS /mail/imap", "bob", "Connection: Upgrade", "Upgrade: TCPConnection/1.1")
    equal(refused(relay, 405, "GET /mail/imap", "bob").fields["allow"], "OPTIONS", "Allow")


def the_next_place_serves(stage):
    """A path that is dead is seen when the 101 crosses it; the client hears nothing of that, once."""
    relay = Relay(stage)
    dead, alive = relay.place(), relay.place()
    client = relay.client()
    client.gets(200)
    client.says(b"early")
    dead.gets(101)
    dead.reads(b"early")
    dead.sock.close()
    alive.gets(101)
    alive.reads(b"early")
    alive.says(b"* OK\r\n")
    client.reads(b"* OK\r\n")
    relay.daemon.wait_line("open .*again=yes")
    client.sock.close()
    alive.sock.close()
    spare = [relay.place() for _ in range(3)]
    client = relay.client().gets(200)
    for place in spare[:1] + [None]:
        if place is None:  # the one that is taken then
            place = until(lambda: next((other for other in spare[1:] if readable(other.sock)), None), "a second 101")
        place.gets(101)
        place.sock.close()
    _, how = read_all(client.sock)
    check(how != "silent", "the client hangs behind two dead places")
    equal(sum(readable(other.sock, 0.05) for other in spare[1:] if other.sock.fileno() >= 0), 0, "third tries")


def nobody_there(stage):
    """At once where nobody was for a minute; held for somebody who comes within 10 s otherwise."""
    relay = Relay(stage)
    visitor = refused(relay, 503, "CONNECT lost:143", "bob")
    check(int(visitor.fields["retry-after"]) > 0, f"{visitor.fields}")
    place = relay.place()
    first = relay.client().gets(200)
    place.gets(101)
    late = relay.client()
    check(not readable(late.sock, 0.2), "a client that could be served in a moment was answered")
    relay.place().gets(101)
    late.gets(200)
    first.sock.close()


# --- what cannot be read, or is no request for this ---

def tricks_with_paths(stage):
    """A name is decoded once; what is more than a name is none."""
    relay = Relay(stage)
    base = "/.well-known/reverse/tcp"
    for trick in (f"{base}/home/143", f"{base}/home/143//", f"{base}/home/0143/", f"{base}/home/0/",
                  f"{base}/home/+143/", f"{base}/home/143/?x", f"{base}/home/143/#x", f"{base}/home/65536/",
                  f"{base}//143/", f"{base}/home//",
                  f"{base}/x/../home/143/", f"{base}/x/%2e%2e/home/143/", f"{base}/%2e%2e/143/", f"{base}/home%00/143/",
                  f"{base}/home%2F143/", f"{base}/home%3A143/143/", f"{base}/home/%3143/", f"{base}/ho%6/143/",
                  f"{base}/%2568ome/143/",
                  f"{base}/home%0d%0aX:y/143/", f"/.well-known/./reverse/tcp/home/143/", f"//{base}/home/143/",
                  f"/.WELL-KNOWN/reverse/tcp/home/143/", f"/.well-known%2Freverse/tcp/home/143/"):
        visitor = relay.visitor()
        visitor.asks(f"GET {trick}", "alice", *UPGRADE)
        check(visitor.answer() in (400, 403, 404), f"{trick} got {visitor.status}")
    for count, again in enumerate((f"{base}/%68ome/143/", f"http://relay.example{base}/home/143/",
                                   f"{base}/HOME/143/"), 1):
        visitor = relay.visitor()
        visitor.asks(f"GET {again}", "alice", *UPGRADE)
        relay.daemon.wait_line("waiting name=home:143 ", count=count)
        client = relay.client().gets(200)
        visitor.gets(101)
        client.sock.close()
    for count, six in enumerate(("2001:db8::7", "2001%3Adb8%3A0%3A%3A7", "2001%3adb8%3a%3a7"), 1):
        visitor = relay.visitor()
        visitor.asks(f"GET {base}/{six}/143/", "carol", *UPGRADE)
        relay.daemon.wait_line(r"waiting name=\[2001:db8::7\]:143 ", count=count)
        client = relay.client("carol", "[2001:DB8:0::7]:143").gets(200)
        visitor.gets(101)
        client.sock.close()
    for name in "home", "home:0", "home:x", "home:143/", "http://home:143/", "2001:db8::7:143", ":143":
        visitor = relay.visitor()
        visitor.asks(f"CONNECT {name}", "bob")
        check(visitor.answer() in (400, 403), f"CONNECT {name} got {visitor.status}")


def heads_that_are_wrong(stage):
    relay = Relay(stage)
    line, host = f"{REGISTER} HTTP/1.1\r\n", "Host: relay.example\r\n"
    login = f"Authorization: {basic('alice')}\r\nConnection: upgrade\r\nUpgrade: reverse\r\n"
    for wrong, status in ((f"{line}{login}\r\n", 400), (f"{line}{host}{host}{login}\r\n", 400),
                          (f"{line}{host} folded: x\r\n\r\n", 400),
                          (f"{line}{host}X : y\r\n\r\n", 400),
                          (f"{line}{host}{login}Content-Length: 3\r\n\r\nabc", 400),
                          (f"{line}{host}{login}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
                          (f"{line}{host}{login}\r\nspeaks early", 400), ("GET / HTTP/2.0\r\n\r\n", 505),
                          (f"{line}{host}X: y\0z\r\n\r\n", 400), ("EHLO relay.example\r\n\r\n", 400),
                          (f"{line}{host}X: " + 17000 * "x" + "\r\n\r\n", 431),
                          (line + host + 200 * "X: y\r\n" + "\r\n", 431)):
        visitor = relay.visitor()
        visitor.says(wrong)
        equal(visitor.answer(), status, f"status for {wrong[:300]!r}")
        visitor.ends()
    equal(refused(relay, 405, f"POST {path()}", "alice").fields["allow"], "GET", "Allow")
    for fields in (), ("Upgrade: reverse",), ("Connection: upgrade",), ("Connection: upgrade", "Upgrade: websocket"):
        equal(refused(relay, 426, REGISTER, "alice", *fields).fields["upgrade"], "reverse", "Upgrade")
    refused(relay, 400, REGISTER, "alice", *UPGRADE, f"Authorization: {basic('bob')}")
    refused(relay, 417, REGISTER, "alice", *UPGRADE, "Expect: 200-maybe")
    equal(relay.daemon.count("waiting name="), 0, "places that wait")


def slow_heads(stage):
    """10 s for a head, however busily its bytes drip; others are served meanwhile."""
    relay = Relay(stage)
    mute, slow = relay.visitor(), relay.visitor()
    slow.says(f"{REGISTER} HTTP/1.1\r\nX: ")
    place = relay.place()
    relay.client().gets(200)
    place.gets(101)
    dripped = 0
    while not readable(slow.sock, 0.5):
        slow.says(b"x")
        dripped += 1
    check(16 <= dripped <= 26, f"a head was waited for {dripped / 2} s")
    equal(slow.answer(), 408, "status for a slow one")
    slow.ends()
    mute.ends()


scenario(strangers, someone_elses_name, a_second_user_for_a_name, who_is_gone_leaves_no_place, a_tunnel,
         the_form_of_h2o, a_mapped_path, the_next_place_serves, nobody_there, tricks_with_paths, heads_that_are_wrong,
         slow_heads, paths=("splice",))
