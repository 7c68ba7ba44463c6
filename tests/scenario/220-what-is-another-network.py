#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What counts as another network: addresses, the way out of it, links and resolv.conf, each of which is told of once;
and what does not, such as the advertisements of routers."""
import os

from kit import check, equal, scenario
from kit.control import command, facts
from kit.own_network import Far, go_inside, ip, own_etc
from kit.process import pause
from kit.route import settings

QUIET = 2.5
"""Seconds, in which a change would have been told of."""
CONF = "/etc/resolv.conf"


class Watched:
    """A daemon, and how many changes it has told of."""

    def __init__(self, stage):
        self.daemon = stage.sallyport(settings("http://127.0.0.1:1"))
        self.epoch = 1

    def changes(self, what, *doing):
        """Calls each of these with what follows it; one change is told of."""
        for call, *arguments in doing:
            call(*arguments)
        self.epoch += 1
        self.daemon.wait_line(f"network changed epoch={self.epoch} ")
        equal(facts(self.daemon)["network"]["epoch"], self.epoch, f"epoch, after {what}")

    def stays(self, what, *doing):
        for call, *arguments in doing:
            call(*arguments)
        pause(QUIET)
        equal(facts(self.daemon)["network"]["epoch"], self.epoch, f"epoch, after {what}")


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def addresses_and_links(stage):
    far = Far(stage, "uplink", "10.7.0.1/24")
    watched = Watched(stage)
    watched.changes("an address", (far.come, "10.7.0.2/24"))
    watched.changes("one of IPv6", (far.come, "2001:db8:7::2/64"))
    watched.changes("a link that is down", (ip, "link", "set", "uplink", "down"))
    watched.changes("the link again", (ip, "link", "set", "uplink", "up"))
    watched.changes("an address that goes", (far.go, "10.7.0.2/24"))
    watched.stays("one that comes back at once", (far.come, "10.7.0.2/24"), (far.go, "10.7.0.2/24"))
    told = command(watched.daemon, "status")[0]
    check(f"\nnetwork {watched.epoch}, for " in told, told)


def routers_that_advertise(stage):
    far = Far(stage, "uplink", "2001:db8:7::1/64")
    far.come("2001:db8:7::2/64")
    watched = Watched(stage)
    watched.stays("200 advertisements", *(
        (ip, "address", "change", "2001:db8:7::2/64", "dev", "uplink", "valid_lft", str(3600 + number),
         "preferred_lft", str(1800 + number)) for number in range(200)))
    watched.stays("a deprecated address", (ip, "address", "add", "2001:db8:7::3/64", "dev", "uplink", "nodad",
                                           "preferred_lft", "0"))
    watched.changes("an address after that", (far.come, "2001:db8:7::4/64"))


def the_way_out(stage):
    home, vpn = Far(stage, "home", "10.7.0.1/24"), Far(stage, "vpn", "10.8.0.1/24")
    home.come("10.7.0.2/24")
    vpn.come("10.8.0.2/24")
    watched = Watched(stage)
    watched.changes("a default route", (ip, "route", "add", "default", "via", "10.7.0.1"))
    watched.changes("another one", (ip, "route", "replace", "default", "via", "10.8.0.1"))
    watched.changes("the first again", (ip, "route", "replace", "default", "via", "10.7.0.1"))
    watched.changes("the two halves, as a VPN takes them", (ip, "route", "add", "0.0.0.0/1", "via", "10.8.0.1"),
                    (ip, "route", "add", "128.0.0.0/1", "via", "10.8.0.1"))
    watched.stays("a network behind it", (ip, "route", "add", "10.9.0.0/16", "via", "10.8.0.1"))
    watched.changes("by a rule and a table of its own",
                    (ip, "route", "add", "default", "via", "10.7.0.1", "table", "7"),
                    (ip, "rule", "add", "table", "7", "priority", "7"))
    watched.changes("the cable of the way out", (cut, home))


def cut(far):
    with far.there():
        ip("link", "set", "end", "down")


def resolv_conf(stage):
    own_etc()
    if os.path.lexists(CONF):
        os.unlink(CONF)
    watched = Watched(stage)
    watched.changes("a file that was not there", (write, CONF, "nameserver 10.7.0.1\n"))
    watched.changes("written in place", (write, CONF, "nameserver 10.8.0.1\n"))
    watched.stays("the same again", (write, CONF, "nameserver 10.8.0.1\n"))
    watched.changes("renamed over", (write, CONF + ".new", "nameserver 10.9.0.1\n"), (os.rename, CONF + ".new", CONF))
    os.mkdir("/etc/one")
    os.mkdir("/etc/two")
    write("/etc/one/conf", "nameserver 10.9.0.1\n")
    write("/etc/two/conf", "nameserver 10.6.0.1\n")
    watched.stays("a link to the same", (os.symlink, "one/conf", CONF + ".new"), (os.rename, CONF + ".new", CONF))
    watched.changes("where the link leads to", (write, "/etc/one/conf", "nameserver 10.5.0.1\n"))
    watched.changes("another link", (os.symlink, "/etc/two/conf", CONF + ".new"), (os.rename, CONF + ".new", CONF))
    watched.changes("no file", (os.unlink, "/etc/two/conf"))
    watched.changes("a file again", (write, "/etc/two/conf", "nameserver 10.6.0.1\n"))


go_inside()
scenario(addresses_and_links,
         routers_that_advertise,
         the_way_out,
         resolv_conf,
         paths=("splice",))
