#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`sallyport recipe`: which programs there are, whose listeners and addresses are in what it prints, and what it
refuses."""
import re

from kit import Sallyport, check, equal, scenario

INI = """\
[proxy]
url = http://proxy.example.net:3128
user = user
password = the-password

[imap]
target = mail.example.net
tls = yes

[submission]
target = mail.example.net
tls = starttls

[imap work]
listen = 127.0.0.2:1143
target = mail.example.org
tls = yes

[submission work]
listen = 192.0.2.1:99 127.0.0.2:1587
target = mail.example.org
tls = starttls

[imap open]
listen = [::1]:2143
target = old.example.org

[imap direct]
listen = localhost:3143
target = tls.example.org:993

[imap never]
listen = localhost:0
target = mail.example.org

[nntp]
target = news.example.net

[forward shell]
listen = localhost:2222
target = shell.example.net:22
protocol = SSH
"""

PROGRAMS = ("mutt neomutt alpine aerc gnus thunderbird claws-mail evolution pan mbsync offlineimap getmail fetchmail "
            "msmtp swaks git-send-email slrn tin sieve-connect curl").split()


def recipe(stage, *arguments, ini=INI, status=0):
    """What it prints with these arguments, to standard output, or to standard error if it fails."""
    done = Sallyport.command(stage, "recipe", *arguments, ini=ini)
    equal(done.returncode, status, f"status of recipe {arguments}, which said {done.stderr!r}")
    if status in (0, 69):
        equal(done.stderr, b"", "standard error")
        return done.stdout.decode()
    equal(done.stdout, b"", "standard output")
    return done.stderr.decode()


def without_arguments_it_lists_the_programs(stage):
    done = Sallyport.command(stage, "recipe", env={"XDG_CONFIG_HOME": stage.dir("nothing")})  # needs no configuration
    equal(done.returncode, 0, "status")
    lines = done.stdout.decode().splitlines()
    equal([line.split()[0] for line in lines], PROGRAMS, "the programs")
    check(all(re.fullmatch(r"[a-z-]+ +\w.{8,}", line) for line in lines), f"a few words on each: {lines}")


def each_has_the_ports_of_its_listeners_and_no_password(stage):
    ini = INI + "\n[managesieve]\ntarget = mail.example.net\ntls = starttls\n"
    for program in PROGRAMS:
        text = recipe(stage, program, ini=ini)
        check(text.endswith("\n"), f"the last line of {program} has no end")
        ports = "1143|1587|1119|14190" if program != "sieve-connect" else "14190"
        check(re.search(rf"\b({ports})\b", text), f"{program} has no port:\n{text}")
        check("the-password" not in text and "proxy.example.net" not in text, f"{program} knows the proxy:\n{text}")
        check("me@example.net" in text or program == "tin", f"{program} names nobody:\n{text}")
        equal(text.split(":")[0].lstrip("#%; "), program, "the first word")


def with_an_address_and_without(stage):
    text = recipe(stage, "msmtp", "submission")
    check("# me@example.net stands for your address and login\n" in text, text)
    text = recipe(stage, "--address", "some.one+x@example.org", "msmtp", "submission")
    check("from some.one+x@example.org\n" in text and "user some.one+x@example.org\n" in text, text)
    check("the login is taken to be the address" in text and "me@example.net" not in text, text)
    for wrong in ("nobody", "@example.org", "a@", "a b@example.org", 'a"@example.org', "a'b@example.org", "$x@a",
                  "-a@b", "a@b\n", "a\\b@c", "a/b@c", "a@" + "b" * 300):
        told = recipe(stage, f"--address={wrong}", "msmtp", status=64)
        check("--address" in told, told)


def with_labels(stage):
    text = recipe(stage, "msmtp")
    check("account sallyport\nhost localhost\nport 1587\n" in text, text)
    check("account work\nhost 127.0.0.2\nport 1587\n" in text, text)  # on loopback before what is first
    equal(re.findall(r"(?m)^account default.*", text), ["account default : sallyport"], "default accounts")
    text = recipe(stage, "aerc", "imap/work", "submission/work")
    equal(re.findall(r"(?m)^\[.*\]$", text), ["[work]"], "accounts")
    check("@127.0.0.2:1143\n" in text and "@127.0.0.2:1587\n" in text, text)
    text = recipe(stage, "aerc", "imap", "imap/work", "submission")
    equal(len(re.findall(r"(?m)^outgoing = .*@localhost:1587$", text)), 2, "accounts that share the one that sends")
    equal(re.findall(r"(?m)^accounts = .*", recipe(stage, "offlineimap", "imap", "imap/work", "imap/open")),
          ["accounts = sallyport, work, open"], "list of accounts")
    check("[sendemail]\n" in recipe(stage, "git-send-email") and
          '[sendemail "work"]\n' in recipe(stage, "git-send-email"), "identities of git")


def what_is_no_use_is_said(stage):
    text = recipe(stage, "mutt")
    for line in ("# [forward shell] is nothing for mutt", "# [imap never] has another port each time",
                 "# [imap open] has no `tls`: passwords pass the proxy unencrypted.",
                 "# [imap direct] leaves TLS to its clients, and mutt cannot be told"):
        check(line in text, f"no {line!r} in\n{text}")
    check("nntp" not in text, text)  # goes without saying
    check("# [nntp] is nothing for mutt" in recipe(stage, "mutt", "nntp", "imap"), "a listener that was asked for")
    text = recipe(stage, "sieve-connect", status=69)
    check("there is nothing that sieve-connect could use: it is for [managesieve]\n" in text, text)
    recipe(stage, "slrn", "imap", status=69)


def tls_by_the_program(stage):
    """The name that the certificate must have, where the program can be told."""
    text = recipe(stage, "mbsync", "imap/direct")
    check("Host tls.example.org\n" in text and "SSLType IMAPS\n" in text and 'Tunnel "sallyport -c ' in text, text)
    check("--connect-to 'tls.example.org:993:localhost:3143' " in recipe(stage, "curl", "imap/direct"), "curl")
    check("ssl_cert_hostname = tls.example.org\n" in recipe(stage, "getmail", "imap/direct"), "getmail")
    check('sslcommonname "tls.example.org"\n' in recipe(stage, "fetchmail", "imap/direct"), "fetchmail")
    check("# that of tls.example.org alone." in recipe(stage, "thunderbird", "imap/direct"), "Thunderbird")
    recipe(stage, "aerc", "imap/direct", status=69)


def the_command_of_a_tunnel_needs_no_quotes(stage):
    odd = stage.file("a place/with $odd.ini", INI, mode=0o600)
    for program, tunnel in ("mutt", "set tunnel"), ("mbsync", "Tunnel"), ("fetchmail", "plugin"), ("swaks", "--pipe"):
        text = recipe(stage, program, "imap", "submission")
        check(tunnel in text and f"sallyport -c {stage.folder}/command.ini connect " in text, text)
        done = Sallyport.command(stage, "-c", odd, "recipe", program, "imap", "submission")
        equal(done.returncode, 0, "status")
        check("sallyport -c" not in done.stdout.decode() and "odd.ini" not in done.stdout.decode(), done.stdout)
    user = stage.file("sallyport/sallyport.ini", INI, mode=0o600)
    check(user.startswith(stage.folder), user)
    done = Sallyport.command(stage, "recipe", "mutt", "imap")
    check('"sallyport connect imap"' in done.stdout.decode(), done.stdout)


def what_is_not_there_is_refused(stage):
    check("there is no recipe for pine; `sallyport recipe` lists" in recipe(stage, "pine", status=64), "no program")
    check("there is no listener called imap/home in" in recipe(stage, "mutt", "imap/home", status=64), "no listener")
    ini = INI + "\n[reverse home]\nrelay = https://relay.example.net/x\ntarget = localhost:143\n"
    check("reverse/home in" in recipe(stage, "mutt", "reverse/home", ini=ini, status=64), "no listener")
    recipe(stage, "mutt", ini="[imap]\n", status=78)
    done = Sallyport.command(stage, "check", "--address", "a@b", ini=INI)
    equal(done.returncode, 64, "status of --address with another command")
    equal(recipe(stage, "MUTT", "imap"), recipe(stage, "mutt", "imap"), "names in any case")


scenario(without_arguments_it_lists_the_programs, each_has_the_ports_of_its_listeners_and_no_password,
         with_an_address_and_without, with_labels, what_is_no_use_is_said, tls_by_the_program,
         the_command_of_a_tunnel_needs_no_quotes, what_is_not_there_is_refused, paths=("splice",))
