# SPDX-License-Identifier: ISC
"""One route from a client to a scripted HTTP/2 proxy, with the daemon between."""
from .case import equal
from .control import facts
from .h2_proxy import H2Proxy, H2TlsProxy, opens
from .peers import GREETING
from .route import Route, settings
from . import streams


class H2Route(Route):
    """As a Route.  authority: the proxy is reached by https, and this signs its certificate; otherwise HTTP/2 is
    spoken from the first byte.  {url} in what is given of the configuration is the proxy's.  What else is given
    goes to the scripted proxy.  Each has a control socket of its own, so that there may be several on one stage."""

    count = 0

    def __init__(self, stage, asked=opens(), listeners=None, sallyport="", proxy="", path="", authority=None,
                 **scripted):
        self.stage = stage
        if authority:
            kind, context = scripted.pop("kind", H2TlsProxy), authority.leaf("127.0.0.1").server_side()
            self.proxy = kind(stage, asked, context, **scripted)
            proxy += f"\nca-file = {authority.file}"
        else:
            self.proxy = H2Proxy(stage, asked, **scripted)
        self.ini = settings(self.proxy.url + path, listeners, sallyport, f"http = 2\n{proxy}").replace(
            "{url}", self.proxy.url)
        H2Route.count += 1
        self.daemon = stage.sallyport(self.ini, env={"XDG_RUNTIME_DIR": stage.dir(f"run-{H2Route.count}", 0o700)})
        stage.later(self.proxy.stop)

    def greeted(self, greeting=GREETING, name="imap"):
        """A client of that listener that has been given the greeting."""
        client = self.client(name)
        equal(streams.read_exactly(client, len(greeting)), greeting, f"greeting at {name}")
        return client

    def echoed(self, client, data=b"a NOOP\r\n"):
        """The tunnel carries both ways."""
        client.sendall(data)
        equal(streams.read_exactly(client, len(data)), data, "what came back")

    def healthy(self):
        """The proxy's health knows of no failure."""
        proxy = facts(self.daemon)["proxies"][0]
        equal((proxy["state"], proxy["last_error"]), ("up", None), "the proxy's health")

    def connections(self):
        """How many connections were made so far."""
        return len(self.proxy.connections)
