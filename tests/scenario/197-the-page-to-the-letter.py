#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What sallyport-relay(7) says of setting up, done to the letter on machines of their own: a relay outside, a home
whose only way out is a squid that asks for a password, and a client that knows nothing of either.  In the end mail
programs read the home's mailbox, by the private name and by the public port.  systemd is a few lines of ours."""
import re

from kit import check, equal, run, scenario
from kit.certificates import Authority
from kit.manual import literals, section
from kit.process import until
from kit.real import PASSWORD, USER, Dovecot, Squid, body_of, hard, letter
from kit.real.machines import Machine, join, look_for_room

PAGE = "sallyport-relay.7"

RELAY, GATE_OUTSIDE, CLIENT = "203.0.113.5", "203.0.113.77", "203.0.113.99"
GATE_INSIDE, HOME = "192.168.77.1", "192.168.77.2"

ALICE, BOB, PROXY = "alice registers", "bob comes", "the company's"
"""Passwords."""


class AtHome(Dovecot):
    """At the ports that everybody knows."""

    def choose(self, count):
        return [143, 110, 4190, 993, 995][:count]


class Gate(Squid):
    """At the port and the address that the page has."""

    address = GATE_INSIDE

    def choose(self, count):
        return [3128]


class World:
    """The machines, before anybody has read the page."""

    def __init__(self, stage):
        look_for_room()
        self.stage = stage
        self.authority = Authority(stage)
        out = {"relay.example": RELAY, "mail.example": RELAY}
        self.relay = Machine(stage, "relay")
        self.client = Machine(stage, "client", out, self.authority)
        self.gate = Machine(stage, "gate", out)
        self.home = Machine(stage, "home", {"proxy.example": GATE_INSIDE}, self.authority)
        self.relay.do("ip", "link", "add", "out", "type", "bridge")
        self.relay.do("ip", "address", "add", f"{RELAY}/24", "dev", "out")
        self.relay.do("ip", "link", "set", "out", "up")
        for machine, address in (self.gate, GATE_OUTSIDE), (self.client, CLIENT):
            join(self.relay, machine, address, bridge="out")
        join(self.gate, self.home, HOME, there=GATE_INSIDE)
        self.home.do("ip", "route", "add", "default", "via", GATE_INSIDE)  # which lets nothing through
        self.home.do("sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start")  # for dovecot's account
        for machine in self.home, self.client:
            machine.do("useradd", "--create-home", "me")
            machine.serve_units("me")
        self.relay.serve_units()
        self.dovecot = AtHome(self.home.inside, certificate=self.authority.leaf("mail.example", "localhost",
                                                                                name="mail.example"))
        self.squid = Gate(self.gate.inside, [443], users={"me": PROXY}, names={"relay.example": RELAY})
        self.certify("first")

    def certify(self, name):
        """A new certificate for the relay, as Let's Encrypt's program leaves it."""
        certificate = self.authority.leaf("relay.example", name=name, common=name)
        for file, source in ("fullchain.pem", certificate.file), ("privkey.pem", certificate.key):
            self.relay.do("install", "-D", "-m", "600", source, f"/etc/letsencrypt/live/relay.example/{file}")

    def follow(self, machine, heading, user=None, answers=(), append=False):
        """Does what a section of the page says: literal lines that begin with a prompt are commands, all others are
        what is in the file that was named last.  answers: for each group of commands, in order."""
        answers, shown = list(answers), []
        for path, text in literals(section(PAGE, heading)):
            if re.match(r"[#$] ", text):
                shown.append(machine.script(re.sub(r"(?m)^[#$] ", "", text), user, answers.pop(0) if answers else ()))
            else:
                place = path.replace("~", f"/home/{user}")
                machine.write(place, text, append=append)
                if user:
                    machine.do("chown", "-R", user, f"/home/{user}")
        return shown


def twice(prompt, *passwords):
    return [(prompt, word + "\n") for word in passwords for _ in range(2)]


def typed(*lines):
    """Each into a file of its own, by cat."""
    return [("", line + "\n\x04") for line in lines]


def the_page(stage):
    world = World(stage)
    relay, home, client = world.relay, world.home, world.client
    text = letter("published", hard(300_000))
    world.dovecot.drop(text)

    world.follow(relay, "The relay", answers=[(), (), twice(r"(?i)password|again", ALICE, BOB), ()])
    equal(relay.do("stat", "-c", "%U %a", "/etc/sallyport/relay.users", "/etc/sallyport/privkey.pem"),
          "sallyport 600\nsallyport 600\n", "who may read the relay's secrets")
    equal(relay.do("ps", "-o", "user=", "-p", str(relay.services["sallyport"].pid)).strip(), "sallyport",
          "whom the relay runs as")

    world.follow(home, "The home", user="me", answers=[typed(PROXY, ALICE), ()])
    home.services["sallyport"].wait_line(r"reverse/mail waiting")

    shown = world.follow(client, "A client, by the private name", user="me", answers=[
        [("host password", PASSWORD + "\n"), ("proxy password", BOB + "\n")], typed(BOB), ()])
    check("INBOX" in shown[0], f"curl shows {shown[0]!r}")
    client.script(f"curl -sS -o letter --user {USER}:{PASSWORD} 'imap://localhost:1143/INBOX;MAILINDEX=1'", "me")
    equal(client.read("/home/me/letter"), text, "letter by the private name")

    world.follow(relay, "A public port", append=True)
    home.services["sallyport"].wait_line(r"reverse/mail waiting", count=2)
    mbsyncrc = stage.file("mbsyncrc", f"""\
IMAPAccount far
Host mail.example
User {USER}
Pass {PASSWORD}
SSLType IMAPS
CertificateFile /etc/ssl/certs/ca-certificates.crt

IMAPStore far
Account far

MaildirStore near
Path /home/me/mail/
Inbox /home/me/mail/INBOX

Channel inbox
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync All
SyncState *
""")
    client.do("mkdir", "/home/me/mail")
    client.script(f"mbsync -c {mbsyncrc} inbox")
    equal(body_of(client.read("/home/me/mail/INBOX/[cn]*/*").replace(b"\n", b"\r\n")), body_of(text),
          "body at the public port")
    home.services["sallyport"].wait_line(rf"reverse/mail #\d+ reverse from={re.escape(CLIENT)}")

    world.certify("second")
    relay.do("/etc/letsencrypt/renewal-hooks/deploy/sallyport")
    shown = "openssl s_client -connect relay.example:443 </dev/null 2>&1"
    until(lambda: re.search("CN ?= ?second", client.do("sh", "-c", shown)), "the new certificate")

    done = run([*home.prefix, "curl", "-sS", "-m", "2", f"https://{RELAY}"])
    check(done.returncode != 0, "the home reaches the relay without squid")
    home.stop_service()
    equal({(tunnel["target"], tunnel["user"]) for tunnel in world.squid.tunnels(2, "200")
           if tunnel["status"] == "200"},
          {("relay.example:443", "me")}, "tunnels as squid saw them")


scenario(the_page, paths=("splice",))
