"""Apache, haproxy and squid before a responder of the tests, with the configurations that are delivered: only places
are replaced in them, and what a test says."""
import base64
import hashlib
import os

from ..case import check, need
from ..connect_tcp import PATH
from .apache import MODULES
from .identity import Identity
from .server import Server

ETC = os.path.join(os.environ.get("top_srcdir") or os.path.join(os.path.dirname(__file__), "../../../.."), "etc")

WHO = ("reader", "open: book")
"""Who may come in through Apache."""

REALM = "tunnels"
"""AuthName of the delivered file."""


def delivered(name, *replaced):
    """The text of a file in etc/, with each (old, new) replaced, which must be there."""
    with open(os.path.join(ETC, name), encoding="utf-8") as file:
        text = file.read()
    for old, new in replaced:
        check(old in text, f"the delivered {name} has no {old!r}")
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
    """Before the responder.  It wants to know WHO comes, by Basic, as the delivered file says, or by Digest."""

    def __init__(self, stage, responder, *replaced, authority=None, digest=False, name="apache-gateway"):
        self._responder, self._digest, self._replaced = responder, digest, replaced
        super().__init__(stage, name, need("apache2", "apache2-bin"), authority, ApacheGateway._arrange)
        self.section += "user = {}\npassword = {}\n".format(*WHO)

    def _arrange(self, port):
        users = self.file("users", self._users())
        own = [("*:443", f"127.0.0.1:{port}"), ("http://127.0.0.1:8081", f"http://127.0.0.1:{self._responder.port}"),
               ("/etc/apache2/tunnels.htpasswd", users), ("ServerName proxy.example.net", "ServerName localhost")]
        if self.identity:
            own += [("/etc/ssl/proxy.example.net.pem", self.identity.file),
                    ("/etc/ssl/private/proxy.example.net.key", self.identity.key)]
        else:
            own += [("SSLEngine on", "SSLEngine off"), ("SSLCertificate", "#")]
        if self._digest:
            own.append(("AuthType Basic", "AuthType Digest"))
        site = self.file("site.conf", delivered("apache-connect-tcp.conf", *own, *self._replaced))
        modules = "".join(f"LoadModule {module}_module {MODULES}/mod_{module}.so\n" for module in (
            "mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "auth_digest", "headers", "proxy",
            "proxy_http", "ssl"))
        config = self.file("apache.conf", f"""\
{modules}
ServerRoot {self.folder}
DefaultRuntimeDir {self.folder}
PidFile {self.path("apache.pid")}
ErrorLog {self.path("error.log")}
Mutex file:{self.folder} default
ServerName localhost
Listen 127.0.0.1:{port}
StartServers 1
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16
Include {site}
""")
        return "-D", "FOREGROUND", "-f", config


    def _users(self):
        """The file that knows them, in the one form or the other."""
        user, password = WHO
        if self._digest:
            return f"{user}:{REALM}:{hashlib.md5(f'{user}:{REALM}:{password}'.encode()).hexdigest()}\n"
        return f"{user}:{{SHA}}{base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()}\n"


class HaproxyGateway(Gateway):
    """Before the responder; whoever asks for something else is sent to it, too."""

    def __init__(self, stage, responder, *replaced, authority=None, name="haproxy-gateway"):
        self._responder, self._replaced = responder, replaced
        super().__init__(stage, name, need("haproxy", "haproxy"), authority, HaproxyGateway._arrange)

    def _arrange(self, port):
        here = f"127.0.0.1:{self._responder.port}"
        door = "bind :443 ssl crt /etc/haproxy/proxy.example.net.pem"
        own = (door, f"bind 127.0.0.1:{port} ssl crt {self.identity.both}") if self.identity else (
            door + " alpn http/1.1", f"bind 127.0.0.1:{port}")
        text = delivered("haproxy-connect-tcp.cfg", own, ("192.0.2.10:8081", here), ("192.0.2.11:80", here),
                         *self._replaced)
        return "-db", "-f", self.file("haproxy.cfg", text)


class SquidForwarder(Gateway):
    """A forward proxy that passes Upgrade: TCPConnection on to relay.example.net, which is at 127.0.0.1 for it."""

    def __init__(self, stage, *replaced, name="squid-forwarder"):
        self._replaced = replaced
        super().__init__(stage, name, need("squid", "squid"), None, SquidForwarder._arrange)
        self.url = f"http://127.0.0.1:{self.port}"

    def _arrange(self, port):
        return "-N", "-d", "1", "-f", self.file("squid.conf", f"""\
http_port 127.0.0.1:{port}
visible_hostname squid.test
pid_filename none
coredump_dir {self.folder}
cache_log /dev/null
access_log none
cache deny all
cache_mem 8 MB
memory_cache_shared off
max_filedescriptors 1024
pinger_enable off
dns_nameservers 127.0.0.1
hosts_file {self.file("hosts", "127.0.0.1 relay.example.net localhost")}
{delivered("squid-tcpconnection.conf", *self._replaced)}
http_access allow all
""")
