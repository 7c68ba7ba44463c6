# SPDX-License-Identifier: ISC
"""stunnel: takes TLS off, in front of a server that speaks none."""
from ..case import need
from .identity import Identity
from .server import Server


class Stunnel(Server):
    """Shows the certificate and connects to the port of 127.0.0.1 behind it.  client_authority: clients must show a
    certificate that this authority has signed.  more: lines for its service, such as sslVersionMax."""

    def __init__(self, stage, port, certificate, client_authority=None, more="", name="stunnel", host="127.0.0.1"):
        program = need("stunnel4", "stunnel4")
        super().__init__(stage, name)
        identity = Identity(self, certificate)
        trusted = "" if client_authority is None else (
            f"CAfile = {client_authority.file}\nverifyChain = yes\nrequireCert = yes\n")
        self.serve(1, lambda own: self._arrange(program, own, port, identity, trusted + more))
        self.port = self.ports[0]
        self.url = f"https://{host}:{self.port}"

    def _arrange(self, program, own, port, identity, more):
        config = self.file("stunnel.conf", f"""\
foreground = yes
syslog = no
debug = info
pid =
[front]
accept = 127.0.0.1:{own}
connect = 127.0.0.1:{port}
cert = {identity.file}
key = {identity.key}
{more}
""")
        return self.account.argv(program, config)
