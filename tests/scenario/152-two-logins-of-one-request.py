#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""TCPConnection with `form = absolute`: one request, which the proxy before the server reads, and the server too.  Each
may want to know who asks, by Basic or Digest.  The proxy is squid; the server, a strict reader of Digest, is ours."""
import base64
import hashlib
import re

from kit import check, equal, scenario
from kit.connect_tcp import TCPCONNECTION, answers, field, request_line
from kit.peers import GREETING, Proxy
from kit.real import Basic, Digest, Squid
from kit.real.squid import ACCESS
from kit.route import listener, refusal
from kit.streams import read_exactly

PATH = "/mail/./imap?box=%3A1"
OUTER = ("olaf", "outer: word")
INNER = ("ines", "relay: word")
REALM = "relay"
OPENS = TCPCONNECTION.replace(b"{}", b"")
BASIC = "Basic " + base64.b64encode(":".join(INNER).encode()).decode()


def hashed(*words):
    return hashlib.md5(":".join(words).encode()).hexdigest()


class Server(Proxy):
    """Answers 101 to those who prove that they are INNER by that scheme, and greets; None: to all.  Its nonce is good
    for so many uses, each with a count of its own, and no word of another request is taken."""

    def __init__(self, stage, scheme, uses=1000, word=INNER[1]):
        self.scheme, self.uses, self.word = scheme, uses, word
        self.nonces, self.count = 1, 0
        self.refused = []       # the heads that were answered 401
        super().__init__(stage, self._serve)

    def _serve(self, connection):
        head = connection.read_head()
        if not head:
            return
        wanted = self._wants(head)
        if wanted:
            self.refused.append(head)
            connection.send(answers("401 Who?", "WWW-Authenticate: " + wanted, "Connection: close"))
            return
        connection.send(OPENS + GREETING)
        connection.echo()

    def _wants(self, head):
        """The challenge, or "" for one who may come in."""
        said = field(head, "Authorization")
        if self.scheme is None or (self.scheme == "basic" and said == [BASIC]):
            return ""
        if self.scheme == "basic":
            return f'Basic realm="{REALM}"'
        stale = ""
        if said and said[0].startswith("Digest "):
            proof = {name: quoted or plain for name, quoted, plain in
                     re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', said[0])}
            stale = self._judge(proof, *request_line(head).split(" ")[:2])
            if stale is None:
                return ""
        return f'Digest realm="{REALM}", qop="auth", nonce="n{self.nonces}"{stale}'

    def _judge(self, proof, verb, target):
        """None if all of it is right; else what is to be said beside the next nonce."""
        equal(proof["uri"], target, "what is proved, and what is asked for")
        who = hashed(INNER[0], REALM, self.word)
        right = hashed(who, proof["nonce"], proof["nc"], proof["cnonce"], "auth", hashed(verb, proof["uri"]))
        if proof["username"] != INNER[0] or proof["response"] != right:
            return ""
        if proof["nonce"] == f"n{self.nonces}" and int(proof["nc"], 16) == self.count + 1 <= self.uses:
            self.count += 1
            return None
        self.nonces, self.count = self.nonces + 1, 0
        return ", stale=true"


def ini(url, via, inner=INNER[1], outer=OUTER[1], auth="any"):
    return ("[sallyport]\nlog-level = debug\n"
            f"[proxy]\nurl = {url}{PATH}\nmethod = tcpconnection\nform = absolute\nvia = outer\n"
            f"user = {INNER[0]}\npassword = {inner}\n"
            f"[proxy outer]\nurl = {via}\nuser = {OUTER[0]}\npassword = {outer}\nauth = {auth}\n" + listener("imap"))


def opened(daemon, count):
    """That many sessions, one after the other."""
    for number in range(1, count + 1):
        with daemon.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
            client.sendall(b"a logout\r\n")
            equal(read_exactly(client, 10), b"a logout\r\n", "echo")
        daemon.wait_line(rf"imap #{number} open ")


def squid_before(stage, server, outer, name, **options):
    logins = {None: (), "basic": (Basic(dict([OUTER])),), "digest": (Digest(dict([OUTER]), **options),)}[outer]
    return Squid(stage, [server.port], logins=logins, upgrades="TCPConnection", name=name)


def statuses(squid):
    """What squid answered, in order."""
    return [line.split(" ")[2] for line in squid.read(ACCESS).splitlines()]


def silent(daemon):
    """No password is in the log, and no proof."""
    for secret in (INNER[1], OUTER[1], BASIC, "response=", "cnonce="):
        equal(daemon.count(re.escape(secret)), 0, f"lines with {secret}")


def each_reader_has_its_own_login(stage):
    """All combinations: each is asked once, and after that one request does.  Neither login gets to the other."""
    for inner in (None, "basic", "digest"):
        for outer in (None, "basic", "digest"):
            server = Server(stage, inner)
            squid = squid_before(stage, server, outer, f"squid-{inner}-{outer}")
            daemon = stage.sallyport(ini(f"http://localhost:{server.port}", squid.url, auth=outer or "any"),
                                     name=f"sallyport-{inner}-{outer}")
            opened(daemon, 3)
            daemon.stop()
            equal(len(server.refused), 1 if inner else 0, f"401s with {inner} behind {outer}")
            equal(len(server.heads), 3 + len(server.refused), f"requests behind squid with {inner} behind {outer}")
            equal(statuses(squid).count("407"), 1 if outer == "digest" else 0, f"407s with {inner} behind {outer}")
            for head in server.heads:
                equal(request_line(head), f"OPTIONS {PATH} HTTP/1.1", "request behind squid")
                equal(field(head, "Proxy-Authorization"), [], "the proxy's login")
            check("CONNECT" not in squid.read(ACCESS), "squid was asked for a tunnel")
            silent(daemon)


def nonces_end(stage):
    """Each reader has nonces of its own, which end at their own times; nobody's password is doubted."""
    server = Server(stage, "digest", uses=3)
    squid = squid_before(stage, server, "digest", "squid", uses=2)
    daemon = stage.sallyport(ini(f"http://localhost:{server.port}", squid.url))
    opened(daemon, 10)
    check(len(server.refused) >= 3, "the server's nonces did not end")
    check(statuses(squid).count("407") >= 4, "squid's nonces did not end")
    equal(daemon.count("refused"), 0, "refusals")


def a_wrong_password_is_its_readers_affair(stage):
    """One that the server refuses is not sent again, while the proxy's goes on; and the other way round."""
    server, free = Server(stage, "digest"), Server(stage, None)
    squid = Squid(stage, [server.port, free.port], logins=(Digest(dict([OUTER])),), upgrades="TCPConnection")
    daemon = stage.sallyport(ini(f"http://localhost:{server.port}", squid.url, inner="wrong"))
    with daemon.connect("imap") as client:
        check("refused the password" in refusal(client, ("permanent",)), "the client is not told why")
    daemon.wait_line("imap #1 failed .*401 ")
    with daemon.connect("imap") as client:
        check("not sent again" in refusal(client, ("permanent",)), "the client is not told why")
    daemon.wait_line("imap #2 failed .*401: this user and password were refused")
    equal(len([head for head in server.heads if field(head, "Authorization")]), 1, "proofs that the server got")
    equal(statuses(squid).count("407"), 1, "407s")
    daemon.stop()
    daemon = stage.sallyport(ini(f"http://localhost:{free.port}", squid.url, outer="wrong"), name="sallyport-outer")
    with daemon.connect("imap") as client:
        check("refused the password" in refusal(client, ("permanent",)), "the client is not told why")
    daemon.wait_line(r"imap #1 .*cannot be reached through http://\S+: 407 ")
    equal(free.heads, [], "requests behind squid without a login there")


if __name__ == "__main__":
    scenario(each_reader_has_its_own_login, nonces_end, a_wrong_password_is_its_readers_affair, paths=("splice",))
