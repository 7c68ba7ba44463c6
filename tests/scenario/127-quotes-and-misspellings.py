#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What editors and hasty fingers leave in a configuration: quotes, words that are nearly right, a byte order mark in
the file of a password."""
import base64

from kit import check, equal, scenario
from kit.daemon import Sallyport
from kit.peers import GREETING, OPAQUE
from kit.route import Route, listener

CONFIG, OK = 78, 0


def complaints(stage, ini):
    done = Sallyport.command(stage, "check", ini=ini)
    equal(done.returncode, CONFIG, "exit status")
    return done.stderr.decode()


def quotes_are_told(stage):
    text = complaints(stage, '[proxy]\nurl = "http://proxy.test:3128"\n[imap]\ntarget = \'mail.test:143\'\n')
    for key in ("url", "target"):
        check(f"{key}: values are written without quotes" in text, text)


def a_quoted_password_is_warned_of_and_taken(stage):
    ini = '[proxy]\nurl = http://p\nuser = me\npassword = "hush"\n' + listener("imap")
    done = Sallyport.command(stage, "check", ini=ini)
    equal(done.returncode, OK, "exit status")
    text = done.stderr.decode()
    check(":4: password: its quotes are part of it" in text and "hush" not in text, text)


def the_nearest_word_is_told(stage):
    text = complaints(stage, "[proxi]\nurl = http://p\n[imap]\ntaget = t\ntarget = t\nuser = me\nproxy = direct\n")
    for part in ("unknown section [proxi]: did you mean [proxy]?", "`taget` in [imap]: did you mean `target`?",
                 "`user` in [imap]: it belongs into [proxy]"):
        check(part in text, f"{part!r} is missing: {text}")


def a_byte_order_mark_before_a_password(stage):
    seen = []

    def script(connection):
        while (head := connection.read_head()) and b"Basic " not in head:
            connection.send(b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=r\r\nContent-Length: 0\r\n\r\n")
        if head:
            seen.append(base64.b64decode(head.split(b"Basic ")[1].split()[0]))
            connection.send(OPAQUE + GREETING)

    file = stage.file("password", "\ufeffhush\r\n", mode=0o600)
    route = Route(stage, script, proxy=f"user = me\npassword-file = {file}")
    equal(route.client().recv(len(GREETING)), GREETING, "greeting")
    equal(seen, [b"me:hush"], "what the proxy was told")


scenario(quotes_are_told,
         a_quoted_password_is_warned_of_and_taken,
         the_nearest_word_is_told,
         a_byte_order_mark_before_a_password,
         paths=("splice",))
