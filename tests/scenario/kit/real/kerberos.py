# SPDX-License-Identifier: ISC
"""A Kerberos realm of its own: MIT's KDC on loopback, its principals, keytabs, and tickets for a user."""
import os

from ..case import need
from ..process import run
from .server import Server

REALM = "EXAMPLE.NET"


class Kerberos(Server):
    """env tells any program of the realm; env_of(cache) those, too, that have tickets.  Nobody looks into DNS."""

    def __init__(self, stage, name="kerberos"):
        program = need("krb5kdc", "krb5-kdc")
        self._admin, self._kinit = need("kadmin.local", "krb5-admin-server"), need("kinit", "krb5-user")
        super().__init__(stage, name)
        self.env = {"KRB5_CONFIG": self.path("krb5.conf"), "KRB5_KDC_PROFILE": self.path("kdc.conf"),
                    "KRB5RCACHENAME": "none:"}
        self._whole = {**os.environ, **self.env}
        made = False

        def arrange(port):
            nonlocal made
            self._configure(port)
            if not made:
                self._run([need("kdb5_util", "krb5-kdc"), "create", "-s", "-r", REALM, "-P", "master"])
                made = True
            return self.account.argv(program, "-n", "-r", REALM)

        self.serve(1, arrange, env=self._whole)

    def _configure(self, port):
        self.file("kdc.conf", f"""\
[realms]
{REALM} = {{
    database_name = {self.path("principal")}
    key_stash_file = {self.path("stash")}
    acl_file = {self.path("kadm5.acl")}
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
}}
[logging]
kdc = STDERR
""")
        self.file("krb5.conf", f"""\
[libdefaults]
default_realm = {REALM}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
{REALM} = {{
    kdc = 127.0.0.1:{port}
}}
[domain_realm]
.example.net = {REALM}
localhost = {REALM}
""")

    def keytab(self, *services):
        """The file that lets a server be each of these services, new ones ("HTTP/proxy.example.net")."""
        path = self.path("service.keytab")
        self._administer(*(f"addprinc -randkey {service}" for service in services),
                         f"ktadd -k {path} {' '.join(services)}")
        return path

    def add_user(self, name, password):
        self._administer(f'addprinc -pw "{password}" {name}')

    def log_in(self, name, password, cache="tickets"):
        """Gets the ticket that gets tickets, into the cache of env_of(cache)."""
        done = run([self._kinit, name], data=f"{password}\n".encode(), env={**self._whole, **self.env_of(cache)})
        if done.returncode:
            raise AssertionError(f"kinit: {done.stderr.decode()}")

    def env_of(self, cache="tickets"):
        return {**self.env, "KRB5CCNAME": f"FILE:{self.stage.folder}/{cache}"}

    def _administer(self, *orders):
        for order in orders:
            said = self._run([self._admin, "-r", REALM, "-q", order])
            if "created" not in said and "added to keytab" not in said:
                raise AssertionError(f"kadmin.local {order}: {said}")

    def _run(self, argv):
        done = run(self.account.argv(*argv), env=self._whole)
        if done.returncode:
            raise AssertionError(f"{argv[0]}: {done.stderr.decode()}")
        return (done.stdout + done.stderr).decode()
