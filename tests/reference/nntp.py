#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A small NNTP server: a few groups, reading and posting; articles stay byte for byte as they were posted."""
import time

from server import Server, arguments, stay

OVERVIEW = (b"Subject", b"From", b"Date", b"Message-ID", b"References")

CAPABILITIES = b"VERSION 2\r\nREADER\r\nPOST\r\nLIST ACTIVE NEWSGROUPS OVERVIEW.FMT\r\nOVER\r\n"

ARTICLE = b"\r\n".join((
    b"Path: news.example.net!not-for-mail", b"From: Reader <reader@example.net>", b"Newsgroups: misc.test",
    b"Subject: a first article", b"Date: Sat, 01 Jun 2024 12:00:00 +0000", b"Message-ID: <first@news.example.net>", b"",
    b"An article in a reference server.", b".A line with a dot in front.", b""))


def header(article, name):
    """The value of a header field of an article, or nothing."""
    for line in article.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.lower() == name.lower():
            return value.strip()
    return b""


class Nntp(Server):
    """`groups` maps a group's name to its list of articles; an article's number is its place, from 1."""

    def __init__(self, groups=None, **where):
        self.groups = {"misc.test": [ARTICLE]} if groups is None else groups
        super().__init__(**where)

    def serve(self, wire):
        wire.send(b"200 news.example.net reference server, posting allowed\r\n")
        reader = Reader(self.groups, wire)
        while (line := wire.line()) is not None:
            verb, *words = line.decode("utf-8", "replace").split() or [""]
            command = getattr(reader, "do_" + verb.lower(), None)
            if verb.upper() == "QUIT":
                wire.send(b"205 Bye\r\n")
                return
            if command is None:
                wire.send(b"500 Command not known\r\n")
            elif not command(*words[:2]):
                return


class Reader:
    """One client's place in the news.  Each command tells whether the dialogue goes on."""

    def __init__(self, groups, wire):
        self.groups = groups
        self.wire = wire
        self.group = None
        self.number = 0

    def reply(self, line, text=None):
        self.wire.send(line.encode() + b"\r\n")
        if text is not None:
            self.wire.send_text(text)
        return True

    def articles(self):
        return self.groups[self.group] if self.group else []

    def do_capabilities(self, *_):
        return self.reply("101 Capabilities:", CAPABILITIES)

    def do_mode(self, *_):
        return self.reply("200 Posting allowed")

    def do_date(self, *_):
        return self.reply("111 " + time.strftime("%Y%m%d%H%M%S", time.gmtime()))

    def do_list(self, what="ACTIVE", *_):
        if what.upper() == "OVERVIEW.FMT":
            rows = [name.decode() + ":" for name in OVERVIEW] + [":bytes", ":lines"]
        elif what.upper() == "NEWSGROUPS":
            rows = [f"{name} a group of the reference server" for name in self.groups]
        elif what.upper() == "ACTIVE":
            rows = [f"{name} {len(articles)} 1 y" for name, articles in self.groups.items()]
        else:
            return self.reply("503 Not kept")
        return self.reply("215 Information follows", "".join(row + "\r\n" for row in rows).encode())

    def do_newgroups(self, *_):
        return self.reply("231 None", b"")

    def do_group(self, name="", *_):
        if name not in self.groups:
            return self.reply("411 No such group")
        self.group, self.number = name, min(1, len(self.groups[name]))
        return self.reply(f"211 {len(self.articles())} 1 {len(self.articles())} {name}")

    def find(self, which):
        """(number, article) of a number, a message id, or the current article; None after having said why not."""
        if which.startswith("<"):
            for articles in self.groups.values():
                for article in articles:
                    if header(article, b"Message-ID").decode() == which:
                        return 0, article
            self.reply("430 No such article")
            return None
        if not self.group:
            self.reply("412 No group selected")
            return None
        number = int(which) if which.isdecimal() else self.number
        if not 1 <= number <= len(self.articles()):
            self.reply("423 No article with that number")
            return None
        self.number = number
        return number, self.articles()[number - 1]

    def show(self, code, which, part):
        found = self.find(which)
        if found is None:
            return True
        number, article = found
        return self.reply(f"{code} {number} {header(article, b'Message-ID').decode()}", part(article))

    def do_article(self, which="", *_):
        return self.show(220, which, lambda article: article)

    def do_head(self, which="", *_):
        return self.show(221, which, lambda article: article.split(b"\r\n\r\n", 1)[0] + b"\r\n")

    def do_body(self, which="", *_):
        return self.show(222, which, lambda article: article.split(b"\r\n\r\n", 1)[1])

    def do_stat(self, which="", *_):
        return self.show(223, which, lambda article: None)

    def do_over(self, span="", *_):
        if not self.group:
            return self.reply("412 No group selected")
        first, dash, last = span.partition("-")
        low = int(first) if first.isdecimal() else self.number
        high = (int(last) if last.isdecimal() else len(self.articles())) if dash else low
        rows = b""
        for number, article in enumerate(self.articles(), 1):
            if low <= number <= high:
                body = article.split(b"\r\n\r\n", 1)[1]
                fields = [header(article, name) for name in OVERVIEW]
                size, lines = len(article), body.count(b"\n")
                rows += b"\t".join([b"%d" % number, *fields, b"%d" % size, b"%d" % lines]) + b"\r\n"
        return self.reply("224 Overview follows", rows)

    do_xover = do_over

    def do_post(self, *_):
        self.reply("340 Send the article, end with a line of one dot")
        article = self.wire.text()
        if article is None:
            return False  # broke off: not an article
        wanted = header(article, b"Newsgroups").decode("utf-8", "replace").replace(" ", "").split(",")
        names = [name for name in wanted if name in self.groups]
        if not names or b"\r\n\r\n" not in article:
            return self.reply("441 No known group, or no header")
        if not header(article, b"Message-ID"):
            return self.reply("441 No Message-ID")
        for name in names:
            self.groups[name].append(article)
        return self.reply("240 Article received")


if __name__ == "__main__":
    given = arguments(__doc__).parse_args()
    stay(Nntp(host=given.listen[0], port=given.listen[1]))
