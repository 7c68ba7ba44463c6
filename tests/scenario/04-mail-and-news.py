#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Mail and news through the daemon and a proxy that knows their protocols: what client and server say to each other is,
to the byte, what they say without anything between."""
import os
import random
import socket
import sys

from kit import check, equal, need, run, scenario
from kit.route import listener
from kit.streams import END, read_all

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../reference"))
from imap import MESSAGE, Imap  # noqa: E402
from nntp import ARTICLE, Nntp  # noqa: E402
from proxy import TOKENS, Proxy  # noqa: E402
from smtp import Smtp  # noqa: E402

NAMES = {"imap": "mail.example.net:143", "smtp": "mail.example.net:25", "nntp": "news.example.net:119"}

NOISE = bytes(random.Random(7).randrange(256) for _ in range(100_000))

LETTER = b"".join((
    b"From: Sender <sender@example.net>\r\nTo: Reader <reader@example.net>\r\nSubject: all there is\r\n\r\n",
    b".\r\n..\r\n.dots\r\n\r\n\r\n", "caf\u00e9 \u2603\r\n".encode(), b"x" * 998 + b"\r\n",
    b"".join(b"%d: %s\r\n" % (number, NOISE[number:number + 40].hex().encode()) for number in range(20000)),
    b"no more\r\n"))
"""A letter of more than a megabyte, with what mail finds hard."""


class House:
    """A server, the reference proxy in front of it, and the daemon in front of that."""

    def __init__(self, stage, kind, server, tokens=TOKENS):
        self.stage = stage
        self.kind = kind
        self.server = server.on(stage)
        self.proxy = Proxy(names={NAMES[kind]: server.address}, tokens=tokens).on(stage)
        self.daemon = stage.sallyport(f"[proxy]\nurl = http://{self.proxy.address}\n"
                                      + listener(kind, NAMES[kind].split(":")[0]))

    def address(self):
        return "{}:{}".format(*self.daemon.address(self.kind))

    def compare(self, switched="yes"):
        """The server has had one client directly and then one through the daemon, which said and heard the same."""
        direct, through = self.server.wires
        equal(bytes(through.received), bytes(direct.received), "what the server was told")
        equal(bytes(through.sent), bytes(direct.sent), "what the server said")
        self.daemon.wait_line(rf"{self.kind} #1 open proxy=http://{self.proxy.address} target={NAMES[self.kind]} "
                              rf"switched={switched} (?:redirects=0 )?ms=\d+\b")
        counts = f"in={len(direct.received)} out={len(direct.sent)}"
        self.daemon.wait_line(rf"{self.kind} #1 closed {counts} seconds=\d+ by=")
        equal([request.early for request in self.proxy.requests], [b""], "bytes that came before the proxy had agreed")


def curl(*arguments):
    """What curl prints when all went well."""
    done = run([need("curl", "curl"), "--silent", "--show-error", "--noproxy", "*", *arguments])
    equal((done.returncode, done.stderr), (0, b""), "status and complaints of curl")
    return done.stdout


def fetches(stage, **options):
    house = House(stage, "imap", Imap([MESSAGE, LETTER]), **options)
    for place in house.server.address, house.address():
        equal(curl("--user", "reader:secret", f"imap://{place}/INBOX;MAILINDEX=2"), LETTER, f"letter from {place}")
    return house


def curl_fetches_a_letter_by_imap(stage):
    fetches(stage).compare()


def curl_fetches_a_letter_through_a_proxy_that_does_not_switch(stage):
    fetches(stage, tokens=()).compare(switched="no")


def curl_adds_a_letter_by_imap(stage):
    mailbox = []
    house = House(stage, "imap", Imap(mailbox))
    letter = stage.file("letter", LETTER)
    for place in house.server.address, house.address():
        curl("--user", "reader:secret", "--upload-file", letter, f"imap://{place}/INBOX")
    equal(mailbox, [LETTER, LETTER], "mailbox")
    house.compare()


def curl_sends_a_letter_by_smtp(stage):
    mailbox = []
    house = House(stage, "smtp", Smtp(mailbox))
    letter = stage.file("letter", LETTER)
    for place in house.server.address, house.address():
        curl("--mail-from", "sender@example.net", "--mail-rcpt", "reader@example.net", "--upload-file", letter,
             f"smtp://{place}/client.example.net")
    equal(mailbox, [LETTER, LETTER], "mailbox")
    house.compare()


def converse(sock, script):
    """Sends each line when the answer to the one before has begun; gives all that came, up to the end."""
    got = b""
    with sock:
        for said in script:
            got += sock.recv(65536)
            sock.sendall(said)
        rest, how = read_all(sock)
        equal(how, END, "end of the dialogue")
    return got + rest


def an_exchange_of_news(stage):
    posted = ARTICLE.replace(b"<first@", b"<%d@" % os.getpid()) + LETTER.partition(b"\r\n\r\n")[2]
    stuffed = b"".join(b"." + line if line.startswith(b".") else line for line in posted.splitlines(keepends=True))
    script = (b"CAPABILITIES\r\n", b"MODE READER\r\n", b"GROUP misc.test\r\n", b"ARTICLE 1\r\n", b"POST\r\n",
              stuffed + b".\r\n", b"OVER 1\r\nHEAD 1\r\nARTICLE <%d@news.example.net>\r\nQUIT\r\n" % os.getpid())
    house = House(stage, "nntp", Nntp())
    direct = converse(socket.create_connection((house.server.host, house.server.port), timeout=20), script)
    house.server.groups["misc.test"].pop()  # so that the second client finds what the first one found
    through = converse(house.daemon.connect("nntp"), script)
    equal(through, direct, "what the client heard")
    check(stuffed in through, "the article did not come back as it was posted")
    equal(house.server.groups["misc.test"], [ARTICLE, posted], "group")
    house.compare()


def a_letter_goes_out_by_smtp_and_comes_back_by_imap(stage):
    mailbox = []
    house = House(stage, "smtp", Smtp(mailbox))
    back = House(stage, "imap", Imap(mailbox))
    curl("--mail-from", "sender@example.net", "--mail-rcpt", "reader@example.net", "--upload-file",
         stage.file("letter", LETTER), f"smtp://{house.address()}/client.example.net")
    equal(curl("--user", "reader:secret", f"imap://{back.address()}/INBOX;MAILINDEX=1"), LETTER, "letter")


scenario(curl_fetches_a_letter_by_imap,
         curl_fetches_a_letter_through_a_proxy_that_does_not_switch,
         curl_adds_a_letter_by_imap,
         curl_sends_a_letter_by_smtp,
         an_exchange_of_news,
         a_letter_goes_out_by_smtp_and_comes_back_by_imap)
