#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The daemon and a PAC file on a web server behind TLS: it is fetched once and again on another network, the last good
one serves while the network stays the same, and where there is none the session fails.  Nothing goes direct by that,
although `fallback = direct` says that it would be all right."""
from kit import equal, scenario
from kit.certificates import Authority
from kit.own_network import go_inside, ip, loopback, own_network
from kit.peers import GREETING, Proxy
from kit.process import until
from kit.real import Web
from kit.route import heard, listener, refusal

class Office:
    """A web server with a PAC file, two proxies, a server that is there directly, and the daemon."""

    def __init__(self, stage, ca_file=None):
        own_network()
        loopback()
        authority = Authority(stage)
        self.stage, self.epoch = stage, 1
        self.first, self.second = (Proxy(stage, lambda connection: connection.open()) for _ in range(2))
        self.server = Proxy(stage, lambda connection: connection.send(GREETING))
        for peer in (self.first, self.second, self.server):
            stage.later(peer.stop)
        self.web = Web(stage, authority.leaf("localhost"), files={"proxy.pac": self.pac(self.first)})
        listeners = "".join(listener(f"imap {host}", f"{host}.localhost:{self.server.port}") for host in "abc")
        self.daemon = stage.sallyport(f"""\
[proxy]
url = pac:{self.web.base}proxy.pac
ca-file = {ca_file or authority.file}
fallback = direct
{listeners}
""")

    @staticmethod
    def pac(proxy):
        return f'function FindProxyForURL(url, host) {{ return "PROXY 127.0.0.1:{proxy.port}"; }}\n'

    def nothing_went_direct(self):
        equal(len(self.server.connections), 0, "connections at the server")

    def leads_to(self, proxy, name):
        before = len(proxy.heads)
        equal(heard(self.daemon, f"imap/{name}"), GREETING, f"what comes at {name}")
        equal(len(proxy.heads), before + 1, "requests at the proxy")

    def fails(self, name, reason, count=1):
        with self.daemon.connect(f"imap/{name}") as client:
            refusal(client)
        self.daemon.wait_line(rf'imap/{name} #\d+ failed class=temporary reason="[^"]*{reason}', count=count)

    def other_network(self):
        """The machine has one more address."""
        if self.epoch == 1:
            ip("link", "add", "work", "type", "veth", "peer", "name", "far")
            self.stage.later(ip, "link", "delete", "work")
            ip("link", "set", "far", "up")
            ip("link", "set", "work", "up")
        self.epoch += 1
        ip("addr", "add", f"192.0.2.{self.epoch}/32", "dev", "work")
        self.daemon.wait_line(r"network changed epoch=", count=self.epoch - 1)


def it_is_fetched_once_and_again_on_another_network(stage):
    office = Office(stage)
    office.leads_to(office.first, "a")
    office.web.put("proxy.pac", office.pac(office.second))
    office.leads_to(office.first, "b")
    office.leads_to(office.first, "a")
    equal(office.web.requests(), ["200 GET /proxy.pac -"], "requests on the first network")
    office.other_network()
    office.leads_to(office.second, "a")
    office.leads_to(office.second, "c")
    equal(office.web.requests(), 2 * ["200 GET /proxy.pac -"], "requests on both networks")
    office.nothing_went_direct()


def the_last_good_one_serves_on_its_network_alone(stage):
    office = Office(stage)
    office.leads_to(office.first, "a")
    office.web.kill()
    office.leads_to(office.first, "b")
    office.other_network()
    office.fails("a", "[Cc]onnect")
    office.fails("c", "[Cc]onnect")
    office.nothing_went_direct()
    office.web.revive()
    until(lambda: heard(office.daemon, "imap/a") == GREETING, "the file is asked for again after a while", 20)
    office.leads_to(office.first, "c")
    office.nothing_went_direct()


def a_server_that_nobody_vouches_for_decides_nothing(stage):
    office = Office(stage, Authority(stage, "another").file)
    office.fails("a", "certificate")
    office.fails("b", "certificate")
    equal(office.web.requests(), [], "requests")
    equal(office.first.heads, [], "requests at the proxy")
    office.nothing_went_direct()


def what_is_no_pac_file_decides_nothing(stage):
    office = Office(stage)
    for name, text, reason in (("a", "", "empty"), ("b", "<html>Please sign in</html>\n", "a page for people"),
                               ("c", "function FindProxyForURL() {}\n", "")):
        office.web.put("proxy.pac", text)
        office.other_network()
        office.fails(name, reason)
    equal(office.first.heads, [], "requests at the proxy")
    office.nothing_went_direct()


go_inside("--net")
scenario(it_is_fetched_once_and_again_on_another_network, the_last_good_one_serves_on_its_network_alone,
         a_server_that_nobody_vouches_for_decides_nothing, what_is_no_pac_file_decides_nothing, paths=("splice",))
