#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A real verifier of Digest: Apache with mod_auth_digest, as the gateway before a responder of ours.  It knows whether
method and request-target are proved as they were sent.  We wrote the responder, which only says 101."""
import hashlib
import re

from kit import check, equal, scenario
from kit.peers import Proxy
from kit.real import Apache, Digest, Squid
from kit.real.apache import frame
from kit.real.squid import ACCESS
from kit.route import listener, refusal, settings

USER, WORD, REALM = "jane", "blue: moon", "tunnels"


def respond(connection):
    head = connection.read_head()
    token = re.search(rb"\r\nUpgrade: (\S+)\r\n", head).group(1)
    connection.send(b"HTTP/1.1 101 Here\r\nConnection: upgrade\r\nUpgrade: " + token + b"\r\n\r\n")
    connection.read_all()


class Gateway(Apache):
    """Passes what is asked for on to that port (None: to where it says), for those who know the password."""

    def __init__(self, stage, behind, name):
        self.behind = behind
        super().__init__(stage, [], name=name)

    def _arrange(self, program, port, connect_ports, front):
        modules = ("authz_core", "authz_user", "authn_core", "authn_file", "auth_digest", "proxy", "proxy_http")
        proof = hashlib.md5(f"{USER}:{REALM}:{WORD}".encode()).hexdigest()
        passwords = self.file("digests", f"{USER}:{REALM}:{proof}\n", mode=0o600)
        passes, place = ('ProxyRequests On\n<Proxy "*">', "Proxy") if self.behind is None else (
            f'ProxyPass "/" "http://127.0.0.1:{self.behind}/" upgrade=ANY nocanon\n<Location "/">', "Location")
        config = self.file("apache.conf", f"""\
{frame(self, port, *modules)}
LogFormat "%>s %r" short
CustomLog {self.path("access.log")} short
{passes}
    AuthType Digest
    AuthName "{REALM}"
    AuthUserFile {passwords}
    Require valid-user
</{place}>
""")
        return self.account.argv(program, "-D", "FOREGROUND", "-f", config)


class House:
    """The responder, Apache before it, and the daemon."""

    def __init__(self, stage, url, more="", word=WORD, target="mail.example.net"):
        self.responder = Proxy(stage, respond)
        self.apache = Gateway(stage, self.responder.port, f"apache-{self.responder.port}")
        ini = settings(self.apache.url + url, listener("imap", target), "log-level = debug",
                       f"{more}\nuser = {USER}\npassword = {word}")
        self.daemon = stage.sallyport(ini, name=f"sallyport-{self.apache.name}")

    def opened(self, count):
        for number in range(1, count + 1):
            client = self.daemon.connect("imap")
            self.daemon.wait_line(r"#\d+ open ", count=number)
            client.close()


def apache_knows_our_proofs(stage):
    for url, more, target, line in (
            ("/t/{target_host}/./{target_port}/?x=%3A%2F&y=%3A", "", "[2001:db8::1]:143",
             b"GET /t/2001%3Adb8%3A%3A1/./143/?x=%3A%2F&y=%3A HTTP/1.1"),
            ("/t{?target_host,target_port}", "auth = digest", "mail.example.net",
             b"GET /t?target_host=mail.example.net&target_port=143 HTTP/1.1"),
            ("/mail/%7Eimap", "method = tcpconnection", "mail.example.net", b"OPTIONS /mail/%7Eimap HTTP/1.1")):
        house = House(stage, url, more, target=target)
        house.opened(3)
        equal(len(house.responder.heads), 3, "requests behind Apache")
        for head in house.responder.heads:
            if b"/./" not in line:  # which Apache takes out on the way
                check(head.startswith(line), f"{head!r}")
        # Without `auth`, the first session asks and is told; nobody is told more than once.
        equal(house.daemon.count(r"reply HTTP/1.1 401"), 0 if "auth" in more else 1, "401s")
        equal(house.daemon.count(re.escape(WORD)), 0, "lines with the password")


def apache_refuses_a_wrong_password_once(stage):
    house = House(stage, "/t/{target_host}/{target_port}", word="another")
    with house.daemon.connect("imap") as client:
        check("refused the password" in refusal(client, ("permanent",)), "the client is not told why")
    equal(house.responder.heads, [], "requests behind Apache")


def through(stage, url, via):
    """In the absolute form; the same password here and there."""
    login = f"user = {USER}\npassword = {WORD}\n"
    return stage.sallyport(
        f"[proxy]\nurl = {url}/mail/%7Eimap?x=%3A\nmethod = tcpconnection\nform = absolute\nvia = outer\n{login}"
        f"[proxy outer]\nurl = {via}\n{login}" + listener("imap"), name=f"sallyport-{via[-5:]}")


def apache_knows_a_proof_that_came_through_squid(stage):
    """Both ask for Digest, and each is answered for itself, once."""
    responder = Proxy(stage, respond)
    apache = Gateway(stage, responder.port, "apache")
    squid = Squid(stage, [apache.port], logins=(Digest({USER: WORD}),), upgrades="TCPConnection")
    daemon = through(stage, f"http://localhost:{apache.port}", squid.url)
    for number in range(1, 4):
        client = daemon.connect("imap")
        daemon.wait_line(r"#\d+ open ", count=number)
        client.close()
    for head in responder.heads:
        check(head.startswith(b"OPTIONS /mail/%7Eimap?x=%3A HTTP/1.1\r\n"), f"{head!r}")
    equal(len(responder.heads), 3, "requests behind Apache")
    equal(apache.read("access.log").count("401 "), 1, "401s")
    equal(squid.read(ACCESS).count(" 407 "), 1, "407s")


def apache_before_a_server_knows_our_proof(stage):
    """As a proxy for any server; it passes the request on, but no Upgrade."""
    def script(connection):
        connection.read_head()
        connection.send(b"HTTP/1.1 204 None\r\n\r\n")

    server = Proxy(stage, script)
    apache = Gateway(stage, None, "apache")
    daemon = through(stage, f"http://localhost:{server.port}", apache.url)
    for number in range(1, 3):
        with daemon.connect("imap") as client:
            check("web server" in refusal(client, ("permanent",)), "the client is not told why")
        equal(len(server.heads), number, "requests behind Apache")
    equal(apache.read("access.log").count("407 "), 1, "407s")
    check(server.heads[0].startswith(b"OPTIONS /mail/%7Eimap?x=%3A HTTP/1.1\r\n"), f"{server.heads[0]!r}")


scenario(apache_knows_our_proofs, apache_refuses_a_wrong_password_once, apache_knows_a_proof_that_came_through_squid,
         apache_before_a_server_knows_our_proof, paths=("splice",))
