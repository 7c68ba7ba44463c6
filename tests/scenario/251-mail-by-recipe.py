#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Mail programs with what `sallyport recipe` prints for them, to the letter but for the password: dovecot's letters
come, and those to postfix go, with TLS by sallyport and, where a listener leaves it to them, by the program."""
from kit import check, equal, need, scenario
from kit.real import PASSWORD, USER, Account
from kit.recipes import ADDRESS, Person, Town, side_by_side

SUBJECT, BODY = "waiting-for-you", "found-again"
"""One word each: between words, a program may move the cursor in place of writing blanks."""

LETTER = f"""From: bob@example.net
To: {ADDRESS}
Subject: {SUBJECT}

{BODY}
""".replace("\n", "\r\n").encode()


def town(stage, *sections):
    made = Town(stage, *sections)
    made.dovecot.drop(LETTER)
    return made


def came(person, *folders):
    check(any(BODY in text for text in person.files(*folders)), f"{person.program} brought no letter")


def outgoing(subject):
    """A letter to oneself, as programs take it on standard input."""
    return f"From: {ADDRESS}\nTo: {ADDRESS}\nSubject: {subject}\n\n{subject}, in its body\n".encode()


def arrived(person, subject):
    got = person.town.wait_letter(subject)
    check(f"{subject}, in its body".encode() in got, f"the letter of {person.program} says {got!r}")


# --- programs that fetch ---

def mbsync(house, listener="imap", account="sallyport", tunnel=False):
    need("mbsync", "isync")
    person = Person(house, "mbsync", listener)
    changes = [('# PassCmd "pass show mail"', f'PassCmd "{person.password()}"')]
    if tunnel:
        host, port = house.daemon.address("imap")
        changes += [(f"Host {host}\nPort {port}\n", ""), ('# Tunnel "', 'Tunnel "')]
    person.paste(*changes)
    person.run("mbsync", "-a")
    came(person, f"Mail/{account}/INBOX")


def offlineimap(house, tunnel=False):
    need("offlineimap", "offlineimap3")
    person = Person(house, "offlineimap", "imap", *(["imap/direct"] if tunnel else []))
    person.file(".offlineimap.password", person.run("sh", "-c", person.password()).stdout)
    changes = [("# remotepassfile", "remotepassfile")]
    if tunnel:
        host, port = house.daemon.address("imap")
        changes += [(f"remotehost = {host}\nremoteport = {port}\n", ""), ("# transporttunnel", "transporttunnel")]
    person.paste(*changes)
    person.run("offlineimap", "-o")
    came(person, "Mail/sallyport/INBOX")


def getmail(house, listener="imap", account="sallyport"):
    need("getmail", "getmail6")
    person = Person(house, "getmail", listener, account=Account.humble())  # it delivers no mail as root
    words = ", ".join(f'"{word}"' for word in person.password().replace("cat", "/bin/cat").split())
    changes = [('# password_command = ("pass", "show", "mail")', f"password_command = ({words})")]
    if "direct" in listener:
        changes += [("/etc/ssl/certs/ca-certificates.crt", house.authority.file)]
    person.paste(*changes)
    person.run("getmail")
    came(person, f"Mail/{account}")


def fetchmail(house, listener="imap"):
    need("fetchmail", "fetchmail")
    person = Person(house, "fetchmail", listener)
    password = person.run("sh", "-c", person.password()).stdout.decode()
    changes = [(" keep\n", f' keep password "{password}"\n')]
    person.paste(*changes)
    person.file("got/all")
    person.run("fetchmail", "--all", "--pidfile", f"{person.home}/got/pid", "-m", "cat >>got/all")
    came(person, "got")


# --- programs that send ---

def msmtp(house, listener="submission"):
    need("msmtp", "msmtp")
    person = Person(house, "msmtp", listener)
    changes = [("# passwordeval pass show mail", f"passwordeval {person.password()}")]
    if "direct" in listener:  # GnuTLS has its own list of authorities
        changes += [("tls on\n", f"tls on\ntls_trust_file {house.authority.file}\n")]
    person.paste(*changes)
    person.run("msmtp", ADDRESS, data=outgoing(f"sent by msmtp to {listener}"))
    arrived(person, f"sent by msmtp to {listener}")


def swaks(house, pipe=False):
    need("swaks", "swaks")
    person = Person(house, "swaks", "submission")
    subject = f"sent by swaks{' to a pipe' if pipe else ''}"
    script = person.recipe
    if pipe:
        host, port = house.daemon.address("submission")
        script = person.changed((f"--server '{host}:{port}'", "--pipe 'sallyport connect submission'"))
    options = f" --h-Subject '{subject}' --body '{subject}, in its body'"
    terminal = person.terminal("sh", "-c", script.rstrip("\n") + options)
    terminal.enter_password(hidden=False)  # without a Perl module that Debian only suggests
    terminal.good_end("swaks")
    arrived(person, subject)


def git_send_email(house):
    need("/usr/lib/git-core/git-send-email", "git-email")
    person = Person(house, "git-send-email", "submission")
    person.paste()
    person.file("work/patch", outgoing("sent by git"))
    terminal = person.terminal("git", "send-email", "--confirm=never", "--suppress-cc=all", f"--to={ADDRESS}",
                               "work/patch")
    terminal.enter_password()
    terminal.good_end("git send-email")
    arrived(person, "sent by git")


# --- one letter, or the filters ---

def curl_fetches(house, listener):
    need("curl", "curl")
    terminal = Person(house, "curl", listener).terminal("sh", "-c", Person(house, "curl", listener).recipe)
    terminal.enter_password()
    terminal.see(BODY)
    terminal.good_end(f"curl for {listener}")


def curl_sends(house, listener):
    need("curl", "curl")
    person = Person(house, "curl", listener)
    person.file("letter.txt", outgoing(f"sent by curl to {listener}").replace(b"\n", b"\r\n"))
    terminal = person.terminal("sh", person.script())
    terminal.enter_password()
    terminal.good_end(f"curl for {listener}")
    arrived(person, f"sent by curl to {listener}")


def sieve_connect(house):
    need("sieve-connect", "sieve-connect")
    person = Person(house, "sieve-connect", "managesieve")
    person.file("filter.sieve", "keep;\n")
    terminal = person.terminal("sh", person.script())
    terminal.enter_password()
    terminal.see("> ")
    terminal.type("upload filter.sieve\r")
    terminal.see("> ", count=2)
    terminal.type("list\r")
    terminal.see('"filter.sieve"')
    terminal.type("quit\r")
    terminal.good_end("sieve-connect")
    with open(f"{house.dovecot.mail}/{USER}/sieve/filter.sieve.sieve", encoding="ascii") as file:
        equal(file.read().strip(), "keep;", "the filter at the server")


# --- programs to read and write with ---

def mutt_reads(house, program="mutt", tunnel=False, listener="imap"):
    need(program, program)
    alone = listener == "imap/socket"  # the tunnel would be for what sends, too
    person = Person(house, program, listener, *([] if alone else ["submission"]))
    person.paste(*((("# set tunnel", "set tunnel"), ("# set folder", "set folder")) if tunnel else ()))
    terminal = person.terminal(program)
    terminal.enter_password()
    terminal.see(SUBJECT)
    terminal.type("1\r\r")
    terminal.see(BODY)
    terminal.type("ix")
    terminal.good_end(program)


def mutt_sends(house, program="mutt"):
    need(program, program)
    person = Person(house, program, "imap", "submission")
    person.paste(('# set smtp_pass = "`pass show mail`"', f'set smtp_pass = "`{person.password()}`"'))
    person.run(program, "-s", f"sent by {program}", ADDRESS, data=f"sent by {program}, in its body\n".encode())
    arrived(person, f"sent by {program}")


def aerc(house):
    need("aerc", "aerc")
    person = Person(house, "aerc", "imap", "submission")
    changes = [("# source-cred-cmd = pass show mail", f"source-cred-cmd = {person.password()}"),
               ("# outgoing-cred-cmd = pass show mail", f"outgoing-cred-cmd = {person.password()}")]
    if " 0.14." in person.run("aerc", "-v").stdout.decode():  # that of Debian 12
        changes += [("outgoing = smtp+insecure", "# outgoing = smtp+insecure"),
                    ("# outgoing = smtp+plain", "outgoing = smtp+plain")]
    person.paste(*changes)
    editor = "sh " + person.file("editor", "echo 'sent by aerc, in its body' >>\"$1\"\n")
    return person, person.terminal("aerc", EDITOR=editor, VISUAL=editor)  # later ones would rather have the second


def aerc_reads(house):
    _, terminal = aerc(house)
    terminal.see(SUBJECT)
    terminal.type("\r")
    terminal.see(BODY)


def aerc_sends(house):
    person, terminal = aerc(house)
    terminal.see(SUBJECT)
    terminal.type(f":compose -H 'Subject: sent by aerc' -H 'To: {ADDRESS}'\r")
    terminal.answer({r"Send\S* *\S*this": "y"}, lambda: house.has_letter("sent by aerc"))
    arrived(person, "sent by aerc")


ALPINE = {"To Exit this screen": "e", "ENTER PASSWORD": PASSWORD + "\r", "Preserve password": "n"}


def alpine_reads(house):
    need("alpine", "alpine")
    person = Person(house, "alpine", "imap", "submission")
    person.paste()
    terminal = person.terminal("alpine")
    terminal.answer(ALPINE, lambda: "Preserve password" in terminal.shown)
    terminal.type("i")
    terminal.see(SUBJECT)
    terminal.type("\r")
    terminal.see(BODY)


def alpine_sends(house):
    need("alpine", "alpine")
    person = Person(house, "alpine", "imap", "submission")
    person.paste()
    terminal = person.terminal("alpine")
    terminal.answer(ALPINE, lambda: "Preserve password" in terminal.shown)
    terminal.type("c")
    terminal.see("COMPOSE MESSAGE")
    terminal.type(f"{ADDRESS}\r\r\rsent by alpine\rsent by alpine, in its body\r\x18")
    terminal.answer({**ALPINE, "Send message": "y", "Create": "y"}, lambda: house.has_letter("sent by alpine"))
    arrived(person, "sent by alpine")


def by_ports(stage):
    house = town(stage, "imap", "pop3", "submission", "managesieve")
    side_by_side(lambda: mbsync(house), lambda: offlineimap(house), lambda: getmail(house), lambda: fetchmail(house),
                 lambda: getmail(house, "pop3"), lambda: fetchmail(house, "pop3"), lambda: msmtp(house),
                 lambda: swaks(house), lambda: git_send_email(house), lambda: curl_fetches(house, "imap"),
                 lambda: curl_fetches(house, "pop3"), lambda: curl_sends(house, "submission"),
                 lambda: sieve_connect(house))


def on_a_terminal(stage):
    house = town(stage, "imap", "submission")
    side_by_side(lambda: mutt_reads(house), lambda: mutt_reads(house, "neomutt"), lambda: aerc_reads(house),
                 lambda: alpine_reads(house))
    side_by_side(lambda: mutt_sends(house), lambda: mutt_sends(house, "neomutt"), lambda: aerc_sends(house),
                 lambda: alpine_sends(house))


def by_tunnels_and_with_tls_of_their_own(stage):
    house = town(stage, "imap", "submission", "imap direct", "pop3 direct", "submission direct", "imap socket",
                 "submission socket")
    side_by_side(lambda: mbsync(house, tunnel=True), lambda: mbsync(house, "imap/direct", "direct"),
                 lambda: offlineimap(house, tunnel=True), lambda: getmail(house, "imap/direct", "direct"),
                 lambda: getmail(house, "pop3/direct", "direct"), lambda: fetchmail(house, "imap/socket"),
                 lambda: fetchmail(house, "imap/direct"), lambda: fetchmail(house, "pop3/direct"),
                 lambda: msmtp(house, "submission/direct"), lambda: msmtp(house, "submission/socket"),
                 lambda: curl_fetches(house, "imap/socket"), lambda: curl_sends(house, "submission/socket"),
                 lambda: swaks(house, pipe=True),
                 lambda: curl_fetches(house, "imap/direct"), lambda: curl_fetches(house, "pop3/direct"),
                 lambda: curl_sends(house, "submission/direct"), lambda: mutt_reads(house, tunnel=True),
                 lambda: mutt_reads(house, "neomutt", listener="imap/socket"),
                 lambda: mbsync(house, "imap/socket", "socket"))


scenario(by_ports, on_a_terminal, by_tunnels_and_with_tls_of_their_own, paths=("splice",))
