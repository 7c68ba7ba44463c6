#!/usr/bin/env python3
"""mbsync keeps a Maildir and dovecot's mailbox the same, both ways: through a port of the daemon, and with
`sallyport connect` as its Tunnel command."""
import shlex

from kit import equal, scenario
from kit.daemon import PROGRAM
from kit.real import Dovecot, Mailbox, Mbsync, Squid, body_of, hard, letter, through

FAR = [letter(f"far {number}", hard(size, seed=size)) for number, size in enumerate((2_000, 70_000, 1_500_000))]
NEAR = letter("near", hard(400_000))


def syncs(stage, dovecot, mbsync):
    """Three messages come, one goes."""
    for message in FAR:
        dovecot.drop(message)
    mbsync.sync()
    equal(mbsync.bodies(), sorted(map(body_of, FAR)), "bodies that came")
    stage.file("near/INBOX/cur/1.near:2,S", NEAR.replace(b"\r\n", b"\n"))
    mbsync.sync()
    with Mailbox(("127.0.0.1", dovecot.imap)) as mailbox:
        mailbox.wait(len(FAR) + 1)
        equal(body_of(mailbox.message(len(FAR) + 1)), body_of(NEAR), "body that went")


def through_a_port(stage):
    dovecot = Dovecot(stage)
    daemon = stage.sallyport(through(Squid(stage, [dovecot.imap]), imap=dovecot.imap))
    host, port = daemon.address("imap")
    syncs(stage, dovecot, Mbsync(stage, f"Host {host}\nPort {port}"))
    daemon.wait_line(r"imap #2 closed ")


def through_connect_as_its_tunnel_command(stage):
    dovecot = Dovecot(stage)
    squid = Squid(stage, [dovecot.imap])
    config = stage.file("connect.ini", through(squid, imap=dovecot.imap), mode=0o600)
    command = shlex.join((PROGRAM, "-c", config, "connect", "imap"))
    syncs(stage, dovecot, Mbsync(stage, f'Tunnel "{command}"'))
    equal([tunnel["upgrade"] for tunnel in squid.tunnels(2)], ["IMAP"] * 2, "protocols that squid was told")


scenario(through_a_port, through_connect_as_its_tunnel_command)
