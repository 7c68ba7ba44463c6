# SPDX-License-Identifier: ISC
"""Apache with mod_proxy_connect as the upstream proxy: ignores Upgrade and answers 200."""
from ..case import need
from .identity import Identity
from .server import Server

MODULES = "/usr/lib/apache2/modules"


def frame(server, port, *modules):
    """The lines that an Apache begins with which has its files in the server's folder, and these modules."""
    loaded = "".join(f"LoadModule {module}_module {MODULES}/mod_{module}.so\n" for module in ("mpm_event", *modules))
    return f"""\
{loaded}
ServerRoot {server.folder}
DefaultRuntimeDir {server.folder}
PidFile {server.path("apache.pid")}
ErrorLog {server.path("error.log")}
Mutex file:{server.folder} default
ServerName localhost
Listen 127.0.0.1:{port}
StartServers 1
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16"""


class Apache(Server):
    """Lets CONNECT through to the given ports and to no other.  certificate: it is reached by TLS and shows that;
    client_authority: clients must show one that this authority has signed.  host is what its url calls it."""

    def __init__(self, stage, connect_ports, name="apache", certificate=None, client_authority=None, host="127.0.0.1"):
        program = need("apache2", "apache2-bin")
        super().__init__(stage, name)
        front = self._front(certificate, client_authority) if certificate else ""
        self.serve(1, lambda port: self._arrange(program, port, connect_ports, front))
        self.port = self.ports[0]
        self.url = f"{'https' if certificate else 'http'}://{host}:{self.port}"

    def _front(self, certificate, client_authority):
        identity = Identity(self, certificate)
        wanted = f"SSLCACertificateFile {client_authority.file}\nSSLVerifyClient require\n" if client_authority else ""
        return f"""\
LoadModule ssl_module {MODULES}/mod_ssl.so
SSLEngine on
SSLCertificateFile {identity.file}
SSLCertificateKeyFile {identity.key}
{wanted}"""

    def _arrange(self, program, port, connect_ports, front):
        config = self.file("apache.conf", f"""\
{frame(self, port, "authz_core", "proxy", "proxy_connect")}
ProxyRequests On
ProxyVia Off
AllowCONNECT {" ".join(map(str, connect_ports))}
<Proxy "*">
    Require all granted
</Proxy>
{front}""")
        return self.account.argv(program, "-D", "FOREGROUND", "-f", config)
