#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""squid lets only known users through: with name and password the tunnel opens and squid knows whose it is; with a
wrong password or none the client gets the permanent refusal, and no log has the password."""
from kit import check, equal, scenario
from kit.real import Dovecot, Squid, through
from kit.route import refusal
from kit.streams import read_exactly

NAME, WORD = "jane", "blue: moon"


def house(stage, more):
    """(squid, daemon) with these lines in [proxy]."""
    dovecot = Dovecot(stage)
    squid = Squid(stage, [dovecot.imap], users={NAME: WORD})
    return squid, stage.sallyport(through(squid, more, imap=dovecot.imap, sallyport="log-level = debug"))


def opens(stage, more):
    squid, daemon = house(stage, more)
    with daemon.connect("imap") as client:
        equal(read_exactly(client, 5), b"* OK ", "greeting")
    tunnel = squid.tunnels(1)[-1]
    equal((tunnel["status"], tunnel["user"]), ("200", NAME), "tunnel as squid saw it")
    check(WORD not in "\n".join(daemon.process.lines), "the password is in the log")


def a_password_in_the_configuration(stage):
    opens(stage, f"auth = basic\nuser = {NAME}\npassword = {WORD}")


def a_password_in_a_file(stage):
    opens(stage, f"auth = basic\nuser = {NAME}\npassword-file = " +
          stage.file("word", WORD + "\nsecond line\n", mode=0o600))


def a_password_from_a_command(stage):
    opens(stage, f"auth = basic\nuser = {NAME}\npassword-command = printf '%s\\n' '{WORD}' ignored")


def refused(stage, more, secret):
    squid, daemon = house(stage, more)
    with daemon.connect("imap") as client:
        text = refusal(client, ("permanent",))
    check("407" in text, f"the client is not told why: {text}")
    daemon.wait_line(rf'#1 failed class=permanent reason="{squid.url}: 407 ')
    equal({tunnel["status"] for tunnel in squid.tunnels(1)}, {"407"}, "what squid answered")
    check(secret not in "\n".join(daemon.process.lines), "the password is in the log")


def a_wrong_password(stage):
    refused(stage, f"user = {NAME}\npassword = red-moon", "red-moon")


def no_password(stage):
    refused(stage, "", WORD)


scenario(a_password_in_the_configuration,
         a_password_in_a_file,
         a_password_from_a_command,
         a_wrong_password,
         no_password, in_turns=True)
