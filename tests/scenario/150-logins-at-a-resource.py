#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A server that is asked for a resource, by connect-tcp or TCPConnection, wants a login by 401: Basic, or a proof of
Digest.  The server is ours, and it reckons the proof for itself, from method and request-target as they came."""
import base64
import hashlib
import re

from kit import check, equal, scenario, until
from kit.peers import Proxy
from kit.route import listener, refusal, settings

USER, WORD = "jane", "blue: moon"
REALM = "tunnels, and \\\"more\\\""
TARGETS = {"imap": "mail.example.net", "nntp": "news.example.net"}

# name, what the URL ends with, further lines, the request line for the first target, the token
FORMS = (("connect-tcp", "/a%3Ab/./{target_host}/{target_port}/?x=%2F%3A", "",
          rb"GET /a%3Ab/./mail.example.net/143/?x=%2F%3A HTTP/1.1", b"connect-tcp"),
         ("tcpconnection", "/mail/%7E/./imap?x=%3A", "method = tcpconnection",
          rb"OPTIONS /mail/%7E/./imap?x=%3A HTTP/1.1", b"TCPConnection/1.0"))


def digested(algorithm, *parts):
    return hashlib.new(algorithm, ":".join(parts).encode("latin-1")).hexdigest()


class Server:
    """Wants a login of that scheme for whatever it is asked, and counts what it is sent."""

    def __init__(self, stage, form, scheme, word=WORD, auth="any"):
        self.scheme, self.word = scheme, word
        self.token = form[4]
        self.nonces, self.requests, self.bad = {}, [], 0
        self.crowd = 0  # so many must have asked for a challenge before any proof is answered
        self.proxy = Proxy(stage, self._serve)
        more = f"{form[2]}\nuser = {USER}\npassword = {WORD}\nauth = {auth}"
        listeners = "".join(listener(name, target) for name, target in TARGETS.items()) if form[0] == "connect-tcp" \
            else listener("imap")
        ini = settings(self.proxy.url + form[1], listeners, "log-level = debug", more)
        self.daemon = stage.sallyport(ini)

    def _challenge(self):
        if self.scheme == "basic":
            return b'Basic realm="x"'
        nonce = f"n{len(self.nonces)}"
        self.nonces[nonce] = 0
        return f'Digest realm="{REALM}", nonce="{nonce}", qop="auth-int,auth", algorithm={self.scheme}'.encode()

    def _knows(self, head):
        """Whether the request has credentials, and whether they are good."""
        check(b"Proxy-Authorization" not in head, f"credentials for a proxy: {head!r}")
        found = re.search(rb"\r\nAuthorization: (\S+) ([^\r]*)", head)
        if not found:
            return False, False
        if self.scheme == "basic":
            return True, base64.b64decode(found.group(2)).decode() == f"{USER}:{self.word}"
        said = {name: quoted or plain for name, quoted, plain in
                re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', found.group(2).decode())}
        method, target = head.decode().split(" ")[:2]
        equal(said["uri"], target, "the uri that is proved")
        equal(said["qop"], "auth", "qop")
        algorithm = self.scheme.replace("-", "").lower()
        realm = REALM.replace("\\", "")
        proof = digested(algorithm, digested(algorithm, USER, realm, self.word), said["nonce"], said["nc"],
                         said["cnonce"], "auth", digested(algorithm, method, target))
        self.nonces[said["nonce"]] += 1
        equal(int(said["nc"], 16), self.nonces[said["nonce"]], "how often the nonce was used")
        return True, said["response"] == proof

    def _serve(self, connection):
        while head := connection.read_head():
            self.requests.append(head)
            sent, good = self._knows(head)
            self.bad += sent and not good
            if sent:
                until(lambda: self.bare() >= self.crowd, "challenges for all")
            if good:
                connection.send(b"HTTP/1.1 101 Here\r\nConnection: upgrade\r\nUpgrade: " + self.token + b"\r\n\r\n")
                connection.read_all()
                return
            connection.send(b"HTTP/1.1 401 Who?\r\nWWW-Authenticate: " + self._challenge() +
                            b"\r\nContent-Length: 5\r\n\r\nlogin")

    def bare(self):
        """How many requests came without credentials."""
        return sum(b"\r\nAuthorization: " not in head for head in self.requests)

    def opened(self, name="imap"):
        """One session, up to the tunnel."""
        count = self.daemon.count(r"#\d+ open ") + 1
        client = self.daemon.connect(name)
        self.daemon.wait_line(r"#\d+ open ", count=count)
        client.close()

    def is_discreet(self):
        """Nothing of the password was logged."""
        for secret in (WORD, base64.b64encode(f"{USER}:{WORD}".encode()).decode().rstrip("=")):
            equal(self.daemon.count(re.escape(secret)), 0, "lines with the password")


def digest_takes_two_requests_and_then_one(stage):
    for form in FORMS:
        for algorithm in ("MD5", "SHA-256"):
            server = Server(stage, form, algorithm)
            server.opened()
            equal(len(server.requests), 2, "requests of the first session")
            check(server.requests[1].startswith(form[3] + b"\r\n"), f"{server.requests[1]!r}")
            for _ in range(3):
                server.opened()
            if form[0] == "connect-tcp":
                server.opened("nntp")  # for another target too
                check(b"/news.example.net/119/" in server.requests[-1], f"{server.requests[-1]!r}")
            equal(len(server.requests), 6 if form[0] == "connect-tcp" else 5, "requests in all")
            equal(server.bad, 0, "wrong proofs")
            server.is_discreet()


def basic_takes_two_requests_and_then_one(stage):
    for form in FORMS:
        server = Server(stage, form, "basic")
        for _ in range(3):
            server.opened()
        equal(len(server.requests), 4, "requests in all")
        equal(server.bad, 0, "wrong passwords")
        server.is_discreet()


def a_refused_password_rests(stage):
    for form in FORMS:
        for scheme in ("basic", "MD5"):
            server = Server(stage, form, scheme, word="another")
            with server.daemon.connect("imap") as client:
                check("refused the password" in refusal(client, ("permanent",)), "the client is not told why")
            equal(server.bad, 1, "trials of the password")
            for _ in range(3):
                with server.daemon.connect("imap") as client:
                    refusal(client, ("permanent", "temporary"))
            equal(server.bad, 1, "trials of the password")
            server.is_discreet()


def of_many_sessions_one_tries_the_password(stage):
    """All ask for a challenge at once, and one proof goes out; the others follow if that was taken."""
    many = 5
    for word, auth in ((WORD, "digest"), ("another", "any")):
        server = Server(stage, FORMS[0], "MD5", word, auth)
        server.crowd = many
        clients = [server.daemon.connect("imap") for _ in range(many)]
        if word == WORD:
            server.daemon.wait_line(r"#\d+ open ", count=many)
            equal(len(server.requests), 2 * many, "requests of all sessions")
        for client in clients:
            if word != WORD:
                refusal(client, ("permanent",))
            client.close()
        equal(server.bare(), many, "requests for a challenge")
        equal(server.bad, word != WORD, "wrong proofs")
        server.is_discreet()


def what_authenticates_connections_does_not_go_with_it(stage):
    for form in FORMS:
        server = Server(stage, form, "basic")
        server._challenge = lambda: b"NTLM\r\nWWW-Authenticate: Negotiate"  # pylint: disable=protected-access
        with server.daemon.connect("imap") as client:
            refusal(client, ("permanent",))
        server.daemon.wait_line("it offers Negotiate, NTLM, usable with CONNECT but not with " +
                                form[4].decode().split("/", maxsplit=1)[0])
        equal(len(server.requests), 1, "requests")


scenario(digest_takes_two_requests_and_then_one,
         basic_takes_two_requests_and_then_one,
         a_refused_password_rests,
         of_many_sessions_one_tries_the_password,
         what_authenticates_connections_does_not_go_with_it,
         paths=("splice",))
