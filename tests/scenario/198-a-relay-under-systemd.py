#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A relay at ports below 1024 as sallyport-relay(7) sets it up, under the service manager of a machine that is booted
for it: the unit that is delivered, the account, the sockets, a renewed certificate, and what fail2ban looks for."""
import json
import os
import re

from kit import check, equal, scenario
from kit.certificates import Authority
from kit.manual import TOP, literals, printed, section
from kit.process import PATIENCE
from kit.real.machine import run_as_root

PROGRAM = os.environ["SALLYPORT"]

PAGE = "sallyport-relay.7"

WANTED = ["the relay serves port 443",
          "it has no privileges",
          "a new certificate is taken in without an end",
          "a public port is opened by systemd",
          "a guess is in the journal"]
"""What the trial says of each step that went well, in order."""


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def banned(line):
    """The address that fail2ban finds in the line by the manual's filter, which is one line there."""
    lines = printed(PAGE, "Keeping guessers out")
    pattern = " ".join(lines[lines.index("failregex = ") + len("failregex = "):].split())
    # fail2ban cuts the time off before it looks
    found = re.search(pattern.replace("<HOST>", r"(?P<host>\S+)"), re.sub(r"^\w{3} [ \d]\d [\d:]{8} ", "", line))
    return found and found.group("host")


def under_systemd(stage):
    authority = Authority(stage)
    files = {
        "usr/local/bin/sallyport": read(PROGRAM),
        "usr/lib/systemd/user/sallyport.service": read(TOP, "etc/systemd/sallyport.service"),
        "trial/main.py": read(os.path.dirname(os.path.abspath(__file__)), "kit/relay_trial.py"),
        "trial/steps.json": json.dumps({"relay": literals(section(PAGE, "The relay")),
                                        "public": literals(section(PAGE, "A public port"))}),
        "trial/tls/authority.pem": read(authority.file),
        # a build with sanitizers looks for leaks by a call that a service may not make
        "etc/systemd/system.conf.d/test.conf": "[Manager]\nDefaultEnvironment=ASAN_OPTIONS=detect_leaks=0\n",
    }
    for name in "first", "second":
        certificate = authority.leaf("relay.example", name=name, common=name)
        files[f"trial/tls/{name}.pem"] = read(certificate.file)
        files[f"trial/tls/{name}.key"] = read(certificate.key)
    told = run_as_root(stage, files, 6 * PATIENCE)
    steps = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    equal([step["well"] for step in steps if "well" in step], WANTED, f"steps of\n{told[-3000:]}\n")
    (journal,) = [step["journal"] for step in steps if "journal" in step]
    equal([who for who in map(banned, journal) if who], ["127.0.0.1"], f"whom fail2ban finds in {journal}")
    check(len(journal) > 1, f"nothing but the guess in {journal}, so fail2ban might ban for anything")


scenario(under_systemd, paths=("splice",))
