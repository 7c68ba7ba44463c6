#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`sallyport setup` takes the servers that SRV records name; the proxy is asked for no file then.  Records that lead
out of the domain may be forged, so that files are asked for as well."""
from kit import check, equal, scenario
from kit.signposts import AUTOCONFIG, BOTH, DOMAIN, Signposts, answer


def _record(signposts, service, host, port):
    signposts.nameserver.add(f"_{service}._tcp.{DOMAIN}", "SRV", (0, 1, port, host))


def records(stage):
    signposts = Signposts(stage)
    _record(signposts, "imaps", ".", 0)
    _record(signposts, "imap", f"mail.{DOMAIN}", 143)
    _record(signposts, "submissions", f"mail.{DOMAIN}", 465)
    status, text, said = signposts.setup()
    equal(status, 0, f"status of setup, which said {said}")
    check(f"target = mail.{DOMAIN}:143\ntls = starttls\n" in text, text)
    check(f"target = mail.{DOMAIN}:465\ntls = yes\n" in text, text)
    check("_imaps: the domain says that it has no such service" in said, said)
    equal(signposts.webs(), [], "web servers that were asked")
    asked = {name for name, kind, _ in signposts.nameserver.queries if kind == "SRV"}
    services = ("imaps", "imap", "submissions", "submission", "pop3s", "pop3", "sieve")
    equal(asked, {f"_{service}._tcp.{DOMAIN}" for service in services}, "records that were asked for")


def records_that_lead_elsewhere(stage):
    signposts = Signposts(stage)
    _record(signposts, "imaps", "imap.evil.test", 993)
    _record(signposts, "submissions", "smtp.evil.test", 465)
    signposts.web(AUTOCONFIG, answer(BOTH))
    status, text, said = signposts.setup()
    equal(status, 0, f"status of setup, which said {said}")
    check("imap.evil.test:993 (TLS), which is outside of the domain: DNS may be forged" in said, said)
    check(f"target = imap.{DOMAIN}:993\n" in text and f"target = smtp.{DOMAIN}:465\n" in text, text)
    check("evil" not in text, text)


def a_domain_that_nobody_knows(stage):
    signposts = Signposts(stage)
    signposts.web(AUTOCONFIG, answer(BOTH))
    status, _, said = signposts.setup()
    equal(status, 0, f"status of setup, which said {said}")
    check(f"the local name servers know no records of mail services at {DOMAIN}" in said, said)


scenario(records, records_that_lead_elsewhere, a_domain_that_nobody_knows, paths=["splice"])
