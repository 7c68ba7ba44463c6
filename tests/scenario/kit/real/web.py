# SPDX-License-Identifier: ISC
"""nginx as a web server of files, with the ETag and Last-Modified that it makes of them."""
from ..case import need
from .identity import Identity
from .server import Server


class Web(Server):
    """Serves what put() has put there, over TLS if it has a certificate.  more: lines for its server block."""

    def __init__(self, stage, certificate=None, name="web", more="", files=None):
        program = need("nginx", "nginx")
        super().__init__(stage, name)
        self._identity = Identity(self, certificate) if certificate else None
        self.dir("files")
        for file, text in (files or {}).items():
            self.put(file, text)
        self.serve(1, lambda port: self.account.argv(program, *self._arrange(port, more)))
        self.base = f"{'https' if certificate else 'http'}://localhost:{self.ports[0]}/"

    def put(self, name, text):
        self.file(f"files/{name}", text)

    def requests(self):
        """What was asked so far: "STATUS METHOD URI IF-NONE-MATCH" each."""
        return self.read("access.log").splitlines()

    def _arrange(self, port, more):
        tls = "" if not self._identity else (f"ssl_certificate {self._identity.file};\n"
                                             f"ssl_certificate_key {self._identity.key};\n")
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
log_format short '$status $request_method $uri $http_if_none_match';
access_log {self.path("access.log")} short;
types {{
    application/x-ns-proxy-autoconfig pac;
}}
gzip on;
gzip_types *;
gzip_min_length 0;
{places}server {{
    listen 127.0.0.1:{port}{" ssl" if tls else ""};
    root {self.path("files")};
{tls}{more}
}}
}}
""")
        return "-e", "stderr", "-p", self.folder, "-c", config
