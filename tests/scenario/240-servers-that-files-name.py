#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`sallyport setup` finds the servers of an address in each of the files that name some, in their order, through the
proxy; what is wrong with a file or with its web server is said, and the next place is asked."""
from kit import check, equal, scenario
from kit.signposts import (AUTOCONFIG, BOTH, DOMAIN, ISP, PACC, PLACES, WELL_KNOWN, Signposts, answer, autoconfig,
                           server)

PACC_FILE = ('{"protocols": {"imap": {"host": "imap.example.net"}, "submit": {"host": "smtp.example.net"}}, '
             '"authentication": {"password": true}}')
MAIL = [f"target = imap.{DOMAIN}:993\n", f"target = smtp.{DOMAIN}:465\n"]


def _finds(signposts, *lines):
    """A configuration with these lines."""
    status, text, said = signposts.setup()
    equal(status, 0, f"status of setup, which said {said}")
    for line in lines:
        check(line in text, f"no {line!r} in {text}, but {said}")
    return said


def _says(said, *words):
    for each in words:
        check(each in said, f"no {each!r} in {said}")


def each_place(stage):
    for number, host in enumerate(PLACES):
        signposts = Signposts(stage)
        signposts.web(host, answer(PACC_FILE if host == PACC else BOTH))
        _finds(signposts, *MAIL)
        equal(signposts.webs(), list(PLACES[:number + 1]), "web servers that were asked")
        request = signposts.requests[host].splitlines()
        wanted = {PACC: "/.well-known/user-agent-configuration.json",
                  AUTOCONFIG: f"/mail/config-v1.1.xml?emailaddress=me%40{DOMAIN}",
                  WELL_KNOWN: "/.well-known/autoconfig/mail/config-v1.1.xml", ISP: f"/v1.1/{DOMAIN}"}
        equal(request[0], f"GET {wanted[host]} HTTP/1.1", "the request")
        check(f"Host: {host}" in request, str(request))


def the_best_server_is_taken(stage):
    signposts = Signposts(stage)
    signposts.web(AUTOCONFIG, answer(autoconfig(
        server("incoming", "pop3", "pop.example.net", 995, "SSL"),
        server("incoming", "imap", "plain.example.net", 143, "plain"),
        server("incoming", "imap", "later.example.net", 143, "STARTTLS"),
        server("incoming", "imap", "imap.%EMAILDOMAIN%", 993, "SSL", "<username>%EMAILLOCALPART%</username>"),
        server("outgoing", "smtp", "smtp.example.net", 25, "plain"),
        server("outgoing", "smtp", "smtp.example.net", 587, "STARTTLS"))))
    said = _finds(signposts, MAIL[0], f"target = smtp.{DOMAIN}:587\n", "tls = starttls\n")
    _says(said, "plain.example.net:143 (imap) is offered without TLS, and not taken")


def redirects(stage):
    signposts = Signposts(stage)
    signposts.web(AUTOCONFIG, answer("", "301 Moved", f"Location: https://www.{DOMAIN}/mail\r\n"))
    signposts.web(f"www.{DOMAIN}", answer("", "307 Moved", "Location: https://host.test:8443/file\r\n"))
    signposts.web("host.test", answer(BOTH), port=8443)
    said = _finds(signposts, *MAIL)
    _says(said, f"redirected to https://www.{DOMAIN}/mail", "redirected to https://host.test:8443/file")


def files_that_are_none(stage):
    signposts = Signposts(stage)
    signposts.web(PACC, answer("<!DOCTYPE html><html>Welcome</html>"))
    signposts.web(AUTOCONFIG, answer('<!DOCTYPE clientConfig [<!ENTITY a "imap.evil.test">]>' + BOTH))
    signposts.web(WELL_KNOWN, answer("x" * 300_000))
    signposts.web(ISP, answer(BOTH))
    said = _finds(signposts, *MAIL)
    _says(said, "what came cannot be used: it is no JSON, in line 1", "it has a DTD, which is not read",
          "nothing: it is longer than 256 KiB")


def web_servers_at_fault(stage):
    signposts = Signposts(stage)
    signposts.silent(PACC)
    signposts.web(AUTOCONFIG, answer("", "302 Found", f"Location: http://{AUTOCONFIG}/\r\n"))
    signposts.web(WELL_KNOWN, answer(BOTH), certificate=signposts.authority.leaf("other.test"))
    signposts.web(ISP, answer(BOTH), certificate=signposts.authority.self_signed_leaf(ISP))
    status, text, said = signposts.setup()
    check(status != 0 and "target" not in text, f"{status}: {text}")
    _says(said, "nothing: it has not come within 5 s", "it is redirected to a place without TLS",
          "no alternative certificate subject name matches target host", "self-signed certificate",
          f"imap.{DOMAIN}:993: no (", f"submission.{DOMAIN}:587: no (", f"no mail server of {DOMAIN} was found")
    check(f"{AUTOCONFIG}:80" not in signposts.asked, str(signposts.asked))


scenario(each_place, the_best_server_is_taken, redirects, files_that_are_none, web_servers_at_fault, paths=["splice"])
