# SPDX-License-Identifier: ISC
"""The far side of the slow path, for the round trips to a greeting: proxies of every form, servers, names.

    python3 far ADDRESS CERTIFICATE

CERTIFICATE is a file with certificate and key.  Listens at free ports of ADDRESS, says `ready NAME=PORT ...`, and
serves until standard input ends.  It computes next to nothing, and nothing of it waits: what is measured is the path.
"""
import asyncio
import os
import ssl
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "..", "scenario"))  # frames, fields and capsules by hand, and NTLM

from h2_proxy import asks_h2
from logins import SCHEMES
from names import Names
from proxies import Manners, asks, redirects, refusing, says, socks
from servers import GREETINGS, begins_tls, greets
from wire import Doors, answer

OTHER_GROUP = "secp384r1"
"""No client offers a share of it unasked: it is asked for one by a HelloRetryRequest (RFC 8446 section 4.1.4)."""

NOWHERE = "10.83.50.9"
"""An address of this side that nobody has, and what is sent there is lost."""


def context(certificate, newest=ssl.TLSVersion.TLSv1_3, alpn=None, group=None):
    """TLS, a server's; sessions can be resumed."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    made.maximum_version = newest
    if alpn:
        made.set_alpn_protocols([alpn])
    if group:
        made.set_ecdh_curve(group)
    return made


async def open_servers(doors, certificate):
    """The servers, each at a port that is its name to all proxies."""
    tls = context(certificate)
    await doors.open("plain", greets())
    await doors.open("tls", greets(), tls)
    await doors.open("tls12", greets(), context(certificate, ssl.TLSVersion.TLSv1_2))
    await doors.open("tls384", greets(), context(certificate, group=OTHER_GROUP))
    for kind in GREETINGS:
        await doors.open(kind, begins_tls(kind, tls))


async def open_proxies(doors, certificate):
    """The proxies: of each form, one for each scheme."""
    host, tls, h2 = doors.host, context(certificate), context(certificate, alpn="h2")
    for scheme in SCHEMES:
        await doors.open(f"http_{scheme}", asks(host, scheme))
        await doors.open(f"https_{scheme}", asks(host, scheme), tls)
        await doors.open(f"h2_{scheme}", asks_h2(host, scheme), h2)
        await doors.open(f"closing_{scheme}", asks(host, scheme, Manners(closes=True)))
    await doors.open("h2c", asks_h2(host))
    await doors.open("https12", asks(host), context(certificate, ssl.TLSVersion.TLSv1_2))
    await doors.open("https384", asks(host), context(certificate, group=OTHER_GROUP))
    await doors.open("socks", socks(host))
    await doors.open("socks_user", socks(host, ("user", "password")))


async def open_others(doors, certificate):
    """Proxies that let nobody through, or only in their own way, and web servers."""
    host, empty = doors.host, "Content-Length: 0"
    doors.keep("refusing", *refusing(host))
    await doors.open("busy", says("503 Service Unavailable", "Retry-After: 60", empty))
    await doors.open("no_upgrade", asks(host, manners=Manners(to_upgrade=answer("400 Bad Request", empty))))
    await doors.open("drops_upgrade", asks(host, manners=Manners(to_upgrade=b"")))
    await doors.open("connect_tcp_only", asks(host, manners=Manners(
        to_connect=answer("426 Upgrade Required", "Upgrade: connect-tcp", "Connection: Upgrade", empty))))
    await doors.open("tls_by_upgrade", asks(host, manners=Manners(tls=context(certificate))))
    http, https = (f"{scheme}://{host}:{doors.ports[scheme + '_none']}/" for scheme in ("http", "https"))
    await doors.open("redirect", redirects(http, "seconds=600"))
    await doors.open("redirect_tls", redirects(https, "seconds=600"))
    await doors.open("redirect_once", redirects(http))
    script = f"function FindProxyForURL(url, host) {{ return 'PROXY {host}:{doors.ports['http_none']}'; }}"
    await doors.open("pac_door", says("200 OK", "Content-Type: application/x-ns-proxy-autoconfig",
                                 f"Content-Length: {len(script)}", body=script))


async def main():
    host, certificate = sys.argv[1:]
    doors = Doors(host)
    await open_servers(doors, certificate)
    await open_proxies(doors, certificate)
    await open_others(doors, certificate)
    names = Names({"proxy.example.net": [host], "mail.example.net": [host], "twin.example.net": [NOWHERE, host]},
                  {f"_{service}._tcp.example.net": (doors.ports[door], "mail.example.net")
                   for service, door in (("imap", "plain"), ("imaps", "tls"))})
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: names, (host, 0))
    doors.keep("names", transport.get_extra_info("sockname")[1], transport)
    print("ready", *(f"{name}={port}" for name, port in doors.ports.items()), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
