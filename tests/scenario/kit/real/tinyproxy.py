# SPDX-License-Identifier: ISC
"""tinyproxy as the upstream proxy: answers HTTP/1.0 200 and ignores Upgrade."""
from ..case import need
from .server import Server


class Tinyproxy(Server):
    """Lets CONNECT through to the given ports and to no other.  more: lines of its configuration."""

    def __init__(self, stage, connect_ports, name="tinyproxy", more=""):
        program = need("tinyproxy", "tinyproxy-bin")
        super().__init__(stage, name)
        self._more = more
        self.serve(1, lambda port: self._arrange(program, port, connect_ports))
        self.port = self.ports[0]
        self.url = f"http://127.0.0.1:{self.port}"

    def _arrange(self, program, port, connect_ports):
        config = self.file("tinyproxy.conf", f"""\
Listen 127.0.0.1
Port {port}
Allow 127.0.0.1
Timeout 600
MaxClients 50
LogLevel Connect
""" + "".join(f"ConnectPort {target}\n" for target in connect_ports) + self._more)
        return self.account.argv(program, "-d", "-c", config)
