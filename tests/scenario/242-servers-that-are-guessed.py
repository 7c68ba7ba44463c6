#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`sallyport setup` guesses the names of servers that nobody names: dovecot and postfix are taken for what they are by
a tunnel, TLS and a greeting, and one whose certificate is for another name is not."""
from kit import check, equal, scenario
from kit.real import Dovecot, Postfix
from kit.signposts import DOMAIN, Signposts


class House:
    """dovecot and postfix, which have one certificate each."""

    def __init__(self, stage, imap, smtp):
        self.signposts = Signposts(stage)
        self.dovecot = Dovecot(stage, certificate=self.signposts.authority.leaf(imap))
        self.postfix = Postfix(stage, self.dovecot, certificate=self.signposts.authority.leaf(smtp, name="smtp"))


def tls_goes_first(stage):
    house = House(stage, f"mail.{DOMAIN}", f"smtp.{DOMAIN}")
    signposts = house.signposts
    signposts.leads(f"mail.{DOMAIN}:993", house.dovecot.imaps)
    signposts.leads(f"mail.{DOMAIN}:143", house.dovecot.imap)
    signposts.leads(f"imap.{DOMAIN}:993", house.dovecot.imaps)  # whose certificate does not have this name
    signposts.leads(f"smtp.{DOMAIN}:465", house.postfix.submissions)
    signposts.leads(f"smtp.{DOMAIN}:587", house.postfix.submission)
    status, text, said = signposts.setup()
    equal(status, 0, f"status of setup, which said {said}")
    check(f"target = mail.{DOMAIN}:993\ntls = yes\n" in text, text)
    check(f"target = smtp.{DOMAIN}:465\ntls = yes\n" in text, text)
    check(f"imap.{DOMAIN}:993: no (" in said and f"mail.{DOMAIN}:993: there it is (imap, TLS)" in said, said)
    check("the usual names of submission" in said and "the usual names of pop3" not in said, said)


def starttls_is_the_other_way(stage):
    house = House(stage, f"imap.{DOMAIN}", DOMAIN)
    signposts = house.signposts
    signposts.leads(f"imap.{DOMAIN}:143", house.dovecot.imap)
    signposts.leads(f"{DOMAIN}:587", house.postfix.submission)
    status, text, said = signposts.setup()
    equal(status, 0, f"status of setup, which said {said}")
    check(f"target = imap.{DOMAIN}:143\ntls = starttls\n" in text, text)
    check(f"target = {DOMAIN}:587\ntls = starttls\n" in text, text)


def pop3_where_there_is_no_imap(stage):
    house = House(stage, f"pop.{DOMAIN}", f"smtp.{DOMAIN}")
    signposts = house.signposts
    signposts.leads(f"pop.{DOMAIN}:995", house.dovecot.pop3s)
    signposts.leads(f"smtp.{DOMAIN}:465", house.postfix.submissions)
    status, text, said = signposts.setup()
    equal(status, 0, f"status of setup, which said {said}")
    check(f"target = pop.{DOMAIN}:995\ntls = yes\n" in text, text)


scenario(tls_goes_first, starttls_is_the_other_way, pop3_where_there_is_no_imap, paths=["splice"])
