# SPDX-License-Identifier: ISC
"""A proxy that leads to servers by their names and ports, wherever they are: web servers with files about mail servers,
and those themselves; and `sallyport setup`, which looks for them."""
import itertools
import socket
import ssl
import threading

from .certificates import Authority
from .daemon import PROGRAM, Sallyport
from .nameserver import Nameserver
from .peers import OPAQUE, Proxy
from .process import run
from .tls import secure

DOMAIN = "example.net"
PACC, AUTOCONFIG, WELL_KNOWN, ISP = PLACES = (f"ua-auto-config.{DOMAIN}", f"autoconfig.{DOMAIN}", DOMAIN,
                                              "autoconfig.thunderbird.net")


def server(kind, name, host, port, tls, more=""):
    """An element of an autoconfig file."""
    return (f'<{kind}Server type="{name}"><hostname>{host}</hostname><port>{port}</port><socketType>{tls}</socketType>'
            f'{more}</{kind}Server>')


def autoconfig(*servers):
    """The whole file."""
    return f'<clientConfig version="1.1"><emailProvider id="x">{"".join(servers)}</emailProvider></clientConfig>'


BOTH = autoconfig(server("incoming", "imap", f"imap.{DOMAIN}", 993, "SSL"),
                  server("outgoing", "smtp", f"smtp.{DOMAIN}", 465, "SSL"))


def answer(text, status="200 OK", more=""):
    """A web server's answer."""
    body = text.encode()
    return f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def _pipe(source, target):
    """All bytes of one, to the other."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Signposts:
    """The proxy: to a place that nothing was said of it answers 502.  What it was asked for is in `asked`."""

    def __init__(self, stage):
        self.stage = stage
        self.authority = Authority(stage)
        self.nameserver = Nameserver(stage)
        self.asked, self.requests = [], {}
        self._places = {}
        self.proxy = Proxy(stage, self._lead)

    def _lead(self, connection):
        place = connection.read_head().decode().split(" ")[1]
        self.asked.append(place)
        if place not in self._places:
            connection.send(answer("no such server", "502 Bad Gateway"))
            return
        connection.send(OPAQUE)
        self._places[place](connection)

    def webs(self):
        """The web servers that were asked for files, each once, in their order.  setup has tried the proxy before, by
        the last of them."""
        asked = [place.removesuffix(":443") for place in self.asked if place.removesuffix(":443") in PLACES]
        return list(dict.fromkeys(itertools.dropwhile(lambda host: host == ISP, asked)))

    def web(self, host, said, certificate=None, port=443):
        """There is a web server that says this to any request, of which the last is in requests[host]."""
        context = (certificate or self.authority.leaf(host)).server_side()

        def script(connection):
            try:
                secure(connection, context)
            except ssl.SSLError:
                return  # what the client has against the certificate is for the test to find
            self.requests[host] = connection.read_head().decode()
            connection.send(said)
            connection.half_close()

        self._places[f"{host}:{port}"] = script

    def silent(self, host, port=443):
        """There is a server that says nothing."""
        self._places[f"{host}:{port}"] = lambda connection: connection.hold()

    def leads(self, place, port):
        """That place is a port of this machine."""
        def script(connection):
            with socket.create_connection(("127.0.0.1", port)) as far:
                back = threading.Thread(target=_pipe, args=(far, connection.sock), daemon=True)
                back.start()
                _pipe(connection.sock, far)
                back.join()

        self._places[place] = script

    def setup(self, address=f"me@{DOMAIN}"):
        """`sallyport setup`, which writes nothing: its status, the configuration that it would write, and what it has
        said, each run of blanks as one."""
        env = Sallyport.environment(self.stage, {**self.nameserver.env, "SSL_CERT_FILE": self.authority.file})
        done = run(["setsid", "-w", PROGRAM, "setup", "--address", address, "--proxy", self.proxy.url, "--program",
                    "none", "--dry-run", "--yes"], env=env, patience=60)
        return done.returncode, done.stdout.decode(), " ".join((done.stdout + done.stderr).decode().split())
