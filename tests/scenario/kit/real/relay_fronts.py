# SPDX-License-Identifier: ISC
"""nginx, haproxy and Apache before a relay, with the configurations that are delivered: only places are replaced, and
what a test says."""
from ..case import need
from .apache import frame
from .gateway import Gateway, delivered

RELAY = "127.0.0.1:8080"
"""Where the delivered files have the relay."""


class NginxFront(Gateway):
    """Before the relay on that port of 127.0.0.1.  One process, as the tests have one machine."""

    def __init__(self, stage, port, authority, *replaced, name="nginx"):
        self._relay, self._replaced = port, replaced
        super().__init__(stage, name, need("nginx", "nginx"), authority, NginxFront._arrange)

    def _arrange(self, port):
        site = delivered("nginx-relay.conf", ("listen 443 ", f"listen 127.0.0.1:{port} "),
                         ("/etc/ssl/relay.example.net.pem", self.identity.file),
                         ("/etc/ssl/private/relay.example.net.key", self.identity.key),
                         (RELAY, f"127.0.0.1:{self._relay}"), *self._replaced)
        places = "".join(f"{what}_temp_path {self.path('temp')};\n"
                         for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = self.file("nginx.conf", f"""\
daemon off;
master_process off;
pid {self.path("nginx.pid")};
error_log stderr;
events {{
}}
http {{
access_log off;
{places}{site}}}
""")
        return "-e", "stderr", "-p", self.folder, "-c", config


class HaproxyFront(Gateway):
    """Before the relay on that port of 127.0.0.1."""

    def __init__(self, stage, port, authority, *replaced, name="haproxy-relay"):
        self._relay, self._replaced = port, replaced
        super().__init__(stage, name, need("haproxy", "haproxy"), authority, HaproxyFront._arrange)

    def _arrange(self, port):
        site = delivered("haproxy-relay.cfg", ("bind :443 ", f"bind 127.0.0.1:{port} "),
                         ("/etc/haproxy/relay.example.net.pem", self.identity.both),
                         (RELAY, f"127.0.0.1:{self._relay}"), *self._replaced)
        return "-db", "-f", self.file("haproxy.cfg", site)


class ApacheFront(Gateway):
    """Before the relay on that port of 127.0.0.1."""

    def __init__(self, stage, port, authority, *replaced, name="apache-relay"):
        self._relay, self._replaced = port, replaced
        super().__init__(stage, name, need("apache2", "apache2-bin"), authority, ApacheFront._arrange)

    def _arrange(self, port):
        site = delivered("apache-relay.conf", ("*:443", f"127.0.0.1:{port}"),
                         ("ServerName relay.example.net", "ServerName localhost"),
                         ("/etc/ssl/relay.example.net.pem", self.identity.file),
                         ("/etc/ssl/private/relay.example.net.key", self.identity.key),
                         (RELAY, f"127.0.0.1:{self._relay}"), *self._replaced)
        config = self.file("apache.conf", f"""\
{frame(self, port, "authz_core", "headers", "proxy", "proxy_http", "ssl")}
Include {self.file("site.conf", site)}
""")
        return "-D", "FOREGROUND", "-f", config
