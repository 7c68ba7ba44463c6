#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Several proxies are tried in order, and one that failed rests; without any, `fallback = direct` goes straight to the
target; `proxy = direct` always does; `url = environment` reads the variables that other programs read."""
import base64
import json
import re
import signal
import threading

from kit import Sallyport, check, closed_port, equal, free_port, scenario, until
from kit.control import place, say
from kit.peers import OPAQUE, BlackHole, Proxy
from kit.real.loopback import dialing
from kit.route import listener, refusal
from kit.streams import read_all, read_exactly

REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class House:
    """Proxies that can be told how to answer, a daemon in front of them, and a server that is no proxy at all."""

    def __init__(self, stage):
        self.stage = stage
        self.daemon = None
        self.answers = {}

    def proxy(self, name, answer=None, **where):
        """A proxy that opens every tunnel and greets with its name, or gives the answer."""
        self.answers[name] = answer

        def script(connection):
            connection.read_head()
            if self.answers[name]:
                connection.send(self.answers[name])
            else:
                connection.send(OPAQUE + f"* OK {name}\r\n".encode())
                connection.echo()

        return Proxy(self.stage, script, **where)

    def server(self):
        """A mail server: greets when it is connected to."""
        def script(connection):
            connection.send(b"* OK server\r\n")
            connection.echo()

        return Proxy(self.stage, script)

    def run(self, *urls, proxy="", listeners=None, env=None):
        url = " ".join(urls)
        self.daemon = self.stage.sallyport((f"[proxy]\nurl = {url}\n{proxy}\n" if urls else "")
                                           + (listeners or listener("imap")), env=env)
        return self

    def greeted(self, name, listener_name="imap"):
        """A session that is greeted by that name, and over then."""
        wanted = f"* OK {name}\r\n".encode()
        with self.daemon.connect(listener_name) as client:
            equal(read_exactly(client, len(wanted)), wanted, "greeting")

    def greeting(self):
        """Who greets a session, whoever that is."""
        with self.daemon.connect("imap") as client:
            data, _ = read_all(client, 6)
            rest, _ = read_all(client, 3)
        return (data + rest).decode()


def state_of(daemon, url):
    """Of the proxy, as `status` tells it; asked over the socket, since it is asked often."""
    told = json.loads(say(place(daemon), b"status\n").partition(b"\n")[2])
    return next(proxy["state"] for proxy in told["proxies"] if proxy["url"] == url)


def nobody():
    return f"http://127.0.0.1:{closed_port()}"


# --- fail-over ---

def the_first_proxy_is_asked_while_it_works(stage):
    house = House(stage)
    first, second = house.proxy("one"), house.proxy("two")
    house.run(first.url, second.url)
    for _ in range(5):
        house.greeted("one")
    equal(len(second.connections), 0, "connections at the second proxy")


def the_next_proxy_when_nobody_listens_at_the_first(stage):
    house = House(stage)
    house.run(nobody(), house.proxy("two").url)
    house.greeted("two")
    house.daemon.wait_line(r"imap #1 open proxy=http://127\.0\.0\.1:\d+ target=mail\.example\.net:143 ")
    equal(house.daemon.count("failed"), 0, "sessions that failed")


def the_next_proxy_when_the_first_has_no_time(stage):
    house = House(stage)
    busy = house.proxy("one", BUSY)
    house.run(busy.url, house.proxy("two").url)
    house.greeted("two")
    equal(len(busy.connections), 2, "connections at the busy proxy, with Upgrade and without")


def the_next_proxy_when_the_first_breaks_off(stage):
    house = House(stage)
    house.run(Proxy(stage, lambda connection: connection.read_head()).url, house.proxy("two").url)
    house.greeted("two")


def the_next_proxy_when_the_first_is_silent(stage):
    house = House(stage)
    silent = Proxy(stage, lambda connection: (connection.read_head(), connection.hold()))
    house.daemon = stage.sallyport(f"[sallyport]\nhandshake-timeout = 1s\n[proxy]\nurl = {silent.url} "
                                   f"{house.proxy('two').url}\n" + listener("imap"))
    house.greeted("two")


def a_refusal_is_an_answer_and_not_a_failed_proxy(stage):
    house = House(stage)
    other = house.proxy("two")
    house.run(house.proxy("one", REFUSED).url, other.url)
    for _ in range(2):
        with house.daemon.connect("imap") as client:
            check("403 Forbidden" in refusal(client, ("permanent",)), "the refusal of the first proxy is not told")
    equal(len(other.connections), 0, "connections at the second proxy")


def all_of_them_fail(stage):
    house = House(stage)
    busy = house.proxy("two", BUSY)
    house.run(nobody(), busy.url)
    with house.daemon.connect("imap") as client:
        refusal(client, ("temporary",))
    equal(len(busy.connections), 2, "connections at the second proxy, with Upgrade and without")
    house.daemon.wait_line("imap #1 failed class=temporary")


def a_failed_proxy_rests_and_comes_back(stage):
    house = House(stage)
    first = house.proxy("one", b"HTTP/1.1 503 No\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n")
    house.run(first.url, house.proxy("two").url)
    house.greeted("two")
    house.answers["one"] = None
    for _ in range(5):
        house.greeted("two")
    equal(len(first.connections), 1, "connections at the resting proxy")
    until(lambda: house.greeting() == "* OK one\r", "the first proxy's return")
    house.greeted("one")


def a_proxy_that_nobody_answers_at_rests_and_comes_back(stage):
    house = House(stage)
    port = free_port()
    house.run(f"http://127.0.0.1:{port}", house.proxy("two").url)
    house.greeted("two")
    first = house.proxy("one", port=port)
    house.greeted("two")
    equal(len(first.connections), 0, "connections at the resting proxy")
    until(lambda: house.greeting() == "* OK one\r", "the first proxy's return")


def fallen_silent(house):
    """A first proxy that was not there, has rested since, and is silent now; the second one serves."""
    port = free_port()
    house.run(f"http://127.0.0.1:{port}", house.proxy("two").url)
    house.greeted("two")
    silent = BlackHole(house.stage, port=port)
    until(lambda: state_of(house.daemon, silent.url) == "doubtful", "the end of its rest")
    return silent


def no_session_waits_for_a_silent_proxy_that_has_rested(stage):
    """It is connected to beside the session, and asked by one that comes later."""
    house = House(stage)
    silent = fallen_silent(house)
    house.greeted("two")
    equal(house.daemon.count("rests for 4 s"), 0, "attempts that were over before the greeting")
    silent.close()
    house.proxy("one", port=silent.port)
    until(lambda: house.greeting() == "* OK one\r", "the first proxy's return")
    equal(state_of(house.daemon, silent.url), "up", "its state")


class Hung:
    """A proxy named one, whose connections the system takes while it does nothing with them, until it wakes."""

    def __init__(self, stage):
        self.awake = threading.Event()
        self.proxy = Proxy(stage, self.script)

    def script(self, connection):
        head = connection.read_head()
        until(lambda: self.awake.is_set() or self.proxy.stopping.is_set(), "the end of its sleep", 60)
        connection.send(OPAQUE + b"* OK one\r\n" if head.startswith(b"CONNECT ") else REFUSED)
        connection.read_all()


def no_session_waits_for_a_proxy_that_hangs(stage):
    """That it can be connected to is no news of it: it is asked beside the session, and sessions go there again as soon
    as it answers that, if only by a refusal."""
    house = House(stage)
    hung, second = Hung(stage), house.proxy("two")
    house.daemon = stage.sallyport("[sallyport]\nhandshake-timeout = 1s\n"
                                   f"[proxy]\nurl = {hung.proxy.url} {second.url}\nheader = X-Secret: 1\n"
                                   + listener("imap"))
    house.greeted("two")
    house.daemon.wait_line("rests for 2 s: no answer within 1 s")
    until(lambda: state_of(house.daemon, hung.proxy.url) == "doubtful", "the end of its rest")
    house.greeted("two")
    asked = hung.proxy.wait_head(2).decode().split("\r\n")
    equal(asked[:4] + asked[5:], ["OPTIONS * HTTP/1.1", f"Host: 127.0.0.1:{hung.proxy.port}", "Max-Forwards: 0",
                                  "Connection: close", "", ""], "what it is asked")
    house.greeted("two")
    equal([head.split()[0] for head in hung.proxy.heads], [b"CONNECT", b"OPTIONS"], "what it was asked so far")
    hung.awake.set()
    until(lambda: house.greeting() == "* OK one\r", "the first proxy's return")
    house.daemon.wait_line(f"{hung.proxy.url} answers again")
    equal(state_of(house.daemon, hung.proxy.url), "up", "its state")


def a_reload_ends_what_was_begun_beside_a_session(stage):
    house = House(stage)
    silent = fallen_silent(house)
    before = dialing(silent.port)
    house.greeted("two")
    until(lambda: dialing(silent.port) == before + 1, "a connection that is being made beside it")
    house.daemon.process.signal(signal.SIGHUP)
    house.daemon.wait_line("reloaded listeners=1")
    equal(dialing(silent.port), before, "connections that are being made then")


def a_resting_proxy_is_better_than_none(stage):
    house = House(stage)
    port = free_port()
    house.run(f"http://127.0.0.1:{port}")
    with house.daemon.connect("imap") as client:
        refusal(client, ("temporary",))
    house.proxy("one", port=port)
    house.greeted("one")


# --- straight to the target ---

def to_server(server, more=""):
    return listener("imap", f"127.0.0.1:{server.port}", more)


def fallback_goes_to_the_target_when_no_proxy_can_be_reached(stage):
    house = House(stage)
    server = house.server()
    house.run(nobody(), nobody(), proxy="fallback = direct", listeners=to_server(server))
    house.greeted("server")
    house.daemon.wait_line(rf"imap #1 open proxy=direct target=127\.0\.0\.1:{server.port} switched=no ")


def no_fallback_unless_told(stage):
    house = House(stage)
    server = house.server()
    house.run(nobody(), listeners=to_server(server))
    with house.daemon.connect("imap") as client:
        refusal(client, ("temporary",))
    equal(len(server.connections), 0, "connections at the server")


def no_fallback_when_the_proxy_said_no(stage):
    for answer, kind in (BUSY, "temporary"), (REFUSED, "permanent"):
        house = House(stage)
        server = house.server()
        house.run(house.proxy("one", answer).url, proxy="fallback = direct", listeners=to_server(server))
        with house.daemon.connect("imap") as client:
            refusal(client, (kind,))
        equal(len(server.connections), 0, f"connections at the server after {answer[:12]}")


def direct_asks_no_proxy(stage):
    house = House(stage)
    server, proxy = house.server(), house.proxy("one")
    house.run(proxy.url, listeners=to_server(server, "proxy = direct"))
    house.greeted("server")
    house.daemon.wait_line(r"imap #1 open proxy=direct ")
    equal(len(proxy.connections), 0, "connections at the proxy")


def direct_needs_no_proxy_section_and_finds_names(stage):
    house = House(stage)
    server = house.server()
    house.run(listeners=listener("imap", f"localhost:{server.port}", "proxy = direct"))
    house.greeted("server")


# --- from the environment ---

def by_environment(stage, wanted, listeners=None, **values):
    """Who greets with these variables, where ONE and TWO stand for proxies; `server` is the target itself."""
    house = House(stage)
    server = house.server()
    urls = {"ONE": house.proxy("one").url, "TWO": house.proxy("two").url, "PORT": str(server.port)}
    for name, value in values.items():
        for word, url in urls.items():
            value = value.replace(word, url)
        values[name] = value
    house.run("environment", listeners=listeners or to_server(server), env=values)
    house.greeted(wanted)


def the_variable_of_the_protocol_comes_first(stage):
    by_environment(stage, "one", imap_proxy="ONE", all_proxy="TWO", smtp_proxy="TWO")


def then_the_variable_for_all(stage):
    by_environment(stage, "two", smtp_proxy="ONE", all_proxy="TWO")


def the_variable_for_all_in_capitals(stage):
    by_environment(stage, "two", ALL_PROXY="TWO")


def no_variable_for_the_protocol_is_an_error(stage):
    done = Sallyport.command(stage, "run", ini="[proxy]\nurl = environment\n" + listener("imap"),
                             env={"http_proxy": nobody(), "smtp_proxy": nobody()})
    equal(done.returncode, 78, "exit status")
    said = re.search(rb"command\.ini:\d+: .*imap_proxy", done.stderr)
    check(said, f"it does not say what is missing: {done.stderr!r}")


def a_target_that_no_proxy_names(stage):
    by_environment(stage, "server", all_proxy="ONE", no_proxy="example.net, 127.0.0.1")


def a_target_that_no_proxy_names_with_its_port(stage):
    by_environment(stage, "server", all_proxy="ONE", no_proxy="127.0.0.1:PORT")


def a_target_that_no_proxy_does_not_name(stage):
    by_environment(stage, "one", all_proxy="ONE", no_proxy="example.net,127.0.0.10,mail.127.0.0.1")


def a_domain_of_no_proxy_is_its_names_too(stage):
    by_environment(stage, "one", listeners=listener("imap", "mail.notexample.net"), all_proxy="ONE",
                   no_proxy=".example.net")


def every_target_when_no_proxy_is_a_star(stage):
    by_environment(stage, "server", all_proxy="ONE", no_proxy="*")


def credentials_in_the_variable(stage):
    house = House(stage)
    proxy = house.proxy("one")
    house.run("environment", proxy="auth = basic",
              env={"all_proxy": proxy.url.replace("http://", "http://jane:open%20sesame@")})
    house.greeted("one")
    encoded = base64.b64encode(b"jane:open sesame")
    check(b"\r\nProxy-Authorization: Basic " + encoded + b"\r\n" in proxy.wait_head(), f"got {proxy.wait_head()!r}")
    check(house.daemon.count("sesame") == 0, "the password stands in the log")


scenario(the_first_proxy_is_asked_while_it_works,
         the_next_proxy_when_nobody_listens_at_the_first,
         the_next_proxy_when_the_first_has_no_time,
         the_next_proxy_when_the_first_breaks_off,
         the_next_proxy_when_the_first_is_silent,
         a_refusal_is_an_answer_and_not_a_failed_proxy,
         all_of_them_fail,
         a_failed_proxy_rests_and_comes_back,
         a_proxy_that_nobody_answers_at_rests_and_comes_back,
         no_session_waits_for_a_silent_proxy_that_has_rested,
         no_session_waits_for_a_proxy_that_hangs,
         a_reload_ends_what_was_begun_beside_a_session,
         a_resting_proxy_is_better_than_none,
         fallback_goes_to_the_target_when_no_proxy_can_be_reached,
         no_fallback_unless_told,
         no_fallback_when_the_proxy_said_no,
         direct_asks_no_proxy,
         direct_needs_no_proxy_section_and_finds_names,
         the_variable_of_the_protocol_comes_first,
         then_the_variable_for_all,
         the_variable_for_all_in_capitals,
         no_variable_for_the_protocol_is_an_error,
         a_target_that_no_proxy_names,
         a_target_that_no_proxy_names_with_its_port,
         a_target_that_no_proxy_does_not_name,
         a_domain_of_no_proxy_is_its_names_too,
         every_target_when_no_proxy_is_a_star,
         credentials_in_the_variable, in_turns=True)
