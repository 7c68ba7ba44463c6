# SPDX-License-Identifier: ISC
"""Apache, nghttpx and haproxy as proxies that are spoken to in HTTP/2, with the configurations that are delivered or
with the lines that the manual prints: only places are replaced, and what a test says.  A client may speak HTTP/1.1 to
each of them, too."""
import base64
import hashlib
import signal

from ..case import need
from .apache import frame
from .gateway import REALM, WHO, Gateway, delivered, printed
from .squid import Squid


class H2Apache(Gateway):
    """Lets WHO through to the given ports, by Basic as the delivered file says, or by Digest.  of_manual: it has the
    lines of the manual alone, which ask nobody."""

    def __init__(self, stage, connect_ports, *replaced, authority=None, login="Basic", of_manual=False,
                 name="h2-apache"):
        self._ports, self._login, self._replaced, self._of_manual = connect_ports, login, replaced, of_manual
        super().__init__(stage, name, need("apache2", "apache2-bin"), authority, H2Apache._arrange)
        if not of_manual:
            self.section += "user = {}\npassword = {}\n".format(*WHO)

    def _site(self, port):
        own = [("*:3129", f"127.0.0.1:{port}"), ("AllowCONNECT", f"AllowCONNECT {' '.join(map(str, self._ports))}")]
        if self._of_manual:
            return printed("HTTP/2 with Apache", *own, ("/etc/ssl/proxy.pem", self.identity.both), *self._replaced)
        own += [("ServerName proxy.example.net", "ServerName localhost"),
                ("/etc/ssl/proxy.example.net.pem", self.identity.file),
                ("/etc/ssl/private/proxy.example.net.key", self.identity.key),
                ("/etc/apache2/tunnels.htpasswd", self.file("users", self._users())),
                ("AuthType Basic", f"AuthType {self._login}")]
        return delivered("apache-http2.conf", *own, *self._replaced)

    def _arrange(self, port):
        modules = ("authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "auth_digest", "env", "http2",
                   "proxy", "proxy_connect", "ssl")
        config = self.file("apache.conf", f"""\
{frame(self, port, *modules)}
LogFormat "%H %m %U %>s" asked
CustomLog {self.path("access.log")} asked
Include {self.file("site.conf", self._site(port))}
""")
        return "-D", "FOREGROUND", "-f", config

    def _users(self):
        user, password = WHO
        if self._login == "Digest":
            return f"{user}:{REALM}:{hashlib.md5(f'{user}:{REALM}:{password}'.encode()).hexdigest()}\n"
        return f"{user}:{{SHA}}{base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()}\n"

    def answers(self):
        """The status of each request whose end Apache has written down, in the order of the ends."""
        return [line.split()[3] for line in self.read("access.log").splitlines()]


class Nghttpx(Gateway):
    """Before an HTTP/1.1 proxy."""

    def __init__(self, stage, behind, *replaced, authority=None, of_manual=False, name="nghttpx"):
        self._behind, self._replaced, self._of_manual = behind, replaced, of_manual
        super().__init__(stage, name, need("nghttpx", "nghttp2-proxy"), authority, Nghttpx._arrange)

    def _arrange(self, port):
        own = (("frontend=*,3129", f"frontend=127.0.0.1,{port}"), ("192.0.2.10,3128", f"127.0.0.1,{self._behind.port}"))
        identity = self.identity
        if self._of_manual:
            site = printed("HTTP/2 with nghttpx", *own, ("/etc/nghttpx/proxy.key", identity.key),
                           ("/etc/nghttpx/proxy.pem", identity.file), *self._replaced)
        else:
            site = delivered("nghttpx-http2.conf", *own, ("/etc/nghttpx/proxy.example.net.key", identity.key),
                             ("/etc/nghttpx/proxy.example.net.pem", identity.file), *self._replaced)
        return "--conf", self.file("nghttpx.conf", site + "no-ocsp=yes\n")

    def quit(self):
        """Ends it in an orderly way: open tunnels go on, new ones are not served."""
        self.process.signal(signal.SIGQUIT)


def before_all(rule):
    """What is replaced in haproxy's configuration so that this `http-request` rule comes first."""
    first = "    http-request return status 404 if"
    return first, f"    http-request {rule}\n{first}"


class H2Haproxy(Gateway):
    """Before an HTTP/1.1 proxy, a connect-tcp responder, or both.  Without an authority HTTP/2 is spoken in plain
    text."""

    def __init__(self, stage, behind, *replaced, responder=None, authority=None, of_manual=False, name="h2-haproxy"):
        self._replaced, self._of_manual = replaced, of_manual
        self._behind, self._responder = behind or responder, responder or behind
        super().__init__(stage, name, need("haproxy", "haproxy"), authority, H2Haproxy._arrange)

    def _arrange(self, port):
        own = [("bind :3129", f"bind 127.0.0.1:{port}"), ("192.0.2.10:3128", f"127.0.0.1:{self._behind.port}"),
               ("192.0.2.10:8081", f"127.0.0.1:{self._responder.port}")]
        pem = "/etc/haproxy/proxy.pem" if self._of_manual else "/etc/haproxy/proxy.example.net.pem"
        if self.identity:
            own.append((pem, self.identity.both))
        else:
            own.append((f"ssl crt {pem} alpn h2,http/1.1", "proto h2"))
        site = (printed("HTTP/2 with haproxy", *own, *self._replaced) if self._of_manual else
                delivered("haproxy-http2.cfg", *own, *self._replaced))
        return "-db", "-f", self.file("haproxy.cfg", site)

    def soft_stop(self):
        """Ends it in an orderly way: it listens no more and tells its clients so; open tunnels go on."""
        self.process.signal(signal.SIGUSR1)


def each_of_them(stage, ports, authority, **options):
    """Apache, and nghttpx and haproxy before a squid; each leads to these ports."""
    squid = Squid(stage, ports)
    return (H2Apache(stage, ports, authority=authority, **options),
            Nghttpx(stage, squid, authority=authority, **options),
            H2Haproxy(stage, squid, authority=authority, **options))
