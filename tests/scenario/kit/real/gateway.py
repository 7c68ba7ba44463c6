# SPDX-License-Identifier: ISC
"""Apache, haproxy and squid before a responder of the tests, with the configurations that are delivered, or with the
lines that the manual prints of them: only places are replaced, and what a test says."""
import base64
import hashlib
import os

from .. import manual
from ..case import check, need
from ..connect_tcp import PATH
from .apache import frame
from .identity import Identity
from .server import Server
from .squid import frame as squid_frame

WHO = ("reader", "open: book")
"""Who may come in through Apache."""

REALM = "tunnels"
"""AuthName of the delivered file."""


def delivered(name, *replaced):
    """The text of a file in etc/, with each (old, new) replaced, which must be there."""
    with open(os.path.join(manual.TOP, "etc", name), encoding="utf-8") as file:
        return _with(file.read(), f"the delivered {name}", replaced)


def printed(section, *replaced, page="sallyport-proxy.7", number=0):
    """The literal lines of that section of a page, with each (old, new) replaced likewise."""
    return _with(manual.printed(page, section, number), f"the manual's {section}", replaced)


def _with(text, name, replaced):
    for old, new in replaced:
        check(old in text, f"{name} has no {old!r}")
        text = text.replace(old, new)
    return text


class Gateway(Server):
    """Reached at url, which is https when it has a certificate of the authority's; template is the default template
    there, and section has what [proxy] must say besides."""

    def __init__(self, stage, name, program, authority, arrange):
        super().__init__(stage, name)
        self.identity = Identity(self, authority.leaf("localhost", name=name)) if authority else None
        self.serve(1, lambda port: self.account.argv(program, *arrange(self, port)))
        self.port = self.ports[0]
        self.url = f"{'https' if authority else 'http'}://localhost:{self.port}"
        self.template = self.url + PATH
        self.section = f"ca-file = {authority.file}\n" if authority else ""


class ApacheGateway(Gateway):
    """Before the responder.  It wants to know WHO comes, by Basic, as the delivered file says, or by Digest.
    of_manual: it has the lines of the manual alone, which ask nobody."""

    def __init__(self, stage, responder, *replaced, authority=None, digest=False, of_manual=False,
                 name="apache-gateway"):
        self._responder, self._digest, self._replaced, self._of_manual = responder, digest, replaced, of_manual
        super().__init__(stage, name, need("apache2", "apache2-bin"), authority, ApacheGateway._arrange)
        self.section += "user = {}\npassword = {}\n".format(*WHO)

    def _site(self, port):
        """Its lines about the responder."""
        here = ("http://127.0.0.1:8081", f"http://127.0.0.1:{self._responder.port}")
        if self._of_manual:
            return printed("connect-tcp behind Apache", here, *self._replaced)
        users = self.file("users", self._users())
        own = [("*:443", f"127.0.0.1:{port}"), here,
               ("/etc/apache2/tunnels.htpasswd", users), ("ServerName proxy.example.net", "ServerName localhost")]
        if self.identity:
            own += [("/etc/ssl/proxy.example.net.pem", self.identity.file),
                    ("/etc/ssl/private/proxy.example.net.key", self.identity.key)]
        else:
            own += [("SSLEngine on", "SSLEngine off"), ("SSLCertificate", "#")]
        if self._digest:
            own.append(("AuthType Basic", "AuthType Digest"))
        return delivered("apache-connect-tcp.conf", *own, *self._replaced)

    def _arrange(self, port):
        modules = ("authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "auth_digest", "headers",
                   "http2", "proxy", "proxy_http", "ssl")
        config = self.file("apache.conf", f"""\
{frame(self, port, *modules)}
Include {self.file("site.conf", self._site(port))}
""")
        return "-D", "FOREGROUND", "-f", config

    def _users(self):
        """The file that knows them, in the one form or the other."""
        user, password = WHO
        if self._digest:
            return f"{user}:{REALM}:{hashlib.md5(f'{user}:{REALM}:{password}'.encode()).hexdigest()}\n"
        return f"{user}:{{SHA}}{base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()}\n"


class HaproxyGateway(Gateway):
    """Before the responder; whoever asks for something else is sent to it, too.  of_manual: with the lines of the
    manual alone, which are for TLS."""

    def __init__(self, stage, responder, *replaced, authority=None, of_manual=False, name="haproxy-gateway"):
        self._responder, self._replaced, self._of_manual = responder, replaced, of_manual
        super().__init__(stage, name, need("haproxy", "haproxy"), authority, HaproxyGateway._arrange)

    def _site(self, port):
        here = f"127.0.0.1:{self._responder.port}"
        if self._of_manual:
            return printed("connect-tcp behind haproxy", (":443", f"127.0.0.1:{port}"), ("192.0.2.10:8081", here),
                           ("/etc/haproxy/proxy.pem", self.identity.both), *self._replaced)
        door = "bind :443 ssl crt /etc/haproxy/proxy.example.net.pem"
        own = (door, f"bind 127.0.0.1:{port} ssl crt {self.identity.both}") if self.identity else (
            door + " alpn http/1.1", f"bind 127.0.0.1:{port}")
        return delivered("haproxy-connect-tcp.cfg", own, ("192.0.2.10:8081", here), ("192.0.2.11:80", here),
                         *self._replaced)

    def _arrange(self, port):
        return "-db", "-f", self.file("haproxy.cfg", self._site(port))


class SquidForwarder(Gateway):
    """A forward proxy that passes Upgrade: TCPConnection on to relay.example.net, which is at 127.0.0.1 for it.
    of_manual: with the lines of the manual."""

    def __init__(self, stage, *replaced, of_manual=False, name="squid-forwarder"):
        self._replaced, self._of_manual = replaced, of_manual
        super().__init__(stage, name, need("squid", "squid"), None, SquidForwarder._arrange)
        self.url = f"http://127.0.0.1:{self.port}"

    def _site(self):
        if self._of_manual:
            return printed("TCPConnection in absolute form through squid", *self._replaced)
        return delivered("squid-tcpconnection.conf", *self._replaced)

    def _arrange(self, port):
        return "-N", "-d", "1", "-f", self.file("squid.conf", f"""\
{squid_frame(self, f"http_port 127.0.0.1:{port}")}\
access_log none
hosts_file {self.file("hosts", "127.0.0.1 relay.example.net localhost")}
{self._site()}
http_access allow all
""")
