# SPDX-License-Identifier: ISC
"""postfix as the SMTP server: accepts mail for example.net and puts all of it into one Maildir."""
import grp
import os
import pwd

from ..case import Skip, need
from ..root import is_root
from .account import Account
from .dovecot import USER
from .identity import Identity
from .server import Server

DAEMONS = "/usr/lib/postfix/sbin"
DOMAIN = "example.net"


class Postfix(Server):
    """Delivers into the Maildir of dovecot's user, by postfix's own virtual(8) agent and under dovecot's account.
    Its master must be root: it starts each of its parts under another user.

    certificate: it is also a submission server, with the ports submission, where nothing but EHLO and STARTTLS is
    answered before TLS, and submissions, where TLS is there from the start; both want a log-in that dovecot knows.

    proxied: it has a port of that name besides, with these lines of its master.cf, in which @PORT@ is the port.
    trusts: the networks for which it takes mail to everywhere."""

    def __init__(self, stage, dovecot, name="postfix", certificate=None, proxied="", trusts="127.0.0.0/8"):
        master = need(f"{DAEMONS}/master", "postfix")
        if not is_root():
            raise Skip("postfix starts as the machine's root only")
        super().__init__(stage, name, Account.mine())
        self._queue()
        security = ""
        if certificate:
            identity = Identity(self, certificate)
            security = (f"smtpd_tls_cert_file = {identity.file}\nsmtpd_tls_key_file = {identity.key}\n"
                        f"smtpd_tls_security_level = none\n"
                        f"smtpd_sasl_type = dovecot\nsmtpd_sasl_path = {dovecot.sasl}\n")
        security += f"mynetworks = {trusts}\n"
        count = 3 if certificate else 1
        self.serve(count + bool(proxied), lambda *ports: self._arrange(
            master, dovecot, security, proxied.replace("@PORT@", str(ports[-1])), *ports[:count]))
        self.port, self.submission, self.submissions = (*self.ports[:count], None, None)[:3]
        self.proxied = self.ports[-1] if proxied else None

    def _queue(self):
        """The folders that postfix wants to find, with the owners that it insists on."""
        postfix, postdrop = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
        self.dir("queue")
        self.dir("queue/pid")
        for folder in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
                       "saved", "trace"):
            os.chown(self.dir(f"queue/{folder}", 0o700), postfix, 0)
        for folder, mode in (("maildrop", 0o730), ("public", 0o710)):
            os.chown(self.dir(f"queue/{folder}", mode), postfix, postdrop)
        os.chown(self.dir("data"), postfix, postfix)

    @staticmethod
    def _submission(port, option):
        return (f"127.0.0.1:{port} inet n - n - - smtpd\n -o {option}\n -o smtpd_sasl_auth_enable=yes\n"
                " -o smtpd_tls_auth_only=yes\n -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n")

    def _arrange(self, master, dovecot, security, proxied, port, submission=None, submissions=None):
        doors = proxied if submission is None else (
            proxied +
            self._submission(submission, "smtpd_tls_security_level=encrypt") +
            self._submission(submissions, "smtpd_tls_wrappermode=yes") + "tlsmgr unix - - n 1000? 1 tlsmgr\n")
        self.file("main.cf", f"""\
compatibility_level = 3.6
queue_directory = {self.path("queue")}
data_directory = {self.path("data")}
daemon_directory = {DAEMONS}
maillog_file = /dev/stdout
myhostname = mail.{DOMAIN}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
alias_maps =
local_recipient_maps =
message_size_limit = 0
virtual_mailbox_limit = 0
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_base = {dovecot.mail}
virtual_mailbox_maps = static:{USER}/Maildir/
virtual_minimum_uid = 1
virtual_uid_maps = static:{dovecot.account.uid}
virtual_gid_maps = static:{dovecot.account.gid}
{security}""")
        self.file("master.cf", f"""\
127.0.0.1:{port} inet n - n - - smtpd
{doors}\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
""")
        return [master, "-s", "-c", self.folder]
