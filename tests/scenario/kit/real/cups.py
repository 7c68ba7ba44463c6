# SPDX-License-Identifier: ISC
"""cupsd, the printing daemon: it begins TLS by Upgrade on its plain port (RFC 2817), and serves no printer here."""
from ..case import need
from .server import Server

ERRORS = "error.log"


class Cups(Server):
    """Shows the certificate, which must be for localhost, to whoever asks for TLS.  All of its files are below its own
    folder: nothing of the machine's is read or written but its list of file types."""

    def __init__(self, stage, certificate, name="cups"):
        program = need("cupsd", "cups-daemon")
        super().__init__(stage, name)
        self.dir("keys", 0o700)
        with open(certificate.file, encoding="ascii") as chain, open(certificate.key, encoding="ascii") as key:
            self.file("keys/localhost.crt", chain.read())
            self.file("keys/localhost.key", key.read(), mode=0o600)
        for folder in "cache", "spool", "tmp", "state", "documents":
            self.dir(folder, 0o700)
        self.serve(1, lambda port: self._arrange(program, port))
        self.port = self.ports[0]
        self.url = f"http://localhost:{self.port}"

    def _arrange(self, program, port):
        files = self.file("cups-files.conf", f"""\
ServerRoot {self.folder}
ServerKeychain {self.path("keys")}
CreateSelfSignedCerts no
CacheDir {self.path("cache")}
RequestRoot {self.path("spool")}
TempDir {self.path("tmp")}
StateDir {self.path("state")}
DocumentRoot {self.path("documents")}
AccessLog {self.path("access.log")}
ErrorLog {self.path(ERRORS)}
PageLog {self.path("page.log")}
Printcap {self.path("printcap")}
User {self.account.name}
Group {self.account.group}
""")
        config = self.file("cupsd.conf", f"""\
Listen 127.0.0.1:{port}
ServerName localhost
LogLevel debug
AccessLogLevel all
Browsing No
DefaultEncryption IfRequested
IdleExitTimeout 0
<Location />
  Order allow,deny
  Allow all
</Location>
""")
        return self.account.argv(program, "-f", "-c", config, "-s", files)
