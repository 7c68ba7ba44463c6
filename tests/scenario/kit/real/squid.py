# SPDX-License-Identifier: ISC
"""squid as the upstream proxy: answers HTTP/1.1 200 and ignores Upgrade; its refusals promise a Content-Length."""
import os
from urllib.parse import unquote

from ..case import need
from ..process import until
from .identity import Identity
from .login import Basic
from .server import Server

ACCESS = "access.log"


def frame(server, front):
    """The lines that a squid begins with which listens at this front and has its files in the server's folder: all that
    it needs to run here, and nothing about who may do what."""
    return f"""\
{front}
visible_hostname squid.test
pid_filename none
coredump_dir {server.folder}
cache_log /dev/null
cache deny all
cache_mem 8 MB
memory_cache_shared off
max_filedescriptors 1024
pinger_enable off
dns_nameservers 127.0.0.1
"""


class Squid(Server):
    """Lets CONNECT through to the given ports and to nothing else; with users ({name: password}), or with logins (of
    the module login) only for those.  One process (-N): the one that holds the tunnels.

    upgrades: the protocol for which it passes Upgrade on (squid 5), with any method at those ports.

    certificate: it is reached by TLS and shows that; host is what its url calls it.  names: {name: address} that it
    finds, besides those of the machine's own table of hosts."""

    def __init__(self, stage, connect_ports, users=None, name="squid", logins=(), certificate=None, host="127.0.0.1",
                 names=None, upgrades=None):
        program = need("squid", "squid")
        super().__init__(stage, name)
        logins = [Basic(users)] if users else list(logins)
        env = dict(os.environ)
        for login in logins:
            env.update(getattr(login, "env", {}))
        front = ("http_port", "")
        if certificate:
            identity = Identity(self, certificate)
            front = ("https_port", f"tls-cert={identity.file} tls-key={identity.key}")
        passes = f"http_upgrade_request_protocols {upgrades} allow all\n" if upgrades else ""
        self._methods = "" if upgrades else "http_access deny !tunnel\n"
        settings = self._hosts(names or {}) + passes + "".join(login.lines(self) for login in logins)
        known = "acl known proxy_auth REQUIRED\nhttp_access deny !known" if logins else ""
        self.serve(1, lambda port: self._arrange(program, front, port, connect_ports, settings, known), env=env)
        self.port = self.ports[0]
        self.url = f"{'https' if certificate else 'http'}://{host}:{self.port}"

    def _arrange(self, program, front, port, connect_ports, settings, known):
        config = self.file("squid.conf", f"""\
{frame(self, f"{front[0]} {self.address}:{port} {front[1]}")}\
forward_max_tries 1
logformat tunnel %rm %ru %>Hs upgrade=%{{Upgrade}}>h user=%un login=%#{{Proxy-Authorization}}>h
access_log stdio:{self.path(ACCESS)} logformat=tunnel
buffered_logs off
{settings}
acl tunnel method CONNECT
acl mail port {" ".join(map(str, connect_ports))}
{self._methods}http_access deny !mail
{known}
http_access allow all
""")
        return self.account.argv(program, "-N", "-d", "1", "-f", config)

    def _hosts(self, names):
        """All names that squid finds.  The machine's own table has ::1 for localhost, too, in a fresh Debian, where
        none of the servers is."""
        table = "".join(f"{address} {name}\n" for name, address in {"localhost": "127.0.0.1", **names}.items())
        return f"hosts_file {self.file('hosts', table)}\n"

    def tunnels(self, count, status="", scheme=""):
        """Waits until that many CONNECT requests have ended (with that status, and with credentials of that scheme),
        which is when squid writes them down, and gives all of them, a dictionary each: target, status, upgrade, user,
        login (what credentials came)."""
        def enough():
            told = self._told()
            these = [request for request in told
                     if request["status"].startswith(status) and request["login"].startswith(scheme)]
            return told if len(these) >= count else None
        return until(enough, f"{count} tunnels {status} {scheme} in the log of {self.name}")

    def _told(self):
        requests = (line.split() for line in self.read(ACCESS).splitlines(keepends=True) if line.endswith("\n"))
        return [{"target": words[1], "status": words[2],
                 **{key: unquote(value) for key, value in (word.split("=", 1) for word in words[3:])}}
                for words in requests if words[0] == "CONNECT"]
