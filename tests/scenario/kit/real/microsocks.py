# SPDX-License-Identifier: ISC
"""microsocks as a SOCKS 5 server, which resolves names itself."""
from ..case import need
from .server import Server


class Microsocks(Server):
    """Lets everybody through, or with user and password nobody else.  What it connected to is in hosts()."""

    def __init__(self, stage, user=None, password=None, name="microsocks"):
        program = need("microsocks", "microsocks")
        super().__init__(stage, name)
        words = ("-u", user, "-P", password) if user else ()
        self.serve(1, lambda port: self.account.argv(program, "-i", "127.0.0.1", "-p", str(port), *words))
        self.port = self.ports[0]
        self.url = f"socks5h://127.0.0.1:{self.port}"

    def wait_connected(self, host, port, count=1):
        """Waits until it has connected that often to that place, which it names as it was asked for it."""
        self.process.wait_line(rf"connected to {host}:{port}$", count=count)
