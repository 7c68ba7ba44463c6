#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A request at a relay stands through the proxy that was found for the relay, is never made past it, and is made anew,
by another answer, in another network."""

from kit import equal, scenario
from kit.control import facts
from kit.finding import PacTown
from kit.own_network import Far, go_inside, own_etc
from kit.peers import OPAQUE
from kit.process import until

RELAY = "relay.example.net:8080"


class Home(PacTown):
    """Two requests wait at the relay, through what the file says."""

    def run(self, proxy=""):
        self.daemon = self.stage.sallyport(
            f"[proxy company]\nurl = pac:{self.file}\n{proxy}\n"
            f"[reverse home]\nrelay = http://{RELAY}/.well-known/reverse/tcp/home/143/\ninsecure = yes\n"
            "target = 127.0.0.1:1\nproxy = company\nwaiting = 2\n")
        for each in self.proxies.values():
            self.stage.later(each.stop)

    def waits(self):
        until(lambda: facts(self.daemon)["reverse"][0]["waiting"] == 2, "two requests at the relay")


def stands(town, name):
    """That proxy leads to a relay, which lets each request stand; gives the list of what they were asked."""
    asked = []

    def plays(connection):
        asked.append(connection.head.split(b"\r\n")[0].decode())
        connection.send(OPAQUE)
        if connection.read_head():
            asked.append(connection.head.split(b"\r\n")[0].decode())
            connection.wait_gone()

    town.tell(name, plays)
    return asked


def another_network(town, far, number):
    far.come(f"10.7.0.{number}/24")
    town.daemon.wait_line(rf"network changed epoch={number} ")


def a_request_at_a_relay_stands_by_what_was_found(stage):
    """There is no answer at first, so there is no request; then there is one, and in another network another one."""
    far, town = Far(stage, "uplink", "10.7.0.1/24"), Home(stage, "a", "b")
    by_a, by_b = stands(town, "a"), stands(town, "b")
    town.run("fallback = direct")
    town.daemon.wait_line(r'reverse/home failed class=temporary reason="pac:\S+: the PAC file cannot be read: ')
    equal(facts(town.daemon)["reverse"][0]["waiting"], 0, "requests without an answer")
    town.decide('return host == "relay.example.net" && /:8080/.test(url) ? "<a>; DIRECT" : "<b>";')
    another_network(town, far, 2)
    town.waits()
    both = {f"CONNECT {RELAY} HTTP/1.1", "GET /.well-known/reverse/tcp/home/143/ HTTP/1.1"}
    equal((set(by_a), by_b), (both, []), "what the proxies were asked")
    town.say("<b>")
    another_network(town, far, 3)
    until(lambda: len(by_b) == 4, "two requests by the other proxy")
    town.waits()
    equal(set(by_b), both, "what the other one was asked")


def a_request_at_a_relay_does_not_go_past_what_was_found(stage):
    """DIRECT is refused, with what to set."""
    own_etc()
    town = Home(stage)
    town.say("DIRECT")
    town.run()
    town.daemon.wait_line(rf"reverse/home failed .*says DIRECT for {RELAY}, which needs fallback = direct")
    equal(facts(town.daemon)["reverse"][0]["waiting"], 0, "requests")


go_inside()
scenario(a_request_at_a_relay_stands_by_what_was_found,
         a_request_at_a_relay_does_not_go_past_what_was_found,
         paths=("splice",))
