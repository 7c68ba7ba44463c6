#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A laptop's day: the office with a PAC file on its web server, a train without network, home without a proxy, from
there a VPN with another PAC file, and its end.  A program of the user's says which network has what.  Mail flows soon
after each arrival, no hand touches the daemon, and nothing goes without a proxy but at home, by who allows it."""
import http.server
import os
import threading
import time

from kit import check, equal, scenario
from kit.certificates import Authority
from kit.nameserver import Nameserver
from kit.own_network import Far, go_inside, ip
from kit.peers import Proxy
from kit.process import SLOWNESS, until
from kit.route import heard, listener
from kit.streams import RESET, ending, read_exactly

IN_TIME = 3 * SLOWNESS
"""Seconds from an arrival to the first greeting, the 2 s of quiet among them."""

SERVER = "203.0.113.25"
"""The mail server, and in each network the place where those are seen who go there without a proxy."""

SCRIPT = """\
#!/bin/sh
case $(sed -n 's/^search //p' /etc/resolv.conf) in
office.example) echo "pac:https://wpad.office.example:4430/proxy.pac" ;;
vpn.example) echo "pac:http://wpad.vpn.example:8000/vpn.pac" ;;
home.example) echo DIRECT ;;
*) echo "no network that I know" >&2; exit 1 ;;
esac
"""

PAC = """\
function FindProxyForURL(url, host) {
    if (isPlainHostName(host)) return "DIRECT";
    return isInNet(myIpAddress(), "NETWORK", "255.255.255.0") ? "PROXY proxy.DOMAIN:3128" : "DIRECT";
}
"""


def greeting(place):
    return b"* OK " + place + b"\r\n"


def open_and_keep(place):
    def play(connection):
        connection.open(behind=greeting(place))
        connection.keep()
    return play


class Network:
    """Far away from the laptop: a name server, a proxy and the PAC file's web server, if there is one, and who goes to
    the mail server past them."""

    def __init__(self, stage, name, number, certificate=None, port=None):
        self.name, self.domain, self.stage = name, f"{name}.example", stage
        host, self.address = f"10.{number}.0.1", f"10.{number}.0.2/24"
        self.far = Far(stage, name, f"{host}/24")
        with self.far.there():
            ip("address", "add", f"{SERVER}/32", "dev", "lo")
            names = Nameserver(stage, host, 53)
            names.add("imap.example.net", "A", SERVER)
            for each in ("proxy", "wpad"):
                names.add(f"{each}.{self.domain}", "A", host)
            self.passed = Proxy(stage, self._play_server, SERVER, 143)
            if port:
                self.proxy = Proxy(stage, open_and_keep(name.encode()), host, 3128)
                self._serve_pac((host, port), PAC.replace("NETWORK", f"10.{number}.0.0").replace("DOMAIN", self.domain),
                                certificate)

    def _play_server(self, connection):
        connection.send(greeting(b"server"))
        connection.keep()

    def _serve_pac(self, address, text, certificate):
        class Pages(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(address, Pages)
        if certificate:
            server.socket = certificate.server_side().wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.stage.later(server.shutdown)

    # --- what the laptop sees of it ---

    def arrive(self, metric="100"):
        """The cable, the address, the way out, and the name server, as network managers do it."""
        ip("link", "set", self.name, "up")
        self.far.come(self.address)
        ip("route", "add", "default", "via", self.far.host, "dev", self.name, "metric", metric)
        resolv_conf(f"nameserver {self.far.host}\nsearch {self.domain}\n")
        return time.monotonic()

    def leave(self, text=""):
        resolv_conf(text)
        self.far.go(self.address)
        ip("link", "set", self.name, "down")


def resolv_conf(text):
    with open("/etc/resolv.conf.new", "w", encoding="ascii") as file:
        file.write(text)
    os.rename("/etc/resolv.conf.new", "/etc/resolv.conf")


class Day:
    """The networks, none of which the laptop is in, and its daemon: "imap" may go without a proxy, "imap/strict" may
    not."""

    def __init__(self, stage):
        authority = Authority(stage)
        self.stage = stage
        self.office = Network(stage, "office", 7, authority.leaf("wpad.office.example"), 4430)
        self.home = Network(stage, "home", 8)
        self.vpn = Network(stage, "vpn", 9, None, 8000)
        for network in (self.office, self.home, self.vpn):
            ip("link", "set", network.name, "down")
        resolv_conf("")
        script = stage.file("which-proxy", SCRIPT, 0o755)
        section = f"url = command:{script}\nca-file = {authority.file}\ninsecure = yes\n"
        self.daemon = stage.sallyport(listener("imap", "imap.example.net") +
                                      listener("imap strict", "imap.example.net", "proxy = strict") +
                                      f"[proxy]\n{section}fallback = direct\n[proxy strict]\n{section}")

    def flows(self, place, arrived, told, name="imap"):
        """A mail program tries again and again, from the arrival on."""
        until(lambda: self._first_line(name) == greeting(place), f"mail in {told}")
        took = time.monotonic() - arrived
        print(f"# {told}: mail after {took:.2f} s", flush=True)
        check(took < IN_TIME, f"{took:.1f} s from the arrival in {told} to the first greeting")

    def _first_line(self, name):
        with self.daemon.connect(name) as client:
            line = b""
            while not line.endswith(b"\n") and (byte := client.recv(1)):
                line += byte
            return line

    def sit(self, place):
        """A session that stays open."""
        client = self.daemon.connect("imap")
        self.stage.later(client.close)
        equal(read_exactly(client, len(greeting(place))), greeting(place), "greeting")
        return client

    def refused(self, name, where):
        told = heard(self.daemon, name)
        check(told.startswith(b"* BYE"), f"what {name} gets {where}: {told!r}")
        return told

    def nobody_went_past_a_proxy(self):
        for network in (self.office, self.vpn):
            equal(len(network.passed.connections), 0, f"who went past the proxy in {network.name}")
        equal(self.daemon.count("imap/strict .* open proxy=direct"), 0, "strict and direct")


def a_day(stage):
    day = Day(stage)
    arrived = day.office.arrive()
    day.flows(b"office", arrived, "the office")
    day.flows(b"office", arrived, "the office, without fallback", "imap/strict")
    at_work = day.sit(b"office")
    day.daemon.wait_line("network changed epoch=2 ")

    day.office.leave()
    equal(ending(at_work), RESET, "the session from the office")
    for _ in range(10):
        day.refused("imap", "in the train")
        day.refused("imap/strict", "in the train")
    day.daemon.wait_line("network changed epoch=3 ")

    day.flows(b"server", day.home.arrive(), "home")
    check(b"fallback = direct" in day.refused("imap/strict", "at home"), "the reason at home")
    at_home, number = day.sit(b"server"), len(day.home.passed.connections) - 1
    day.daemon.wait_line("network changed epoch=4 ")

    arrived = day.vpn.arrive("50")
    day.flows(b"vpn", arrived, "the VPN")
    day.flows(b"vpn", arrived, "the VPN, without fallback", "imap/strict")
    in_vpn = day.sit(b"vpn")
    day.home.passed.connections[number].send(b"* still\r\n")
    equal(read_exactly(at_home, 9), b"* still\r\n", "the session from home")
    day.daemon.wait_line("network changed epoch=5 ")

    day.vpn.leave(f"nameserver {day.home.far.host}\nsearch {day.home.domain}\n")
    day.flows(b"server", time.monotonic(), "home again")
    equal(ending(in_vpn), RESET, "the session from the VPN")
    day.refused("imap/strict", "at home again")
    day.nobody_went_past_a_proxy()


def no_sooner_there_than_gone(stage):
    """Within the quiet that a change of network waits for: it was none, but what came of it has gone."""
    day = Day(stage)
    day.flows(b"office", day.office.arrive(), "the office")
    passing = day.sit(b"office")
    day.office.leave()
    equal(ending(passing), RESET, "the session from the office")
    day.refused("imap", "in the train")
    day.flows(b"server", day.home.arrive(), "home")
    day.nobody_went_past_a_proxy()


go_inside()
scenario(a_day, no_sooner_there_than_gone, paths=("splice",))
