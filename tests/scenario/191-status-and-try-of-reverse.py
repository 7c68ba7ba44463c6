#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`try reverse/home` is one request that stands or is refused, and says what to do; `status` shows waiting places and
sessions of a reverse section; `connect` to one is refused in words."""
import base64
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios

from kit import Sallyport, check, equal, free_port, scenario, until
from kit.control import command, facts
from kit.daemon import PROGRAM
from kit.peers import GREETING, Proxy
from kit.scripted_relay import NONE_YET, PATH, ScriptedRelay, answer, handed_over, holds, reverse, says

UNAVAILABLE, USAGE = 69, 64


def tried(stage, ini, *names, status=0):
    """What `sallyport try NAME ...` printed; it must end with that status."""
    done = Sallyport.command(stage, "try", *names, ini=ini)
    shown = (done.stdout + done.stderr).decode()
    equal(done.returncode, status, f"exit status of try, which printed\n{shown}")
    return shown


def greets(connection):
    """A server that is dialed directly."""
    connection.send(GREETING)
    connection.echo()


def contains(shown, *words):
    for word in words:
        check(word in shown, f"no {word!r} in\n{shown}")


def it_stands(stage):
    relay = ScriptedRelay(stage, holds)
    shown = tried(stage, reverse(relay, free_port()), "reverse/home")
    contains(shown, f"reverse/home at {relay.url}{PATH}\n", "  connect ", f"GET {PATH} HTTP/1.1", "  waiting ",
             "  works\n")
    equal(len(relay.heads), 1, "number of requests")
    head = relay.heads[0].decode()
    contains(head, f"GET {PATH} HTTP/1.1\r\n", f"Host: 127.0.0.1:{relay.port}\r\n", "Upgrade: reverse\r\n")


def it_is_refused(stage):
    rows = ("403 Forbidden", "404 Not Found", "405 Method Not Allowed", "409 Conflict", "426 Upgrade Required",
            "501 Not Implemented", "302 Found", "429 Too Many Requests", "503 Service Unavailable", "200 OK")
    for row in rows:
        relay = ScriptedRelay(stage, says(answer(row, "Location: /elsewhere/")))
        shown = tried(stage, reverse(relay, free_port()), "reverse/home", status=UNAVAILABLE)
        contains(shown, " failure: ", row[:3], "  does not work\n")
        equal(len(relay.heads), 1, f"requests, the first answered by {row}")


def nobody_has_come_again_and_again(stage):
    """A relay that lets no request stand is told of, not waited for; one that does so at the second time is fine."""
    relay = ScriptedRelay(stage, says(*[NONE_YET.replace(b"\r\n\r\n", b"\r\nRetry-After: 1\r\n\r\n")] * 50))
    shown = tried(stage, reverse(relay, free_port()), "reverse/home", status=UNAVAILABLE)
    contains(shown, " failure: ", "204", "  does not work\n")
    relay = ScriptedRelay(stage, says(NONE_YET))
    contains(tried(stage, reverse(relay, free_port()), "reverse/home"), "  waiting ", "  works\n")


def another_protocol(stage):
    switched = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    relay = ScriptedRelay(stage, says(switched))
    shown = tried(stage, reverse(relay, free_port()), "reverse/home", status=UNAVAILABLE)
    contains(shown, " failure: ", "  does not work\n")


def nobody_is_there(stage):
    relay = ScriptedRelay(stage, holds)
    relay.stop()
    shown = tried(stage, reverse(relay, free_port()), "reverse/home", status=UNAVAILABLE)
    contains(shown, f"127.0.0.1:{relay.port}", "refused", "  does not work\n")


LOGIN = "user = alice\npassword = open sesame\n"


def the_password_goes_out_at_once(stage):
    relay = ScriptedRelay(stage, holds)
    shown = tried(stage, reverse(relay, free_port(), more=LOGIN), "reverse/home")
    contains(relay.heads[0].decode(), "Authorization: Basic " + base64.b64encode(b"alice:open sesame").decode())
    check("open sesame" not in shown and base64.b64encode(b"alice:open sesame").decode() not in shown,
          f"the password in\n{shown}")


def digest_follows_the_question(stage):
    question = answer("401 Unauthorized", 'WWW-Authenticate: Digest realm="relay", nonce="n1", qop="auth"')
    relay = ScriptedRelay(stage, says(question))
    shown = tried(stage, reverse(relay, free_port(), more=LOGIN), "reverse/home")
    contains(shown, "  waiting ", "  works\n")
    contains(b"".join(relay.heads).decode(), "Authorization: Digest ")


def a_wrong_password_is_named(stage):
    wrong = answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="relay"')
    relay = ScriptedRelay(stage, says(wrong, wrong, wrong))
    shown = tried(stage, reverse(relay, free_port(), more=LOGIN), "reverse/home", status=UNAVAILABLE)
    contains(shown, "401", "password", "  does not work\n")


def a_client_that_comes_is_sent_away(stage):
    ended = []

    def script(connection):
        connection.read_head()
        connection.send(handed_over())
        ended.append(connection.read_all())

    relay = ScriptedRelay(stage, script)
    shown = tried(stage, reverse(relay, free_port()), "reverse/home")
    contains(shown, "  client ", "  works\n")
    until(lambda: ended, "the client's end")
    equal(ended[0][0], b"", "what the client got")


def all_are_tried(stage):
    relay = ScriptedRelay(stage, holds)
    deaf = ScriptedRelay(stage, says(answer("409 Conflict")))
    server = Proxy(stage, greets)
    ini = (f"[imap]\nlisten = 127.0.0.1:0\ntarget = 127.0.0.1:{server.port}\nproxy = direct\n"
           + reverse(relay, free_port()))
    contains(tried(stage, ini), "imap to ", "* OK ", "reverse/home at ", "  waiting ")
    shown = tried(stage, ini + reverse(deaf, free_port(), label="away"), status=UNAVAILABLE)
    contains(shown, "  waiting ", "reverse/away at ", "409")
    contains(tried(stage, ini, "reverse/nowhere", status=USAGE), "reverse/nowhere")


def connect_says_what_it_is(stage):
    relay = ScriptedRelay(stage, holds)
    done = Sallyport.command(stage, "connect", "reverse/home", ini=reverse(relay, free_port()))
    equal(done.returncode, USAGE, "exit status")
    contains(done.stderr.decode(), "reverse/home", "is no listener", "sallyport try")
    equal(len(relay.heads), 0, "requests")


def of_80_columns(daemon):
    """What `status` prints on such a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen([PROGRAM, "-c", daemon.ini, "status"], env=daemon.env, stdout=theirs) as program:
        os.close(theirs)
        shown = b""
        try:
            while data := os.read(ours, 65536):
                shown += data
        except OSError:
            pass  # the terminal has no other end any more
        equal(program.wait(), 0, "exit status")
    os.close(ours)
    lines = shown.decode().replace("\r\n", "\n")
    check(all(len(line) <= 80 for line in lines.split("\n")), f"more than 80 columns in\n{lines}")
    return lines


def status_of_places_and_sessions(stage):
    client_is_here = []

    def script(connection):
        if not client_is_here:
            client_is_here.append(connection)
            connection.read_head()
            connection.send(handed_over())
            connection.read_all()
        else:
            holds(connection)

    relay = ScriptedRelay(stage, script)
    deaf = ScriptedRelay(stage, says(answer("409 Conflict")))
    server = Proxy(stage, greets)
    daemon = stage.sallyport(reverse(relay, server.port, more="protocol = imap\n")
                             + reverse(deaf, free_port(), label="away"))

    def sections():
        return {section["name"]: section for section in facts(daemon)["reverse"]}

    until(lambda: sections()["reverse/home"]["waiting"] == 2, "two places that wait")
    told = sections()
    equal(set(told["reverse/home"]), {"name", "relay", "waiting", "sessions", "last_error", "since"}, "fields")
    equal(told["reverse/home"]["relay"], relay.url + PATH, "relay")
    equal(told["reverse/home"]["sessions"], 1, "sessions")
    equal(told["reverse/home"]["last_error"], None, "last error of the one that waits")
    equal(told["reverse/away"]["waiting"], 0, "places of the refused one")
    contains(told["reverse/away"]["last_error"], "409")
    check(0 <= told["reverse/away"]["since"] < 60, f"since {told['reverse/away']['since']}")
    session = facts(daemon)["sessions"][0]
    equal((session["listener"], session["from"], session["on"], session["proxy"]),
          ("reverse/home", "192.0.2.7:5123", "203.0.113.5:143", "direct"), "the session")
    daemon.wait_line(r"reverse/home #1 reverse from=192\.0\.2\.7:5123")
    contains(of_80_columns(daemon), "REVERSE", "reverse/home", "192.0.2.7:5123", "409")


def status_while_stopping(stage):
    def script(connection):
        connection.read_head()
        connection.send(handed_over())
        connection.read_all()

    relay = ScriptedRelay(stage, script)
    server = Proxy(stage, greets)
    daemon = stage.sallyport(reverse(relay, server.port, more="protocol = imap\nwaiting = 1\nsessions = 1\n"))
    daemon.wait_line("reverse/home #1 open")
    command(daemon, "stop")
    told = json.loads(command(daemon, "status", "--json")[0])
    equal((told["stopping"], [section["waiting"] for section in told["reverse"]]), (True, [0]), "a daemon that stops")


scenario(it_stands, it_is_refused, nobody_has_come_again_and_again, another_protocol, nobody_is_there,
         the_password_goes_out_at_once, digest_follows_the_question, a_wrong_password_is_named,
         a_client_that_comes_is_sent_away, all_are_tried, connect_says_what_it_is,
         status_of_places_and_sessions, status_while_stopping, in_turns=True)
