#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The one RFC 2817 server that Debian has, cupsd: `tls-upgrade = yes` gets its 101 and TLS with a certificate that is
verified.  It knows no TCPConnection, so what follows is a web server's answer, behind the one that it owes for the
request before.  The whole way is that of 149, where we wrote the server."""
from kit import scenario
from kit.certificates import Authority
from kit.real import Cups
from kit.route import listener, refusal


def section(cups, authority, more=""):
    return f"[proxy]\nurl = {cups.url}/mail\nmethod = tcpconnection\ntls-upgrade = yes\nca-file = {authority}\n{more}\n"


def the_first_half(stage):
    authority = Authority(stage)
    cups = Cups(stage, authority.leaf("localhost"))
    daemon = stage.sallyport(f"[sallyport]\nlog-level = debug\n{section(cups, authority.file)}{listener('imap')}")
    refusal(daemon.connect("imap"), ("permanent",))
    daemon.wait_line(r"connector dial -> upgrade")
    daemon.wait_line(r"connector upgrade -> tls")
    daemon.wait_line(r"imap #1 tls .*TLSv1\.[23]")
    daemon.wait_line(r"exchange ask -> owed")
    daemon.wait_line(r"exchange owed -> answer")
    daemon.wait_line(rf'imap #1 failed .*{cups.url}: (200: it answers as a web server does, and knows no '
                     rf'TCPConnection/1\.0 here|40[0-9] )')
    daemon.stop()


def its_certificate_is_verified(stage):
    """By an authority that we do not trust, it is refused before anything of ours is said."""
    cups = Cups(stage, Authority(stage).leaf("localhost"))
    other = Authority(stage, "other")
    daemon = stage.sallyport(section(cups, other.file) + listener("imap"))
    refusal(daemon.connect("imap"), ("permanent",))
    daemon.wait_line(r"imap #1 failed .*certificate is by an authority that is not trusted")
    daemon.stop()


if __name__ == "__main__":
    scenario(the_first_half, its_certificate_is_verified, paths=("splice",))
