#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""squid, which wants a password and lets CONNECT through to one port, between a home and its relay: two passwords, each
for whom it is; and what becomes of the tunnels when squid dies and comes back."""
from kit import check, equal, scenario
from kit.certificates import Authority
from kit.real import Dovecot, Mailbox, Mbsync, Squid, hard, letter
from kit.real.published import ALICE, QUIET, Home, Relay

ME = ("me", "my own")
"""Who may use squid."""


def through(stage, servers, who=ME, ready=True):
    """squid, the relay with a public port for each of the servers, and the home."""
    relay = Relay(stage, Authority(stage), servers)
    squid = Squid(stage, [relay.port], users=dict([ME]))
    proxy = "[proxy company]\nurl = {}\nuser = {}\npassword = {}\n".format(squid.url, *who)
    return squid, relay, Home(stage, relay.url, servers, relay.trusting, lines="proxy = company\n", sections=proxy,
                              ready=ready)


def mbsync(stage):
    dovecot = Dovecot(stage)
    squid, relay, home = through(stage, {"imap": dovecot.imap})
    host, port = relay.public("imap")
    Mbsync(stage, f"Host {host}\nPort {port}").both_ways(dovecot)
    home.daemon.wait_line(r"reverse/imap #2 closed ")
    home.daemon.stop()
    told = squid.tunnels(4, "200")
    equal({(tunnel["target"], tunnel["user"], tunnel["upgrade"]) for tunnel in told if tunnel["status"] == "200"},
          {(f"localhost:{relay.port}", ME[0], "-")}, "tunnels as squid saw them")


def squid_does_not_know_us(stage):
    """The password at the proxy is wrong: it is the proxy that is blamed."""
    squid, _, home = through(stage, {"imap": 1}, who=(ME[0], "guessed"), ready=False)
    home.daemon.wait_line(r"reverse/imap .*407")
    squid.tunnels(1, "407")


def the_relay_does_not_know_us(stage):
    """The password at the relay is wrong: squid opened the tunnel."""
    relay = Relay(stage, Authority(stage), ["imap"])
    squid = Squid(stage, [relay.port], users=dict([ME]))
    proxy = "[proxy company]\nurl = {}\nuser = {}\npassword = {}\n".format(squid.url, *ME)
    text = (f"{proxy}[reverse imap]\nrelay = {relay.url}/.well-known/reverse/tcp/home/143/\ntarget = 127.0.0.1:1\n"
            f"user = {ALICE[0]}\npassword = guessed\nproxy = company\n{relay.trusting}{QUIET}")
    home = stage.sallyport(text, name="home")
    home.wait_line(r"reverse/imap .*401")
    relay.daemon.wait_line(r'refused from=127\.0\.0\.1 user="alice" reason="wrong password"')
    home.stop()
    check(squid.tunnels(1, "200"), "squid saw no tunnel")


def squid_dies_and_comes_back(stage):
    """Sessions end, and the home is there again soon after squid is."""
    dovecot = Dovecot(stage)
    dovecot.drop(letter("still here", hard(10_000)))
    squid, relay, home = through(stage, {"imap": dovecot.imap})
    with Mailbox(relay.public("imap")) as mailbox:
        mailbox.wait(1)
        squid.kill()
        try:
            mailbox.client.noop()
        except Exception:  # pylint: disable=broad-except
            pass
        home.daemon.wait_line(r"reverse/imap #1 closed ")
        mailbox.client.shutdown()
        mailbox.client.logout = lambda: None
    squid.revive()
    home.wait(2)
    with Mailbox(relay.public("imap")) as mailbox:
        mailbox.wait(1)


scenario(mbsync, squid_does_not_know_us, the_relay_does_not_know_us, squid_dies_and_comes_back, paths=("splice",))
