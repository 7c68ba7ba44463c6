#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A PAC file on a real web server, nginx, over TLS, asked once by `sallyport pac`: what comes is the answer or a
reason, and a fault of whatever kind is never an answer."""
from kit import check, equal, scenario
from kit.certificates import Authority
from kit.daemon import Sallyport
from kit.peers import BlackHole
from kit.process import closed_port
from kit.real import Web

PAC = """\
function FindProxyForURL(url, host) {
    return "PROXY proxy.example.net:3128; DIRECT";
}
"""
ANSWER = b"PROXY proxy.example.net:3128; DIRECT\n"


def ask(stage, url, authority=None, patience=None):
    env = {"SSL_CERT_FILE": authority.file} if authority else {}
    return Sallyport.command(stage, "pac", url, "mail.example.net:993", env=env, patience=patience)


def answers(stage, url, authority=None):
    ended = ask(stage, url, authority)
    equal((ended.returncode, ended.stdout), (0, ANSWER), f"what comes from {url}: {ended.stderr}")


def refuses(stage, url, reason, authority=None, patience=None):
    ended = ask(stage, url, authority, patience)
    equal((ended.returncode, ended.stdout), (69, b""), f"what comes from {url}: {ended.stderr}")
    check(reason in ended.stderr.decode(), f"the reason: {ended.stderr}")


def it_comes_over_tls(stage):
    authority = Authority(stage)
    web = Web(stage, authority.leaf("localhost"), files={"proxy.pac": PAC}, more="""\
location = /moved { return 301 /proxy.pac; }
location = /round { return 302 /round; }
location = /down { return 302 http://localhost:1/proxy.pac; }
location = /busy { return 503; }
""")
    answers(stage, web.base + "proxy.pac", authority)
    answers(stage, web.base + "moved", authority)
    equal(web.requests(), ["200 GET /proxy.pac -", "301 GET /moved -", "200 GET /proxy.pac -"], "requests")
    refuses(stage, web.base + "round", "redirected more than 5 times", authority)
    refuses(stage, web.base + "other.pac", "the server answers 404", authority)
    refuses(stage, web.base + "busy", "the server answers 503", authority)
    refuses(stage, web.base + "proxy.pac", "certificate")


def who_cannot_prove_its_name_is_not_asked(stage):
    authority = Authority(stage)
    for kind, leaf in (("other", authority.leaf("other.example.net")),
                       ("expired", authority.leaf("localhost", name="expired", since=-9, days=3))):
        web = Web(stage, leaf, name=kind, files={"proxy.pac": PAC})
        refuses(stage, web.base + "proxy.pac", "certificate", authority)
        equal(web.requests(), [], "requests")


def what_is_no_pac_file_is_no_answer(stage):
    web = Web(stage, files={"empty.pac": "", "long.pac": PAC + "//" + 1100000 * "x" + "\n",
                            "large.pac": PAC + "//" + 1000000 * "x" + "\n", "page.pac": "<html>Sign in</html>\n"})
    refuses(stage, web.base + "empty.pac", "it is empty")
    refuses(stage, web.base + "long.pac", "longer than 1024 KiB")
    refuses(stage, web.base + "page.pac", "a page for people")
    answers(stage, web.base + "large.pac")


def a_server_that_is_not_there_or_silent(stage):
    refuses(stage, f"http://127.0.0.1:{closed_port()}/proxy.pac", "connect")
    hole = BlackHole(stage)
    refuses(stage, f"http://127.0.0.1:{hole.port}/proxy.pac", "it has not come within 10 s", patience=20)


scenario(it_comes_over_tls, who_cannot_prove_its_name_is_not_asked, what_is_no_pac_file_is_no_answer,
         a_server_that_is_not_there_or_silent, paths=("splice",))
