#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""squid lets nobody through whom it does not know: by Basic, Digest, NTLM and Negotiate, each on a plain port and
behind TLS; several at a time, when the strongest that can be used is taken; and refused credentials are not sent
again."""
import re

from kit import Sallyport, check, equal, scenario
from kit.certificates import Authority
from kit.control import command
from kit.peers import GREETING, Proxy
from kit.real import Basic, Digest, Kerberos, Negotiate, Ntlm, Squid, knows_ntlm
from kit.route import listener, refusal, settings
from kit.streams import read_exactly

NAME, WORD, WRONG = "jane", "blue: moon", "red-sun"
USERS = {NAME: WORD}
USER = f"user = {NAME}\npassword = {WORD}\n"


class House:
    """A server, and what stands before it: a squid with these logins, with TLS if a certificate is there."""

    def __init__(self, stage, *logins, authority=None):
        self.stage = stage
        self.server = Proxy(stage, lambda connection: connection.send(GREETING) or connection.echo())
        self.authority = authority
        certificate = authority.leaf("localhost", name="proxy") if authority else None
        self.squid = Squid(stage, [self.server.port], logins=logins, certificate=certificate, host="localhost",
                           name=f"squid-{self.server.port}")
        self.daemon = None

    def run(self, more, env=None):
        """The daemon with these lines in [proxy]."""
        if self.authority:
            more += f"\nca-file = {self.authority.file}"
        ini = settings(self.squid.url, listener("imap", f"localhost:{self.server.port}"), "log-level = debug", more)
        self.daemon = self.stage.sallyport(ini, env=env, name=f"sallyport-{self.squid.name}")
        return self

    def greeted(self):
        with self.daemon.connect("imap") as client:
            equal(read_exactly(client, len(GREETING)), GREETING, "greeting")

    def refused(self, *kinds):
        with self.daemon.connect("imap") as client:
            return refusal(client, kinds or ("permanent",))

    def told(self, count, status="", scheme=""):
        """[(status, scheme of the credentials, user)] of the requests that squid wrote down, at least that many with
        the status and the scheme."""
        return [(request["status"], request["login"].split(" ")[0], request["user"])
                for request in self.squid.tunnels(count, status, scheme)]

    def says_nothing_secret(self, *secrets):
        """The log at its most talkative has none of these, and nothing that squid got in Proxy-Authorization."""
        self.daemon.stop()
        shown = list(self.daemon.process.lines)
        for secret in (*secrets, *self.credentials()):
            check(not any(secret in line for line in shown), f"the log shows {secret!r}")

    def credentials(self):
        """What squid got in Proxy-Authorization, without the scheme."""
        return {request["login"].partition(" ")[2] for request in self.squid.tunnels(1)} - {""}


def squids(stage, *logins):
    """A house with a plain port, and one with TLS."""
    yield House(stage, *logins)
    yield House(stage, *logins, authority=Authority(stage))


def by_a_password(stage, login, scheme, auth):
    for house in squids(stage, login):
        house.run(USER + f"auth = {auth}")
        for _ in range(2):
            house.greeted()
        told = house.told(2, "200")
        equal([entry for entry in told if entry[0] == "200"], [("200", scheme, NAME)] * 2, "tunnels that were opened")
        check(len(told) <= 6, f"too many requests: {told}")
        equal({request["upgrade"] for request in house.squid.tunnels(2)}, {"IMAP"}, "protocols that squid was told")
        house.daemon.wait_line(rf"imap #2 open proxy={house.squid.url} ")
        house.says_nothing_secret(WORD)


def basic(stage):
    by_a_password(stage, Basic(USERS), "Basic", "basic")


def digest(stage):
    by_a_password(stage, Digest(USERS), "Digest", "digest")


def ntlm(stage):
    """Where libcurl does not know it, the start warns of that, and the client is told."""
    if knows_ntlm():
        by_a_password(stage, Ntlm(USERS), "NTLM", "ntlm")
        return
    house = House(stage, Ntlm(USERS)).run(USER + "auth = ntlm")
    house.daemon.wait_line("auth = ntlm: this machine's libcurl has no NTLM, so that no proxy of ")
    text = house.refused()
    check("ntlm is not built into this libcurl" in text, f"the client is told {text}")


def realm(stage):
    kerberos = Kerberos(stage)
    kerberos.add_user(NAME, "tick-tock")
    return kerberos


class Ticketed(Negotiate):
    """For HTTP/localhost of that realm; the keytab is made once."""

    def __init__(self, kerberos):
        super().__init__(kerberos, "localhost")
        self._lines = None

    def lines(self, server):
        self._lines = self._lines or super().lines(server)
        return self._lines


def negotiate(stage):
    kerberos = realm(stage)
    kerberos.log_in(NAME, "tick-tock")
    for house in squids(stage, Ticketed(kerberos)):
        house.run("auth = negotiate", kerberos.env_of())
        for _ in range(2):
            house.greeted()
        opened = [entry for entry in house.told(2, "200") if entry[0] == "200"]
        equal(opened, [("200", "Negotiate", NAME)] * 2, "tunnels that were opened")
        house.says_nothing_secret("tick-tock")


def any_takes_the_strongest_that_can_be_used(stage):
    """And remembers it: only the first session asks without credentials what is offered."""
    kerberos = realm(stage)
    kerberos.log_in(NAME, "tick-tock", "full")
    secrets, ticketed = (Basic(USERS), Ntlm(USERS), Digest(USERS)), Ticketed(kerberos)
    for logins, cache, scheme in (((*secrets, ticketed), "full", "Negotiate"),
                                  ((*secrets, ticketed), "none", "Digest"),
                                  (secrets[:2], "none", "NTLM"), (secrets[:1], "none", "Basic")):
        if scheme == "NTLM" and not knows_ntlm():
            continue
        house = House(stage, *logins).run(USER, kerberos.env_of(cache))
        for _ in range(3):
            house.greeted()
        told = house.told(3, "200")
        equal([entry[1] for entry in told if entry[0] == "200"], [scheme] * 3, f"schemes that were used, of {told}")
        equal({entry[1] for entry in told} - {scheme}, {"-"}, "other schemes that were tried")
        house.squid.kill()


def a_ticket_that_comes_after_the_start(stage):
    kerberos = realm(stage)
    house = House(stage, Ticketed(kerberos)).run("auth = negotiate", kerberos.env_of())
    text = house.refused("permanent", "temporary")
    check("ticket" in text, f"the client is not told what is missing: {text}")
    kerberos.log_in(NAME, "tick-tock")
    house.greeted()
    equal([entry for entry in house.told(1, "200") if entry[1] != "-"], [("200", "Negotiate", NAME)],
          "requests with credentials")


def refused_credentials_are_sent_once(stage):
    """By one session, whatever the scheme; and the proxy rests."""
    for login, scheme, legs in ((Basic(USERS), "Basic", 1), (Digest(USERS), "Digest", 1), (Ntlm(USERS), "NTLM", 2)):
        for auth in (scheme.lower(), "any") if scheme != "NTLM" or knows_ntlm() else ():
            house = House(stage, login).run(f"user = {NAME}\npassword = {WRONG}\nauth = {auth}")
            text = house.refused()
            check("407" in text, f"the client is not told why: {text}")
            house.daemon.wait_line(rf'imap #1 failed class=permanent reason="{house.squid.url}: 407 ')
            house.daemon.wait_line(rf"{house.squid.url} rests for \d+ s: ")
            told = house.told(legs, scheme=scheme)
            equal(len([entry for entry in told if entry[1] != "-"]), legs, f"requests with credentials among {told}")
            equal({entry[0] for entry in told}, {"407"}, "what squid answered")
            house.says_nothing_secret(WRONG)
            house.squid.kill()


def refused_credentials_do_not_go_on_as_another_scheme(stage):
    house = House(stage, Basic(USERS), Ntlm(USERS), Digest(USERS)).run(f"user = {NAME}\npassword = {WRONG}")
    house.refused()
    told = [entry for entry in house.told(1, scheme="Digest") if entry[1] != "-"]
    equal([entry[1] for entry in told], ["Digest"], "credentials that were sent")


def a_user_that_squid_does_not_know_by_ticket(stage):
    """Kerberos has no word for it: the realm knows the service by another name, and there is no ticket for ours."""
    kerberos = realm(stage)
    kerberos.log_in(NAME, "tick-tock")
    house = House(stage, Negotiate(kerberos, "proxy.example.net")).run("auth = negotiate", kerberos.env_of())
    text = house.refused("permanent", "temporary")
    check(re.search(r"HTTP/localhost|ticket|Kerberos", text), f"the client is told {text}")


def nobody_is_told_the_password(stage):
    """Not `check`, `status`, the command line or the log of a daemon that used it."""
    house = House(stage, Digest(USERS)).run(USER)
    house.greeted()
    daemon = house.daemon
    done = Sallyport.command(stage, "-c", daemon.ini, "check")
    equal(done.returncode, 0, "status of check")
    with open(f"/proc/{daemon.process.pid}/cmdline", "rb") as file:
        shown = [file.read().decode(), done.stdout.decode(), done.stderr.decode()]
    for words in (["status"], ["status", "--json"], ["redirects"]):
        shown += command(daemon, *words)
    check(not any(WORD in text for text in shown), f"the password is in {shown}")
    check("password = ********" in shown[1], f"check prints {shown[1]}")
    house.says_nothing_secret(WORD)


scenario(basic,
         digest,
         ntlm,
         negotiate,
         any_takes_the_strongest_that_can_be_used,
         a_ticket_that_comes_after_the_start,
         refused_credentials_are_sent_once,
         refused_credentials_do_not_go_on_as_another_scheme,
         a_user_that_squid_does_not_know_by_ticket,
         nobody_is_told_the_password,
         paths=("splice",))
