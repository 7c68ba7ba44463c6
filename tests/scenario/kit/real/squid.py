"""squid as the upstream proxy: answers HTTP/1.1 200 and ignores Upgrade; its refusals promise a Content-Length."""
import hashlib

from ..case import need
from ..process import until
from .server import Server

ACCESS = "access.log"


class Squid(Server):
    """Lets CONNECT through to the given ports and to nothing else; with users ({name: password}) only for those.
    One process (-N): the one that holds the tunnels."""

    def __init__(self, stage, connect_ports, users=None, name="squid"):
        program = need("squid", "squid")
        super().__init__(stage, name)
        self.serve(1, lambda port: self._arrange(program, port, connect_ports, users))
        self.port = self.ports[0]
        self.url = f"http://127.0.0.1:{self.port}"

    def _arrange(self, program, port, connect_ports, users):
        config = self.file("squid.conf", f"""\
http_port 127.0.0.1:{port}
visible_hostname squid.test
pid_filename none
coredump_dir {self.folder}
cache_log /dev/null
cache deny all
cache_mem 8 MB
memory_cache_shared off
max_filedescriptors 1024
pinger_enable off
dns_nameservers 127.0.0.1
forward_max_tries 1
logformat tunnel %rm %ru %>Hs upgrade=%{{Upgrade}}>h user=%un
access_log stdio:{self.path(ACCESS)} logformat=tunnel
buffered_logs off
{self._authentication(users)}
acl tunnel method CONNECT
acl mail port {" ".join(map(str, connect_ports))}
http_access deny !tunnel
http_access deny !mail
{"http_access deny !known" if users else ""}
http_access allow all
""")
        return self.account.argv(program, "-N", "-d", "1", "-f", config)

    def _authentication(self, users):
        if not users:
            return ""
        helper = need("/usr/lib/squid/basic_ncsa_auth", "squid")
        hashed = "".join(f"{user}:{hashlib.md5(word.encode()).hexdigest()}\n" for user, word in users.items())
        passwords = self.file("passwords", hashed, mode=0o600)
        return f"""\
auth_param basic program {helper} {passwords}
auth_param basic children 1 startup=1
auth_param basic realm tunnels
acl known proxy_auth REQUIRED"""

    def tunnels(self, count):
        """Waits until that many CONNECT requests have ended, which is when squid writes them down, and gives all of
        them, a dictionary each: target, status, upgrade, user."""
        return until(lambda: len(told := self._told()) >= count and told, f"{count} tunnels in the log of {self.name}")

    def _told(self):
        requests = (line.split() for line in self.read(ACCESS).splitlines(keepends=True) if line.endswith("\n"))
        return [{"target": words[1], "status": words[2], **dict(word.split("=", 1) for word in words[3:])}
                for words in requests if words[0] == "CONNECT"]
