# SPDX-License-Identifier: ISC
"""haproxy as a front before several proxies: it routes on the Upgrade header alone."""
from ..case import need
from .server import Server


class Haproxy(Server):
    """routes: {protocol token: proxy}; a request that names none of them gets haproxy's own 503."""

    def __init__(self, stage, routes, name="haproxy"):
        program = need("haproxy", "haproxy")
        super().__init__(stage, name)
        self.serve(1, lambda port: self._arrange(program, port, routes))
        self.port = self.ports[0]
        self.url = f"http://127.0.0.1:{self.port}"

    def _arrange(self, program, port, routes):
        choices = "".join(f"    use_backend {token} if {{ req.hdr(upgrade) -i {token} }}\n" for token in routes)
        backends = "".join(f"backend {token}\n    server {proxy.name} 127.0.0.1:{proxy.port}\n"
                           for token, proxy in routes.items())
        config = self.file("haproxy.conf", f"""\
global
    maxconn 200
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
frontend front
    bind 127.0.0.1:{port}
{choices}{backends}""")
        return self.account.argv(program, "-db", "-f", config)
