#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The client is gone before its tunnel is open: a reset means that nobody waits any more, and all is given up at
once; an end of stream only means that the client has said everything, and it is served."""
import socket
import threading

from kit import equal, scenario, until
from kit.nameserver import Nameserver, Silent
from kit.peers import GREETING, OPAQUE, BlackHole, Proxy
from kit.process import PATIENCE
from kit.route import Route, listener, settings
from kit.streams import END, read_all, reset
from kit.usage import settled_descriptors

LONG = "resolve-timeout = 60s\nconnect-timeout = 60s\nhandshake-timeout = 60s\ngreeting-timeout = 60s"
"""Time-outs that end nothing within a test: what ends is ended by the client's leaving."""


def given_up(daemon, number=1):
    daemon.wait_line(rf"#{number} (closed|failed)\b.*client", patience=5)


def reset_while_the_proxy_thinks(stage):
    gone = []

    def script(connection):
        connection.read_head()
        gone.append(connection.wait_gone())

    route = Route(stage, script, sallyport=LONG)
    client = route.client()
    route.proxy.wait_head()
    reset(client)
    given_up(route.daemon)
    until(lambda: gone, "the end of the proxy's connection", patience=5)


def reset_after_sending_early_data_while_the_proxy_thinks(stage):
    gone = []

    def script(connection):
        connection.read_head()
        gone.append(connection.wait_gone())

    route = Route(stage, script, sallyport=LONG)
    client = route.client()
    client.sendall(b"a LOGOUT\r\n")
    route.proxy.wait_head()
    reset(client)
    given_up(route.daemon)
    until(lambda: gone, "the end of the proxy's connection", patience=5)


def reset_while_the_greeting_is_awaited(stage):
    gone = []

    def script(connection):
        connection.open(behind=b"")
        gone.append(connection.wait_gone())

    route = Route(stage, script, sallyport=LONG)
    client = route.client()
    route.proxy.wait_head()
    reset(client)
    given_up(route.daemon)
    until(lambda: gone, "the end of the proxy's connection", patience=5)


def reset_while_the_connect_hangs(stage):
    hole = BlackHole(stage)
    daemon = stage.sallyport(settings(hole.url, sallyport=LONG))
    left = []
    for number in (1, 2, 3):
        client = daemon.connect("imap")
        daemon.wait_line(f"#{number} accepted")
        reset(client)
        given_up(daemon, number)
        left.append(settled_descriptors(daemon.process.pid))
    equal(left[1:], left[:1] * 2, "open descriptors after the second and third client, against the first")


def reset_while_a_look_up_hangs(stage):
    nameserver = Nameserver(stage)
    nameserver.fail("silent.test", Silent)
    daemon = stage.sallyport(settings("http://silent.test:3128", sallyport=LONG), env=nameserver.env)
    client = daemon.connect("imap")
    nameserver.wait_asked("silent.test")
    reset(client)
    given_up(daemon)


def reset_while_an_srv_look_up_hangs(stage):
    nameserver = Nameserver(stage)
    nameserver.fail("_imap._tcp.silent.test", Silent)
    daemon = stage.sallyport(settings("http://127.0.0.1:9", listener("imap", "srv:silent.test"), sallyport=LONG),
                             env=nameserver.env)
    client = daemon.connect("imap")
    nameserver.wait_asked("_imap._tcp.silent.test")
    reset(client)
    given_up(daemon)


def an_end_of_stream_while_the_proxy_thinks_is_served(stage):
    said, told = [], threading.Event()

    def script(connection):
        connection.read_head()
        told.wait(PATIENCE)
        connection.send(OPAQUE + GREETING)
        said.append(connection.read_all())
        connection.send(b"* BYE\r\n")

    route = Route(stage, script, sallyport=LONG)
    client = route.client()
    client.sendall(b"a LOGOUT\r\n")
    client.shutdown(socket.SHUT_WR)
    route.proxy.wait_head()
    told.set()
    equal(read_all(client), (GREETING + b"* BYE\r\n", END), "what the client got")
    equal(said, [(b"a LOGOUT\r\n", END)], "what the server got")
    route.daemon.wait_line(rf"#1 closed in=10 out={len(GREETING) + 7} ")


def an_end_of_stream_without_a_word_is_served(stage):
    def script(connection):
        connection.open()
        equal(connection.read_all(), (b"", END), "what the server got")
        connection.send(b"* BYE\r\n")

    route = Route(stage, script, sallyport=LONG)
    client = route.client()
    client.shutdown(socket.SHUT_WR)
    equal(read_all(client), (GREETING + b"* BYE\r\n", END), "what the client got")


def an_end_of_stream_while_a_look_up_hangs_is_served(stage):
    nameserver = Nameserver(stage)
    nameserver.add("proxy.test", "A", "127.0.0.1")
    nameserver.hold()

    def script(connection):
        connection.open()
        equal(connection.read_all(), (b"a LOGOUT\r\n", END), "what the server got")

    proxy = Proxy(stage, script)
    daemon = stage.sallyport(settings(f"http://proxy.test:{proxy.port}", sallyport=LONG), env=nameserver.env)
    client = daemon.connect("imap")
    client.sendall(b"a LOGOUT\r\n")
    client.shutdown(socket.SHUT_WR)
    nameserver.wait_asked("proxy.test")
    nameserver.release()
    equal(read_all(client), (GREETING, END), "what the client got")


def a_reset_behind_an_end_of_stream_is_noticed(stage):
    gone = []

    def script(connection):
        connection.read_head()
        gone.append(connection.wait_gone())

    route = Route(stage, script, sallyport=LONG)
    client = route.client()
    client.shutdown(socket.SHUT_WR)
    route.proxy.wait_head()
    reset(client)
    given_up(route.daemon)
    until(lambda: gone, "the end of the proxy's connection", patience=5)


scenario(reset_while_the_proxy_thinks,
         reset_after_sending_early_data_while_the_proxy_thinks,
         reset_while_the_greeting_is_awaited,
         reset_while_the_connect_hangs,
         reset_while_a_look_up_hangs,
         reset_while_an_srv_look_up_hangs,
         an_end_of_stream_while_the_proxy_thinks_is_served,
         an_end_of_stream_without_a_word_is_served,
         an_end_of_stream_while_a_look_up_hangs_is_served,
         a_reset_behind_an_end_of_stream_is_noticed, in_turns=True)
