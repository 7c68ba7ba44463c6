#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Connections that are made ahead of need look in the logs of squid, Apache and haproxy as sallyport-proxy(7) shows
them, and a squid that takes TLS apart leaves alone what the lines of the page exempt."""
import re
import socket
import ssl

from kit import check, equal, scenario, unpacked, until
from kit.certificates import Authority
from kit.control import facts
from kit.echo import Echo, serve
from kit.peers import GREETING, Proxy
from kit.process import PATIENCE
from kit.real import Syslog, WrittenApache, WrittenHaproxy, WrittenSquid
from kit.real.apache import MODULES
from kit.real.gateway import printed
from kit.real.identity import Identity
from kit.route import listener, settings
from kit.tls import secure

LOGS = "Writing down protocol and user"
NAME = "mail.example.net"

UNTRUSTED = b"* BYE sallyport: certificate is by an authority that is not trusted: "
SILENCE = b"* BYE [UNAVAILABLE] sallyport: no greeting within 1 s"


def shown(program):
    """What the page shows of that program's log."""
    found = re.findall(rf"^{program} +(\S.*)$", printed("Connections ahead of need"), re.MULTILINE)
    check(found, f"the page shows nothing of {program}")
    return found


def user(stage, name, url, more=""):
    """A daemon that makes a connection to the proxy ahead of need; its control socket is its own."""
    return stage.sallyport(settings(url, listener("imap", "127.0.0.1:9"), proxy=f"preconnect = 1\n{more}"),
                           name=name, env={"XDG_RUNTIME_DIR": stage.dir(f"run-{name}", 0o700)})


def is_ready(daemon):
    """Waits until the connection stands."""
    until(lambda: facts(daemon)["proxies"][0]["ready"] == 1, "a connection that is ready")
    return daemon


def looks_as_shown(read, line):
    """The log has nothing else, but may have it more than once.  How many bytes a handshake takes is not always the
    same."""
    pattern = re.escape(line)
    if line.startswith('- "-"'):
        pattern = re.sub(r"\d{3,4}\\ \d{3,4}(?=\\ -$)", r"\\d{3,4} \\d{3,4}", pattern.replace("\\-", "-"))
    until(read, f"a line like {line}", 3 * PATIENCE)
    check(re.fullmatch(f"(?:.* {pattern}\n)+", read()), f"wanted only lines like {line!r}, got {read()!r}")


def squid_shows_connections_ahead_as_printed(stage):
    squid = WrittenSquid(stage, lambda squid, _: printed(LOGS, ("/var/log/squid/mail.log", squid.path("mail.log"))))
    is_ready(user(stage, "user", squid.url)).stop()
    looks_as_shown(lambda: squid.read("mail.log"), *shown("squid"))


def haproxy_shows_connections_ahead_as_printed(stage):
    by_user, by_haproxy = shown("haproxy")
    server = Echo(stage)

    def haproxy(name, more=""):
        syslog = Syslog(stage)
        places = ("192.0.2.20:514", syslog.place), ("  bind :3128", f"{more}  bind :3128")
        front = WrittenHaproxy(stage, lambda *_: printed(LOGS, *places, number=2), server, name=name)
        return syslog, front.url

    syslog, url = haproxy("haproxy")
    is_ready(user(stage, "leaves", url)).stop()
    looks_as_shown(syslog.read, by_user)
    syslog, url = haproxy("impatient", "  timeout http-request 200ms\n")
    user(stage, "stays", url)
    looks_as_shown(syslog.read, by_haproxy)
    syslog, url = haproxy("quiet", "  option dontlognull\n")
    is_ready(user(stage, "unseen", url)).stop()
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as sock:
        sock.sendall(b"no request\r\n\r\n")
        until(syslog.read, "a line of what did ask")
    equal(syslog.read().count("<BADREQ>"), 1, f"lines with dontlognull, which are\n{syslog.read()}")


def apache_shows_connections_ahead_as_printed(stage):
    """Those over TLS alone, once the handshake is done, which has as much time as a request; what did not make it on a
    busy machine is tried again."""
    authority = Authority(stage)

    def lines(secret):
        def text(apache, _):
            front = ""
            if secret:
                identity = Identity(apache, authority.leaf("127.0.0.1"))
                front = (f"LoadModule ssl_module {MODULES}/mod_ssl.so\nSSLEngine on\n"
                         f"SSLCertificateFile {identity.both}\n")
            return "Timeout 3\n" + front + printed(LOGS, ("/var/log/apache2/mail.log", apache.path("mail.log")),
                                                   number=1)
        return text

    plain, secret = (WrittenApache(stage, lines(secret), name=f"apache-{secret}") for secret in (False, True))
    by_plain = is_ready(user(stage, "plain", plain.url))
    user(stage, "secret", f"https://127.0.0.1:{secret.port}", f"ca-file = {authority.file}")
    looks_as_shown(lambda: secret.read("mail.log"), *shown("Apache"))
    equal(facts(by_plain)["proxies"][0]["ready"], 1, "connections without TLS that are ready")
    equal(plain.read("mail.log"), "", "log of what came without TLS")


class Inspector(WrittenSquid):
    """It opens all TLS that it is not told to leave alone, and shows a certificate for the server's name that the
    company's authority has signed."""

    def __init__(self, stage, exempt, company, name):
        def lines(squid, _):
            identity = Identity(squid, company.leaf(NAME, name=name))
            squid.front = f"ssl-bump generate-host-certificates=off tls-cert={identity.file} tls-key={identity.key}"
            return (exempt + "ssl_bump bump all\nsslproxy_cert_error allow all\n"
                    "tls_outgoing_options flags=DONT_VERIFY_PEER\n")

        super().__init__(stage, lines, names={NAME: "127.0.0.1"}, name=name,
                         program=unpacked("squid-openssl", "usr/sbin/squid", "usr/sbin/squid-openssl"))


def squid_leaves_announced_mail_alone(stage):
    authority, company = Authority(stage), Authority(stage, name="company")
    context = authority.leaf(NAME, name="server").server_side()

    def within_tls(connection):
        try:
            secure(connection, context)
        except ssl.SSLError:
            return  # the daemon does not trust it, and says so to its client
        serve(connection)

    plain, within = Echo(stage), Proxy(stage, within_tls)
    served = listener("imap plain", f"{NAME}:{plain.port}")
    for by in (authority, company):
        served += listener(f"imap {by.name}", f"{NAME}:{within.port}", f"tls = yes\ntls-ca-file = {by.file}")
    for name, lines, patience, outcome in (
            ("exempts", printed("Proxies that look into TLS"), 60, {"plain": GREETING, "authority": GREETING,
                                                                    "company": UNTRUSTED}),
            ("inspects", "", 1, {"plain": SILENCE, "authority": UNTRUSTED, "company": SILENCE})):
        squid = Inspector(stage, lines, company, name)
        daemon = stage.sallyport(settings(squid.url, served, f"greeting-timeout = {patience}s\ncontrol = none"),
                                 name=f"by-{name}")
        for kind, wanted in outcome.items():
            with daemon.connect(f"imap/{kind}") as client:
                got = client.recv(1000)
            check(got.startswith(wanted), f"squid that {name}, listener {kind}: got {got}, wanted {wanted}")


scenario(squid_shows_connections_ahead_as_printed,
         haproxy_shows_connections_ahead_as_printed,
         apache_shows_connections_ahead_as_printed,
         squid_leaves_announced_mail_alone,
         paths=("splice",))
