#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""TCPConnection with `tls-upgrade = yes` and `form = absolute`, at a server of the tests' own that keeps to RFC 2817,
or breaks its rules: nothing secret goes out before TLS, and each fault is told in words."""
import base64
import ssl

from kit import check, equal, scenario
from kit.certificates import Authority
from kit.peers import GREETING, Proxy
from kit.real import Squid
from kit.real.squid import ACCESS
from kit.route import listener, refusal
from kit.streams import END, read_all, read_exactly
from kit.tls import secure

PATH = "/mail/imap?box=1"
WHO = ("ines", "relay: word")
OWED = b"HTTP/1.1 200 OK\r\nAllow: OPTIONS\r\nContent-Length: 4\r\n\r\nHTTP"
UPGRADES = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2,HTTP/1.1\r\n\r\n"
OPENS = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TCPConnection/1.0\r\n\r\n"
BASIC = b"Authorization: Basic " + base64.b64encode(":".join(WHO).encode()) + b"\r\n"


def server(stage, context, upgrade=UPGRADES, owed=OWED, answer=OPENS, wants_login=False, close=False):
    """A server for TCPConnection that begins TLS by Upgrade."""
    def script(connection):
        if not connection.read_head():
            return
        if connection.head.startswith(b"CONNECT "):
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
            connection.proxy.connects.append(connection.head)
            connection.read_head()
        connection.proxy.clear.append(connection.head)
        connection.send(upgrade)
        try:
            secure(connection, context)
        except (ssl.SSLError, OSError):
            return
        connection.send(owed)
        connection.read_head()
        if wants_login and BASIC not in connection.head:
            connection.send(b"HTTP/1.1 401 Who?\r\nWWW-Authenticate: Basic realm=\"mail\"\r\nContent-Length: 0\r\n\r\n")
            return
        connection.send(answer + GREETING)
        connection.echo()

    proxy = Proxy(stage, script)
    proxy.clear, proxy.connects = [], []
    return proxy


def section(proxy, authority, more="", label=""):
    return (f"[proxy {label}]\n" if label else "[proxy]\n") + (
        f"url = http://localhost:{proxy.port}{PATH}\nmethod = tcpconnection\n"
        f"ca-file = {authority.file}\nheader = X-Mine: yes\n{more}\n")


def greeted(daemon):
    with daemon.connect("imap") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        client.sendall(b"a logout\r\n")
        equal(read_exactly(client, 10), b"a logout\r\n", "echo")


def clear_is_clean(proxy):
    """Before TLS there is the request for it, at the same path, and nothing that is ours."""
    for head in proxy.clear:
        check(head.startswith(f"OPTIONS {PATH} HTTP/1.1\r\nHost: localhost:{proxy.port}\r\n".encode()), f"got {head!r}")
        check(b"\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n" in head, f"got {head!r}")
        check(b"X-Mine" not in head and b"Authorization" not in head and b"TCPConnection" not in head, f"got {head!r}")


def the_whole_way(stage):
    """With and without the answer that is owed, with a login, and with connections ahead of need."""
    authority = Authority(stage)
    context = authority.leaf("localhost").server_side()
    login = f"user = {WHO[0]}\npassword = {WHO[1]}\n"
    for number, (more, options) in enumerate((("", {}), ("", {"owed": b""}), ("", {"answer": OPENS.replace(
            b"TCPConnection", b"tcpconnection")}), (login, {"wants_login": True}), ("preconnect = 2\n", {}))):
        relay = server(stage, context, **options)
        daemon = stage.sallyport(section(relay, authority, "tls-upgrade = yes\n" + more) + listener("imap"),
                                 name=f"sallyport-{number}")
        for _ in range(2):
            greeted(daemon)
        daemon.wait_line(rf"imap #2 open proxy=http://localhost:{relay.port} ")
        clear_is_clean(relay)
        check(any(head.startswith(f"OPTIONS {PATH} HTTP/1.1\r\n".encode()) and b"\r\nX-Mine: yes\r\n" in head
                  and b"\r\nUpgrade: TCPConnection/1.0\r\n" in head for head in relay.heads), "no request inside TLS")
        daemon.stop()


def behind_a_proxy(stage):
    """CONNECT first, then the same inside."""
    authority = Authority(stage)
    relay = server(stage, authority.leaf("localhost").server_side())
    outer = server(stage, authority.leaf("localhost", name="again").server_side())
    daemon = stage.sallyport(section(relay, authority, "tls-upgrade = yes\nvia = outer\n") +
                             f"[proxy outer]\nurl = {outer.url}\n" + listener("imap"))
    greeted(daemon)
    equal([head.split(b"\r\n")[0] for head in outer.connects], [f"CONNECT localhost:{relay.port} HTTP/1.1".encode()],
          "what the outer proxy is asked for")
    equal([head.split(b"\r\n")[0] for head in outer.clear], [f"OPTIONS {PATH} HTTP/1.1".encode()], "request inside")
    check(b"TLS/1.0" in outer.clear[0], f"got {outer.clear[0]!r}")


def faults(stage):
    """Each is the server's, and told as such."""
    authority = Authority(stage)
    right, wrong = (authority.leaf(name).server_side() for name in ("localhost", "elsewhere.example.net"))
    empty = b"Content-Length: 0\r\n\r\n"
    for number, (context, options, told) in enumerate((
            (right, {"upgrade": UPGRADES + b"\x15"}, "speaks before TLS"),
            (right, {"upgrade": b"HTTP/1.1 200 OK\r\n" + empty}, "answers 200 to the TLS upgrade: it does not know it"),
            (right, {"upgrade": b"HTTP/1.1 404 No\r\n" + empty}, "answers 404 to the TLS upgrade: it does not know it"),
            (right, {"upgrade": b"HTTP/1.1 401 Who\r\n" + empty},
             "answers 401 to the TLS upgrade: it wants a login before TLS"),
            (right, {"upgrade": b"HTTP/1.1 302 There\r\n" + empty}, "answers 302 to the TLS upgrade"),
            (right, {"upgrade": UPGRADES.replace(b"TLS/1.2,", b"")},
             "101 that names HTTP/1.1 where TLS/1.0 was asked for"),
            (wrong, {}, "certificate is for elsewhere.example.net, not for localhost"),
            (right, {"answer": OPENS.replace(b"/1.0", b"/2.0")}, "101 that names TCPConnection/2.0"),
            (right, {"answer": OPENS.replace(b"Connection: Upgrade\r\n", b"")}, "101 that names no protocol"),
            (right, {"answer": b"HTTP/1.1 200 OK\r\n" + empty}, "200: it answers as a web server does"))):
        relay = server(stage, context, **options)
        daemon = stage.sallyport(section(relay, authority, "tls-upgrade = yes\n") + listener("imap"),
                                 name=f"sallyport-{number}")
        with daemon.connect("imap") as client:
            got, how = read_all(client)
        equal(how, END, f"end of {got!r}")
        check(got.startswith(b"* BYE "), f"told {got!r}")
        daemon.wait_line(rf"imap #1 .*{told}")
        clear_is_clean(relay)
        daemon.stop()


def a_refusal_is_an_answer(stage):
    """Connections made ahead of need are not made anew because the server knows no TLS: each session takes one."""
    def refuse(connection):
        while connection.read_head():
            connection.send(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")

    relay = Proxy(stage, refuse)
    daemon = stage.sallyport(f"[proxy]\nurl = http://localhost:{relay.port}/\nmethod = tcpconnection\n"
                             "tls-upgrade = yes\npreconnect = 3\n" + listener("imap"))
    for count in range(3):
        relay.wait_connection(3 + count)
        with daemon.connect("imap") as client:
            read_all(client)
    relay.wait_connection(6)
    daemon.stop()
    equal(len(relay.connections), 6, "connections for three sessions, with three ahead")


def absolute_through_squid(stage):
    """squid passes the request on, and the tunnel is what it answers with.  The two logins reach their own readers."""
    outer = ("olaf", "outer: word")

    def script(connection):
        connection.read_head()
        wanted = b"guarded" in connection.head
        if wanted and BASIC not in connection.head:
            connection.send(b"HTTP/1.1 401 Who?\r\nWWW-Authenticate: Basic realm=\"mail\"\r\nContent-Length: 0\r\n"
                            b"Connection: close\r\n\r\n")
            return
        if b"ntlm" in connection.head:
            connection.send(b"HTTP/1.1 401 Who?\r\nWWW-Authenticate: NTLM\r\n"
                            b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            return
        if b"web" in connection.head.split(b" ")[1]:
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        connection.send(OPENS)
        connection.send(GREETING)
        connection.echo()

    relay = Proxy(stage, script)
    squid = Squid(stage, [relay.port], users=dict([outer]), upgrades="TCPConnection")
    login = f"user = {WHO[0]}\npassword = {WHO[1]}\n"
    for path, more, told in (("open", "", None), ("guarded", login, None),
                             ("web", "", "200: it answers as a web server"),
                             ("guarded", "", "401 .*set user and a password"),
                             ("ntlm", login, "it offers NTLM, usable with CONNECT but not with TCPConnection")):
        daemon = stage.sallyport(
            f"[proxy]\nurl = http://localhost:{relay.port}/{path}\nmethod = tcpconnection\nform = absolute\n"
            f"via = outer\nheader = X-Mine: yes\n{more}\n[proxy outer]\nurl = {squid.url}\nuser = {outer[0]}\n"
            f"password = {outer[1]}\nauth = basic\n" + listener("imap"), name=f"sallyport-{path}-{bool(more)}")
        if told:
            refusal(daemon.connect("imap"), ("temporary", "permanent"))
            daemon.wait_line(rf"imap #1 .*{told}")
        else:
            greeted(daemon)
            daemon.wait_line(rf"imap #1 open proxy=http://localhost:{relay.port} ")
        daemon.stop()
    for head in relay.heads:
        check(head.startswith(b"OPTIONS /") and b"\r\nX-Mine: yes\r\n" in head, f"got {head!r}")
        check(b"Proxy-Authorization" not in head, f"the outer proxy's login came in {head!r}")
    check("CONNECT" not in squid.read(ACCESS), "squid was asked for a tunnel")


if __name__ == "__main__":
    scenario(the_whole_way, behind_a_proxy, faults, a_refusal_is_an_answer, absolute_through_squid, paths=("splice",))
