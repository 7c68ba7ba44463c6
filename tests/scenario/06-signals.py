#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""SIGHUP takes the new configuration, or keeps the old one when the new one is bad; SIGTERM and SIGINT let
busy sessions come to their end, a second one does not; SIGPIPE does nothing."""
import hashlib
import itertools
import signal
import socket
import time

from kit import check, equal, scenario, until
from kit.peers import GREETING, OPAQUE, Proxy
from kit.process import PATIENCE
from kit.route import listener, refusal, settings
from kit.streams import RESET, Sink, Source, ending, read_exactly

SAID = b"A1 NOOP\r\n"

LONG_SECONDS = 10
"""How long a session that is busy holds up the end; what must not be held up by one takes less than half of it."""


def echoes(client):
    client.sendall(SAID)
    equal(read_exactly(client, len(SAID)), SAID, "what came back")


def is_closed(address):
    """Whether nobody listens there."""
    try:
        socket.create_connection(address, timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return True
    return False


class House:
    """A daemon with one listener and the choice of two proxies, each of which greets with its name and echoes."""

    def __init__(self, stage):
        self.stage = stage
        self.proxies = {name: Proxy(stage, self.greeter(name)) for name in ("old", "new")}
        self.daemon = stage.sallyport(self.ini("old"))
        for proxy in self.proxies.values():
            stage.later(proxy.stop)  # so that no session is left when the stage stops the daemon

    @staticmethod
    def greeter(name):
        def script(connection):
            connection.open(behind=f"* OK {name}\r\n".encode(), answer=OPAQUE)
            connection.echo()
        return script

    def ini(self, name, listeners=None, sallyport=""):
        return settings(self.proxies[name].url, listeners, sallyport)

    def client(self, name, listener_name="imap"):
        """A client that is greeted by the proxy of that name."""
        client = self.daemon.connect(listener_name)
        self.stage.later(client.close)
        wanted = f"* OK {name}\r\n".encode()
        equal(read_exactly(client, len(wanted)), wanted, "greeting")
        return client

    def reloads(self, ini, count=1):
        self.daemon.reload(ini)
        self.daemon.wait_line(r"^sallyport: reloaded\b", count=count)


# --- SIGHUP ---

def new_sessions_take_the_new_configuration_and_running_ones_go_on(stage):
    house = House(stage)
    running = house.client("old")
    house.reloads(house.ini("new"))
    house.client("new")  # at the address of before: a listener that stays keeps its port
    echoes(running)
    house.reloads(house.ini("old"), count=2)
    house.client("old")
    echoes(running)


def a_listener_comes_and_another_goes(stage):
    house = House(stage)
    running = house.client("old")
    gone = house.daemon.address("imap")
    house.reloads(house.ini("old", listener("imap late") + listener("smtp")))
    house.client("old", "imap/late")
    house.client("old", "smtp")
    until(lambda: is_closed(gone), f"the end of the listener at {gone}")
    echoes(running)


def a_session_that_is_opening_keeps_the_configuration_it_began_with(stage):
    house = House(stage)
    slow = Proxy(stage, lambda connection: (connection.read_head(), connection.keep()))
    house.reloads(settings(slow.url))
    opening = house.daemon.connect("imap")
    stage.later(opening.close)
    slow.wait_head()
    house.reloads(house.ini("new"), count=2)
    slow.connections[0].send(OPAQUE + b"* OK slow\r\n")
    equal(read_exactly(opening, 11), b"* OK slow\r\n", "greeting")


def a_bad_configuration_changes_nothing(stage):
    house = House(stage)
    running = house.client("old")
    house.daemon.reload(house.ini("new") + "colour = blue\n")
    house.daemon.wait_line(r"sallyport\.ini:\d+: .*colour")
    echoes(running)
    house.client("old")
    equal(house.daemon.count(r"^sallyport: reloaded\b"), 0, "times that the log says reloaded")
    house.reloads(house.ini("new"))
    house.client("new")


def a_listener_that_cannot_be_had_changes_nothing(stage):
    house = House(stage)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        house.daemon.reload(house.ini("new", f"[imap]\nlisten = 127.0.0.1:{port}\ntarget = mail.example.net\n"))
        house.daemon.wait_line(rf"127\.0\.0\.1:{port}.*in use")
        house.client("old")
        equal(house.daemon.count(r"^sallyport: reloaded\b"), 0, "times that the log says reloaded")


# --- SIGTERM and SIGINT ---

class Streams:
    """A daemon with one session, in which the server sends size bytes (for ever without it) and then ends."""

    def __init__(self, stage, size=None):
        self.proxy = Proxy(stage, self.script)
        self.size = size
        self.source = None
        self.daemon = stage.sallyport(settings(self.proxy.url))
        self.address = self.daemon.address("imap")
        self.client = self.daemon.connect("imap")
        stage.later(self.client.close)
        read_exactly(self.client, len(GREETING))

    def script(self, connection):
        connection.open()
        self.source = Source(connection.sock, self.size or 1 << 50, seed=6)
        self.source.join()

    def stopping(self, number=signal.SIGTERM):
        self.daemon.process.signal(number)
        self.daemon.wait_line(r"^sallyport: stopping\b")

    def ended(self):
        """The exit status, once the daemon has come to its end by itself."""
        status = self.daemon.process.wait()
        equal(self.daemon.count(r"^sallyport: stopped\b", 1), 1, "times that the log says stopped")
        return status


def graceful(stage, number):
    """No new client from then on; a session that is busy, for much longer than a quiet one is let live, comes to its
    end; then so does the daemon."""
    house = Streams(stage, 48 << 20)
    house.stopping(number)
    until(lambda: is_closed(house.address), "the end of the listener")
    digest, began = hashlib.sha256(), time.monotonic()
    while data := house.client.recv(128 << 10):
        digest.update(data)
        time.sleep(0.003)
    check(time.monotonic() - began > 0.5, "that went too fast to show anything")
    equal(digest.hexdigest(), house.source.finish(), "digest of what came through")
    house.client.close()
    equal(house.ended(), 0, "exit status")
    house.daemon.wait_line(r"#1 closed .*by=(proxy|both)")


def sigterm_is_graceful(stage):
    graceful(stage, signal.SIGTERM)


def sigint_is_graceful(stage):
    graceful(stage, signal.SIGINT)


def with_no_session_it_ends_at_once(stage):
    for number in signal.SIGTERM, signal.SIGINT:
        house = House(stage)
        house.daemon.process.signal(number)
        equal(house.daemon.process.wait(), 0, "exit status")
        house.daemon.wait_line(r"^sallyport: stopped\b")


def a_quiet_session_does_not_hold_it_up(stage):
    house = House(stage)
    quiet = house.client("old")
    house.daemon.process.signal(signal.SIGTERM)
    equal(house.daemon.process.wait(LONG_SECONDS / 2), 0, "exit status")
    equal(ending(quiet), RESET, "end of the client's stream")  # cut off, which must not look complete


def a_session_that_is_opening_is_told(stage):
    silent = Proxy(stage, lambda connection: (connection.read_head(), connection.hold()))
    daemon = stage.sallyport(settings(silent.url))
    client = daemon.connect("imap")
    stage.later(client.close)
    silent.wait_head()
    daemon.process.signal(signal.SIGTERM)
    check("stopped" in refusal(client), "the client is not told why")
    equal(daemon.process.wait(), 0, "exit status")


def a_session_that_never_rests_is_cut_in_the_end(stage):
    house = Streams(stage)
    sink = Sink(house.client)
    house.stopping()
    began = time.monotonic()
    equal(house.ended(), 0, "exit status")
    check(time.monotonic() - began > LONG_SECONDS / 2, "the busy session was not waited for")
    sink.join()
    equal(sink.how, RESET, "end of the client's stream")


def a_second_signal_ends_it_at_once(stage):
    for first, second in itertools.product((signal.SIGTERM, signal.SIGINT), repeat=2):
        house = Streams(stage)
        sink = Sink(house.client)
        house.stopping(first)
        house.daemon.process.signal(second)
        equal(house.daemon.process.wait(LONG_SECONDS / 2), 0, "exit status")
        sink.join()
        equal(sink.how, RESET, "end of the client's stream")


def sighup_while_stopping_does_not_bring_it_back(stage):
    house = Streams(stage)
    sink = Sink(house.client)
    house.stopping()
    house.daemon.reload(settings(house.proxy.url, listener("smtp")))
    before = sink.got
    until(lambda: sink.got > before + (16 << 20), "the stream to go on")
    house.daemon.process.signal(signal.SIGTERM)
    equal(house.ended(), 0, "exit status")
    equal(house.daemon.count(r"^sallyport: reloaded\b|smtp listening"), 0, "signs of the new configuration in the log")


def sigpipe_does_nothing(stage):
    house = House(stage)
    running = house.client("old")
    house.daemon.process.signal(signal.SIGPIPE)
    echoes(running)
    echoes(house.client("old"))


scenario(new_sessions_take_the_new_configuration_and_running_ones_go_on,
         a_listener_comes_and_another_goes,
         a_session_that_is_opening_keeps_the_configuration_it_began_with,
         a_bad_configuration_changes_nothing,
         a_listener_that_cannot_be_had_changes_nothing,
         sigterm_is_graceful,
         sigint_is_graceful,
         with_no_session_it_ends_at_once,
         a_quiet_session_does_not_hold_it_up,
         a_session_that_is_opening_is_told,
         a_session_that_never_rests_is_cut_in_the_end,
         a_second_signal_ends_it_at_once,
         sighup_while_stopping_does_not_bring_it_back,
         sigpipe_does_nothing)
