#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What `sallyport setup` finds on the machine itself: a ticket of Kerberos, a port that is taken, a manager that starts
services; and a password that is to be kept nowhere."""
import os
import re
import socket
import sys

from kit import Skip, check, equal, own_network, scenario
from kit.provider import ADDRESS, PROXY_PASSWORD, Provider, fits, talk
from kit.real import Account, Kerberos, Negotiate

GATE = "proxy.example.net"

SYSTEMCTL = """\
#!/bin/sh
echo "$*" >>{folder}/asked
case "$*" in
"--user cat sallyport.service") exit 0 ;;
"--user enable --now sallyport") echo "Created a link"; exit {status} ;;
esac
exit 99
"""


NEIGHBOUR = """\
import socket, sys
sock = socket.create_server(("127.0.0.1", 1143))
print("listens", file=sys.stderr, flush=True)
sys.stdin.read()
while True:
    sock.accept()
"""
"""Another user's program, at our usual port."""


def a_ticket_is_enough(stage):
    own_network.own_etc()
    kerberos = Kerberos(stage)
    kerberos.add_user("jane", "tick-tock")
    provider = Provider(stage, logins=[Negotiate(kerberos, GATE)], host=GATE)
    arguments = ("--address", ADDRESS, "--proxy", provider.squid.url, "--program", "none", "--yes")
    done = provider.setup_alone(*arguments, env=kerberos.env_of())
    equal(done.returncode, 69, f"status without a ticket, with {done.stdout} {done.stderr}")
    check(b"kinit" in done.stdout.replace(b"\n", b" "), done.stdout)
    check(b"Looking for" not in done.stdout, done.stdout)
    kerberos.log_in("jane", "tick-tock")
    done = provider.setup_alone(*arguments, env=kerberos.env_of())
    equal(done.returncode, 0, f"status with a ticket, with {done.stdout} {done.stderr}")
    check("user" not in provider.read().split("[imap]")[0].split("[proxy]")[1], provider.read())


def a_port_that_is_taken(stage):
    own_network.own_etc()
    provider = Provider(stage)
    arguments = ("--address", ADDRESS, "--proxy", provider.squid.url, "--program", "none", "--yes")
    with socket.create_server(("127.0.0.1", 1143)), socket.create_server(("127.0.0.1", 1588)):
        done = provider.setup_alone(*arguments)
    equal(done.returncode, 0, f"status of setup, with {done.stdout} {done.stderr}")
    equal(provider.ports(), {"imap": 1144, "submission": 1587}, "the ports")
    check(b"Port 1143 is taken on this machine: imap gets 1144." in done.stdout, done.stdout)
    provider.daemon()
    done = provider.setup_alone(*arguments)
    equal(done.returncode, 0, f"status of setup over a daemon that runs, with {done.stdout} {done.stderr}")
    equal(provider.ports(), {"imap": 1143, "submission": 1587}, "the ports, of which one is free again")


def a_neighbour_has_the_port(stage):
    """Then the next neighbour may have any other, and one's own are kept."""
    own_network.own_etc()
    if os.geteuid() != 0:
        raise Skip("needs root, to be two users")
    provider = Provider(stage)
    neighbour = stage.start(Account("nobody").argv(sys.executable, "-c", NEIGHBOUR), name="neighbour")
    neighbour.wait_line("listens")
    done = provider.setup_alone("--address", ADDRESS, "--proxy", provider.squid.url, "--program", "mutt", "--yes")
    equal(done.returncode, 0, f"status of setup, with {done.stdout} {done.stderr}")
    equal(provider.read().count("listen = localhost:auto\n"), 2, "listeners with a port of one's own")
    ports = re.findall(rb"^(?:imap|submission) gets port (2\d{4})\.", done.stdout, re.MULTILINE)
    equal(len(ports), 2, f"ports that {done.stdout} tells")
    for port in ports:
        check(b"localhost:" + port in done.stdout, f"no {port} in the recipe, in {done.stdout}")


def manager(stage, provider, status):
    """A manager, and a systemctl that says what it is told, and ends so.  Gives what was asked of it."""
    folder = stage.dir("manager")
    stage.file("manager/systemctl", SYSTEMCTL.format(folder=folder, status=status), mode=0o755)
    provider.env["PATH"] = f"{folder}:{provider.env['PATH']}"
    place = os.path.join(stage.dir("run", 0o700), "systemd")
    os.makedirs(place, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(os.path.join(place, "private"))

    def asked():
        with open(os.path.join(folder, "asked"), encoding="ascii") as file:
            return file.read().splitlines()
    return asked


def a_manager_starts_it(stage):
    own_network.own_etc()
    provider = Provider(stage)
    asked = manager(stage, provider, 0)
    person = provider.setup("--address", ADDRESS, "--proxy", provider.squid.url, "--program", "none")
    talk(person, ((r"Use these servers \[yes\]: $", "\n"), (r"`systemctl --user enable --now sallyport`", ""),
                  (r"Start it now.*\[yes\]: $", "\n")))
    equal(person.wait(), 0, f"status of setup, which showed {person.shown}")
    check("Created a link" in person.shown and "It runs." in person.shown, person.shown)
    fits(person.shown)
    equal(asked(), ["--user cat sallyport.service", "--user enable --now sallyport"], "what systemctl was told")
    person = provider.setup("--address", ADDRESS, "--proxy", provider.squid.url, "--program", "none")
    talk(person, ((r"Replace it.* \[no\]: $", "yes\n"), (r"Use these servers \[yes\]: $", "\n"),
                  (r"Start it now.*\[yes\]: $", "no\n"), (r"`sallyport run`", "")))
    equal(person.wait(), 0, f"status of setup, which showed {person.shown}")
    equal(asked()[2:], ["--user cat sallyport.service"], "what systemctl was told then")


def a_password_that_is_kept_nowhere(stage):
    """The tunnel of `connect` can ask for it, and a service cannot."""
    own_network.own_etc()
    provider = Provider(stage, users={"fred": PROXY_PASSWORD})
    manager(stage, provider, 0)
    person = provider.setup("--address", ADDRESS, "--proxy", provider.squid.url, "--program", "none")
    talk(person, ((r"Your user name at the proxy.*: $", "fred\n"), (r"Keep the password by .*: $", "ask\n"),
                  (r"Your password at the proxy: $", PROXY_PASSWORD + "\n"), (r"Use these servers \[yes\]: $", "\n"),
                  (r"Trying all of it:", ""), (r"Password of fred at .*: $", PROXY_PASSWORD + "\n"),
                  (r"`sallyport connect imap`", "")))
    equal(person.wait(), 0, f"status of setup, which showed {person.shown}")
    check(PROXY_PASSWORD not in person.shown + provider.read(), "the password was shown")
    check("password-" not in "".join(line for line in provider.read().splitlines() if line[:1] != "#"), provider.read())
    equal(os.listdir(os.path.dirname(provider.output)), ["sallyport.ini"], "what was written")
    check(not os.path.exists(os.path.join(stage.folder, "manager", "asked")), "systemctl was asked")


own_network.go_inside()
scenario(a_ticket_is_enough, a_port_that_is_taken, a_neighbour_has_the_port, a_manager_starts_it,
         a_password_that_is_kept_nowhere, paths=["splice"])
