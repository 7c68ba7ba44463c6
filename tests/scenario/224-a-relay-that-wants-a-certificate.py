#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""nginx before a relay asks who comes for a certificate of its own, besides the password: the home's `cert-file` and
`key-file` are shown to it, on the straight way and behind a squid, and without them the log says what is missing."""
from kit import check, equal, scenario
from kit.certificates import Authority
from kit.own_home import waiting
from kit.real import Dovecot, Mailbox, Squid, hard, letter
from kit.real.published import Home, Relay
from kit.real.relay_fronts import NginxFront

class House:
    """The relay with a public port, and nginx, which lets in who shows a certificate of the authority's."""

    def __init__(self, stage):
        self.stage = stage
        self.authority = Authority(stage)
        self.relay = Relay(stage, public=["imap"])
        wants = f"ssl_client_certificate {self.authority.file}; ssl_verify_client on;\n    server_name"
        self.front = NginxFront(stage, self.relay.port, self.authority, ("server_name", wants))
        self.dovecot = Dovecot(stage)
        self.dovecot.drop(letter("shown", hard(1000)))

    def shown(self, by=None, together=False):
        """The lines that show a certificate, signed by the authority or by that one."""
        certificate = (by or self.authority).leaf("home.example", name="home", client=True)
        if together:
            return f"cert-file = {certificate.both}\n"
        return f"cert-file = {certificate.file}\nkey-file = {certificate.key}\n"

    def home(self, lines, ready=True, sections=""):
        return Home(self.stage, self.front.url, {"imap": self.dovecot.imap}, self.front.section,
                    lines=f"{lines}trusted-clients = yes\n", sections=sections, ready=ready)

    def delivers(self):
        with Mailbox(self.relay.public("imap")) as mailbox:
            mailbox.wait(1)


def in_two_files(stage):
    house = House(stage)
    house.home(house.shown())
    house.delivers()


def in_one_file(stage):
    house = House(stage)
    house.home(house.shown(together=True))
    house.delivers()


def behind_a_squid(stage):
    """The certificate is for the relay, inside the tunnel; the proxy gets none."""
    house = House(stage)
    squid = Squid(stage, [house.front.port])
    home = house.home(f"{house.shown()}proxy = company\n", sections=f"[proxy company]\nurl = {squid.url}\n")
    house.delivers()
    home.daemon.stop()
    check(squid.tunnels(1, "200"), "squid saw no tunnel")


def refused(stage, lines, words):
    """nginx says what is wrong in an answer, which the log quotes; nobody waits at the relay."""
    house = House(stage)
    house.home(lines(house), ready=False).daemon.wait_line(
        rf'reverse/imap failed class=permanent reason="[^"]*: 400 Bad Request.*body="[^"]*{words}')
    equal(waiting(house.relay), 0, "places at the relay")


def none_is_shown(stage):
    refused(stage, lambda house: "", "No required SSL certificate was sent")


def another_ones(stage):
    refused(stage, lambda house: house.shown(Authority(stage, "stranger")), "The SSL certificate error")


scenario(in_two_files, in_one_file, behind_a_squid, none_is_shown, another_ones, paths=("splice",))
