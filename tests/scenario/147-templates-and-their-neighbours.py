#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What holds for a classic proxy holds for one with a template: fail-over and rests, Retry-After, redirects, refusals
in the mail program's own protocol, passwords, `try`, `status`, the log, and a new configuration."""
import base64
import re

from kit import Sallyport, check, closed_port, equal, scenario
from kit.capsules import Layer
from kit.connect_tcp import PATH, SWITCHED, answers, field, opens, request_line
from kit.control import facts
from kit.peers import GREETING, OPAQUE, Proxy
from kit.redirecting import use
from kit.route import Route, heard, listener, refusal, settings
from kit.streams import END, RESET, read_all, read_exactly, reset

TEMPLATE = "GET /.well-known/masque/tcp/mail.example.net/143/ HTTP/1.1"

BUSY = answers("503 Service Unavailable", "Retry-After: 120")

SECTIONS = ("imap", "smtp", "submission", "nntp", "pop3", "managesieve")


def named(name):
    """A script: opens by template or by CONNECT, as it is asked, and greets with the name."""
    def script(connection):
        if not connection.read_head():
            return
        if connection.head.startswith(b"GET "):
            connection.send(SWITCHED)
            connection.sock = Layer(connection.sock, connection.surplus)
        else:
            connection.send(OPAQUE)
        connection.send(f"* OK {name}\r\n".encode())
        connection.echo()

    return script


def answering(answer):
    def script(connection):
        while connection.read_head():
            connection.send(answer)

    return script


class House:
    """A daemon whose `url` is this list."""

    def __init__(self, stage, *urls, proxy="", more=""):
        self.daemon = stage.sallyport(settings(" ".join(urls), proxy=proxy) + more,
                                      env={"SALLYPORT_ASKPASS": "", "SSH_ASKPASS": ""})

    def greeted(self, name):
        wanted = f"* OK {name}\r\n".encode()
        with self.daemon.connect("imap") as client:
            equal(read_exactly(client, len(wanted)), wanted, "greeting")

    def refused(self, reason, kinds):
        with self.daemon.connect("imap") as client:
            text = refusal(client, kinds)
        check(re.search(reason, text), f"wanted a refusal like {reason!r}, got {text!r}")
        return text


# --- more than one ---

def from_a_dead_template_to_a_classic_one(stage):
    classic = Proxy(stage, named("classic"))
    dead = f"http://127.0.0.1:{closed_port()}"
    house = House(stage, dead + PATH, classic.url)
    for _ in range(3):
        house.greeted("classic")
    equal([request_line(head) for head in classic.heads], ["CONNECT mail.example.net:143 HTTP/1.1"] * 3, "requests")
    check(house.daemon.count(re.escape(dead), 1), "the log says nothing of the dead one")


def from_a_dead_classic_one_to_a_template(stage):
    template = Proxy(stage, named("template"))
    house = House(stage, f"http://127.0.0.1:{closed_port()}", template.url + PATH)
    for _ in range(3):
        house.greeted("template")
    equal([request_line(head) for head in template.heads], [TEMPLATE] * 3, "requests")


def one_proxy_by_both(stage):
    """The same host and port twice, with a template and without, are two proxies: each has its place."""
    both = Proxy(stage, named("both"))
    house = House(stage, both.url + PATH, both.url)
    house.greeted("both")
    equal([request_line(head) for head in both.heads], [TEMPLATE], "requests")
    both.script = lambda connection: (connection.send(BUSY) if connection.read_head().startswith(b"GET ")
                                      else connection.send(OPAQUE + b"* OK both\r\n") or connection.echo())
    house.greeted("both")
    equal([request_line(head).split(" ")[0] for head in both.heads], ["GET", "GET", "CONNECT"], "requests")


def retry_after_rests_it(stage):
    template, classic = Proxy(stage, answering(BUSY)), Proxy(stage, named("classic"))
    house = House(stage, template.url + PATH, classic.url)
    for _ in range(3):
        house.greeted("classic")
    equal(len(template.heads), 1, "requests at the one that wanted rest")


def retry_after_alone(stage):
    template = Proxy(stage, answering(answers("429 Too Many Requests", "Retry-After: 120")))
    house = House(stage, template.url + PATH)
    house.refused("429", ("temporary",))


# --- redirects ---

def to_a_classic_one(stage):
    classic = Proxy(stage, named("classic"))
    template = Proxy(stage, answering(use(classic, "lifetime=600")))
    house = House(stage, template.url + PATH)
    for _ in range(2):
        house.greeted("classic")
    equal([request_line(head) for head in template.heads], [TEMPLATE], "requests at the first")
    equal([request_line(head) for head in classic.heads], ["CONNECT mail.example.net:143 HTTP/1.1"] * 2, "requests")
    house.daemon.wait_line(rf"imap #1 redirected by={template.url} to={classic.url} "
                           r"scope=imap://mail\.example\.net:143/ lifetime=seconds=600$")
    equal([field(head, "Redirected-Via") for head in classic.heads[:1]], [[template.url]], "Redirected-Via")


def to_a_path_is_no_redirect(stage):
    other = Proxy(stage, named("other"))
    house = House(stage, Proxy(stage, answering(use(other.url + PATH))).url + PATH)
    house.refused("redirect", ("temporary", "permanent"))
    equal(other.heads, [], "requests at the other")


# --- refusals ---

def in_each_protocol_of_its_own(stage):
    way = Route(stage, answering(answers("403 Forbidden")), "".join(map(listener, SECTIONS)), path=PATH)
    for section in SECTIONS:
        with way.daemon.connect(section) as client:
            check("403" in refusal(client, ("permanent",), section), f"the refusal of {section} does not say 403")
    for status, kind in ("503 Service Unavailable", "temporary"), ("502 Bad Gateway", "temporary"):
        way = Route(stage, answering(answers(status)), path=PATH)
        with way.daemon.connect("imap") as client:
            check(status[:3] in refusal(client, (kind,)), f"the refusal does not say {status}")


def a_path_is_named_nowhere(stage):
    """What a template has besides its host may be a secret, or long: log, refusal and status name the proxy alone."""
    way = Route(stage, answering(answers("403 Forbidden")), path="/hidden/{target_host}/{target_port}/")
    check(b"hidden" not in heard(way.daemon), "the client is told the path")
    equal(facts(way.daemon)["proxies"][0]["url"], way.proxy.url, "name in status")
    way.failed("403", ("permanent",))
    equal(way.daemon.count("hidden"), 0, "lines of the log with the path")


# --- passwords ---

def basic(wanted):
    """A script: 401 to whoever has no such Authorization, or to everybody."""
    def script(connection):
        while connection.read_head():
            if wanted and field(connection.head, "Authorization") == [wanted]:
                connection.send(SWITCHED)
                connection.sock = Layer(connection.sock, connection.surplus)
                connection.send(GREETING)
                connection.echo()
                return
            connection.send(answers("401 Unauthorized", 'WWW-Authenticate: Basic realm="tunnels"'))

    return script


LOGIN = "user = me\npassword = secret\n"


def a_password_for_the_template(stage):
    login = "Basic " + base64.b64encode(b"me:secret").decode()
    way = Route(stage, basic(login), proxy=LOGIN, path=PATH)
    way.greeted()
    way.greeted()
    equal([field(head, "Proxy-Authorization") for head in way.proxy.heads], [[]] * len(way.proxy.heads),
          "credentials for a proxy")
    way.daemon.stop()
    check(not any("secret" in line or login[6:] in line for line in way.daemon.process.lines), "the log tells")


def a_401_for_ever(stage):
    """Each session ends, and a password that was refused is not tried on and on."""
    way = Route(stage, basic(None), proxy=LOGIN, path=PATH)
    for _ in range(3):
        with way.daemon.connect("imap") as client:
            check("401" in refusal(client, ("permanent",)), "the refusal does not say 401")
    tried = [head for head in way.proxy.heads if field(head, "Authorization")]
    check(1 <= len(tried) <= 2, f"the password was tried {len(tried)} times")


def a_digest_that_is_stale_for_ever(stage):
    """Each answer has a new nonce, and says that but for the old one all was well."""
    asked = []

    def script(connection):
        while connection.read_head():
            asked.append(field(connection.head, "Authorization"))
            connection.send(answers("401 Unauthorized", f'WWW-Authenticate: Digest realm="tunnels", qop="auth", '
                                                        f'nonce="n{len(asked)}", stale=true'))

    way = Route(stage, script, proxy=LOGIN, path=PATH)
    with way.daemon.connect("imap") as client:
        text = refusal(client, ("temporary", "permanent"))
    check("stale" in text, f"the client is told {text!r} after {asked}")
    check(2 <= len(asked) <= 6, f"{len(asked)} requests")
    check(any(f'uri="{PATH}"'.replace("{target_host}", "mail.example.net").replace("{target_port}", "143") in login
              for logins in asked for login in logins), f"the target's URI is not in {asked}")


def a_401_with_nothing_to_say(stage):
    for answer in answers("401 Unauthorized"), answers("401 Unauthorized", "WWW-Authenticate: Basic"), answers(
            "401 Unauthorized", "WWW-Authenticate: Bearer"), answers(
                "401 Unauthorized", 'Proxy-Authenticate: Basic realm="x"'):
        way = Route(stage, answering(answer), path=PATH)
        with way.daemon.connect("imap") as client:
            check("401" in refusal(client, ("permanent",)), "the refusal does not say 401")
        check(len(way.proxy.heads) <= 2, f"{len(way.proxy.heads)} requests")


def schemes_that_are_not_for_it(stage):
    for scheme in "NTLM", "Negotiate":
        denial = answers("401 Unauthorized", f"WWW-Authenticate: {scheme}")
        way = Route(stage, answering(denial), proxy=LOGIN, path=PATH)
        with way.daemon.connect("imap") as client:
            text = refusal(client, ("permanent",))
        check("not with connect-tcp" in text and scheme.lower() in text.lower(), f"the client is told {text!r}")


# --- the commands ---

def try_shows_request_and_reply(stage):
    proxy = Proxy(stage, opens(lambda connection: connection.send(GREETING)))
    done = Sallyport.command(stage, "try", ini=settings(proxy.url + PATH))
    shown = (done.stdout + done.stderr).decode()
    equal(done.returncode, 0, f"status of try, which said\n{shown}")
    for part in TEMPLATE, "101 Switching Protocols", "* OK [CAPABILITY IMAP4rev1] mail.example.net ready":
        check(part in shown, f"no {part!r} in\n{shown}")
    refusing = Proxy(stage, answering(answers("403 Forbidden")))
    done = Sallyport.command(stage, "try", ini=settings(refusing.url + PATH))
    shown = (done.stdout + done.stderr).decode()
    equal(done.returncode, 69, f"status of try, which said\n{shown}")
    for part in TEMPLATE, "403 Forbidden":
        check(part in shown, f"no {part!r} in\n{shown}")


def check_prints_it_back(stage):
    ini = settings("http://a.example.net:8080 https://b.example.net/t{?target_host,target_port}")
    done = Sallyport.command(stage, "check", ini=ini)
    equal(done.returncode, 0, f"status of check, which said {done.stderr!r}")
    for url in b"http://a.example.net:8080\n", b"https://b.example.net:443/t{?target_host,target_port}\n":
        check(url in done.stdout, f"no {url!r} in {done.stdout!r}")
    again = Sallyport.command(stage, "check", ini=done.stdout.decode())
    equal((again.returncode, again.stdout), (0, done.stdout), "what it prints of what it printed")


def a_new_configuration(stage):
    """From a classic proxy to a template and on to another one; what is open stays."""
    both, other = Proxy(stage, named("both")), Proxy(stage, named("other"))
    house = House(stage, both.url)
    with house.daemon.connect("imap") as first:
        equal(read_exactly(first, 11), b"* OK both\r\n", "greeting")
        for count, (url, name) in enumerate(((both.url + PATH, "both"), (other.url + "/o/{target_host}/{target_port}",
                                                                         "other"), (other.url, "other")), 1):
            house.daemon.reload(settings(url))
            house.daemon.wait_line("sallyport: reloaded", count=count)
            house.greeted(name)
        first.sendall(b"a NOOP\r\n")
        equal(read_exactly(first, 8), b"a NOOP\r\n", "what came back through the first")
    equal([request_line(head).split(" ")[:2] for head in both.heads + other.heads],
          [["CONNECT", "mail.example.net:143"], TEMPLATE.split(" ")[:2], ["GET", "/o/mail.example.net/143"],
           ["CONNECT", "mail.example.net:143"]], "requests")


def a_tunnel_outlives_a_new_configuration(stage):
    """Its end and its reset are those of capsules still."""
    proxy = Proxy(stage, opens(lambda connection: connection.send(GREETING) or connection.keep()))
    house = House(stage, proxy.url + PATH)
    clients = []
    for _ in range(2):
        client = house.daemon.connect("imap")
        stage.later(client.close)
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        clients.append(client)
    house.daemon.reload(settings("http://127.0.0.1:1"))
    house.daemon.wait_line("sallyport: reloaded")
    ended, cut = (connection.sock for connection in proxy.connections)
    ended.shutdown(1)
    equal(read_all(clients[0]), (b"", END), "end of the first")
    reset(cut)
    equal(read_all(clients[1]), (b"", RESET), "end of the second")


scenario(from_a_dead_template_to_a_classic_one,
         from_a_dead_classic_one_to_a_template,
         one_proxy_by_both,
         retry_after_rests_it,
         retry_after_alone,
         to_a_classic_one,
         to_a_path_is_no_redirect,
         in_each_protocol_of_its_own,
         a_path_is_named_nowhere,
         a_password_for_the_template,
         a_401_for_ever,
         a_digest_that_is_stale_for_ever,
         a_401_with_nothing_to_say,
         schemes_that_are_not_for_it,
         try_shows_request_and_reply,
         check_prints_it_back,
         a_new_configuration,
         a_tunnel_outlives_a_new_configuration,
         paths=("splice",))
