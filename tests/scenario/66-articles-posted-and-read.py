#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An article is posted to INN and read back, through the daemon and squid: not a byte of its body is different."""
from kit import equal, scenario
from kit.real import GROUP, Inn, Newsreader, Slrnpull, Squid, article, doubled, hard, through
from kit.streams import END, read_all


def house(stage, inn=None):
    inn = inn or Inn(stage)
    return stage.sallyport(through(Squid(stage, [inn.port]), nntp=inn.port))


def word_for_word(stage):
    """The dialogue of RFC 3977, by a socket."""
    daemon = house(stage)
    body = hard(3 << 20)
    with daemon.connect("nntp") as client:
        reader = Newsreader(client)
        reader.post(article("word for word", body))
        equal(reader.group(GROUP), [1, 1, 1], "articles")
        equal(reader.body(1), doubled(body), "body that came back")
        reader.quit()
        equal(read_all(client), (b"", END), "end of the dialogue")
    daemon.wait_line(r"nntp #1 open .* switched=no (\S+ )*ms=\d+$")
    daemon.wait_line(r"nntp #1 closed in=3\d{6} out=3\d{6} seconds=\d+ by=")


def inews(stage):
    """INN's own program posts, which reads its article a line at a time and writes it anew."""
    inn = Inn(stage)
    daemon = house(stage, inn)
    body = hard(400_000)
    inn.inews(daemon.address("nntp"), article("by inews", body))
    with daemon.connect("nntp") as client:
        reader = Newsreader(client)
        equal(reader.group(GROUP), [1, 1, 1], "articles")
        equal(reader.overview(1)[1], "by inews", "subject in the overview")
        equal(reader.body(1), doubled(body), "body that came back")
        reader.quit()


def slrnpull(stage):
    """A newsreader's own carrier: it posts what was written offline and fetches what is new."""
    carrier = Slrnpull(stage)
    daemon = house(stage)
    body = hard(50_000)
    carrier.write(article("by slrnpull", body))
    carrier.pull(daemon.address("nntp"))
    equal(carrier.pull(daemon.address("nntp")), [body], "bodies that came back")
    daemon.wait_line(r"nntp #2 closed ")


scenario(word_for_word, inews, slrnpull)
