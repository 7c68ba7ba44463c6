#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""mbsync keeps a Maildir and dovecot's mailbox the same, both ways: through a port of the daemon, and with
`sallyport connect` as its Tunnel command."""
import shlex

from kit import equal, scenario
from kit.daemon import PROGRAM
from kit.real import Dovecot, Mbsync, Squid, through

def through_a_port(stage):
    dovecot = Dovecot(stage)
    daemon = stage.sallyport(through(Squid(stage, [dovecot.imap]), imap=dovecot.imap))
    host, port = daemon.address("imap")
    Mbsync(stage, f"Host {host}\nPort {port}").both_ways(dovecot)
    daemon.wait_line(r"imap #2 closed ")


def through_connect_as_its_tunnel_command(stage):
    dovecot = Dovecot(stage)
    squid = Squid(stage, [dovecot.imap])
    config = stage.file("connect.ini", through(squid, imap=dovecot.imap), mode=0o600)
    command = shlex.join((PROGRAM, "-c", config, "connect", "imap"))
    Mbsync(stage, f'Tunnel "{command}"').both_ways(dovecot)
    equal([tunnel["upgrade"] for tunnel in squid.tunnels(2)], ["IMAP"] * 2, "protocols that squid was told")


scenario(through_a_port, through_connect_as_its_tunnel_command)
