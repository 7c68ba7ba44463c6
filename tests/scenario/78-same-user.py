#!/usr/bin/env python3
"""On loopback only clients of the daemon's own user are served; others, root too, get the permanent refusal and a line in
the log, unless `same-user = no`."""
import os
import re

from kit import Skip, check, equal, run, scenario
from kit.peers import GREETING, Proxy
from kit.real import Account
from kit.real.launched import Launched
from kit.route import REFUSALS, TARGET, settings

CLIENT = r"""
exec 3<>"/dev/tcp/$0/$1" || exit
IFS= read -r -t 20 line <&3
printf '%s\n' "$line"
"""
"""A client in bash: prints the first line that the server says."""

HOSTS = ("127.0.0.1", "::1")

KINDS = ("imap", "smtp", "nntp", "pop3", "managesieve")


def other():
    """A user that is neither root nor who runs the tests, as which a program can be run."""
    if os.geteuid() != 0:
        raise Skip("needs root, to be two users")
    return Account("nobody")


def daemon_of(stage, account, same_user=""):
    """The daemon, run by that account, whose listeners all listen on both loopback addresses."""
    proxy = Proxy(stage, lambda connection: (connection.open(), connection.echo()))
    listeners = "".join(f"[{kind}]\nlisten = 127.0.0.1:0 [::1]:0\ntarget = {TARGET}\n" for kind in KINDS)
    return Launched(stage, settings(proxy.url, listeners, sallyport=same_user), account=account)


def first_line(daemon, account, kind, host):
    """What a client of that account is told first, by that listener."""
    address = daemon.address(kind, count=1 + HOSTS.index(host))
    equal(address[0], host, f"address of [{kind}]")
    done = run(account.argv("bash", "-c", CLIENT, host, str(address[1])))
    equal(done.returncode, 0, f"status of the client, which said {done.stderr}")
    return done.stdout


def is_served(daemon, account):
    for kind in KINDS:
        for host in HOSTS:
            equal(first_line(daemon, account, kind, host).rstrip(), GREETING.rstrip(), f"greeting of [{kind}] on {host}")
            daemon.wait_line(rf"sallyport: {kind} #\d+ accepted from=\S+ uid={account.uid}")
    equal(daemon.count(r"sallyport: \S+ #?\d* ?refused"), 0, "refused clients")


def is_refused(daemon, account):
    for kind in KINDS:
        for number, host in enumerate(HOSTS, 1):
            line = first_line(daemon, account, kind, host)
            check(re.match(REFUSALS[kind]["permanent"] + rb"sallyport: [ -~]+\r\n", line), f"[{kind}] on {host}: {line!r}")
            daemon.wait_line(rf"sallyport: {kind} .*refused", count=number)
    equal(daemon.count(r"sallyport: \S+ #\d+ open"), 0, "tunnels that were opened")


def our_own_programs_are_served(stage):
    is_served(daemon_of(stage, Account.mine()), Account.mine())


def another_user_is_refused(stage):
    is_refused(daemon_of(stage, Account.mine()), other())


def root_is_refused_like_any_other(stage):
    is_refused(daemon_of(stage, other()), Account.mine())


def an_unprivileged_daemon_serves_its_own_user(stage):
    is_served(daemon_of(stage, other()), other())


def without_the_check_all_are_served(stage):
    daemon = daemon_of(stage, Account.mine(), "same-user = no")
    for account in Account.mine(), other():
        for host in HOSTS:
            equal(first_line(daemon, account, "imap", host).rstrip(), GREETING.rstrip(), f"greeting of {account.name}")


scenario(our_own_programs_are_served,
         another_user_is_refused,
         root_is_refused_like_any_other,
         an_unprivileged_daemon_serves_its_own_user,
         without_the_check_all_are_served)
