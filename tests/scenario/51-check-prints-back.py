#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`check` prints the whole configuration with its defaults, as a file that `check` reads as the same; it opens
nothing on the way."""
import re
import socket

from kit import check, equal, scenario
from kit.checking import IMAP, PROXY, accepted
from kit.daemon import Sallyport
from kit.nameserver import Nameserver
from kit.peers import Proxy

EVERYTHING = """\
[sallyport]
log-level = debug
log-to = syslog
max-sessions = 17
resolve-timeout = 90
connect-timeout = 2m
handshake-timeout = 1h
greeting-timeout = 75s
idle-timeout = 2d
keepalive = 45s
same-user = no

[proxy]
url = http://a.example.net:3128 http://[::1]:8080
    http://192.0.2.7:80
method = connect-uri
announce = alpn new-protocol upgrade
require-switch = yes
user = me
password = it has; #all = [kinds] "of" 'bytes'
header = X-One: 1; still=one # two
header = X-Two: "2"
fallback = direct

[proxy night]
url = environment
announce = none

[imap]
listen = localhost:1143 [::1]:2143
    127.0.0.1:0
target = mail.example.net:1143
protocol = IMAP/4rev1
proxy = night

[imap work]
listen = 127.0.0.2:1143
target = srv:example.net
proxy = direct

[submission]
target = [2001:db8::25]
[nntp]
target = news.example.net
[pop3]
target = mail.example.net
[managesieve]
target = mail.example.net
[smtp]
target = 192.0.2.25

[forward ssh]
listen = 127.0.0.1:2222
target = host.example.net:22
protocol = SSH
"""

DEFAULTS = """\
log-level = info
log-to = stderr
max-sessions = 4096
resolve-timeout = 10s
connect-timeout = 15s
handshake-timeout = 30s
greeting-timeout = 1m
idle-timeout = 0
keepalive = 2m
same-user = yes
method = connect
announce = upgrade
require-switch = no
fallback = none
protocol = IMAP
""".splitlines()

LISTENING = {"imap": ("1143", "IMAP"), "smtp": ("1025", "SMTP"), "submission": ("1587", "SMTP"),
             "nntp": ("1119", "NNTP"), "pop3": ("1110", "POP3"), "managesieve": ("14190", "SIEVE")}


def what_it_prints_it_accepts_unchanged(stage):
    for text in (EVERYTHING, PROXY + IMAP):
        printed = accepted(stage, text)
        equal(accepted(stage, printed), printed, "the second printing")


def everything_given_is_printed(stage):
    printed = accepted(stage, EVERYTHING)
    flat = re.sub(r"\n[ \t]+", " ", printed)
    for line in re.sub(r"\n[ \t]+", " ", EVERYTHING).splitlines():
        wanted = {"resolve-timeout = 90": "resolve-timeout = 90s",
                  "announce = alpn new-protocol upgrade": "announce = upgrade alpn new-protocol"}.get(line, line)
        if line.startswith("password"):
            wanted = "password = ********"
        elif line.startswith(("target", "handshake")):
            continue  # completed by a port, or said in another unit
        check(not line or wanted in flat.splitlines(), f"{line!r} is not in\n{printed}")


def defaults_are_printed(stage):
    printed = accepted(stage, PROXY + IMAP).splitlines()
    missing = [line for line in DEFAULTS if line not in printed and line.replace("1m", "60s") not in printed]
    check(not missing, f"{missing} not in {printed}")


def each_listener_has_its_default_port_and_token(stage):
    for section, (port, token) in LISTENING.items():
        printed = accepted(stage, PROXY + f"[{section}]\ntarget = mail.example.net\n")
        check(f"listen = localhost:{port}\n" in printed, f"listen of [{section}] in\n{printed}")
        check(f"protocol = {token}\n" in printed, f"protocol of [{section}] in\n{printed}")


def nothing_is_opened(stage):
    """No look-up, no connection, no listener, not even of an address that somebody else holds."""
    nameserver = Nameserver(stage)
    proxy = Proxy(stage, lambda connection: connection.hold())
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        accepted(stage, f"[proxy]\nurl = http://proxy.test:3128 {proxy.url}\n"
                        f"[imap]\nlisten = 127.0.0.1:{port}\ntarget = srv:example.test\n", env=nameserver.env)
    equal(nameserver.queries, [], "queries")
    equal(proxy.connections, [], "connections to the proxy")


def a_file_of_another_system_is_read(stage):
    """With the line ends of Windows, and with the byte order mark of its editor."""
    wanted = accepted(stage, PROXY + IMAP)
    equal(accepted(stage, (PROXY + IMAP).replace("\n", "\r\n").encode()), wanted, "with CR LF")
    equal(accepted(stage, b"\xef\xbb\xbf" + (PROXY + IMAP).encode()), wanted, "with a byte order mark")
    equal(accepted(stage, (PROXY + IMAP).rstrip("\n").encode()), wanted, "without the last line end")


def comments_and_blank_lines_count_as_lines_only(stage):
    equal(accepted(stage, "# one\n; two\n\n" + PROXY + "  # three\n\n" + IMAP), accepted(stage, PROXY + IMAP), "output")


def the_file_is_looked_for_in_xdg_config_home(stage):
    stage.file("sallyport/sallyport.ini", PROXY + IMAP, 0o600)
    done = Sallyport.command(stage, "check")
    equal((done.returncode, done.stderr), (0, b""), "status and complaints")
    equal(done.stdout.decode(), accepted(stage, PROXY + IMAP), "output")


scenario(what_it_prints_it_accepts_unchanged,
         everything_given_is_printed,
         defaults_are_printed,
         each_listener_has_its_default_port_and_token,
         nothing_is_opened,
         a_file_of_another_system_is_read,
         comments_and_blank_lines_count_as_lines_only,
         the_file_is_looked_for_in_xdg_config_home,
         paths=("splice",))
