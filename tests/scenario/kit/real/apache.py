"""Apache with mod_proxy_connect as the upstream proxy: ignores Upgrade and answers 200."""
from ..case import need
from .server import Server

MODULES = "/usr/lib/apache2/modules"


class Apache(Server):
    """Lets CONNECT through to the given ports and to no other."""

    def __init__(self, stage, connect_ports, name="apache"):
        program = need("apache2", "apache2-bin")
        super().__init__(stage, name)
        self.serve(1, lambda port: self._arrange(program, port, connect_ports))
        self.port = self.ports[0]
        self.url = f"http://127.0.0.1:{self.port}"

    def _arrange(self, program, port, connect_ports):
        modules = "".join(f"LoadModule {module}_module {MODULES}/mod_{module}.so\n"
                          for module in ("mpm_event", "authz_core", "proxy", "proxy_connect"))
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
ProxyRequests On
ProxyVia Off
AllowCONNECT {" ".join(map(str, connect_ports))}
<Proxy "*">
    Require all granted
</Proxy>
""")
        return self.account.argv(program, "-D", "FOREGROUND", "-f", config)
