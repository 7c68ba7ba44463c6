#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Past max-sessions a client gets its protocol's refusal and the log says `refused`; a place that becomes free is
given to the next."""
from kit import check, equal, scenario
from kit.route import FORWARD, Route, listener, refusal
from kit.streams import RESET, ending


def greet_and_echo(connection):
    connection.open()
    connection.echo()


def the_third_of_two_is_refused(stage):
    route = Route(stage, greet_and_echo, sallyport="max-sessions = 2",
                  listeners="".join(map(listener, ("imap", "smtp", "nntp", "pop3"))))
    route.greeted()
    route.greeted()
    for number, protocol in enumerate(("imap", "smtp", "nntp", "pop3"), 1):
        told = refusal(route.client(protocol), protocol=protocol)
        check("session" in told, f"the client was not told why: {told}")
        route.daemon.wait_line(r" refused\b", count=number)
    equal(len(route.proxy.connections), 2, "connections to the proxy")


def a_place_that_becomes_free_is_given_away(stage):
    route = Route(stage, greet_and_echo, sallyport="max-sessions = 1")
    for number in range(1, 6, 2):
        client = route.greeted()
        refusal(route.client())
        client.close()
        route.daemon.wait_line(r"#\d+ closed ", count=number // 2 + 1)


def in_forward_the_refusal_is_a_reset(stage):
    def script(connection):
        connection.open(behind=b"*")
        connection.echo()

    route = Route(stage, script, sallyport="max-sessions = 1", listeners=FORWARD)
    first = route.client("forward")
    equal(first.recv(1), b"*", "what the server said")
    try:
        how = ending(route.client("forward"))
    except ConnectionResetError:
        how = RESET  # so soon that connect() itself saw it
    equal(how, RESET, "how the second client's stream ended")


def sessions_that_are_opening_count(stage):
    route = Route(stage, lambda connection: connection.hold(), sallyport="max-sessions = 2")
    waiting = [route.client(), route.client()]
    route.proxy.wait_connection(2)
    refusal(route.client())
    for client in waiting:
        client.close()


scenario(the_third_of_two_is_refused,
         a_place_that_becomes_free_is_given_away,
         in_forward_the_refusal_is_a_reset,
         sessions_that_are_opening_count, in_turns=True)
