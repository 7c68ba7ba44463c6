#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A VPN ends: the sessions from its address are reset at once, those from others go on; connections made ahead of need
and attempts that are under way do not wait for an answer from a network that is gone."""
from kit import check, equal, scenario
from kit.own_network import Far, go_inside
from kit.peers import GREETING, BlackHole, Proxy
from kit.route import listener, settings
from kit.streams import RESET, ending, read_all, read_exactly

HOME, VPN = "10.7.0.2/24", "10.8.0.2/24"


def keep(connection):
    connection.open()
    connection.keep()


def proxy_at(stage, far, what=Proxy, **options):
    with far.there():
        return what(stage, *([keep] if what is Proxy else []), host=far.host, **options)


def networks(stage):
    """Home and the VPN, in which this machine has its addresses."""
    home, vpn = Far(stage, "home", "10.7.0.1/24"), Far(stage, "vpn", "10.8.0.1/24")
    home.come(HOME)
    vpn.come(VPN)
    return home, vpn


def greeted(stage, daemon, name):
    client = daemon.connect(name)
    stage.later(client.close)
    equal(read_exactly(client, len(GREETING)), GREETING, f"greeting of {name}")
    return client


def the_sessions_of_the_vpn_are_reset(stage):
    home, vpn = networks(stage)
    near, far = proxy_at(stage, home), proxy_at(stage, vpn)
    daemon = stage.sallyport(settings(near.url, listener("imap") + listener("imap vpn", more="proxy = vpn") +
                                      f"[proxy vpn]\nurl = {far.url}\n"))
    stays, goes = greeted(stage, daemon, "imap"), greeted(stage, daemon, "imap/vpn")
    vpn.go(VPN)
    equal(ending(goes), RESET, "how the session through the VPN ends")
    daemon.wait_line(r"network changed epoch=2 broken=1$")
    daemon.wait_line(r'imap/vpn #2 closed .*error="the network has changed, and our address in it is gone"')
    near.connections[0].send(b"* still here\r\n")
    equal(read_exactly(stays, 14), b"* still here\r\n", "the other session")
    equal(daemon.count(" closed "), 1, "sessions that ended")


def connections_ahead_are_made_anew(stage):
    home, vpn = networks(stage)
    near = proxy_at(stage, home)
    daemon = stage.sallyport(settings(near.url, proxy="preconnect = 2"))
    near.wait_connection(2)
    vpn.go(VPN)
    daemon.wait_line(r"network changed epoch=2 broken=0$")
    near.wait_connection(4)
    for connection in near.connections[:2]:
        ending(connection.sock)  # which comes at all, and not when it is of age
    greeted(stage, daemon, "imap")


def who_dials_from_there_is_told(stage):
    _, vpn = networks(stage)
    hole = proxy_at(stage, vpn, BlackHole)
    daemon = stage.sallyport(settings(hole.url, sallyport="connect-timeout = 60s"))
    client = daemon.connect("imap")
    stage.later(client.close)
    daemon.wait_line(r"#1 accepted ")
    vpn.go(VPN)
    told = read_all(client)[0]
    check(b"Network is down" in told, told)


go_inside()
scenario(the_sessions_of_the_vpn_are_reset,
         connections_ahead_are_made_anew,
         who_dials_from_there_is_told)
