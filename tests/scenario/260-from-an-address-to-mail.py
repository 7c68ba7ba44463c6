#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A person who knows an address, and the proxy's URL, user and password, is led by `sallyport setup` from the first
question to listeners that work; a letter is sent and read by them."""
import os

from kit import check, equal, need, own_network, run, scenario
from kit.provider import ADDRESS, IMAP, PROXY_PASSWORD, SMTP, Provider, fits, keeps_secret, mode, talk
from kit.real import PASSWORD, USER, body_of, letter

BODY = b"by the way that setup has found\r\n"


def send_and_read(provider):
    """A letter, by curl, in both directions."""
    program, ports = need("curl", "curl"), provider.ports()
    message = provider.stage.file("message", letter("setup", BODY))
    for arguments in (["--mail-from", "bob@example.net", "--mail-rcpt", ADDRESS, "--upload-file", message,
                       f"smtp://localhost:{ports['submission']}"],):
        done = run([program, "-sS", "--user", f"{USER}:{PASSWORD}", *arguments], env=provider.environment())
        equal(done.returncode, 0, f"status of curl, which said {done.stderr}")
    with provider.mailbox() as mailbox:
        mailbox.wait(1)
    done = run([program, "-sS", "--user", f"{USER}:{PASSWORD}", f"imap://localhost:{ports['imap']}/INBOX;MAILINDEX=1"],
               env=provider.environment())
    equal(body_of(done.stdout), BODY, f"the letter that curl fetched ({done.stderr})")


def a_dialogue(stage):
    own_network.own_etc()
    provider = Provider(stage, users={"fred": PROXY_PASSWORD})
    person = provider.setup()
    talk(person, (
            (r"Your mail address: $", f"{ADDRESS}\n"), (r"The proxy's URL: $", f"127.0.0.1:{provider.squid.port}\n"),
            (r"Your user name at the proxy.*: $", "fred\n"), (r"Keep the password by .*\[file\]: $", "\n"),
            (r"Your password at the proxy: $", "wrong one\n"), (r"The proxy refuses this login", ""),
            (r"Your user name at the proxy \[fred\]: $", "\n")))
    person.see(r"Your password at the proxy: $")
    check(not person.echoes(), "the password is echoed")
    person.type(PROXY_PASSWORD + "\n")
    person.see(r"Use these servers \[yes\]: $")
    check(f"{IMAP}:{provider.dovecot.imaps}, TLS" in person.shown, f"no IMAP server in {person.shown}")
    person.type("\n")
    person.see(r"Your mail program \[none\]: $")
    person.type("mutt\n")
    equal(person.wait(), 0, f"status of setup, which showed {person.shown}")
    fits(person.shown.split("For mutt:")[0])
    keeps_secret(person.shown)
    equal(person.shown.count("  works\r\n"), 2, f"listeners that work in {person.shown}")
    check(f'set folder = "imap://{USER}@localhost:1143/"' in person.shown, f"no recipe in {person.shown}")

    equal(sorted(os.listdir(os.path.dirname(provider.output))), ["proxy-password", "sallyport.ini"], "what was written")
    password = os.path.join(os.path.dirname(provider.output), "proxy-password")
    equal(provider.read(password), PROXY_PASSWORD + "\n", "the password's file")
    for path in password, provider.output:
        mode(path, 0o600)
    mode(os.path.dirname(provider.output), 0o700)
    text = provider.read()
    for line in (f"url = {provider.squid.url}", "user = fred", f"password-file = {password}",
                 f"target = {IMAP}:{provider.dovecot.imaps}", f"target = {SMTP}:{provider.postfix.submissions}"):
        check(f"\n{line}\n" in text, f"no {line!r} in {text}")
    provider.daemon()
    send_and_read(provider)


def a_password_that_a_command_prints(stage):
    """Everything is said by options and the environment but what no option has: the login."""
    own_network.own_etc()
    provider = Provider(stage, users={"fred": PROXY_PASSWORD})
    command = stage.file("my-password", f"#!/bin/sh\necho '{PROXY_PASSWORD}'\n", mode=0o700)
    person = provider.setup("--address", ADDRESS, "--program", "none", env={"https_proxy": provider.squid.url})
    talk(person, (
            (rf"The environment names a proxy: {provider.squid.url}", ""),
            (rf"The proxy's URL \[{provider.squid.url}\]: $", "\n"), (r"Your user name at the proxy.*: $", "fred\n"),
            (r"Keep the password by .*\[file\]: $", "safe\n"), ("type file, command or ask", ""),
            (r"Keep the password by .*\[file\]: $", "command\n"), (r"The command that prints it: $", f"{command}\n"),
            (r"Use these servers \[yes\]: $", "\n")))
    equal(person.wait(), 0, f"status of setup, which showed {person.shown}")
    check(f"\npassword-command = {command}\n" in provider.read(), provider.read())
    equal(os.listdir(os.path.dirname(provider.output)), ["sallyport.ini"], "what was written")
    provider.daemon()
    send_and_read(provider)


def without_a_person(stage):
    own_network.own_etc()
    provider = Provider(stage)
    done = provider.setup_alone("--address", ADDRESS, "--proxy", provider.squid.url, "--program", "mutt", "--yes")
    said = done.stdout.decode()
    equal(done.returncode, 0, f"status of setup, which said {said} {done.stderr}")
    fits(said.split("Trying all of it:")[0])
    check("set smtp_url" in said, said)
    provider.daemon()
    send_and_read(provider)


own_network.go_inside()
scenario(a_dialogue, a_password_that_a_command_prints, without_a_person, paths=["splice"])
