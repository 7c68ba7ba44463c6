#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The proxy closes or resets at each stage of opening: the client is refused in its own protocol with the reason,
which also stands in the log; once bytes have passed, a reset is a reset and an end is an end."""
import re

from kit import check, equal, scenario
from kit.peers import GREETING, OPAQUE, SWITCHED
from kit.route import FORWARD, Route, refusal, verdict
from kit.streams import END, RESET, ending, read_all


def nothing(connection):
    """On accept."""


def request(connection):
    connection.read_head()


def half_a_head(connection):
    connection.read_head()
    connection.send_in_segments((SWITCHED[:40],))


def half_an_interim_answer(connection):
    connection.read_head()
    connection.send_in_segments((b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 10",))


def the_head(connection):
    connection.read_head()
    connection.send_in_segments((SWITCHED,))


def refused(stage, progress, leave):
    """The proxy goes as far as progress(connection), then leave(connection)."""
    def script(connection):
        progress(connection)
        leave(connection)

    route = Route(stage, script)
    told = refusal(route.client())
    logged = route.failed().string
    check(re.search(rf"127\.0\.0\.1:{route.proxy.port}", told), f"the client was not told where: {told}")
    check(verdict(told) in logged, f"the client was told {told!r}, the log says {logged!r}")
    check("timed out" not in told, f"a closed connection is no time-out: {told}")


def close(connection):
    connection.close()


def reset(connection):
    connection.reset()


def closed_on_accept(stage):
    refused(stage, nothing, close)


def reset_on_accept(stage):
    refused(stage, nothing, reset)


def closed_after_the_request(stage):
    refused(stage, request, close)


def reset_after_the_request(stage):
    refused(stage, request, reset)


def closed_in_the_middle_of_the_head(stage):
    refused(stage, half_a_head, close)


def reset_in_the_middle_of_the_head(stage):
    refused(stage, half_a_head, reset)


def closed_behind_an_interim_answer(stage):
    refused(stage, half_an_interim_answer, close)


def closed_after_the_head_is_told(stage):
    """The tunnel was open, but a client that waits for a greeting learns that there is none."""
    def script(connection):
        the_head(connection)

    route = Route(stage, script)
    equal(verdict(refusal(route.client())), "no greeting, the tunnel has ended", "what the client was told")
    route.failed("the tunnel ended without a greeting")


def reset_after_the_head_is_a_reset(stage):
    def script(connection):
        the_head(connection)
        connection.reset()

    route = Route(stage, script)
    equal(ending(route.client()), RESET, "how the client's stream ended")
    route.daemon.wait_line(r"#1 closed in=0 out=0 .*by=proxy")


def closed_after_the_greeting(stage):
    def script(connection):
        connection.open()

    route = Route(stage, script)
    client = route.client()
    equal(read_all(client), (GREETING, END), "what the client got")
    client.close()
    route.daemon.wait_line(rf"#1 closed in=0 out={len(GREETING)} .*by=proxy")


def reset_after_the_greeting(stage):
    def script(connection):
        connection.open()
        connection.keep()

    route = Route(stage, script)
    client = route.greeted()
    route.proxy.connections[0].reset()
    equal(ending(client), RESET, "how the client's stream ended")
    route.daemon.wait_line(r"#1 closed .*by=proxy")


def closed_before_the_answer_in_forward_is_a_reset(stage):
    def script(connection):
        request(connection)

    route = Route(stage, script, listeners=FORWARD)
    equal(ending(route.client("forward")), RESET, "how the client's stream ended")
    route.failed()


def closed_after_the_head_in_forward_is_a_clean_end(stage):
    def script(connection):
        connection.open(behind=b"", answer=OPAQUE)

    route = Route(stage, script, listeners=FORWARD)
    client = route.client("forward")
    equal(ending(client), END, "how the client's stream ended")
    client.close()
    route.daemon.wait_line(r"#1 closed in=0 out=0 .*by=proxy")


def nobody_listens_at_the_proxy(stage):
    def script(connection):
        connection.hold()

    route = Route(stage, script)
    route.proxy.stop()
    told = refusal(route.client())
    check("refused" in told, f"the client was not told that the connection was refused: {told}")
    route.failed("refused")


scenario(closed_on_accept,
         reset_on_accept,
         closed_after_the_request,
         reset_after_the_request,
         closed_in_the_middle_of_the_head,
         reset_in_the_middle_of_the_head,
         closed_behind_an_interim_answer,
         closed_after_the_head_is_told,
         reset_after_the_head_is_a_reset,
         closed_after_the_greeting,
         reset_after_the_greeting,
         closed_before_the_answer_in_forward_is_a_reset,
         closed_after_the_head_in_forward_is_a_clean_end,
         nobody_listens_at_the_proxy, in_turns=True)
