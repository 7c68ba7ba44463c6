# SPDX-License-Identifier: ISC
"""Node's http2 as a proxy: the one with an HTTP/2 that is neither nghttp2's own program nor a web server's, which ends
each side of a tunnel by itself and tells with which code it was reset."""
import json
import os

from ..case import need
from .identity import Identity
from .server import Server


class Node(Server):
    """options: those of node_proxy.js, but for key and cert.  authority: it is reached by TLS.  section is what [proxy]
    must say besides the url; template is one that leads to it."""

    def __init__(self, stage, authority=None, name="node", **options):
        program = need("node", "nodejs")
        super().__init__(stage, name)
        if authority:
            identity = Identity(self, authority.leaf("localhost", name=name))
            options.update(key=identity.key, cert=identity.file)
        # A copy: the server's account may not be let into the folder of the sources.
        with open(os.path.join(os.path.dirname(__file__), "node_proxy.js"), encoding="utf-8") as file:
            script = self.file("node_proxy.js", file.read())
        self.process = stage.start(self.account.argv(program, script, json.dumps(options)), name=name, cwd=self.folder)
        stage.later(self.kill)
        self.port = int(self.process.wait_line(r"^listening (\d+)").group(1))
        self.url = f"{'https' if authority else 'http'}://localhost:{self.port}"
        self.section = f"ca-file = {authority.file}\n" if authority else ""

    def wait_reset(self, number=1):
        """Waits for the end of its stream of that number; gives the code of the RST_STREAM, 0 if there was none."""
        return int(self.process.wait_line(rf"^closed {number} (\d+)").group(1))
