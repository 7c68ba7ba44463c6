#!/usr/bin/env python3
"""On loopback only clients of the daemon's own user are served; others, root too, get the permanent refusal and a line
in the log, unless `same-user = no`."""
import os
import re

from kit import Skip, check, equal, run, scenario
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

KINDS = ("imap", "smtp", "nntp", "pop3", "managesieve")

IPV4, IPV6 = "127.0.0.1", "[::1]"


def other():
    """A user who is neither root nor runs the tests, as which a program can be run."""
    if os.geteuid() != 0:
        raise Skip("needs root, to be two users")
    return Account("nobody")


def daemon_of(stage, account, host=IPV4, same_user="yes"):
    """The daemon, run by that account, with a listener of each kind on that address."""
    if host == IPV6 and not has_ipv6():
        raise Skip("this machine has no IPv6 on loopback")
    proxy = Proxy(stage, lambda connection: (connection.open(), connection.echo()))
    listeners = "".join(f"[{kind}]\nlisten = {host}:0\ntarget = {TARGET}\n" for kind in KINDS)
    return Launched(stage, settings(proxy.url, listeners, sallyport=f"same-user = {same_user}"), account=account)


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


scenario(our_own_programs_are_served,
         our_own_programs_are_served_over_ipv6,
         another_user_is_refused,
         another_user_is_refused_over_ipv6,
         root_is_refused_like_any_other,
         an_unprivileged_daemon_serves_its_own_user,
         without_the_check_all_are_served)
