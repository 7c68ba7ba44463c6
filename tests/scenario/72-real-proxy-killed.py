#!/usr/bin/env python3
"""kill -9 of a real proxy while a message flows: the client's stream is reset, never cleanly ended, so that half a
message cannot look like a whole one.

The kernel closes a killed program's sockets with a reset when something lies unread in them, and in order otherwise; then
nobody can tell the end from a wanted one.  Here the proxy has words of the client unread."""
import signal
import socket

from kit import check, equal, scenario, until
from kit.real import PASSWORD, USER, Dovecot, Postfix, Squid, Tinyproxy, hard, letter, through
from kit.streams import RESET, read_all, read_exactly

LARGE = 48 << 20
"""More than all socket buffers on the way hold."""


def while_a_message_is_fetched(stage):
    dovecot = Dovecot(stage)
    dovecot.drop(letter("large", b"x" * 76 + b"\r\n") + (b"y" * 76 + b"\r\n") * (LARGE // 78))
    squid = Squid(stage, [dovecot.imap])
    daemon = stage.sallyport(through(squid, imap=dovecot.imap))
    with daemon.connect("imap") as client:
        client.sendall(f"a LOGIN {USER} {PASSWORD}\r\nb SELECT INBOX\r\nc FETCH 1 BODY[]\r\n".encode())
        read_exactly(client, 1 << 20)
        squid.process.signal(signal.SIGSTOP)
        client.sendall(b"d NOOP\r\n")
        until(lambda: unread_at(squid.port), "the client's word to reach the proxy")
        squid.kill()
        data, how = read_all(client)
        equal(how, RESET, f"how the client's stream ended, {len(data)} bytes after the kill")
        check(len(data) < LARGE - (1 << 20), "the whole message had come before the kill")
    daemon.wait_line(r"imap #1 closed .*by=proxy")


def while_a_message_is_sent(stage):
    postfix = Postfix(stage, Dovecot(stage))
    tinyproxy = Tinyproxy(stage, [postfix.port])
    daemon = stage.sallyport(through(tinyproxy, smtp=postfix.port))
    with daemon.connect("smtp") as client, client.makefile("rb") as stream:
        for said in b"", b"HELO client.example.net\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<a@example.net>\r\n", b"DATA\r\n":
            client.sendall(said)
            check(stream.readline()[:1] in b"23", f"{said!r} is refused")
        client.sendall(hard(1 << 20))
        tinyproxy.process.signal(signal.SIGSTOP)
        client.settimeout(0.5)
        try:
            for _ in range(LARGE >> 16):
                client.sendall(b"z" * 65534 + b"\r\n")
            raise AssertionError("all was sent to a proxy that stands still")
        except socket.timeout:
            pass  # every buffer on the way is full
        client.settimeout(20)
        tinyproxy.kill()
        equal(read_all(client), (b"", RESET), "what the client got after the kill")
    daemon.wait_line(r"smtp #1 closed .*by=proxy")


def unread_at(port):
    """Bytes that lie unread in the connections of the server on that port."""
    with open("/proc/net/tcp", encoding="ascii") as rows:
        fields = [row.split() for row in list(rows)[1:]]
    return sum(int(row[4].split(":")[1], 16) for row in fields if row[1] == f"0100007F:{port:04X}" and row[3] == "01")


scenario(while_a_message_is_fetched, while_a_message_is_sent)
