"""dovecot: IMAP, POP3 and ManageSieve over one Maildir."""
import os

from ..case import need
from .identity import Identity
from .server import Server

USER, PASSWORD = "alice", "open-sesame"


class Dovecot(Server):
    """imap, pop3 and sieve are its ports.  Any user name is let in with PASSWORD.

    certificate: nobody may log in without TLS, and imaps and pop3s are the ports where it is there from the start.
    It takes those for safe who have its own address; whoever comes to 127.0.0.2, from 127.0.0.1, is not.
    sasl is the socket where others may ask whether a password is right."""

    def __init__(self, stage, name="dovecot", certificate=None):
        program = need("dovecot", "dovecot-core")
        for protocol, package in (("imap", "imapd"), ("pop3", "pop3d"), ("managesieve", "managesieved")):
            need(f"/usr/lib/dovecot/{protocol}", f"dovecot-{package}")
        super().__init__(stage, name)
        self.dir("run")
        self.mail = self.dir("mail")
        for folder in ("", "/Maildir", "/Maildir/new", "/Maildir/cur", "/Maildir/tmp"):
            self.dir(f"mail/{USER}{folder}", 0o700)
        self._dropped = 0
        self.sasl = self.path("sasl")
        security = "ssl = no\ndisable_plaintext_auth = no"
        if certificate:
            identity = Identity(self, certificate)
            security = (f"ssl = required\ndisable_plaintext_auth = yes\n"
                        f"ssl_cert = <{identity.file}\nssl_key = <{identity.key}")
        self.serve(5 if certificate else 3, lambda *ports: self._arrange(program, security, *ports))
        self.imap, self.pop3, self.sieve, self.imaps, self.pop3s = (*self.ports, None, None)[:5]

    def _arrange(self, program, security, imap, pop3, sieve, imaps=0, pop3s=0):
        account = self.account
        doors = (("imap", "imap", imap), ("pop3", "pop3", pop3), ("managesieve", "sieve", sieve))
        logins = "".join(f"service {service}-login {{\n  chroot =\n"
                         f"  inet_listener {listener} {{\n    port = {port}\n  }}\n}}\n"
                         for service, listener, port in doors)
        # Unless they are told, the twins with TLS take the well-known ports: 0 leaves them out.
        twins = "".join(f"service {service}-login {{\n  inet_listener {service}s {{\n    port = {port}\n  }}\n}}\n"
                        for service, port in (("imap", imaps), ("pop3", pop3s)))
        config = self.file("dovecot.conf", f"""\
base_dir = {self.path("run")}
state_dir = {self.path("run")}
log_path = /dev/stderr
listen = 127.0.0.1, 127.0.0.2
protocols = imap pop3 sieve
default_internal_user = {account.name}
default_internal_group = {account.group}
default_login_user = {account.name}
first_valid_uid = 1
{security}
auth_mechanisms = plain login
mail_location = maildir:~/Maildir
mail_max_userip_connections = 100
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={account.uid} gid={account.gid} home={self.mail}/%u
}}
plugin {{
  sieve = file:~/sieve;active=~/active.sieve
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service auth {{
  unix_listener {self.sasl} {{
    mode = 0666
  }}
}}
{logins}{twins}""")
        return account.argv(program, "-F", "-c", config)

    def drop(self, message):
        """Puts the bytes of a message straight into the user's new mail, as a delivery agent does."""
        self._dropped += 1
        name = f"mail/{USER}/Maildir/%s/{self._dropped}.drop"
        os.rename(self.file(name % "tmp", message, mode=0o600), self.path(name % "new"))
