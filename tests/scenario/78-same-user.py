#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""On loopback only clients of the daemon's own user are served; others, root too, get the permanent refusal and a line
in the log, unless `same-user = no`.  A crowd of others takes nothing from the owner."""
import os
import re

from kit import Skip, check, equal, run, scenario
from kit.control import facts
from kit.peers import GREETING, Proxy
from kit.real import Account
from kit.real.launched import Launched
from kit.real.loopback import has_ipv6
from kit.route import REFUSALS, TARGET, settings

CLIENT = r"""
exec 3<>"/dev/tcp/$0/$1" || exit
IFS= read -r -t 20 line <&3
printf '%s\n' "$line"
"""
"""A client in bash: prints the first line that the server says."""

CROWD = r"""
for ((i = 0; i < $2; i++)); do
    exec {fd}<>"/dev/tcp/$0/$1" && held+=("$fd")
done
echo "${#held[@]} are there"
exec sleep 60
"""
"""Many clients in bash, which stay."""

KINDS = ("imap", "smtp", "nntp", "pop3", "managesieve")

IPV4, IPV6 = "127.0.0.1", "[::1]"


CROWD_SIZE, LOGGED = 300, 8
"""Clients of the crowd, more than max-sessions and what is refused beyond it; and how many have a line of their own."""


def other():
    """A user who is neither root nor runs the tests, as which a program can be run."""
    if os.geteuid() != 0:
        raise Skip("needs root, to be two users")
    return Account("nobody")


def daemon_of(stage, account, host=IPV4, same_user="yes", max_sessions=4096):
    """The daemon, run by that account, with a listener of each kind on that address."""
    if host == IPV6 and not has_ipv6():
        raise Skip("this machine has no IPv6 on loopback")
    proxy = Proxy(stage, lambda connection: (connection.open(), connection.echo()))
    listeners = "".join(f"[{kind}]\nlisten = {host}:0\ntarget = {TARGET}\n" for kind in KINDS)
    general = f"same-user = {same_user}\nmax-sessions = {max_sessions}"
    return Launched(stage, settings(proxy.url, listeners, sallyport=general), account=account)


def first_line(daemon, account, kind):
    """What a client of that account is told first by that listener."""
    host, port = daemon.address(kind)
    done = run(account.argv("bash", "-c", CLIENT, host, str(port)))
    equal(done.returncode, 0, f"status of the client, which said {done.stderr}")
    return done.stdout


def is_served(daemon, account):
    for kind in KINDS:
        equal(first_line(daemon, account, kind), GREETING, f"what [{kind}] says")
        daemon.wait_line(rf"sallyport: {kind} #\d+ accepted from=\S+ uid={account.uid}$")


def is_refused(daemon, account):
    for kind in KINDS:
        line = first_line(daemon, account, kind)
        wanted = REFUSALS[kind]["permanent"] + rb"sallyport: [ -~]+\r\n"
        check(re.fullmatch(wanted, line), f"[{kind}] says {line!r}")
        daemon.wait_line(rf"sallyport: {kind} #\d+ refused from=\S+ uid={account.uid} class=permanent reason=")
    equal(daemon.count(r"sallyport: \S+ #\d+ (accepted|open)"), 0, "clients that were let in")


def our_own_programs_are_served(stage):
    is_served(daemon_of(stage, Account.mine()), Account.mine())


def our_own_programs_are_served_over_ipv6(stage):
    is_served(daemon_of(stage, Account.mine(), IPV6), Account.mine())


def another_user_is_refused(stage):
    is_refused(daemon_of(stage, Account.mine()), other())


def another_user_is_refused_over_ipv6(stage):
    is_refused(daemon_of(stage, Account.mine(), IPV6), other())


def root_is_refused_like_any_other(stage):
    is_refused(daemon_of(stage, other()), Account.mine())


def an_unprivileged_daemon_serves_its_own_user(stage):
    is_served(daemon_of(stage, other()), other())


def without_the_check_all_are_served(stage):
    daemon = daemon_of(stage, Account.mine(), same_user="no")
    for account in Account.mine(), other():
        equal(first_line(daemon, account, "imap"), GREETING, f"what {account.name} is told")
    daemon.wait_line(r"imap #2 open ")


def a_crowd_of_others_does_not_shut_the_owner_out(stage):
    daemon = daemon_of(stage, Account.mine(), max_sessions=16)
    host, port = daemon.address("imap")
    more = CROWD_SIZE - LOGGED
    crowd = stage.start(other().argv("bash", "-c", CROWD, host, str(port), str(CROWD_SIZE)), name="crowd")
    crowd.wait_line(rf"^{CROWD_SIZE} are there$")
    for _ in range(5):
        equal(first_line(daemon, Account.mine(), "imap"), GREETING, "what the owner is told")
    totals = facts(daemon)["totals"]
    equal((totals["sessions"], totals["open"] <= 5), (5, True), f"sessions of the owner: {totals}")
    check(len(daemon.process.lines) < 100, f"{len(daemon.process.lines)} lines are logged")
    daemon.wait_line(rf"clients that may not connect: {more} more were turned away within 10 s$", patience=30)


scenario(our_own_programs_are_served,
         our_own_programs_are_served_over_ipv6,
         another_user_is_refused,
         another_user_is_refused_over_ipv6,
         root_is_refused_like_any_other,
         an_unprivileged_daemon_serves_its_own_user,
         without_the_check_all_are_served,
         a_crowd_of_others_does_not_shut_the_owner_out)
