#!/usr/bin/env python3
"""SIGHUP takes the new configuration, or keeps the old one when the new one is bad; SIGTERM and SIGINT end gracefully,
a second one at once; SIGPIPE does nothing."""
import itertools
import signal
import socket

from kit import check, equal, free_port, scenario, until
from kit.peers import OPAQUE, Proxy
from kit.process import PATIENCE
from kit.route import listener, settings
from kit.streams import END, RESET, ending, read_exactly

SAID = b"A1 NOOP\r\n"


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

    def ends(self):
        """The exit status, once the daemon has come to its end by itself."""
        status = self.daemon.process.wait()
        equal(self.daemon.count(r"^sallyport: stopped\b"), 1, "times that the log says stopped")
        return status


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

def graceful(stage, number):
    """No new client, no ready listener, but the session that runs goes on to its end; then the daemon ends."""
    house = House(stage)
    running = house.client("old")
    address = house.daemon.address("imap")
    house.daemon.process.signal(number)
    house.daemon.wait_line(r"^sallyport: stopping\b")
    until(lambda: is_closed(address), "the end of the listener")
    echoes(running)
    check(house.daemon.process.alive(), "the daemon did not wait for its session")
    running.shutdown(socket.SHUT_WR)
    equal(ending(running), END, "end of the client's stream")
    equal(house.ends(), 0, "exit status")


def sigterm_is_graceful(stage):
    graceful(stage, signal.SIGTERM)


def sigint_is_graceful(stage):
    graceful(stage, signal.SIGINT)


def with_no_session_it_ends_at_once(stage):
    for number in signal.SIGTERM, signal.SIGINT:
        house = House(stage)
        house.daemon.process.signal(number)
        equal(house.ends(), 0, "exit status")


def a_second_signal_ends_it_at_once(stage):
    for first, second in itertools.product((signal.SIGTERM, signal.SIGINT), repeat=2):
        house = House(stage)
        running = house.client("old")
        house.daemon.process.signal(first)
        house.daemon.wait_line(r"^sallyport: stopping\b")
        house.daemon.process.signal(second)
        equal(house.ends(), 0, "exit status")
        # A session that was cut off in the middle must not look complete to either end.
        equal(ending(running), RESET, "end of the client's stream")


def sighup_while_stopping_does_not_bring_it_back(stage):
    house = House(stage)
    running = house.client("old")
    house.daemon.process.signal(signal.SIGTERM)
    house.daemon.wait_line(r"^sallyport: stopping\b")
    house.daemon.reload(house.ini("new", f"[imap]\nlisten = 127.0.0.1:{free_port()}\ntarget = mail.example.net\n"))
    echoes(running)
    running.close()
    equal(house.ends(), 0, "exit status")
    equal(house.daemon.count(r"^sallyport: (reloaded|ready)\b"), 1, "times that the log says ready or reloaded")


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
         a_second_signal_ends_it_at_once,
         sighup_while_stopping_does_not_bring_it_back,
         sigpipe_does_nothing)
