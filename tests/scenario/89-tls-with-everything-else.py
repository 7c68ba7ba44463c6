#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""TLS together with what was there before it: `try`, `connect` and `check`, servers that are found by SRV records,
several proxies for one target, fall-back, reload, clients that speak TLS themselves."""
import imaplib
import shlex
import ssl

from kit import Sallyport, check, closed_port, equal, scenario
from kit.certificates import Authority
from kit.checking import accepted, complaints
from kit.daemon import PROGRAM
from kit.nameserver import Nameserver
from kit.peers import GREETING, Proxy
from kit.process import PATIENCE
from kit.real import PASSWORD, USER, Dovecot, Mbsync, Squid, body_of, hard, letter
from kit.route import listener, refusal, settings
from kit.streams import read_exactly
from kit.tls import TlsProxy, greets, secure

UNAVAILABLE = 69
"""EX_UNAVAILABLE of sysexits.h."""

MAIL = "mail.example.net"


def trusting(authority, how="yes"):
    """Lines for a listener."""
    return f"tls = {how}\ntls-ca-file = {authority.file}\n"


def greeted(daemon, name="imap"):
    with daemon.connect(name) as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")


class House:
    """dovecot behind a squid that is reached by https, and the configuration that leads there by STARTTLS."""

    def __init__(self, stage):
        self.authority = Authority(stage)
        certificate = self.authority.leaf("localhost")
        self.dovecot = Dovecot(stage, certificate=certificate)
        self.squid = Squid(stage, self.dovecot.ports, certificate=certificate, host="localhost")

    def ini(self, authority=None):
        return settings(self.squid.url, listener("imap", f"localhost:{self.dovecot.imap}",
                                                 trusting(authority or self.authority, "starttls")),
                        proxy=f"ca-file = {self.authority.file}")


def tries_each_step(stage):
    house = House(stage)
    done = Sallyport.command(stage, "try", ini=house.ini())
    shown = (done.stdout + done.stderr).decode()
    equal(done.returncode, 0, f"exit status of try, which printed\n{shown}")
    steps = [line.split()[0] for line in shown.splitlines() if line.startswith("  ")]
    wanted = ["resolve", "connect", "tls", "request", "reply", "starttls", "tls", "greeting"]
    equal([step for step in steps if step in wanted], wanted, f"steps of\n{shown}")
    check(shown.count("certificate of CN=localhost by CN=authority") == 2, f"no word of the certificates in\n{shown}")


def tries_and_says_what_is_wrong(stage):
    house = House(stage)
    done = Sallyport.command(stage, "try", ini=house.ini(Authority(stage, "other")))
    shown = (done.stdout + done.stderr).decode()
    equal(done.returncode, UNAVAILABLE, f"exit status of try, which printed\n{shown}")
    check("not trusted: CN=authority; set tls-ca-file" in shown, f"the reason is not told in\n{shown}")


def connects_as_a_tunnel_command(stage):
    house = House(stage)
    message = letter("through connect", hard(400_000))
    house.dovecot.drop(message)
    config = stage.file("connect.ini", house.ini(), mode=0o600)
    mbsync = Mbsync(stage, f'Tunnel "{shlex.join((PROGRAM, "-c", config, "connect", "imap"))}"')
    mbsync.sync()
    equal(mbsync.bodies(), [body_of(message)], "bodies that came")


def a_client_with_tls_of_its_own(stage):
    """To a listener without `tls` its STARTTLS and its TLS are bytes like others; within our TLS the server says no."""
    house = House(stage)
    context = ssl.create_default_context(cafile=house.authority.file)
    daemon = stage.sallyport(settings(house.squid.url, "".join((
        listener("imap plain", f"localhost:{house.dovecot.imap}"),
        listener("imap secure", f"localhost:{house.dovecot.imaps}", trusting(house.authority)),
        listener("imap own", f"localhost:{house.dovecot.imaps}"))), proxy=f"ca-file = {house.authority.file}"))

    def log_in(client):
        check(client.login(USER, PASSWORD)[0] == "OK", "no log-in")
        client.logout()

    def address(name):
        return "localhost", daemon.address(name)[1]

    client = imaplib.IMAP4(*address("imap/plain"), timeout=PATIENCE)
    client.starttls(context)
    log_in(client)
    log_in(imaplib.IMAP4_SSL(*address("imap/own"), ssl_context=context, timeout=PATIENCE))
    with daemon.connect("imap/secure") as sock, sock.makefile("rb") as stream:
        check(stream.readline().startswith(b"* OK "), "no greeting")
        sock.sendall(b"a STARTTLS\r\n")
        check(stream.readline().startswith((b"a BAD", b"a NO")), "the server's own answer does not come")


def servers_that_are_found_by_records(stage):
    """With TLS the service is imaps.  The name that counts is the server's own if it is within the domain, and the
    domain where it is not: anybody can point a record somewhere."""
    authority, names = Authority(stage), Nameserver(stage)
    contexts = {993: authority.leaf("in.example.net", name="in").server_side(),
                994: authority.leaf("example.org").server_side(),
                995: authority.leaf("far.example.com", name="far").server_side()}

    def script(connection):
        connection.open(b"")
        try:
            secure(connection, contexts[int(connection.head.split()[1].split(b":")[1])])
        except (ssl.SSLError, ConnectionError):
            return
        connection.send(GREETING)
        connection.read_all()

    names.add("_imaps._tcp.example.net", "SRV", (0, 0, 993, "in.example.net"))
    names.add("_imaps._tcp.example.org", "SRV", (0, 0, 994, "far.example.com"))
    names.add("_imaps._tcp.example.info", "SRV", (0, 0, 995, "far.example.com"))
    proxy = Proxy(stage, script)
    daemon = stage.sallyport(settings(proxy.url, "".join(
        listener(f"imap {label}", f"srv:example.{label}", trusting(authority)) for label in ("net", "org", "info"))),
        env=names.env)
    stage.later(proxy.stop)
    greeted(daemon, "imap/net")
    greeted(daemon, "imap/org")
    with daemon.connect("imap/info") as client:
        text = refusal(client, ("permanent",))
    check("certificate is not for example.info, but for far.example.com" in text, f"the client is told {text}")


def a_session_that_was_verified_for_one_name_is_not_for_another(stage):
    """The same place by its own name, and by a record of a domain that is somebody else's."""
    authority, names = Authority(stage), Nameserver(stage)
    names.add("_imaps._tcp.example.org", "SRV", (0, 0, 993, MAIL))
    proxy = Proxy(stage, greets(GREETING, authority.leaf("example.org").server_side()))
    daemon = stage.sallyport(settings(proxy.url, listener("imap record", "srv:example.org", trusting(authority)) +
                                      listener("imap name", MAIL, trusting(authority))), env=names.env)
    for _ in range(2):
        greeted(daemon, "imap/record")
    with daemon.connect("imap/name") as client:
        text = refusal(client, ("permanent",))
    check("certificate is not for mail.example.net, but for example.org" in text, f"the client is told {text}")


def a_session_that_was_not_verified_is_not_taken_for_one_that_was(stage):
    authority = Authority(stage)
    proxy = Proxy(stage, greets(GREETING, authority.leaf("other.example.net").server_side()))
    daemon = stage.sallyport(settings(proxy.url, listener("imap lax", MAIL, "tls = yes\ntls-verify = no") +
                                      listener("imap strict", MAIL, trusting(authority))))
    greeted(daemon, "imap/lax")
    with daemon.connect("imap/strict") as client:
        text = refusal(client, ("permanent",))
    check("but for other.example.net" in text, f"the client is told {text}")


def the_next_proxy_when_one_has_a_bad_certificate(stage):
    authority, stranger = Authority(stage), Authority(stage, "stranger")
    bad, good = (TlsProxy(stage, greets(GREETING), by.leaf("localhost", name=by.name).server_side(), host="localhost")
                 for by in (stranger, authority))
    daemon = stage.sallyport(settings(f"{bad.url} {good.url}", proxy=f"ca-file = {authority.file}"))
    for _ in range(2):
        greeted(daemon)
    daemon.wait_line(rf"imap #1 warning: {bad.url} rests for \d+ s: certificate ")
    equal((bad.wait_refusals(), len(good.heads)), (1, 2), "handshakes that were given up, requests at the second")


def the_target_itself_when_there_is_no_proxy(stage):
    """With `fallback = direct` TLS is the same, and so is what it wants of the server."""
    house = House(stage)
    port = house.dovecot.imaps
    for number, authority in enumerate((house.authority, Authority(stage, "other"))):
        daemon = stage.sallyport(settings(f"https://127.0.0.1:{closed_port()}", listener(
            "imap", f"localhost:{port}", trusting(authority)), proxy="fallback = direct"), name=f"sallyport-{number}")
        with daemon.connect("imap") as client:
            if authority is house.authority:
                check(read_exactly(client, 5) == b"* OK ", "no greeting")
            else:
                check("not trusted" in refusal(client, ("permanent",)), "the client is not told why")


def but_not_when_the_proxy_has_a_bad_certificate(stage):
    """It was reached: somebody on the way must not be able to lead us past it."""
    authority, server = Authority(stage), Proxy(stage, lambda connection: connection.send(GREETING))
    bad = TlsProxy(stage, greets(GREETING), authority.leaf("other.example.net").server_side(), host="localhost")
    daemon = stage.sallyport(settings(bad.url, listener("imap", f"localhost:{server.port}"),
                                      proxy=f"ca-file = {authority.file}\nfallback = direct"))
    with daemon.connect("imap") as client:
        check("but for other.example.net" in refusal(client, ("permanent",)), "the client is not told why")
    equal(server.connections, [], "connections past the proxy")


def files_are_read_anew_by_a_reload(stage):
    """And no TLS session of before is used any more."""
    old, new = Authority(stage, "old"), Authority(stage, "new")
    proxy = TlsProxy(stage, greets(GREETING), old.leaf("localhost", name="leaf").server_side(), host="localhost")
    with open(old.file, "rb") as file:
        trusted = stage.file("trusted.pem", file.read())
    ini = settings(proxy.url, proxy=f"ca-file = {trusted}")
    daemon = stage.sallyport(ini)
    for _ in range(2):
        greeted(daemon)
    equal(proxy.resumed, [False, True], "handshakes that took a session up again")
    with open(new.file, "rb") as file:
        stage.file("trusted.pem", file.read())
    greeted(daemon)
    daemon.reload(ini)
    daemon.wait_line("reloaded")
    with daemon.connect("imap") as client:
        check("not trusted: CN=old" in refusal(client, ("permanent",)), "the client is not told why")
    equal(proxy.resumed, [False, True, True], "handshakes that took a session up again")


def check_prints_all_of_it_back(stage):
    authority = Authority(stage)
    mine = authority.leaf("me", client=True)
    lines = (f"ca-file = {authority.file}", f"cert-file = {mine.file}", f"key-file = {mine.key}", "auth = negotiate",
             "verify = yes", "via = outer", "tls = starttls", f"tls-ca-file = {authority.file}", "tls-verify = yes")
    text = ("[proxy]\nurl = https://proxy.example.net\n" + "\n".join(lines[:6]) +
            "\n[proxy outer]\nurl = socks5h://outer.example.net\n" + listener("imap", MAIL, "\n".join(lines[6:])))
    printed = accepted(stage, text)
    for line in lines:
        check(f"\n{line}\n" in printed, f"{line!r} is not in\n{printed}")
    equal(accepted(stage, printed), printed, "what check prints of what it printed")


def files_that_are_wrong(stage):
    """Are told by `check`, or when they are first needed, with their name."""
    authority = Authority(stage)
    mine = authority.leaf("me", client=True)
    head = "[proxy]\nurl = https://localhost:9\n"
    missing = f"{stage.folder}/nothing.pem"
    for line in f"ca-file = {missing}", f"cert-file = {missing}", f"cert-file = {mine.file}\nkey-file = {missing}":
        told = complaints(stage, f"{head}{line}\n{listener('imap')}")
        check(any(missing in said for _, said in told), f"the file is not named: {told}")
    open_key = stage.file("open.key", open(mine.key, "rb").read(), mode=0o644)
    told = complaints(stage, f"{head}cert-file = {mine.file}\nkey-file = {open_key}\n{listener('imap')}")
    check(any(open_key in said and "chmod 600" in said for _, said in told), f"a key for everybody: {told}")
    junk = stage.file("junk.pem", "no certificate\n")
    proxy = TlsProxy(stage, greets(GREETING), authority.leaf("localhost").server_side(), host="localhost")
    daemon = stage.sallyport(settings(proxy.url, proxy=f"ca-file = {junk}"))
    with daemon.connect("imap") as client:
        refusal(client, ("permanent",))
    daemon.wait_line(rf"imap #1 failed class=permanent reason=.*{junk} ")


scenario(tries_each_step,
         tries_and_says_what_is_wrong,
         connects_as_a_tunnel_command,
         a_client_with_tls_of_its_own,
         servers_that_are_found_by_records,
         a_session_that_was_verified_for_one_name_is_not_for_another,
         a_session_that_was_not_verified_is_not_taken_for_one_that_was,
         the_next_proxy_when_one_has_a_bad_certificate,
         the_target_itself_when_there_is_no_proxy,
         but_not_when_the_proxy_has_a_bad_certificate,
         files_are_read_anew_by_a_reload,
         check_prints_all_of_it_back,
         files_that_are_wrong,
         paths=("splice",))
