#!/usr/bin/env python3
"""An article is posted to INN and read back, through the daemon and squid: not a byte of its body is different."""
import glob
import os
import warnings

from kit import Sallyport, Skip, check, equal, need, run, scenario
from kit.process import PATIENCE
from kit.real import GROUP, Inn, Newsreader, Squid, body_of, doubled, hard, through
from kit.streams import END, read_all


def house(stage):
    inn = Inn(stage)
    return stage.sallyport(through(Squid(stage, [inn.port]), nntp=inn.port))


def article(subject, body):
    return (b"From: Bob <bob@example.net>\r\nNewsgroups: " + GROUP.encode() + b"\r\nSubject: " + subject.encode() +
            b"\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=x-unknown\r\n"
            b"Content-Transfer-Encoding: 8bit\r\n\r\n" + body)


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


def nntplib(stage):
    """Python's own news client."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            from nntplib import NNTP
        except ImportError:
            raise Skip("this Python has no nntplib any more") from None
    daemon = house(stage)
    body = hard(400_000)
    with NNTP(*daemon.address("nntp"), readermode=True, timeout=PATIENCE) as client:
        check(client.post(article("by nntplib", body)).startswith("240"), "the article is refused")
        equal(client.group(GROUP)[1:4], (1, 1, 1), "articles")
        equal(client.over((1, 1))[1][0][1]["subject"], "by nntplib", "subject in the overview")
        got = b"".join(line + b"\r\n" for line in client.body("1")[1].lines)
        equal(got, body, "body that came back")


def pull(stage, daemon):
    """Lets slrnpull send what is in its spool and fetch what is new; gives the paths of all articles it has."""
    host, port = daemon.address("nntp")
    spool = stage.dir("slrnpull")
    done = run([need("slrnpull", "slrnpull"), "-d", spool, "-h", f"{host}:{port}"], env=Sallyport.environment(stage))
    equal(done.returncode, 0, f"status of slrnpull, which said {(done.stdout + done.stderr).decode('latin-1')}")
    return glob.glob(os.path.join(spool, "news", *GROUP.split("."), "[0-9]*"))


def slrnpull(stage):
    """A newsreader's own carrier: it posts what was written offline and fetches what is new."""
    need("slrnpull", "slrnpull")
    daemon = house(stage)
    body = hard(50_000)
    stage.file("slrnpull/slrnpull.conf", f"{GROUP} 0 0 0\n")
    written = doubled(article("by slrnpull", body))  # slrnpull sends what it finds as it stands
    stage.file("slrnpull/out.going/X1", written.replace(b"\r\n", b"\n"))
    pull(stage, daemon)
    (path,) = pull(stage, daemon)
    with open(path, "rb") as file:
        equal(body_of(file.read().replace(b"\n", b"\r\n")), body, "body that came back")
    daemon.wait_line(r"nntp #2 closed ")


scenario(word_for_word, nntplib, slrnpull)
