# SPDX-License-Identifier: ISC
"""A Kerberos realm for the ways that log in by Negotiate: MIT's KDC on the far side, and a user's tickets."""
import os
import shutil
import subprocess

from .stage import PATIENCE, Failure, found

REALM, USER, PASSWORD = "FAR.EXAMPLE.NET", "jane", "tick-tock"
PROGRAMS = {"krb5kdc": "krb5-kdc", "kdb5_util": "krb5-kdc", "kadmin.local": "krb5-admin-server", "kinit": "krb5-user"}
KDC_PORT = 88

KRB5_CONF = """\
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
[realms]
{realm} = {{
    kdc = {host}:{port}
}}
"""
KDC_CONF = """\
[realms]
{realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/acl
    kdc_listen = {host}:{port}
    kdc_tcp_listen = {host}:{port}
}}
[logging]
kdc = FILE:{folder}/kdc.log
"""


def missing():
    """Debian packages of what is not there."""
    return sorted({package for program, package in PROGRAMS.items() if not found(program)})


class Realm:
    """Its proxy is known as HTTP/HOST.  far, near: the namespaces of KDC and user; end: of what is to be closed."""

    def __init__(self, folder, host, far, near, prepare):
        self._folder = folder
        self._environ = dict(os.environ, KRB5_CONFIG=f"{folder}/krb5.conf", KRB5_KDC_PROFILE=f"{folder}/kdc.conf",
                             KRB5RCACHENAME="none:")
        for name, text in (("krb5.conf", KRB5_CONF), ("kdc.conf", KDC_CONF)):
            with open(f"{folder}/{name}", "w", encoding="ascii") as file:
                file.write(text.format(realm=REALM, folder=folder, host=host, port=KDC_PORT))
        self._run(["kdb5_util", "create", "-s", "-r", REALM, "-P", "master"])
        self._run(["kadmin.local", "-r", REALM, "-q", f"addprinc -randkey HTTP/{host}"])
        self._run(["kadmin.local", "-r", REALM, "-q", f"addprinc -pw {PASSWORD} {USER}"])
        self._kdc = subprocess.Popen([found("krb5kdc"), "-n", "-r", REALM], env=self._environ, preexec_fn=prepare(far),
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._run(["kinit", "-c", f"{folder}/tickets", USER], prepare(near), PASSWORD + "\n")
        except Failure:
            self.close()
            raise

    def _run(self, argv, prepare=None, text=""):
        done = subprocess.run([found(argv[0]), *argv[1:]], env=self._environ, preexec_fn=prepare, input=text.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise Failure(f"{argv[0]}: {done.stdout.decode('utf-8', 'replace').strip()}")

    def tickets(self, path):
        """What a program's environment needs, to find the user's first ticket, and no other yet, in a file at path."""
        shutil.copyfile(f"{self._folder}/tickets", path)
        return {"KRB5_CONFIG": f"{self._folder}/krb5.conf", "KRB5CCNAME": f"FILE:{path}"}

    def close(self):
        """Ends the KDC."""
        self._kdc.kill()
        self._kdc.wait()
