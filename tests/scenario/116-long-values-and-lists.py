#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Values of many kilobytes, and lists over several lines, are read whole and reach the proxy whole, the agent that the
user names instead of ours; what `check` prints of them is accepted again."""
from kit import check, equal, scenario
from kit.checking import accepted
from kit.peers import OPAQUE
from kit.route import Route, listener

LONG = "; ".join(f"part-{number} = {number:#x}  [#]" for number in range(600))
"""Some 13 KB with all that an INI file might take for something else."""

HEADERS = ("User-Agent: Mozilla/5.0 (X11; Linux x86_64)", "Proxy-Connection: keep-alive", f"X-Long: {LONG}",
           "X-Last: 1")


def tunnel(stage, proxy):
    def script(connection):
        connection.open(answer=OPAQUE)
        connection.hold()

    route = Route(stage, script, proxy=proxy)
    route.greeted()
    return route.proxy.heads[0]


def fields(head):
    return head.decode().split("\r\n")[1:-2]


def headers_one_by_one(stage):
    sent = fields(tunnel(stage, "".join(f"header = {header}\n" for header in HEADERS)))
    equal([field for field in sent if field in HEADERS], list(HEADERS), "headers that the proxy got")
    check(not any("sallyport" in field for field in sent), f"two agents: {sent!r}")


def headers_as_one_list(stage):
    sent = fields(tunnel(stage, "header = " + "\n    ".join(HEADERS) + "\nannounce = upgrade\n    alpn\n"))
    equal([field for field in sent if field in HEADERS], list(HEADERS), "headers that the proxy got")
    check("ALPN: imap" in sent and "Upgrade: IMAP" in sent, f"the protocol is not named twice: {sent!r}")


def what_is_printed_is_accepted(stage):
    text = "[proxy]\nurl = http://p:1\n  http://q:2\nheader = " + "\n  ".join(HEADERS) + "\n" + listener("imap")
    printed = accepted(stage, text)
    check(all(f"header = {header}\n" in printed for header in HEADERS), "a header is not printed whole")
    equal(accepted(stage, printed), printed, "what is printed of what was printed")


scenario(headers_one_by_one, headers_as_one_list, what_is_printed_is_accepted)
