#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""squid, Apache and haproxy with the lines that sallyport-proxy(7) prints for their administrators: who says what is
spoken gets in and nobody else, logs tell protocol and user, and one that asks for patience gets it."""
import base64
import hashlib
import re
import socket

from kit import check, equal, scenario, until
from kit.connect_tcp import ask
from kit.echo import GOODBYE, Echo, greeted, leaves, serve
from kit.peers import GREETING, OPAQUE, Proxy
from kit.process import PATIENCE
from kit.real import Basic, Syslog, Tinyproxy, WrittenApache, WrittenHaproxy, WrittenSquid
from kit.real.gateway import printed
from kit.route import listener, refusal, settings

LOGS = "Writing down protocol and user"
NAME = "mail.example.net"
NAMES = {NAME: "127.0.0.1", "news.example.net": "127.0.0.1", "other.example.net": "127.0.0.1"}


def answered(proxy, target, *fields):
    """The status that a CONNECT with these fields gets."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as sock:
        lines = (f"CONNECT {target} HTTP/1.1", f"Host: {target}", *fields, "")
        return int(ask(sock, "".join(f"{line}\r\n" for line in lines).encode())[0].split()[1])


class Anywhere(Proxy):
    """A proxy behind haproxy that opens each tunnel, to an Echo of its own."""

    def __init__(self, stage):
        def opens(connection):
            if connection.read_head():
                connection.send(OPAQUE)
                serve(connection)

        super().__init__(stage, opens)


def upgrade(token):
    return f"Upgrade: {token}", "Connection: Upgrade"


def daemon_by(stage, proxy, target, more="", name="imap"):
    return stage.sallyport(settings(proxy.url, listener(name, target), proxy=more))


def only_who_says_so(stage, proxy, target):
    """The daemon's client gets in, and of other requests those that name a protocol of the list."""
    leaves(greeted(daemon_by(stage, proxy, target)))
    equal([answered(proxy, target, *fields) for fields in (
        upgrade("imaps"), upgrade("IMAP/4rev1"), upgrade("imapx"), upgrade("TLS/1.0"), ())],
          [200, 200, 403, 403, 403], "answers to names that are right, wrong and none")


PORTS = "Letting mail and news through"


def only_the_ports(stage, proxy, server, other):
    """The daemon's client gets to the server whose port is in the list, and nobody to another one."""
    leaves(greeted(daemon_by(stage, proxy, server.target)))
    equal(answered(proxy, other.target, *upgrade("IMAP")), 403, "answer for a port that is not in the list")


def squid_opens_the_ports(stage):
    """As Debian's squid.conf has it behind the lines."""
    server, other = Echo(stage), Echo(stage)
    squid = WrittenSquid(
        stage, lambda *_: "acl SSL_ports port 443\nacl Safe_ports port 80 443\n" +
        printed(PORTS, ("port 25 ", f"port 25 {server.port} ")),
        below="http_access deny !Safe_ports\nhttp_access deny CONNECT !SSL_ports\nhttp_access allow all")
    only_the_ports(stage, squid, server, other)


def tinyproxy_opens_the_ports(stage):
    server, other = Echo(stage), Echo(stage)
    lines = printed(PORTS, ("ConnectPort 25", f"ConnectPort {server.port}"), number=1)
    only_the_ports(stage, Tinyproxy(stage, [443], more=lines), server, other)


def apache_opens_the_ports(stage):
    server, other = Echo(stage), Echo(stage)
    apache = WrittenApache(stage, lambda *_: printed(PORTS, ("443 25", f"443 {server.port} 25"), number=2))
    only_the_ports(stage, apache, server, other)


def haproxy_sends_mail_its_way(stage):
    mail, web = Anywhere(stage), Anywhere(stage)
    haproxy = WrittenHaproxy(stage, lambda *_: printed(
        "Using the name in haproxy", ("192.0.2.10:3128", f"127.0.0.1:{mail.port}"),
        ("192.0.2.11:3128", f"127.0.0.1:{web.port}")))
    leaves(greeted(daemon_by(stage, haproxy, f"{NAME}:143")))
    names = upgrade("smtps"), upgrade("POP3"), upgrade("x"), ()
    equal([answered(haproxy, f"{NAME}:443", *fields) for fields in names], [200] * 4, "answers to names and to none")
    equal((len(mail.heads), len(web.heads)), (3, 2), "requests by mail's way and by the other")


def squid_lets_only_announced_mail_through(stage):
    server = Echo(stage)
    squid = WrittenSquid(stage, lambda *_: printed("Using the name in squid", ("port 25", f"port {server.port} 25")))
    only_who_says_so(stage, squid, server.target)
    other = Echo(stage)
    equal(answered(squid, other.target), 200, "answer for a port that is none of mail's")


def apache_lets_only_announced_mail_through(stage):
    server = Echo(stage)
    apache = WrittenApache(stage, lambda *_: printed("Using the name in Apache",
                                                     ("CONNECT 119", f"CONNECT {server.port} 119")))
    only_who_says_so(stage, apache, server.target)


def noted(read, pattern, count=1):
    """What the first group of the pattern has in each line of a log, once it has so many."""
    return until(lambda: len(found := re.findall(pattern, read(), re.MULTILINE)) >= count and found,
                 f"{count} lines like {pattern}")


LOGIN = "auth = basic\nuser = jane\npassword = open: book"


def written_down(read, pattern):
    """(up, down), the bytes of the one line of a log that is like this, both more than the words that were spoken."""
    up, down = (int(count) for count in until(lambda: re.search(pattern, read(), re.MULTILINE),
                                              f"a line like {pattern}").groups())
    check(up > len(GOODBYE) and down > len(GREETING + GOODBYE), f"{up} bytes up, {down} down")
    check("book" not in read(), "a password is in the log")
    return up, down


def squid_writes_down_protocol_and_user(stage):
    server, login = Echo(stage), Basic({"jane": "open: book"})

    def lines(squid, _):
        return login.lines(squid) + printed(LOGS, ("/var/log/squid/mail.log", squid.path("mail.log")))

    squid = WrittenSquid(stage, lines, below="acl known proxy_auth REQUIRED\nhttp_access deny !known\n"
                                             "http_access allow all")
    leaves(greeted(daemon_by(stage, squid, server.target, LOGIN)))
    written_down(lambda: squid.read("mail.log"), r"^\d{10}\.\d{3} \d+ 127\.0\.0\.1 jane "
                 rf"{re.escape(server.target)} 200 (\d+) (\d+) IMAP$")


def apache_writes_down_protocol_and_user(stage):
    server = Echo(stage)

    def lines(apache, _):
        word = base64.b64encode(hashlib.sha1(b"open: book").digest()).decode()
        return printed(LOGS, ("/var/log/apache2/mail.log", apache.path("mail.log")), number=1) + f"""\
AllowCONNECT {server.port}
<Proxy "*">
  AuthType Basic
  AuthName here
  AuthBasicProvider file
  AuthUserFile {apache.file("users", f"jane:{{SHA}}{word}")}
  Require valid-user
</Proxy>
"""

    apache = WrittenApache(stage, lines, modules=("authn_file", "authz_user", "auth_basic"))
    leaves(greeted(daemon_by(stage, apache, server.target, LOGIN)))
    written_down(lambda: apache.read("mail.log"), r"^\[[^]]+\] \d+ 127\.0\.0\.1 jane "
                 rf'"CONNECT {re.escape(server.target)} HTTP/1\.1" 200 (\d+) (\d+) IMAP$')


def haproxy_writes_down_protocol_and_user(stage):
    server, syslog = Echo(stage), Syslog(stage)
    haproxy = WrittenHaproxy(stage, lambda *_: printed(LOGS, ("192.0.2.20:514", syslog.place), number=2),
                             Anywhere(stage))
    leaves(greeted(daemon_by(stage, haproxy, server.target, LOGIN)))
    written_down(syslog.read, rf": 127\.0\.0\.1 jane {re.escape(server.target)} 200 (\d+) (\d+) IMAP --$")


def haproxy_asks_for_patience(stage):
    """Connections that are made ahead count for nothing."""
    server = Echo(stage)
    haproxy = WrittenHaproxy(stage, lambda *_: printed("Asking for patience", ("gt 30", "gt 2")),
                             Anywhere(stage))
    daemon = daemon_by(stage, haproxy, server.target, "preconnect = 5")
    for _ in range(2):
        leaves(greeted(daemon))
    for _ in range(2):
        with daemon.connect("imap") as client:
            check("429" in refusal(client), "the client is not told why")
    daemon.wait_line(rf"imap #3 warning: {haproxy.url} asks to be left alone for 20 s: 429")
    daemon.wait_line(r"imap #4 failed class=temporary .* \(asks to be left alone for (19|20) s more\)")


def squid_is_locked_down(stage):
    server, other = Echo(stage), Echo(stage)
    squid = WrittenSquid(stage, lambda *_: printed("Locking down", ("port 119", f"port {server.port} 119"),
                                                   ("192.0.2.0/24", "127.0.0.1")), below="", names=NAMES)
    locked(stage, squid, server, other, 403)


def haproxy_is_locked_down(stage):
    server, other = Echo(stage), Echo(stage)
    haproxy = WrittenHaproxy(stage, lambda *_: printed("Locking down", (f"{NAME}:143", f"{NAME}:{server.port}"),
                                                       number=1), Anywhere(stage))
    locked(stage, haproxy, server, other, 404)


def locked(stage, proxy, server, other, status):
    """The tunnel that is meant opens; each that differs in one thing gets this status."""
    target = f"{NAME}:{server.port}"
    leaves(greeted(daemon_by(stage, proxy, target)))
    equal([answered(proxy, *request) for request in (
        (target, *upgrade("IMAPS")), (target,), (target, *upgrade("pop3")),
        (f"other.example.net:{server.port}", *upgrade("IMAP")), (f"{NAME}:{other.port}", *upgrade("IMAP")))],
          [200] + 4 * [status], "answers to what is meant, no name, a wrong name, another server, another port")
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as sock:
        got = ask(sock, f"GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\nUpgrade: IMAP\r\n\r\n".encode())[0]
    equal(int(got.split()[1]), status, "answer to a GET")


scenario(squid_opens_the_ports,
         tinyproxy_opens_the_ports,
         apache_opens_the_ports,
         haproxy_sends_mail_its_way,
         squid_lets_only_announced_mail_through,
         apache_lets_only_announced_mail_through,
         squid_writes_down_protocol_and_user,
         apache_writes_down_protocol_and_user,
         haproxy_writes_down_protocol_and_user,
         haproxy_asks_for_patience,
         squid_is_locked_down,
         haproxy_is_locked_down,
         paths=("splice",))
