#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What the proxy may answer, and what each answer means to the client: a tunnel, once more without Upgrade, a refusal
that is temporary or permanent; and what the log says of it."""
import itertools
import re

from kit import check, equal, scenario, until
from kit.peers import GREETING, OPAQUE, SWITCHED
from kit.route import Route, listener, refusal
from kit.streams import read_all, read_exactly

SAID = b"A1 NOOP\r\n"
EITHER = "temporary", "permanent"
UPGRADE = re.compile(rb"\r\n(Upgrade|Connection):", re.IGNORECASE)


def answer(status, *fields, version="1.1", body=b""):
    return "\r\n".join((f"HTTP/{version} {status}", *fields, "", "")).encode() + body


def answering(route_heads, *answers):
    """A script: the n-th request, whichever connection it comes on, gets the n-th answer, those past the end the
    last.  Behind an answer of 101 or 2xx it greets, in the same segment, and echoes; behind another it takes
    further requests until it is left.  Each request is added to route_heads."""
    turns = itertools.count()

    def script(connection):
        while connection.read_head():
            route_heads.append(connection.head)
            said = answers[min(next(turns), len(answers) - 1)]
            if re.match(rb"HTTP/1\.[01] (101|2)", said):
                connection.send(said + GREETING)
                connection.echo()
                return
            connection.send(said)

    return script


class Talk:
    """A daemon in front of a proxy that gives these answers; `heads` are the requests it got."""

    def __init__(self, stage, *answers, **options):
        self.heads = []
        self.route = Route(stage, answering(self.heads, *answers), **options)

    def opened(self, switched, count=1):
        """A client whose tunnel opens: the greeting comes whole, bytes go both ways, the log says whether switched."""
        client = self.route.greeted()
        client.sendall(SAID)
        equal(read_exactly(client, len(SAID)), SAID, "what came back through the tunnel")
        self.route.daemon.wait_line(rf"#{count} open .* switched={switched} ")
        client.close()

    def refused(self, *kinds, reason="", count=1):
        """A client that is refused for a reason that the log has, too; gives the text that it is told."""
        text = refusal(self.route.client(), kinds)
        check(re.search(reason, text), f"the refusal does not say {reason!r}: {text}")
        self.route.failed(reason, kinds, count=count)
        return text


# --- 101 ---

def switches(stage, *fields, listeners=None):
    Talk(stage, answer("101 Switching Protocols", *fields), listeners=listeners).opened("yes")


def switches_wrongly(stage, *fields, listeners=None, proxy=""):
    talk = Talk(stage, answer("101 Switching Protocols", *fields, body=GREETING), listeners=listeners, proxy=proxy)
    talk.refused(*EITHER, reason="101")
    equal(len(talk.heads), 1 if proxy else 2, "requests, with Upgrade and without")


def versioned():
    return listener("imap", more="protocol = IMAP/4rev1")


def a_101_that_names_our_protocol(stage):
    switches(stage, "Connection: Upgrade", "Upgrade: IMAP")


def a_101_in_other_letters_and_order(stage):
    switches(stage, "upgrade:imap", "Server: gate", "CONNECTION: keep-alive,UPGRADE")


def a_101_that_names_our_protocol_among_others(stage):
    switches(stage, "Connection: Upgrade", "Upgrade: TLS/1.2, IMAP")


def a_101_with_our_version(stage):
    switches(stage, "Connection: Upgrade", "Upgrade: imap/4rev1", listeners=versioned())


def a_101_with_another_version(stage):
    switches_wrongly(stage, "Connection: Upgrade", "Upgrade: IMAP/4REV1", listeners=versioned())


def a_101_without_our_version(stage):
    switches_wrongly(stage, "Connection: Upgrade", "Upgrade: IMAP", listeners=versioned())


def a_101_with_another_protocol(stage):
    switches_wrongly(stage, "Connection: Upgrade", "Upgrade: SMTP")


def a_101_with_a_longer_name(stage):
    switches_wrongly(stage, "Connection: Upgrade", "Upgrade: IMAPS")


def a_101_without_upgrade(stage):
    switches_wrongly(stage, "Connection: Upgrade")


def a_101_without_connection(stage):
    switches_wrongly(stage, "Upgrade: IMAP")


def a_101_whose_connection_does_not_say_upgrade(stage):
    switches_wrongly(stage, "Connection: close", "Upgrade: IMAP")


def a_101_where_nothing_was_offered(stage):
    switches_wrongly(stage, "Connection: Upgrade", "Upgrade: IMAP", proxy="announce = alpn new-protocol")


# --- 2xx ---

def every_2xx_opens_whatever_length_it_promises(stage):
    replies = [answer(status, *fields, version=version)
               for status in ("200 OK", "200", "201 Created", "204 No Content", "299 What")
               for fields in ((), ("Content-Length: 5",), ("Transfer-Encoding: chunked",), ("Connection: close",))
               for version in ("1.1", "1.0")]
    talk = Talk(stage, *replies)
    for count in range(1, len(replies) + 1):
        talk.opened("no", count=count)
    equal(len(talk.heads), len(replies), "requests")


def a_200_that_speaks_of_upgrade_is_no_switch(stage):
    Talk(stage, answer("200 OK", "Connection: Upgrade", "Upgrade: IMAP")).opened("no")


def a_200_is_a_failure_where_the_switch_is_required(stage):
    talk = Talk(stage, OPAQUE, proxy="require-switch = yes")
    talk.refused("permanent", reason="200")
    equal(len(talk.heads), 1, "requests")


def a_101_where_the_switch_is_required(stage):
    Talk(stage, SWITCHED, proxy="require-switch = yes").opened("yes")


# --- once more without Upgrade ---

def asks_again(stage, status, proxy=""):
    """The proxy refuses Upgrade, is asked without it, and never again with it."""
    talk = Talk(stage, answer(status, "Content-Length: 0"), OPAQUE, proxy=proxy)
    talk.opened("no")
    equal(len(talk.heads), 2, "requests of the first session")
    check(UPGRADE.search(talk.heads[0]), f"the first request offers no switch: {talk.heads[0]!r}")
    equal(talk.heads[1], re.sub(rb"\r\nUpgrade: IMAP\r\nConnection: Upgrade", b"", talk.heads[0]), "second request")
    talk.opened("no", count=2)
    equal(talk.heads[2:], [talk.heads[1]], "requests of the second session")
    equal(talk.route.daemon.count(rf"#1 {re.escape(talk.route.proxy.url)} .*without Upgrade", 1), 1, "lines of the log")


def once_more_after_400(stage):
    asks_again(stage, "400 Bad Request")


def once_more_after_405(stage):
    asks_again(stage, "405 Method Not Allowed")


def once_more_after_426(stage):
    asks_again(stage, "426 Upgrade Required")


def once_more_after_501(stage):
    asks_again(stage, "501 Not Implemented")


def once_more_with_the_other_ways_to_name_the_protocol(stage):
    asks_again(stage, "400 Bad Request", "announce = upgrade alpn new-protocol")


def once_more_on_a_new_connection_when_the_first_is_closed(stage):
    def script(connection):
        if b"Upgrade: " in connection.read_head():
            connection.send(answer("501 Not Implemented", "Connection: close"))
        else:
            connection.send(OPAQUE + GREETING)
            connection.echo()

    route = Route(stage, script)
    route.greeted()
    equal(len(route.proxy.heads), 2, "requests")


def only_once_more(stage):
    talk = Talk(stage, answer("400 Bad Request", "Content-Length: 0"))
    talk.refused("permanent", reason="400 Bad Request")
    equal(len(talk.heads), 2, "requests")


def not_once_more_where_upgrade_was_not_sent(stage):
    talk = Talk(stage, answer("400 Bad Request", "Content-Length: 0"), OPAQUE, proxy="announce = alpn")
    talk.refused("permanent", reason="400 Bad Request")
    equal(len(talk.heads), 1, "requests")


def not_once_more_where_the_switch_is_required(stage):
    talk = Talk(stage, answer("501 Not Implemented", "Content-Length: 0"), OPAQUE, proxy="require-switch = yes")
    talk.refused(*EITHER, reason="501 Not Implemented")
    equal(len(talk.heads), 1, "requests")


# --- refusals ---

PLAIN = "announce = none"
"""For a proxy whose refusal is not to be doubted; 115 is about those that are."""


def refuses(stage, status, kind, proxy=PLAIN, **options):
    talk = Talk(stage, answer(status, "Content-Length: 0"), proxy=proxy, **options)
    equal(talk.refused(kind), f"proxy answered {status} (127.0.0.1:{talk.route.proxy.port})", "what the client is told")
    equal(len(talk.heads), 1, "requests")


def a_407_is_permanent(stage):
    talk = Talk(stage, answer("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="x"',
                              "Content-Length: 0"))
    talk.refused("permanent", reason="407")


def a_407_to_the_right_form_of_wrong_credentials_is_permanent(stage):
    talk = Talk(stage, answer("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="x"',
                              "Content-Length: 0"), proxy="user = jane\npassword = wrong")
    talk.refused("permanent", reason="407")
    check(talk.route.daemon.count("wrong") == 0, "the password stands in the log")


def a_403_is_permanent(stage):
    refuses(stage, "403 Forbidden", "permanent")


def a_404_is_permanent(stage):
    refuses(stage, "404 Not Found", "permanent")


def a_429_is_temporary(stage):
    refuses(stage, "429 Too Many Requests", "temporary")


def a_500_is_temporary(stage):
    refuses(stage, "500 Internal Server Error", "temporary")


def a_502_is_temporary(stage):
    refuses(stage, "502 Bad Gateway", "temporary")


def a_503_is_temporary(stage):
    refuses(stage, "503 Service Unavailable", "temporary")


def a_504_is_temporary(stage):
    refuses(stage, "504 Gateway Timeout", "temporary")


def a_proxy_that_says_retry_after_is_left_alone(stage):
    talk = Talk(stage, answer("503 Service Unavailable", "Retry-After: 120", "Content-Length: 0"), SWITCHED)
    talk.refused("temporary", reason="503 Service Unavailable")
    refusal(talk.route.client(), ("temporary",))
    equal(len(talk.heads), 1, "requests")


def a_proxy_is_asked_again_when_its_rest_is_over(stage):
    talk = Talk(stage, answer("429 Too Many Requests", "Retry-After: 1", "Content-Length: 0"), SWITCHED)
    talk.refused("temporary", reason="429")
    until(lambda: read_all(talk.route.client(), len(GREETING))[0] == GREETING, "a greeting")
    equal(len(talk.heads), 2, "requests")


def a_redirect_is_called_a_captive_portal(stage):
    for status in ("301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect",
                   "308 Permanent Redirect"):
        talk = Talk(stage, answer(status, "Location: http://login.example.net/", "Content-Length: 0"))
        text = talk.refused(*EITHER, reason="captive portal")
        check(status[:3] in text, f"the status is not told: {text}")
        equal(len(talk.heads), 1, "requests")


def a_305_that_names_no_proxy_leads_nowhere(stage):
    for status in "305 Use Proxy", "306 Switch Proxy":
        talk = Talk(stage, answer(status, "Content-Length: 0"))
        talk.refused(*EITHER, reason=status[:3])
        equal(len(talk.heads), 1, "requests")


def a_page_of_html_is_called_a_captive_portal(stage):
    page = b"<html><body>Please log in</body></html>"
    talk = Talk(stage, answer("404 Not Found", "Content-Type: text/html; charset=utf-8", f"Content-Length: {len(page)}",
                              body=page))
    talk.refused(*EITHER, reason="captive portal")


def the_log_tells_what_else_the_proxy_said(stage):
    page = b"<html><title>Sorry</title>\x1b[31m no \xff mail\r\n today</html>"
    talk = Talk(stage, answer("502 Bad Gateway", "Proxy-Status: gate; error=dns_error", "Content-Type: text/html",
                              f"Content-Length: {len(page)}", body=page))
    text = talk.refused("temporary", reason="502 Bad Gateway")
    check("gate" not in text and "Sorry" not in text, f"that is for the log, not for the client: {text}")
    line = talk.route.failed().string
    check("Sorry" not in line, f"the title is in the log, which says nothing: {line}")
    for word in "gate; error=dns_error", "mail", "today":
        check(word in line, f"the log does not say {word!r}: {line}")
    check(line.isascii() and line.isprintable(), f"unescaped bytes of the proxy stand in the log: {line!r}")


def the_promised_length_of_an_error_is_not_waited_for(stage):
    def script(connection):
        connection.read_head()
        connection.send(answer("403 Forbidden", "Content-Length: 1000000", body=b"Not from here."))
        connection.hold()

    # The time limits of the phases are past what a client waits in these tests.
    route = Route(stage, script, sallyport="handshake-timeout = 1h\ngreeting-timeout = 1h", proxy=PLAIN)
    text = refusal(route.client(), ("permanent",))
    check("403 Forbidden" in text, f"the client was told {text}")


def an_endless_body_of_an_error_is_left(stage):
    def script(connection):
        connection.read_head()
        connection.send(answer("403 Forbidden"))
        while True:
            connection.send(b"no " * 20000)

    text = refusal(Route(stage, script, proxy=PLAIN).client(), ("permanent",))
    check("403 Forbidden" in text, f"the client was told {text}")


scenario(a_101_that_names_our_protocol,
         a_101_in_other_letters_and_order,
         a_101_that_names_our_protocol_among_others,
         a_101_with_our_version,
         a_101_with_another_version,
         a_101_without_our_version,
         a_101_with_another_protocol,
         a_101_with_a_longer_name,
         a_101_without_upgrade,
         a_101_without_connection,
         a_101_whose_connection_does_not_say_upgrade,
         a_101_where_nothing_was_offered,
         every_2xx_opens_whatever_length_it_promises,
         a_200_that_speaks_of_upgrade_is_no_switch,
         a_200_is_a_failure_where_the_switch_is_required,
         a_101_where_the_switch_is_required,
         once_more_after_400,
         once_more_after_405,
         once_more_after_426,
         once_more_after_501,
         once_more_with_the_other_ways_to_name_the_protocol,
         once_more_on_a_new_connection_when_the_first_is_closed,
         only_once_more,
         not_once_more_where_upgrade_was_not_sent,
         not_once_more_where_the_switch_is_required,
         a_407_is_permanent,
         a_407_to_the_right_form_of_wrong_credentials_is_permanent,
         a_403_is_permanent,
         a_404_is_permanent,
         a_429_is_temporary,
         a_500_is_temporary,
         a_502_is_temporary,
         a_503_is_temporary,
         a_504_is_temporary,
         a_proxy_that_says_retry_after_is_left_alone,
         a_proxy_is_asked_again_when_its_rest_is_over,
         a_redirect_is_called_a_captive_portal,
         a_305_that_names_no_proxy_leads_nowhere,
         a_page_of_html_is_called_a_captive_portal,
         the_log_tells_what_else_the_proxy_said,
         the_promised_length_of_an_error_is_not_waited_for,
         an_endless_body_of_an_error_is_left, in_turns=True)
