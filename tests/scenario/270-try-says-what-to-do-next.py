#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`try` ends with what to do next: what to type into the mail program when it works, and otherwise whom to ask for
what, in lines that fit a terminal."""
import re

from kit import Sallyport, check, equal, free_port, scenario
from kit.certificates import Authority
from kit.peers import GREETING, Proxy
from kit.route import listener, settings
from kit.tls import TlsProxy, greets

NAME = "mail.example.net"

WIDTH = 80
"""Columns of a terminal."""


def tried(stage, ini, *names, status=69, **options):
    """What `sallyport try NAME ...` says; with the advice as one line, blanks as they come."""
    done = Sallyport.command(stage, "try", *names, ini=ini, **options)
    shown = done.stdout.decode() + done.stderr.decode()
    equal(done.returncode, status, f"exit status of try, which printed\n{shown}")
    verdict = re.search(r"^  (works|does not work)$", shown, re.MULTILINE)
    check(verdict, f"no verdict in\n{shown}")
    advice = shown[verdict.end():]
    for line in advice.splitlines():
        check(len(line) <= WIDTH, f"{len(line)} columns: {line}")
    return shown, " ".join(advice.split())


def has(advice, *texts):
    for text in texts:
        check(text in advice, f"{text!r} is not in the advice: {advice}")


def answers(text):
    """A proxy's script: it answers so to every request."""
    def script(connection):
        while connection.read_head():
            connection.send(text)
    return script


def refused(stage, status, fields="", more=""):
    """The advice after that answer."""
    proxy = Proxy(stage, answers(f"HTTP/1.1 {status}\r\n{fields}Content-Length: 0\r\n\r\n".encode()))
    try:
        return proxy, tried(stage, settings(proxy.url, listener("imap", f"{NAME}:993", "tls = yes"), proxy=more))[1]
    finally:
        proxy.stop()


# --- it works ---

def a_listener_with_tls(stage):
    authority = Authority(stage)
    proxy = Proxy(stage, greets(GREETING, authority.leaf(NAME).server_side()))
    trust = f"tls = yes\ntls-ca-file = {authority.file}"
    here = free_port()
    ini = settings(proxy.url, f"[imap work]\nlisten = localhost:{here}\ntarget = {NAME}:993\n{trust}\n")
    shown, advice = tried(stage, ini, status=0)
    has(advice, f'In the mail program: server localhost, port {here}, and no encryption ("None"): TLS '
        f"with {NAME} begins in sallyport.", "while `sallyport run` runs", "`sallyport recipe PROGRAM`")
    check(shown.count("recipe PROGRAM") == 1, f"not told once:\n{shown}")
    proxy.stop()


def listeners_that_leave_tls_to_the_program(stage):
    proxy = Proxy(stage, lambda connection: connection.open())
    ini = settings(proxy.url, listener("imap a", f"{NAME}:143") + listener("imap b", f"{NAME}:993") +
                   listener("forward", f"{NAME}:4242", "protocol = X-TEST"))
    _, advice = tried(stage, ini, "imap/a", "imap/b", "forward", status=0)
    has(advice, "encryption by STARTTLS, which the program does itself", "set tls = starttls in [imap a]",
        "encryption by SSL/TLS, which the program does itself", "set tls = yes in [imap b]",
        f"In the program: server 127.0.0.1, port as `sallyport status` shows it, and whatever encryption {NAME}:4242")
    proxy.stop()


# --- the proxy's answers ---

def rules_forbid_it(stage):
    proxy, advice = refused(stage, "403 Forbidden")
    has(advice, f"The rules of {proxy.url} forbid it. Ask its administrator to allow {NAME}:993, which is where [imap] "
        "leads", f"acl to-{NAME} dstdomain -n {NAME} acl to-port-993 port 993 http_access allow CONNECT to-{NAME} "
        f"to-port-993", f"http-request allow if {{ method CONNECT }} {{ url -i {NAME}:993 }}")


def a_login_is_wanted(stage):
    both = 'Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm="staff"\r\n'
    proxy, advice = refused(stage, "407 Who", both)
    has(advice, f"{proxy.url} wants a login, by Negotiate, Basic.", "Set in [proxy] the name and the password",
        "user = NAME password-command = PROGRAM", "`kinit NAME@REALM`")
    _, advice = refused(stage, "407 Who", "Proxy-Authenticate: Bearer\r\n")
    has(advice, "by none of the ways that are known here: Basic, Digest, NTLM and Negotiate")


def a_password_is_refused(stage):
    basic = 'Proxy-Authenticate: Basic realm="staff"\r\n'
    _, advice = refused(stage, "407 Who", basic, more="user = jane\npassword = open-sesame\nauth = basic")
    has(advice, "does not accept this user and password", "not sent again for 30 seconds", "lock the account",
        "`sallyport reload`")
    check("sesame" not in advice, f"the password is in {advice}")


def other_answers(stage):
    for status, text in {"405 Method Not Allowed": "does not make tunnels", "501 What": "does not know CONNECT",
                         "502 Bad Gateway": f"does not reach {NAME}:993", "504 Late": f"does not reach {NAME}:993",
                         "429 Much": "too many requests", "302 Found": "Open any page in a web browser",
                         "305 Use Proxy": "another one to be used"}.items():
        has(refused(stage, status)[1], text)
    page = "Content-Type: text/html\r\n"
    has(refused(stage, "404 Not Found", page)[1], "is a web server or a login page. Compare url in [proxy]")


# --- no way there ---

def nobody_answers(stage):
    port = free_port()
    has(tried(stage, settings(f"http://127.0.0.1:{port}"))[1], f"Nothing answers at http://127.0.0.1:{port}. Compare",
        "(url in [proxy])")
    ini = f"[imap]\nlisten = 127.0.0.1:0\ntarget = 127.0.0.1:{port}\nproxy = direct\n"
    has(tried(stage, ini)[1], f"127.0.0.1:{port} cannot be reached without a proxy", "set a [proxy] for [imap]")
    has(tried(stage, settings("http://no-such-proxy.invalid:3128"))[1], "Is the name of the proxy spelt")


def a_proxy_that_is_silent(stage):
    proxy = Proxy(stage, lambda connection: connection.hold())
    ini = settings(proxy.url, sallyport="handshake-timeout = 1s")
    has(tried(stage, ini)[1], f"{proxy.url} takes connections and says nothing", "url = https://...")
    proxy.stop()


# --- certificates ---

def a_certificate_of_the_server(stage):
    authority, stranger = Authority(stage), Authority(stage, "stranger")
    for leaf, text in ((authority.leaf("other.example.net", name="other"), "genuine, but another's: set as target"),
                       (authority.leaf(NAME, name="old", since=-40, days=30), "Is the clock of this machine right"),
                       (authority.leaf(NAME, name="early", since=2), "the clock of this machine is wrong"),
                       (authority.self_signed_leaf(NAME), "set tls-ca-file = FILE in [imap]"),
                       (stranger.leaf(NAME, name="strange"), '("inspection")')):
        proxy = Proxy(stage, greets(GREETING, leaf.server_side()))
        ini = settings(proxy.url, listener("imap", f"{NAME}:993", f"tls = yes\ntls-ca-file = {authority.file}"))
        has(tried(stage, ini)[1], text)
        proxy.stop()


def a_certificate_of_the_proxy(stage):
    authority, stranger = Authority(stage), Authority(stage, "stranger")
    for leaf, text in ((authority.leaf("other.example.net", name="other"), "genuine, but another's: write in url in "),
                       (authority.leaf("127.0.0.1", name="old", since=-40, days=30), "whoever runs the proxy has"),
                       (authority.self_signed_leaf("127.0.0.1"), "set ca-file = FILE in [proxy out]"),
                       (stranger.leaf("127.0.0.1", name="strange"), "by the firm's own authority")):
        proxy = TlsProxy(stage, greets(GREETING), leaf.server_side())
        ini = (f"[proxy out]\nurl = {proxy.url}\nca-file = {authority.file}\n" +
               listener("imap", more="proxy = out"))
        has(tried(stage, ini)[1], text)
        proxy.stop()


def a_proxy_before_the_proxy(stage):
    """What its administrator has to allow is the way to the proxy behind it."""
    outer = Proxy(stage, answers(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"))
    ini = (f"[proxy gate]\nurl = {outer.url}\n[proxy]\nurl = http://inner.example.net:3128\nvia = gate\n" +
           listener("imap"))
    has(tried(stage, ini)[1], "The rules of the proxy before it forbid it. Ask its administrator to allow "
        "inner.example.net:3128", "acl to-inner.example.net dstdomain -n inner.example.net acl to-port-3128 port 3128")
    outer.stop()


scenario(a_listener_with_tls, listeners_that_leave_tls_to_the_program, rules_forbid_it, a_login_is_wanted,
         a_password_is_refused, other_answers, nobody_answers, a_proxy_that_is_silent, a_certificate_of_the_server,
         a_certificate_of_the_proxy, a_proxy_before_the_proxy,
         paths=("splice",))
