#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Another network ends what belonged to the one before: a command that has failed rests no longer, names are looked up
anew, new tunnels share no connection whose proxy does not answer, and who waits at a relay waits on another one."""
from kit import equal, scenario
from kit.control import facts
from kit.h2_proxy import PONGS
from kit.h2_route import H2Route
from kit.nameserver import Nameserver
from kit.own_network import Far, go_inside
from kit.peers import GREETING, Proxy
from kit.process import until
from kit.route import heard, refusal, settings
from kit.scripted_relay import ScriptedRelay, holds, reverse

NAME, SERVER, HOUR = "proxy.test", "127.0.0.6", 3600


def another_network(far, daemon):
    """One more address, which ends no connection."""
    far.come("10.7.0.2/24")
    daemon.wait_line(r"network changed epoch=2 broken=0$")


def a_command_that_failed_is_run_at_once(stage):
    far, proxy = Far(stage, "uplink", "10.7.0.1/24"), Proxy(stage, lambda connection: connection.open())
    stage.later(proxy.stop)
    command = f"echo >>{stage.folder}/runs; test $(wc -l <{stage.folder}/runs) -gt 1 && echo magic"
    daemon = stage.sallyport(settings(proxy.url, proxy=f"user = me\nauth = basic\npassword-command = {command}"))
    for _ in range(2):  # the second one is told of the rest
        with daemon.connect("imap") as client:
            refusal(client)
    another_network(far, daemon)
    equal(heard(daemon), GREETING, "what a client gets in another network")
    with open(f"{stage.folder}/runs", encoding="ascii") as runs:
        equal(len(runs.read()), 2, "runs of the command")


def names_are_looked_up_anew(stage):
    far = Far(stage, "uplink", "10.7.0.1/24")
    with open("/etc/resolv.conf", "w", encoding="ascii") as file:
        file.write(f"nameserver {SERVER}\nsearch .\n")
    server = Nameserver(stage, SERVER, 53)
    server.add(NAME, "A", "127.0.0.2", ttl=HOUR)
    old = Proxy(stage, lambda connection: connection.open(behind=b"* OK old\r\n"), "127.0.0.2")
    new = Proxy(stage, lambda connection: connection.open(behind=b"* OK new\r\n"), "127.0.0.3", old.port)
    for proxy in (old, new):
        stage.later(proxy.stop)
    daemon = stage.sallyport(settings(f"http://{NAME}:{old.port}"))
    equal(heard(daemon), b"* OK old\r\n", "in the first network")
    server.add(NAME, "A", "127.0.0.3", ttl=HOUR)
    equal(heard(daemon), b"* OK old\r\n", "what is kept")
    another_network(far, daemon)
    equal(heard(daemon), b"* OK new\r\n", "in the other network, by the same name server")


def no_new_tunnel_shares_a_connection_that_does_not_answer(stage):
    far = Far(stage, "uplink", "10.7.0.1/24")
    way = H2Route(stage)
    goes_on = way.greeted()
    way.greeted()
    equal(way.connections(), 1, "connections in the first network")
    way.proxy.wait_spoken().habits.discard(PONGS)
    another_network(far, way.daemon)
    way.greeted()
    equal(way.connections(), 2, "connections in both networks")
    way.proxy.streams[0].send(b"* still here\r\n")
    equal(goes_on.recv(14), b"* still here\r\n", "the first tunnel")


def who_waits_at_a_relay_waits_anew(stage):
    far, relay = Far(stage, "uplink", "10.7.0.1/24"), ScriptedRelay(stage, holds)
    stage.later(relay.stop)
    daemon = stage.sallyport(reverse(relay, 9, more="waiting = 2\n"))
    until(lambda: facts(daemon)["reverse"][0]["waiting"] == 2, "two places")
    another_network(far, daemon)
    relay.wait_connection(4)
    until(lambda: facts(daemon)["reverse"][0]["waiting"] == 2, "two places again")
    equal(len(relay.connections), 4, "connections in both networks")


go_inside()
scenario(a_command_that_failed_is_run_at_once,
         names_are_looked_up_anew,
         no_new_tunnel_shares_a_connection_that_does_not_answer,
         who_waits_at_a_relay_waits_anew,
         paths=("splice",))
