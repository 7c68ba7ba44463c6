#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""nghttpx and haproxy are ended in an orderly way, with tunnels open: those go on, and new ones are opened at the next
proxy.  One that is killed takes all its tunnels along: each client gets a reset.  The daemon's own reload."""
import socket

from kit import check, equal, scenario, until
from kit.certificates import Authority
from kit.control import facts
from kit.echo import Echo, greeted, leaves, says
from kit.real import H2Apache, H2Haproxy, Nghttpx, Squid
from kit.real.loopback import connections
from kit.route import listener, settings
from kit.streams import RESET, read_all

HERD = 60


class House:
    """The server, and a daemon that knows two proxies; squid is the one behind both."""

    def __init__(self, stage, *kinds, more="", replaced=()):
        self.authority = Authority(stage)
        self.server = Echo(stage)
        squid = Squid(stage, [self.server.port])
        self.proxies = [kind(stage, squid, *replaced, authority=self.authority, name=f"{kind.__name__}-{count}".lower())
                        for count, kind in enumerate(kinds)]
        self.ini = settings(" ".join(proxy.url for proxy in self.proxies),
                            listener("imap", self.server.target),
                            proxy=f"{self.proxies[0].section}http = auto\n{more}")
        self.daemon = stage.sallyport(self.ini)

    def client(self):
        return greeted(self.daemon)

    def way(self, number):
        """The proxy that session went through."""
        return self.daemon.wait_line(rf"#{number} open proxy=(\S+) .* http=2").group(1)


def orderly(stage, kind, order):
    house = House(stage, kind, kind)
    clients = [house.client() for _ in range(3)]
    order(house.proxies[0])
    until(lambda: not listening(house.proxies[0].port), "the first proxy to listen no more")
    for client in clients:
        says(client)
    other = house.client()
    says(other)
    equal([house.way(number) for number in (1, 2, 3, 4)], [house.proxies[0].url] * 3 + [house.proxies[1].url],
          "ways of the sessions")
    for client in clients:
        leaves(client)
    house.proxies[0].process.wait()
    says(other)


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except ConnectionRefusedError:
        return False


def nghttpx_quits(stage):
    orderly(stage, Nghttpx, Nghttpx.quit)


def haproxy_stops(stage):
    orderly(stage, H2Haproxy, H2Haproxy.soft_stop)


def all_tunnels_of_one_that_is_killed(stage):
    """None hangs, none ends as if all were well, and it is one failure, not one a tunnel."""
    house = House(stage, Nghttpx, Nghttpx)
    clients = [house.client() for _ in range(HERD)]
    equal(connections(house.proxies[0].port), 1, "connections")
    house.proxies[0].kill()
    equal({read_all(client) for client in clients}, {(b"", RESET)}, "what the clients got after the kill")
    equal(house.daemon.count(r"closed .*by=proxy", HERD), HERD, "tunnels that the proxy has closed")
    equal(house.daemon.count(" rests for ", 1), 1, "times that the proxy was blamed")
    says(house.client())
    equal(house.way(HERD + 1), house.proxies[1].url, "way of the next")
    told = {proxy["url"]: proxy["state"] for proxy in facts(house.daemon)["proxies"]}
    equal(told, {house.proxies[0].url: "resting", house.proxies[1].url: "up"}, "the proxies' states")


def reload_with_streams_open(stage):
    """They go on; who comes afterwards does not sit down beside them."""
    house = House(stage, Nghttpx)
    old = house.client()
    house.daemon.reload(house.ini + "# another one\n")
    house.daemon.wait_line("reloaded")
    says(old)
    young = house.client()
    equal(connections(house.proxies[0].port), 2, "connections")
    for client in old, young:
        leaves(client)
    until(lambda: connections(house.proxies[0].port) == 1, "the old one's connection to be closed with its last tunnel")
    says(house.client())
    equal(connections(house.proxies[0].port), 1, "connections")


def stopped_with_streams_open(stage):
    """The daemon waits for those that are open, as ever, and then takes its connection away."""
    house = House(stage, Nghttpx)
    client = house.client()
    house.daemon.process.signal(15)
    house.daemon.wait_line("stopping")
    leaves(client)
    equal(house.daemon.process.wait(), 0, "status of the daemon")


def apache_ends_connections_that_nobody_uses(stage):
    """As it does after 5 s by default: whoever comes then makes a new one, and nothing is asked for twice."""
    authority, server = Authority(stage), Echo(stage)
    apache = H2Apache(stage, [server.port], ("KeepAliveTimeout 60", "KeepAliveTimeout 1"), authority=authority)
    daemon = stage.sallyport(settings(apache.url, listener("imap", server.target),
                                      proxy=f"{apache.section}http = auto"))
    for _ in range(2):
        leaves(greeted(daemon))
        until(lambda: connections(apache.port) == 0, "Apache to close the idle connection")
    equal(daemon.count(" failed class| rests for "), 0, "failures")
    check(len(server.connections) == 2, "a tunnel was asked for twice")


scenario(nghttpx_quits,
         haproxy_stops,
         all_tunnels_of_one_that_is_killed,
         reload_with_streams_open,
         stopped_with_streams_open,
         apache_ends_connections_that_nobody_uses,
         paths=("splice",))
