#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The proxy says nothing, in each phase of opening: the time-out of that phase ends it, with the protocol's own
temporary refusal.  Only where the server speaks first is silence after a 2xx an error."""
import time

from kit import check, equal, scenario, until
from kit.peers import GREETING, OPAQUE, SWITCHED, BlackHole
from kit.route import FORWARD, Route, listener, refusal, settings
from kit.streams import END, RESET, ending, read_all, readable

LONG = "60s"
SPEAKING_FIRST = ("imap", "smtp", "submission", "nntp", "pop3", "managesieve")


def one_timeout(short):
    """Settings in which only this phase may end quickly."""
    phases = ("resolve-timeout", "connect-timeout", "handshake-timeout", "greeting-timeout")
    return "\n".join(f"{phase} = {'1s' if phase == short else LONG}" for phase in phases)


def timed(action):
    began = time.monotonic()
    result = action()
    return result, time.monotonic() - began


def a_proxy_that_accepts_and_is_silent(stage):
    route = Route(stage, lambda connection: connection.hold(), sallyport=one_timeout("handshake-timeout"))
    told, seconds = timed(lambda: refusal(route.client()))
    check(0.9 <= seconds < 10, f"a time-out of 1 s took {seconds:.2f} s")
    check(f"127.0.0.1:{route.proxy.port}" in told, f"the client was not told where: {told}")
    route.failed("within 1 s")


def a_proxy_that_falls_silent_in_the_head(stage):
    def script(connection):
        connection.read_head()
        connection.send(SWITCHED[:-2])
        connection.hold()

    route = Route(stage, script, sallyport=one_timeout("handshake-timeout"))
    refusal(route.client())
    route.failed("within 1 s")


def a_head_that_drips_does_not_move_the_deadline(stage):
    def script(connection):
        connection.read_head()
        for byte in SWITCHED * 1000:
            if connection.proxy.stopping.wait(0.2):
                return
            connection.send(bytes([byte]))

    route = Route(stage, script, sallyport=one_timeout("handshake-timeout"))
    _, seconds = timed(lambda: refusal(route.client()))
    check(seconds < 6, f"a time-out of 1 s took {seconds:.2f} s")


def a_proxy_that_never_completes_the_connect(stage):
    hole = BlackHole(stage)
    daemon = stage.sallyport(settings(hole.url, sallyport=one_timeout("connect-timeout")))
    client = daemon.connect("imap")
    told, seconds = timed(lambda: refusal(client))
    check(0.9 <= seconds < 10, f"a time-out of 1 s took {seconds:.2f} s")
    check(f"127.0.0.1:{hole.port}" in told, f"the client was not told where: {told}")
    daemon.wait_line("#1 failed class=temporary")


def silence_after_200(stage):
    def script(connection):
        connection.open(behind=b"")
        connection.hold()

    route = Route(stage, script, sallyport=one_timeout("greeting-timeout"),
                  listeners="\n".join(map(listener, SPEAKING_FIRST)))
    clients = [(protocol, route.client(protocol)) for protocol in SPEAKING_FIRST]
    for protocol, client in clients:
        refusal(client, protocol=protocol)
    route.failed("greeting", count=len(clients))


def silence_after_200_is_no_error_in_forward(stage):
    def script(connection):
        connection.open(behind=b"")
        connection.echo()

    route = Route(stage, script, sallyport=one_timeout("greeting-timeout"), listeners=FORWARD + listener("imap"))
    patient = route.client("forward")
    refusal(route.client("imap"))  # its time is over; so would be that of the forward listener's client
    check(not readable(patient, 0.5), "the client of [forward] was told something")
    patient.sendall(b"hello")
    equal(patient.recv(5), b"hello", "what the server echoed")


def a_greeting_in_time_ends_the_wait_for_ever(stage):
    def script(connection):
        connection.open(behind=b"*")
        connection.proxy.stopping.wait(2.5)
        connection.send(GREETING[1:])

    route = Route(stage, script, sallyport=one_timeout("greeting-timeout"))
    equal(read_all(route.client()), (GREETING, END), "a greeting whose first byte came in time")


def a_silent_proxy_in_forward_is_a_reset(stage):
    route = Route(stage, lambda connection: connection.hold(), sallyport=one_timeout("handshake-timeout"),
                  listeners=FORWARD)
    equal(ending(route.client("forward")), RESET, "how the client's stream ended")


def the_answer_that_comes_too_late_reaches_nobody(stage):
    def script(connection):
        connection.read_head()
        gone.append(connection.wait_gone())
        connection.send(OPAQUE + GREETING)

    gone = []
    route = Route(stage, script, sallyport=one_timeout("handshake-timeout"))
    refusal(route.client())
    until(lambda: gone, "the end of the proxy's connection", patience=5)


scenario(a_proxy_that_accepts_and_is_silent,
         a_proxy_that_falls_silent_in_the_head,
         a_head_that_drips_does_not_move_the_deadline,
         a_proxy_that_never_completes_the_connect,
         silence_after_200,
         silence_after_200_is_no_error_in_forward,
         a_greeting_in_time_ends_the_wait_for_ever,
         a_silent_proxy_in_forward_is_a_reset,
         the_answer_that_comes_too_late_reaches_nobody, in_turns=True)
