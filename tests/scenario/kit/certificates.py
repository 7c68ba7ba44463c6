# SPDX-License-Identifier: ISC
"""Certificates for one stage, made by the openssl command line: an authority that nobody else trusts, and what it
signs, right or wrong in whatever way a test wants."""
import datetime
import ipaddress
import os
import ssl

from .case import need
from .process import run

DAY = datetime.timedelta(days=1)

CONFIG = """\
[ca]
default_ca = authority
[authority]
database = index
new_certs_dir = .
certificate = certificate.pem
private_key = key.pem
rand_serial = yes
unique_subject = no
policy = anything
[anything]
commonName = optional
[request]
distinguished_name = nothing
[nothing]
"""


def _stamp(days):
    """That many days from now, as `openssl ca` wants it."""
    return (datetime.datetime.now(datetime.timezone.utc) + days * DAY).strftime("%Y%m%d%H%M%SZ")


def _alternative(name):
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


class Certificate:
    """Files: `file` has the certificate and those between it and its root, `bare` the certificate alone, `key` the
    private key, `both` all of `file` and the key."""

    def __init__(self, stage, name, certificate, key, between=""):
        self.name = name
        self.bare = stage.file(f"tls/{name}.bare.pem", certificate)
        self.file = stage.file(f"tls/{name}.pem", certificate + between)
        self.key = stage.file(f"tls/{name}.key", key, mode=0o600)
        self.both = stage.file(f"tls/{name}.both.pem", certificate + between + key, mode=0o600)

    def server_side(self, chain=None, weak=False, client_authority=None):
        """An SSLContext for a server that shows this certificate (or that chain file), and insists on one of the
        client's when it is told whose; weak: with keys and digests that OpenSSL no longer likes."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if weak:
            context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.load_cert_chain(chain or self.file, self.key)
        if client_authority:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_authority.file)
        return context


class Authority:
    """Signs; `file` is what a client trusts it by.  above: the authority that signs this one's own certificate, which
    makes it an intermediate one."""

    def __init__(self, stage, name="authority", above=None):
        self.stage, self.name, self._above = stage, name, above
        self._openssl = need("openssl", "openssl")
        self._folder = stage.dir(f"tls/{name}")
        stage.file(f"tls/{name}/config", CONFIG)
        stage.file(f"tls/{name}/index")
        extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"
        key = self._key("EC", "key.pem")
        if above:
            text = above.sign(self._request(name, key), extensions)
        else:
            text = self.self_signed(name, key, extensions)
        self.file = stage.file(f"tls/{name}/certificate.pem", text)
        self.between = text + above.between if above else ""

    def leaf(self, *names, name=None, common=None, key="EC", digest="sha256", since=-1, days=30, client=False):
        """A Certificate for these DNS names and IP addresses.  name: of its files; common: the CN of its subject; key:
        "EC", or the bits of an RSA key; since: the day on which it begins, from now, to hold for that many days."""
        name = name or (names[0].replace("*", "any").replace(":", "-") if names else common)
        key = self._key(key, f"{name}.key")
        extensions = f"extendedKeyUsage={'client' if client else 'server'}Auth\n"
        if names:
            extensions += "subjectAltName=" + ",".join(map(_alternative, names)) + "\n"
        text = self.sign(self._request(common or name, key), extensions, digest, since, days)
        return Certificate(self.stage, name, text, self._text(key), self.between)

    def self_signed_leaf(self, name):
        """A Certificate for this DNS name that no authority has signed."""
        key = self._key("EC", f"{name}.key")
        text = self.self_signed(name, key, f"subjectAltName={_alternative(name)}\n")
        return Certificate(self.stage, f"self-signed-{name}", text, self._text(key))

    def sign(self, request, extensions, digest="sha256", since=-1, days=30):
        """The PEM text of a certificate for the request file."""
        where = self.stage.file(f"tls/{self.name}/extensions", extensions)
        return self._run("ca", "-config", "config", "-batch", "-notext", "-in", request, "-extfile", where, "-md",
                         digest, "-startdate", _stamp(since), "-enddate", _stamp(since + days))

    def self_signed(self, name, key, extensions):
        added = [word for line in extensions.splitlines() for word in ("-addext", line)]
        return self._run("req", "-config", "config", "-section", "request", "-x509", "-new", "-key", key, "-subj",
                         f"/CN={name}", "-days", "30", *added)

    def _request(self, common, key):
        request = os.path.join(self._folder, "request")
        self._run("req", "-config", "config", "-section", "request", "-new", "-key", key, "-subj", f"/CN={common}",
                  "-out", request)
        return request

    def _key(self, kind, file):
        words = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "EC" else [
            "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind}"]
        self._run("genpkey", "-algorithm", *words, "-out", file)
        return os.path.join(self._folder, file)

    def _run(self, *words):
        done = run([self._openssl, *words], cwd=self._folder)
        if done.returncode:
            raise AssertionError(f"openssl {words[0]}: {done.stderr.decode()}")
        return done.stdout.decode()

    @staticmethod
    def _text(path):
        with open(path, encoding="ascii") as file:
            return file.read()
