# SPDX-License-Identifier: ISC
"""INN as the news server: innd takes articles, and hands each reader to an nnrpd of its own."""
import os

from ..case import Skip, equal, need
from ..process import run
from .account import Account
from .server import Server

GROUP = "local.test"
BIN = "/usr/lib/news/bin"


class Inn(Server):
    """One group, GROUP, that anybody on loopback may read and post to.  innd insists on the user `news`."""

    def __init__(self, stage, name="inn"):
        program = need(f"{BIN}/innd", "inn2")
        account = Account.humble("news")
        if account.name != "news":
            raise Skip("innd runs as root's servant `news` only")
        super().__init__(stage, name, account)
        self.env = {**os.environ, "INNCONF": self.path("etc/inn.conf")}
        self.serve(1, lambda port: self._arrange(program, port), env=self.env)
        self.port = self.ports[0]

    def _arrange(self, program, port):
        for folder in ("etc", "db", "spool", "spool/articles", "spool/overview", "spool/incoming", "spool/outgoing",
                       "run", "log", "tmp", "filter", "http"):
            self.dir(folder)
        self.file("etc/inn.conf", f"""\
domain: example.net
pathhost: news.example.net
mta: "/bin/false %s"
hismethod: hisv6
ovmethod: tradindexed
enableoverview: true
pathnews: {self.folder}
pathbin: {BIN}
pathetc: {self.path("etc")}
pathdb: {self.path("db")}
pathspool: {self.path("spool")}
pathrun: {self.path("run")}
pathlog: {self.path("log")}
pathtmp: {self.path("tmp")}
pathfilter: {self.path("filter")}
pathhttp: {self.path("http")}
bindaddress: 127.0.0.1
bindaddress6: "::1"
port: {port}
maxartsize: 0
localmaxartsize: 0
pgpverify: false
nnrpdloadlimit: 0
""")
        self.file("etc/storage.conf", "method tradspool {\n  newsgroups: *\n  class: 0\n}\n")
        self.file("etc/newsfeeds", "ME:*::\n")
        self.file("etc/readers.conf", 'auth all {\n  hosts: "*"\n  default: "<anybody>"\n}\n'
                                      'access all {\n  users: "*"\n  newsgroups: "*"\n  access: RPA\n}\n')
        for empty in ("incoming.conf", "expire.ctl", "control.ctl", "moderators", "localgroups", "distrib.pats"):
            self.file(f"etc/{empty}")
        # Without the first three groups innd does not start; without the last there is nothing to test.
        self.file("db/active", "".join(f"{group} 0000000000 0000000001 {flag}\n" for group, flag in (
            ("control", "n"), ("control.cancel", "n"), ("junk", "n"), (GROUP, "y"))))
        for empty in ("active.times", "newsgroups", "history"):
            self.file(f"db/{empty}")
        made = run(self.account.argv(f"{BIN}/makedbz", "-i", "-o", "-s", "1000"), env=self.env)
        if made.returncode != 0:
            raise AssertionError(f"makedbz: {made.stderr.decode()}")
        return self.account.argv(program, "-f", "-P", str(port))

    def inews(self, address, article):
        """Posts the article by INN's own program to (host, port), with nothing of the machine's added to it."""
        host, port = address
        done = run([need(f"{BIN}/inews", "inn2"), "-hOPS", "-p", str(port)],
                   data=article.replace(b"\r\n", b"\n"), env={**self.env, "NNTPSERVER": host, "HOME": self.folder})
        equal(done.returncode, 0, f"status of inews, which said {(done.stdout + done.stderr).decode('latin-1')}")
