#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""How many requests a login costs at squid, counted in squid's own log: with Digest two the first time, then one, and
two when the nonce is stale.  And what NTLM makes of names beyond ASCII: those of Western Europe get in, others send
nothing."""
import signal

from kit import Skip, check, equal, scenario
from kit.peers import GREETING, Proxy
from kit.real import Digest, Ntlm, Squid, knows_ntlm
from kit.route import Route, listener, refusal, settings
from kit.streams import read_exactly

NAME, WORD = "jane", "blue: moon"


class House:
    """A server, a squid with that login before it, and the daemon."""

    def __init__(self, stage, login, user, word, auth):
        self.server = Proxy(stage, lambda connection: connection.send(GREETING) or connection.echo())
        self.squid = Squid(stage, [self.server.port], logins=[login], host="localhost",
                           name=f"squid-{self.server.port}")
        more = f"user = {user}\npassword = {word}\nauth = {auth}"
        ini = settings(self.squid.url, listener("imap", f"localhost:{self.server.port}"), "log-level = debug", more)
        self.daemon = stage.sallyport(ini, name=f"sallyport-{self.squid.name}")

    def greeted(self):
        """The client got the server's greeting, and is still there."""
        client = self.daemon.connect("imap")
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        return client

    def told(self, count):
        """The statuses of all requests that squid wrote down, when that many were good."""
        return [request["status"] for request in self.squid.tunnels(count, "200")]


def digest_takes_two_requests_and_then_one(stage):
    for auth in ("digest", "any"):
        house = House(stage, Digest({NAME: WORD}), NAME, WORD, auth)
        for _ in range(5):
            house.greeted().close()
        equal(sorted(house.told(5)), ["200"] * 5 + ["407"], "what squid answered")


def a_stale_nonce_costs_one_more(stage):
    house = House(stage, Digest({NAME: WORD}, uses=2), NAME, WORD, "any")
    for _ in range(6):
        house.greeted().close()
    told = house.told(6)
    equal(told.count("200"), 6, "tunnels that were opened")
    check(2 <= told.count("407") <= 3, f"each nonce was good for two: {told}")


def a_reload_forgets_nonces(stage):
    """As it does passwords: what the next session sends is of the new configuration alone."""
    house = House(stage, Digest({NAME: WORD}), NAME, WORD, "digest")
    house.greeted().close()
    house.daemon.process.signal(signal.SIGHUP)
    house.daemon.wait_line("reloaded listeners=1")
    house.greeted().close()
    equal(sorted(house.told(2)), ["200"] * 2 + ["407"] * 2, "what squid answered")


def sessions_at_a_time_do_not_disturb_each_other(stage):
    """Each has a nonce of its own, which the later ones use again."""
    house = House(stage, Digest({NAME: WORD}), NAME, WORD, "any")
    house.greeted().close()
    for _ in range(3):
        for client in [house.greeted() for _ in range(4)]:
            client.close()
    told = house.told(13)
    equal(told.count("200"), 13, "tunnels that were opened")
    check(told.count("407") <= 4, f"known nonces were not used: {told}")


def names_of_western_europe(stage):
    if not knows_ntlm():
        raise Skip("this libcurl is built without NTLM")
    for name, word in (("j\u00f6rg", "p\u00e4ss"), ("\u00c5se", "\u00ff\u00b5\u00f7"), ("user", "\u00a3")):
        house = House(stage, Ntlm({name: word}), name, word, "ntlm")
        house.greeted().close()
        house.told(1)


def other_names_send_nothing(stage):
    for name, word in (("user", "\u20ac"), ("\u0141ukasz", "word"), ("\u00ff", "word")):
        route = Route(stage, lambda connection: None, proxy=f"user = {name}\npassword = {word}\nauth = ntlm")
        with route.daemon.connect("imap") as client:
            text = refusal(client, ("permanent",))
        why = "Latin-1" if knows_ntlm() else "not built into this libcurl"
        check(why in text, f"the client is not told why: {text}")
        equal(route.proxy.connections, [], "connections that the proxy has got")


scenario(digest_takes_two_requests_and_then_one,
         a_stale_nonce_costs_one_more,
         a_reload_forgets_nonces,
         sessions_at_a_time_do_not_disturb_each_other,
         names_of_western_europe,
         other_names_send_nothing,
         paths=("splice",))
