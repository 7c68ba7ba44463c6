#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""SIGHUP reads a relay's certificate and its users again; what is open stays, and faults leave all as it was."""
import shutil
import ssl

from kit import check, equal, scenario
from kit.certificates import Authority
from kit.own_relay import RIGHTS, UPGRADE, Relay, path
from kit.peers import GREETING

REGISTER = f"GET {path()}"


def certificates(stage):
    authority = Authority(stage)
    first, second, other = (authority.leaf("localhost", name=name) for name in ("first", "second", "other"))
    relay = Relay(stage, certificate=first)
    context = ssl.create_default_context(cafile=authority.file)
    old = ssl.PEM_cert_to_DER_cert(open(first.bare, encoding="ascii").read())
    new = ssl.PEM_cert_to_DER_cert(open(second.bare, encoding="ascii").read())

    def shown():
        visitor = relay.visitor(context=context)
        return visitor, visitor.sock.getpeercert(binary_form=True)

    before, certificate = shown()
    equal(certificate, old, "certificate")
    before.asks(REGISTER, "alice", *UPGRADE)
    relay.daemon.wait_line("waiting name=home:143")
    shutil.copy(other.key, first.key)  # half of a renewal
    relay.daemon.reload(relay.ini())
    relay.daemon.wait_line("reload failed|not reloaded|keeps")
    equal(shown()[1], old, "certificate while its key is another one's")
    shutil.copy(second.key, first.key)
    shutil.copy(second.file, first.file)
    relay.daemon.reload(relay.ini())
    relay.daemon.wait_line("sallyport: reloaded")
    client, certificate = shown()
    equal(certificate, new, "certificate")
    client.asks("CONNECT home:143", "bob")
    client.gets(200)
    before.gets(101)  # the place came when the old one was shown
    before.says(GREETING)
    client.reads(GREETING)


def users(stage):
    relay = Relay(stage)
    place, second = relay.place(), relay.place()
    client = relay.client().gets(200)
    place.gets(101)
    relay.write_users({"erna": "register=home:143", "bob": "reach=away:143"})
    relay.daemon.reload(relay.ini())
    relay.daemon.wait_line("sallyport: reloaded")
    second.gets(403).ends()  # at once, and not when its time is over
    client.says(b"still here")
    place.reads(b"still here")
    stranger = relay.visitor()
    stranger.asks(REGISTER, "alice", *UPGRADE)
    stranger.gets(401)
    relay.client().gets(403)
    newcomer = relay.visitor()
    newcomer.asks(REGISTER, "erna", *UPGRADE)
    newcomer.gets(409)  # alice's session is still open
    relay.write_users(RIGHTS)
    stage.file("relay.users", "alice:no hash\n", mode=0o644)
    relay.daemon.reload(relay.ini())
    relay.daemon.wait_line("reload failed|not reloaded|keeps")
    stranger.asks(REGISTER, "alice", *UPGRADE)
    stranger.gets(401)
    check(relay.daemon.process.alive(), "the relay has ended")


scenario(certificates, users, paths=("splice",))
