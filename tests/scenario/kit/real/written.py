# SPDX-License-Identifier: ISC
"""squid, Apache and haproxy with lines of the manual about who may do what and what is written down, and no more of
their own than they need to run here."""
from ..case import need
from .apache import frame as apache_frame
from .server import Server
from .squid import frame as squid_frame


class Written(Server):
    """url is where it is reached.  lines(server, port) gives the manual's lines, with the places replaced that the test
    says."""

    def __init__(self, stage, name, program, lines, arrange):
        super().__init__(stage, name)
        self.serve(1, lambda port: self.account.argv(program, *arrange(port, lines(self, port))))
        self.port = self.ports[0]
        self.url = f"http://127.0.0.1:{self.port}"


class WrittenSquid(Written):
    """below: what stands under the manual's lines, where they only take away.  names: {name: address} that it finds.
    program: another squid than the machine's."""

    front = ""
    """More words of its http_port line."""

    def __init__(self, stage, lines, below="http_access allow all", names=None, name="squid", program=None):
        self._below, self._names = below, names or {}
        super().__init__(stage, name, program or need("squid", "squid"), lines, self._arrange)

    def _arrange(self, port, lines):
        table = "".join(f"{address} {name}\n" for name, address in {"localhost": "127.0.0.1", **self._names}.items())
        log = "" if "access_log" in lines else "access_log none\n"
        return "-N", "-d", "1", "-f", self.file("squid.conf", f"""\
{squid_frame(self, f"http_port 127.0.0.1:{port} {self.front}")}\
hosts_file {self.file("hosts", table)}
buffered_logs off
{log}{lines}{self._below}
""")


class WrittenApache(Written):
    """A forward proxy."""

    def __init__(self, stage, lines, more="", modules=(), name="apache"):
        self._more, self._modules = more, modules
        super().__init__(stage, name, need("apache2", "apache2-bin"), lines, self._arrange)

    def _arrange(self, port, lines):
        modules = ("authn_core", "authz_core", "proxy", "proxy_connect", *self._modules)
        return "-D", "FOREGROUND", "-f", self.file("apache.conf", f"""\
{apache_frame(self, port, *modules)}
ProxyRequests On
{lines}{self._more}
""")


class WrittenHaproxy(Written):
    """A frontend of the manual's that leads to the proxy behind it; or all of a configuration."""

    def __init__(self, stage, lines, behind=None, name="haproxy"):
        self._behind = behind
        super().__init__(stage, name, need("haproxy", "haproxy"), lines, self._arrange)

    def _arrange(self, port, lines):
        lines = lines.replace("bind :3128", f"bind 127.0.0.1:{port}")
        return "-db", "-f", self.file("haproxy.cfg", f"""\
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
{lines}
backend web
  server squid 127.0.0.1:{self._behind.port}
""" if self._behind else lines)
