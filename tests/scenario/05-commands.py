#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The commands that come to an end: check, try, connect, -V, -h; and what bad usage and a bad configuration give."""
import os
import re
import subprocess
import sys
import threading

from kit import Sallyport, check, closed_port, equal, run, scenario, until
from kit import streams
from kit.daemon import PROGRAM
from kit.peers import GREETING, OPAQUE, SWITCHED, Proxy
from kit.process import PATIENCE, naps
from kit.route import listener, settings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../reference"))
from imap import MESSAGE, Imap  # noqa: E402
from proxy import Proxy as ReferenceProxy  # noqa: E402

OK, USAGE, UNAVAILABLE, CONFIGURATION = 0, 64, 69, 78
"""Of sysexits.h."""

RICH = """\
[sallyport]
idle-timeout = 90m
[proxy]
url = http://one.example.net:3128 http://[2001:db8::1]
user = jane
password = open sesame
header = X-Shift: night
header = Cookie: taste=bitter
announce = upgrade alpn
[proxy out]
url = environment
[imap work]
target = mail.example.net
[forward]
listen = 127.0.0.1:0
target = [2001:db8::2]:4242
protocol = X-TEST/2
proxy = direct
"""


def command(stage, *arguments, status=OK, **options):
    """Runs `sallyport ARGUMENT ...`, which must end with that status; gives (standard output, standard error)."""
    done = Sallyport.command(stage, *arguments, **options)
    out, err = done.stdout.decode(), done.stderr.decode()
    equal(done.returncode, status, f"status of {' '.join(arguments)}, which said {out + err!r}")
    return out, err


# --- check ---

def check_prints_what_it_accepts_itself(stage):
    first, said = command(stage, "check", ini=RICH)
    equal(said, "", "complaints")
    again, said = command(stage, "check", ini=first)
    equal((again, said), (first, ""), "what check prints of what it printed")


def check_prints_every_default(stage):
    printed, _ = command(stage, "check", ini=RICH)
    for line in ("idle-timeout = 90m", "max-sessions = 4096", "resolve-timeout = 10s", "same-user = yes", "[proxy out]",
                 "url = environment", "target = mail.example.net:143", "protocol = X-TEST/2", "protocol = IMAP",
                 "method = connect", "announce = upgrade alpn", "require-switch = no", "header = X-Shift: night"):
        check(re.search(rf"^{re.escape(line)}$", printed, re.MULTILINE), f"no line {line!r} in:\n{printed}")


def check_shows_no_secret(stage):
    printed, _ = command(stage, "check", ini=RICH)
    check("password = ********\n" in printed, f"no masked password in:\n{printed}")
    for secret in "sesame", "bitter":
        check(secret not in printed, f"{secret!r} stands in:\n{printed}")


def check_tells_every_error_with_its_line(stage):
    _, said = command(stage, "check", status=CONFIGURATION, ini=(
        "[sallyport]\n"
        "max-sessions = many\n"
        "[imap]\n"
        "target = mail.example.net\n"
        "target = mail.example.net\n"
        "colour = blue\n"
        "[gopher]\n"
        "[proxy]\n"
        "url = ftp://proxy.example.net\n"))
    told = [int(number) for number in re.findall(r"command\.ini:(\d+): ", said)]
    equal(told, [2, 5, 6, 7, 9], f"lines with an error, of\n{said}")


def check_opens_no_listener_and_no_connection(stage):
    proxy = Proxy(stage, lambda connection: connection.open())

    def listening(port):
        return settings(proxy.url, f"[imap]\nlisten = 127.0.0.1:{port}\ntarget = mail.example.net\n")

    daemon = stage.sallyport(listening(0))
    _, port = daemon.address("imap")
    command(stage, "check", ini=listening(port))  # the port is taken, and that is no matter
    daemon.stop()
    equal(len(proxy.connections), 0, "connections at the proxy")


# --- try ---

def house(stage, mailbox=None):
    """(configuration text, server): an IMAP server behind the reference proxy."""
    server = Imap(mailbox).on(stage)
    proxy = ReferenceProxy(names={"mail.example.net:143": server.address}).on(stage)
    return settings(f"http://{proxy.address}"), server


def try_shows_the_greeting(stage):
    ini, _ = house(stage)
    shown, _ = command(stage, "try", ini=ini)
    check("reference server ready" in shown, f"no greeting in:\n{shown}")
    for step in "connect", "request", "reply", "greeting":
        check(re.search(rf"\b{step}\b.*\d+ ?ms", shown), f"no step {step!r} with its time in:\n{shown}")


def try_resolves_the_name_of_the_proxy(stage):
    ini, _ = house(stage)
    shown, _ = command(stage, "try", ini=ini.replace("127.0.0.1:", "localhost:", 1))
    check(re.search(r"\bresolve\b.*\d+ ?ms", shown), f"no step resolve with its time in:\n{shown}")


def try_fails_when_one_listener_fails(stage):
    ini, _ = house(stage)
    ini += f"[proxy closed]\nurl = http://127.0.0.1:{closed_port()}\n" + listener("imap bad", more="proxy = closed")
    shown, said = command(stage, "try", status=UNAVAILABLE, ini=ini)
    check("reference server ready" in shown, f"no greeting of the good one in:\n{shown}")
    check("refused" in shown + said, f"nothing of the bad one in:\n{shown}{said}")
    command(stage, "try", "imap", ini=ini)
    command(stage, "try", "imap/bad", status=UNAVAILABLE, ini=ini)


def try_of_a_name_that_is_not_there(stage):
    ini, server = house(stage)
    _, said = command(stage, "try", "imap/none", status=USAGE, ini=ini)
    check("imap/none" in said, f"the name is not told: {said}")
    equal(len(server.wires), 0, "connections at the server")


# --- connect ---

def connect_is_a_pipe(stage):
    ini, server = house(stage)
    heard, _ = command(stage, "connect", "imap", ini=ini, data=b"a LOGIN reader secret\r\nb SELECT INBOX\r\n"
                       b"c FETCH 1 BODY[]\r\nd LOGOUT\r\n")
    equal(heard.encode(), bytes(server.wires[0].sent), "what came out of connect")
    check(MESSAGE in heard.encode(), "the message is not in it")


def connect_passes_on_every_byte_and_the_end_of_the_stream(stage):
    noise = bytes(range(256)) * 4096

    def script(connection):
        connection.read_head()
        connection.send(OPAQUE)
        got, how = connection.read_all()
        connection.send(b"%d %s " % (len(got), how.encode()) + got)

    proxy = Proxy(stage, script)
    done = Sallyport.command(stage, "connect", "imap", ini=settings(proxy.url), data=noise)
    equal(done.returncode, OK, f"status, with {done.stderr!r}")
    equal(done.stdout, b"%d end " % len(noise) + noise, "what came back")


def connect_that_fails(stage):
    def script(connection):
        connection.read_head()
        connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    proxy = Proxy(stage, script)
    heard, said = command(stage, "connect", "imap", status=UNAVAILABLE, ini=settings(proxy.url), data=b"")
    check("403 Forbidden" in said, f"standard error does not say why: {said!r}")
    check(heard == "" or heard.startswith("* BYE "), f"standard output has {heard!r}")


def connect_that_is_cut_off_does_not_end_well(stage):
    def script(connection):
        connection.open(answer=SWITCHED)
        connection.read_exactly(1)
        connection.reset()

    proxy = Proxy(stage, script)
    done = Sallyport.command(stage, "connect", "imap", ini=settings(proxy.url), data=b"x")
    check(done.returncode != OK, "a reset looked like a clean end")
    check(GREETING.startswith(done.stdout), f"standard output has {done.stdout!r}")


def connect_whose_client_is_gone(stage):
    """It stops to read, and then stops to write: no half-close, even if the server would stay for one.  But all that it
    wrote arrives."""
    noise, heard, gone = bytes(range(256)) * 1200, [], threading.Event()

    def script(connection):
        connection.open()
        gone.wait()
        heard.append(connection.read_all())
        connection.hold()

    def write():
        child.stdin.write(noise)
        child.stdin.close()

    proxy = Proxy(stage, script)
    ini = stage.file("sallyport.ini", settings(proxy.url))
    child = subprocess.Popen([PROGRAM, "-c", ini, "connect", "imap"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, env=Sallyport.environment(stage))
    stage.later(child.wait)
    stage.later(child.kill)
    equal(child.stdout.read(len(GREETING)), GREETING, "greeting")
    before = naps(child.pid)
    child.stdout.close()
    until(lambda: naps(child.pid) > before, "the program to see that nobody reads")
    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    writer.join(PATIENCE)
    gone.set()
    check(child.wait(PATIENCE) != OK, "it looked like a good end")
    until(lambda: heard, "the server to hear it")
    equal((len(heard[0][0]), heard[0][1]), (len(noise), streams.END), "what the server heard")


def connect_without_a_name_or_with_a_wrong_one(stage):
    ini, _ = house(stage)
    command(stage, "connect", status=USAGE, ini=ini)
    command(stage, "connect", "imap", "imap", status=USAGE, ini=ini)
    command(stage, "connect", "pop3", status=USAGE, ini=ini)


# --- the rest ---

def version_and_help(stage):
    for option in "-V", "--version":
        shown, said = command(stage, option)
        check(re.match(r"sallyport \d+(\.\d+)+\S*\n", shown), f"no version in {shown!r}")
        for library in "libevent", "libcurl", "c-ares", "OpenSSL":
            check(re.search(rf"{library}[ /]\d", shown), f"no version of {library} in {shown!r}")
        equal(said, "", "complaints")
    for option in "-h", "--help":
        shown, said = command(stage, option)
        for word in "run", "check", "try", "connect", "--config", "--verbose", "--quiet", "--version", "--help":
            check(re.search(rf"(?<![\w-]){word}\b", shown), f"no {word} in {shown!r}")
        equal(said, "", "complaints")


def bad_usage(stage):
    for arguments in (("--colour",), ("-x",), ("fly",), ("-c",), ("check", "more"), ("run", "more")):
        shown, said = command(stage, *arguments, status=USAGE)
        equal(shown, "", f"standard output of {arguments}")
        check("sallyport" in said, f"{arguments}: {said!r}")


def a_bad_configuration_stops_every_command(stage):
    bad = "[imap]\n"
    for arguments in ("run",), ("check",), ("try",), ("connect", "imap"):
        _, said = command(stage, *arguments, status=CONFIGURATION, ini=bad, data=b"")
        check(re.search(r"command\.ini:\d+: ", said), f"{arguments} does not say where: {said!r}")


def a_file_that_is_not_there(stage):
    _, said = command(stage, "-c", os.path.join(stage.folder, "none.ini"), "check", status=CONFIGURATION)
    check("none.ini" in said, f"the file is not named: {said!r}")


def a_password_that_others_can_read(stage):
    for mode, status in (0o644, CONFIGURATION), (0o640, CONFIGURATION), (0o600, OK):
        path = stage.file("sallyport.ini", RICH, mode=mode)
        _, said = command(stage, "-c", path, "check", status=status)
        check(status == OK or "sallyport.ini" in said, f"mode {mode:o}: {said!r}")


def check_says_why_the_environment_names_no_proxy(stage):
    path = stage.file("sallyport.ini", "[proxy]\nurl = environment\n[imap]\ntarget = mail.example.net\n")
    for variables, why in (({}, "neither imap_proxy nor all_proxy is set"),
                           ({"all_proxy": "http://me:hunter22@p:0"}, 'all_proxy="http://me:********@p:0" cannot be'),
                           ({"all_proxy": "http://p:1"}, None)):
        done = run([PROGRAM, "-c", path, "check"], env={**Sallyport.environment(stage), **variables})
        comments = [line for line in done.stdout.decode().splitlines() if line.startswith("# imap: ")]
        equal(done.returncode, OK, "status")
        equal(len(comments), 0 if why is None else 1, f"comments of {variables}")
        check(why is None or why in comments[0], f"{variables}: {comments}")


def where_the_configuration_is_looked_for(stage):
    def target(environment):
        keep = Sallyport.environment(stage)
        del keep["XDG_CONFIG_HOME"], keep["HOME"]
        done = run([PROGRAM, "check"], env={**keep, **environment})
        equal(done.returncode, OK, f"status with {environment}: {done.stderr!r}")
        return re.search(rb"target = (\S+)", done.stdout).group(1).decode()

    ini = "[proxy]\nurl = http://proxy.example.net:3128\n[imap]\ntarget = {}.example.net\n"
    stage.file("xdg/sallyport/sallyport.ini", ini.format("xdg"))
    stage.file("home/.config/sallyport/sallyport.ini", ini.format("home"))
    home = os.path.join(stage.folder, "home")
    equal(target({"XDG_CONFIG_HOME": os.path.join(stage.folder, "xdg"), "HOME": home}), "xdg.example.net:143", "target")
    equal(target({"HOME": home}), "home.example.net:143", "target")


scenario(check_prints_what_it_accepts_itself,
         check_prints_every_default,
         check_shows_no_secret,
         check_says_why_the_environment_names_no_proxy,
         check_tells_every_error_with_its_line,
         check_opens_no_listener_and_no_connection,
         try_shows_the_greeting,
         try_resolves_the_name_of_the_proxy,
         try_fails_when_one_listener_fails,
         try_of_a_name_that_is_not_there,
         connect_is_a_pipe,
         connect_passes_on_every_byte_and_the_end_of_the_stream,
         connect_that_fails,
         connect_that_is_cut_off_does_not_end_well,
         connect_whose_client_is_gone,
         connect_without_a_name_or_with_a_wrong_one,
         version_and_help,
         bad_usage,
         a_bad_configuration_stops_every_command,
         a_file_that_is_not_there,
         a_password_that_others_can_read,
         where_the_configuration_is_looked_for, in_turns=True)
