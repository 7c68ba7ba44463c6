# SPDX-License-Identifier: ISC
"""dovecot: IMAP, POP3 and ManageSieve over one Maildir."""
import os
import re

from ..case import need
from ..process import run
from .identity import Identity
from .server import Server

USER, PASSWORD = "alice", "open-sesame"


# What the two generations of its configuration call the same thing: 2.4 made new words of most.
WORDS_2_3 = """\
mail_location = maildir:~/Maildir
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={mail}/%n
}}
plugin {{
  sieve = file:~/sieve;active=~/active.sieve
}}
"""
OPEN_2_3 = "ssl = no\ndisable_plaintext_auth = no\n"
TLS_2_3 = "ssl = required\ndisable_plaintext_auth = yes\nssl_cert = <{file}\nssl_key = <{key}\n"
WORDS_2_4 = """\
mail_driver = maildir
mail_path = ~/Maildir
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {mail}/%{{user | username}}
  }}
}}
sieve_script personal {{
  path = ~/sieve
  active_path = ~/active.sieve
}}
"""
OPEN_2_4 = "ssl = no\nauth_allow_cleartext = yes\n"
TLS_2_4 = "ssl = required\nauth_allow_cleartext = no\nssl_server_cert_file = {file}\nssl_server_key_file = {key}\n"
FIRST_2_4 = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"  # must be the file's first lines


def is_new(program):
    """Whether this dovecot wants the configuration of 2.4."""
    said = run([program, "--version"]).stdout.decode("latin-1")
    version = re.match(r"(\d+)\.(\d+)", said)
    if not version:
        raise AssertionError(f"dovecot does not say its version, but {said!r}")
    return tuple(map(int, version.groups())) >= (2, 4)


class Dovecot(Server):
    """imap, pop3 and sieve are its ports.  Any user name is let in with PASSWORD.

    certificate: nobody may log in without TLS, and imaps and pop3s are the ports where it is there from the start.
    It takes those for safe who have its own address; whoever comes to 127.0.0.2, from 127.0.0.1, is not.
    proxied: it has a port of that name besides, for IMAP, with these lines, in which @PORT@ is the port.
    sasl is the socket where others may ask whether a password is right."""

    def __init__(self, stage, name="dovecot", certificate=None, proxied=""):
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
        new = is_new(program)
        words, security = (WORDS_2_4, OPEN_2_4) if new else (WORDS_2_3, OPEN_2_3)
        if certificate:
            identity = Identity(self, certificate)
            security = (TLS_2_4 if new else TLS_2_3).format(file=identity.file, key=identity.key)
        words = words.format(password=PASSWORD, uid=self.account.uid, gid=self.account.gid, mail=self.mail)
        first = FIRST_2_4 if new else ""
        count = 5 if certificate else 3
        self.serve(count + bool(proxied), lambda *ports: self._arrange(
            program, first, words + security, proxied.replace("@PORT@", str(ports[-1])), *ports[:count]))
        self.imap, self.pop3, self.sieve, self.imaps, self.pop3s = (*self.ports[:count], None, None)[:5]
        self.proxied = self.ports[-1] if proxied else None

    def _arrange(self, program, first, words, proxied, imap, pop3, sieve, imaps=0, pop3s=0):
        account = self.account
        doors = (("imap", "imap", imap), ("pop3", "pop3", pop3), ("managesieve", "sieve", sieve))
        logins = "".join(f"service {service}-login {{\n  chroot =\n"
                         f"  inet_listener {listener} {{\n    port = {port}\n  }}\n}}\n"
                         for service, listener, port in doors)
        # Unless they are told, the twins with TLS take the well-known ports: 0 leaves them out.
        twins = "".join(f"service {service}-login {{\n  inet_listener {service}s {{\n    port = {port}\n  }}\n}}\n"
                        for service, port in (("imap", imaps), ("pop3", pop3s)))
        config = self.file("dovecot.conf", f"""\
{first}base_dir = {self.path("run")}
state_dir = {self.path("run")}
log_path = /dev/stderr
listen = 127.0.0.1, 127.0.0.2
protocols = imap pop3 sieve
default_internal_user = {account.name}
default_internal_group = {account.group}
default_login_user = {account.name}
first_valid_uid = 1
auth_mechanisms = plain login
mail_max_userip_connections = 100
{words}service anvil {{
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
{logins}{twins}{proxied}""")
        return account.argv(program, "-F", "-c", config)

    def wait_login(self, service, count=1):
        """Waits for the count-th line of its log that tells that the user was let in, over TLS.  2.4 says "Logged in",
        and those before it "Login"."""
        self.process.wait_line(rf"{service}-login: .*Log(in|ged in): user=<{USER}>.* TLS", count=count)

    def drop(self, message):
        """Puts the bytes of a message straight into the user's new mail, as a delivery agent does."""
        self._dropped += 1
        name = f"mail/{USER}/Maildir/%s/{self._dropped}.drop"
        os.rename(self.file(name % "tmp", message, mode=0o600), self.path(name % "new"))
