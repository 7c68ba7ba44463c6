# SPDX-License-Identifier: ISC
"""Our relay, and visitors who say to it exactly what a test tells them."""
import base64
import re
import socket

from .case import check, equal, need
from .process import PATIENCE, run
from . import streams

RIGHTS = {"alice": "register=home:143,home:993,home:8025 reach=home:143", "bob": "reach=home:143,away:143,lost:143",
          "carol": "register=home:143,away:143,[2001:db8::7]:143 reach=*", "dora": "register=lost:143"}
"""The users of a relay.  Nobody ever waits at lost:143."""


def password(user):
    return f"rosebud:{user}"


def basic(user, secret=None):
    """The credentials of a user, with the right password if none is given."""
    return "Basic " + base64.b64encode(f"{user}:{secret or password(user)}".encode()).decode()


def users(rights):
    """The text of a users file."""
    return "".join(f"{user}:{hashed(password(user))}:{what}\n" for user, what in rights.items())


def hashed(secret):
    """As crypt(3) has it, and cheap."""
    done = run([need("openssl", "openssl"), "passwd", "-5", "-stdin"], data=secret.encode() + b"\n")
    return done.stdout.decode().strip()


def path(name="home", port=143):
    return f"/.well-known/reverse/tcp/{name}/{port}/"


class Relay:
    """certificate: with TLS; public: {label: lines} of ports for everybody, more: lines of the section."""

    def __init__(self, stage, rights=None, certificate=None, public=None, more="", sallyport="", name="relay"):
        self.stage, self.name = stage, name
        self._more, self._public, self._sallyport = more, public or {}, sallyport
        self._certificate = certificate
        self.port = 0
        self.write_users(rights or RIGHTS)
        self.daemon = stage.sallyport(self.ini(), name=name)
        self.port = self.daemon.address("relay")[1]
        self.url = f"{'https' if certificate else 'http'}://localhost:{self.port}"

    def write_users(self, rights):
        self.users = self.stage.file(f"{self.name}.users", users(rights), mode=0o600)

    def ini(self, port=0):
        """The configuration; with port 0 a reload keeps the one that there is."""
        tls = f"cert-file = {self._certificate.file}\nkey-file = {self._certificate.key}\n" if self._certificate else ""
        ports = "".join(f"[public {label}]\nlisten = 127.0.0.1:0\nname = home:143\nprotocol = imap\n{lines}\n"
                        for label, lines in self._public.items())
        return (f"[sallyport]\n{self._sallyport}\n[relay]\nlisten = 127.0.0.1:{port}\nusers = {self.users}\n"
                f"{tls}{self._more}\n{ports}")

    def kill_and_come_back(self, between):
        """SIGKILL, then between(), then the same configuration at the same port."""
        self.daemon.expected = (-9,)
        self.daemon.process.kill()
        between()
        self.daemon = self.stage.sallyport(self.ini(self.port), name=self.name)

    def visitor(self, source="127.0.0.1", context=None):
        """Somebody who has connected, over TLS by an ssl.SSLContext."""
        sock = socket.create_connection(("127.0.0.1", self.port), PATIENCE, (source, 0))
        if context:
            sock = context.wrap_socket(sock, server_hostname="localhost")
        self.stage.later(sock.close)
        return Visitor(sock)

    def place(self, user="alice", name="home", port=143, *fields):
        """A request that waits there by now: the relay has said so in its log."""
        said = rf"waiting name={re.escape(name)}:{port} "
        before = self.daemon.count(said)
        visitor = self.visitor()
        visitor.asks(f"GET {path(name, port)}", user, *UPGRADE, *fields)
        self.daemon.wait_line(said, count=before + 1)
        return visitor

    def client(self, user="bob", name="home:143", source="127.0.0.1"):
        """Somebody who has asked for it by CONNECT, and was not answered yet."""
        visitor = self.visitor(source)
        visitor.asks(f"CONNECT {name}", user)
        return visitor


UPGRADE = ("Connection: upgrade", "Upgrade: reverse")


class Visitor:
    def __init__(self, sock):
        self.sock = sock
        self.status, self.fields, self.body = None, {}, b""

    def says(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def asks(self, line, user=None, *fields, secret=None):
        """A request of HTTP/1.1; CONNECT's credentials are those for a proxy."""
        kind = "Proxy-Authorization" if line.startswith("CONNECT ") else "Authorization"
        login = [f"{kind}: {basic(user, secret)}"] if user else []
        self.says("\r\n".join([f"{line} HTTP/1.1", "Host: relay.example", *login, *fields, "", ""]))

    def answer(self):
        """Reads an answer with its body, not a byte more, and gives its status."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += streams.read_exactly(self.sock, 1)
        line, *fields = head.decode("ascii").split("\r\n")[:-2]
        found = re.fullmatch(r"HTTP/1\.1 (\d{3}) [ -~]+", line)
        check(found, f"status line {line!r}")
        self.status, self.fields = int(found.group(1)), {}
        for field in fields:
            name, value = field.split(": ", 1)
            check(name.lower() not in self.fields, f"two fields {name}")
            self.fields[name.lower()] = value
        self.body = streams.read_exactly(self.sock, int(self.fields.get("content-length", 0)))
        return self.status

    def gets(self, *statuses):
        """The answer must have one of these statuses."""
        check(self.answer() in statuses, f"wanted {statuses}, got {self.status} {self.fields} {self.body!r}")
        return self

    def ends(self):
        """Nothing more comes."""
        equal(streams.ending(self.sock), streams.END, "how the stream ended")

    def reads(self, data):
        equal(streams.read_exactly(self.sock, len(data)), data, "bytes")
