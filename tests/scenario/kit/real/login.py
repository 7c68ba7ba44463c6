# SPDX-License-Identifier: ISC
"""The ways in which squid can want to know who somebody is.  Each gives the lines for its configuration; squid offers
them in the order in which it is told of them."""
import functools
import hashlib
import os
import subprocess

from ..case import need

HELPERS = "/usr/lib/squid"
REALM = "tunnels"


class Basic:
    """users: {name: password}."""

    def __init__(self, users):
        self._users = users

    def lines(self, server):
        hashed = "".join(f"{user}:{hashlib.md5(word.encode()).hexdigest()}\n" for user, word in self._users.items())
        passwords = server.file("passwords", hashed, mode=0o600)
        return f"""\
auth_param basic program {need(f"{HELPERS}/basic_ncsa_auth", "squid")} {passwords}
auth_param basic children 1 startup=1
auth_param basic realm {REALM}
"""


class Digest:
    """users: {name: password}; MD5 is all that squid knows.  uses: how often a nonce may be used."""

    def __init__(self, users, uses=None):
        self._users = users
        self._uses = uses

    def lines(self, server):
        hashed = "".join(f"{user}:{REALM}:{hashlib.md5(f'{user}:{REALM}:{word}'.encode()).hexdigest()}\n"
                         for user, word in self._users.items())
        passwords = server.file("digests", hashed, mode=0o600)
        return f"""\
auth_param digest program {need(f"{HELPERS}/digest_file_auth", "squid")} -c {passwords}
auth_param digest children 1 startup=1
auth_param digest realm {REALM}
{f"auth_param digest nonce_max_count {self._uses}" if self._uses else ""}
"""


@functools.cache
def knows_ntlm():
    """Whether libcurl, by which we answer NTLM, knows it here; some systems build it without.  Says so, if not."""
    told = subprocess.run([need("curl", "curl"), "--version"], check=True, capture_output=True, text=True).stdout
    knows = "NTLM" in told.split()
    if not knows:
        print("# left out: this libcurl is built without NTLM", flush=True)
    return knows


class Ntlm:
    """users: {name: password}."""

    def __init__(self, users):
        self._users = users

    def lines(self, server):
        passwords = server.file("ntlm", "".join(f"{user}:{word}\n" for user, word in self._users.items()), mode=0o600)
        # A copy: the server's account may not be let into the folder of the sources.
        with open(os.path.join(os.path.dirname(__file__), "ntlm_helper.py"), encoding="utf-8") as file:
            helper = server.file("ntlm_helper.py", file.read(), mode=0o755)
        return f"""\
auth_param ntlm program {helper} {passwords}
auth_param ntlm children 4 startup=1
"""


class Negotiate:
    """For those with a ticket of that Kerberos for the service HTTP/host."""

    def __init__(self, kerberos, host):
        self._kerberos = kerberos
        self._service = f"HTTP/{host}"

    @property
    def env(self):
        return self._kerberos.env

    def lines(self, _):
        helper = need(f"{HELPERS}/negotiate_kerberos_auth", "squid")
        return f"""\
auth_param negotiate program {helper} -k {self._kerberos.keytab(self._service)} -s {self._service} -r
auth_param negotiate children 2 startup=1
auth_param negotiate keep_alive on
"""
