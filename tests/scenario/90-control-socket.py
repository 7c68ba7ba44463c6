#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The control socket: who may speak on it, where it may be, and that nothing that comes in does any harm."""
import os
import random
import signal
import socket
import stat
import time

from kit import Skip, check, equal, scenario, until
from kit.control import UNAVAILABLE, command, connect, is_alive, place, say
from kit.real import Account
from kit.route import listener, settings
from kit.streams import SILENT, read_all

NOWHERE = "http://127.0.0.1:1"

REQUESTS = b"status", b"redirects", b"redirects clear", b"reload"

SECONDS = 2
"""How long the daemon waits for a request."""


def daemon_of(stage, sallyport="", ini=None, **options):
    return stage.sallyport(ini or settings(NOWHERE, sallyport=sallyport), **options)


# --- what comes in ---

def a_person_can_type_the_requests(stage):
    daemon = daemon_of(stage)
    path = place(daemon)
    for request in REQUESTS:
        for line in request + b"\n", request + b"\r\n", b"  " + request.replace(b" ", b"   ") + b" \n":
            check(say(path, line).startswith(b"ok\n"), f"no `ok` to {line!r}")
    check(say(path, b"stop\n") == b"ok\n", "no `ok` to stop")
    equal(daemon.process.wait(), 0, "exit status")


def bytes_may_come_one_by_one(stage):
    with connect(place(daemon_of(stage))) as sock:
        for byte in b"redirects clear\n":
            sock.sendall(bytes([byte]))
            time.sleep(0.005)
        equal(read_all(sock)[0], b"ok\n", "answer")


def what_is_no_request_gets_an_error(stage):
    path = place(daemon_of(stage))
    for line in (b"", b" ", b"fly", b"status now", b"Status", b"redirects clear all", b"redirects allow", b"stop it",
                 b"redirects allow 0", b"redirects allow -1", b"redirects allow 1x", b"redirects refuse 99999999999",
                 b"redirects allow 1 2", b"redirects allow 4", b"a b c d e f g", b"status\0", b"status\x1b[2J",
                 b"\xff\xfe", b"GET / HTTP/1.1\r", b"x" * 1023):
        answer = say(path, line + b"\n")
        check(answer.startswith(b"error ") and answer.count(b"\n") == 1 and answer.endswith(b"\n"),
              f"{line!r} was answered with {answer!r}")
    is_alive(path)


def half_a_line_gets_an_error(stage):
    path = place(daemon_of(stage))
    for part in b"s", b"status", b"stop", b"x" * 1000:
        check(say(path, part, end=True).startswith(b"error "), f"{part!r} and the end were no error")
    equal(say(path, b"", end=True), b"", "answer to nothing at all")
    is_alive(path)


def silence_is_ended(stage):
    path = place(daemon_of(stage))
    for part in b"", b"stat":
        with connect(path) as sock:
            sock.sendall(part)
            began = time.monotonic()
            answer, how = read_all(sock)
            waited = time.monotonic() - began
            check(answer.startswith(b"error ") and how != SILENT, f"silence was answered with {answer!r}, {how}")
            check(SECONDS - 0.5 < waited < SECONDS + 5, f"that took {waited:.1f} s")
    is_alive(path)


def a_huge_line_gets_an_error(stage):
    path = place(daemon_of(stage))
    for data in b"x" * 1024, b"x" * (4 << 20), b"stop" + b" " * 2000 + b"\n", b"\0" * 100000:
        check(say(path, data).startswith(b"error "), f"{len(data)} bytes were no error")
    is_alive(path)


def noise_does_no_harm(stage):
    daemon = daemon_of(stage)
    path = place(daemon)
    noise = random.Random(17)
    for _ in range(200):
        answer = say(path, noise.randbytes(noise.randrange(1, 3000)), end=True)
        check(answer == b"" or answer.startswith(b"error "), f"noise was answered with {answer!r}")
    for _ in range(50):
        sock = connect(path)  # gone before the answer
        sock.sendall(b"status\n")
        sock.close()
    is_alive(path)
    check(daemon.process.alive(), "the daemon has ended")


def a_thousand_connections_do_not_keep_others_out(stage):
    daemon = daemon_of(stage)
    path = place(daemon)
    socks = []
    for _ in range(1000):
        socks.append(connect(path))
        stage.later(socks[-1].close)
    began = time.monotonic()
    is_alive(path)
    command(daemon, "status")
    check(time.monotonic() - began < SECONDS, "the silent ones were waited for")
    open_ones = [name for name in os.listdir(f"/proc/{daemon.process.pid}/fd")]
    check(len(open_ones) < 60, f"the daemon has {len(open_ones)} descriptors open")
    for sock in socks:
        check(read_all(sock)[0].startswith(b"error "), "a silent connection got no error")
    is_alive(path)


def an_answer_that_nobody_reads_is_given_up(stage):
    many = "".join(listener(f"imap n{i}") for i in range(250))
    daemon = daemon_of(stage, ini=settings(NOWHERE, many))
    path = place(daemon)
    lazy = []
    for _ in range(40):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.connect(path)
        sock.sendall(b"status\n")
        stage.later(sock.close)
        lazy.append(sock)
    until(lambda: say(path, b"status\n").startswith(b"ok\n"), "an answer while others do not read theirs")
    whole = say(path, b"status\n")
    check(len(whole) > 30000 and whole.endswith(b"}\n"), f"an answer of {len(whole)} bytes is not whole")


# --- who may come ---

def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def the_mode_is_0600_whatever_the_mask(stage):
    before = os.umask(0)
    try:
        daemon = daemon_of(stage)
    finally:
        os.umask(before)
    equal(oct(mode_of(place(daemon))), "0o600", "mode of the socket")
    check(stat.S_ISSOCK(os.lstat(place(daemon)).st_mode), "it is no socket")


def said_by(account, path):
    """What another user hears who asks for the status, or the name of the error that it gets."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            heard = say(path, b"status\n")
        except OSError as error:
            heard = type(error).__name__.encode()
        os.write(there, b"heard " + heard[:1000])
        os._exit(0)
    os.close(there)
    with os.fdopen(here, "rb") as pipe:
        heard = pipe.read()
    os.waitpid(child, 0)
    return heard


def another_user_is_kept_out(stage):
    if os.geteuid() != 0:
        raise Skip("needs root, to be two users")
    daemon = daemon_of(stage)
    path, nobody = place(daemon), Account("nobody")
    os.chmod(os.path.dirname(path), 0o755)
    equal(said_by(nobody, path), b"heard PermissionError", "what the file's mode lets through")
    os.chmod(path, 0o666)
    equal(said_by(nobody, path), b"heard ", "what it is told")
    daemon.wait_line(r"warning: another user has come to the control socket")
    is_alive(path)


# --- where it may be ---

def no_socket(daemon, path, why):
    daemon.wait_line(rf"warning: no control socket: .*{why}")
    check(not os.path.exists(path) or not stat.S_ISSOCK(os.lstat(path).st_mode), f"there is a socket at {path}")
    command(daemon, "status", status=UNAVAILABLE)


def a_directory_that_others_may_write_to_will_not_do(stage):
    for mode in 0o777, 0o770, 0o1777, 0o720, 0o702:
        folder = stage.dir(f"open-{mode:o}", mode)
        daemon = daemon_of(stage, env={"XDG_RUNTIME_DIR": folder}, name=f"d{mode:o}")
        why = f"its group may write there: chmod g-w {folder}, or" if mode in (0o770, 0o720) else "others may write"
        no_socket(daemon, os.path.join(folder, "sallyport.sock"), why)


def a_directory_of_another_user_will_not_do(stage):
    if os.geteuid() != 0:
        raise Skip("needs root, to be two users")
    folder = Account("nobody").own(stage.dir("theirs", 0o700))
    no_socket(daemon_of(stage, env={"XDG_RUNTIME_DIR": folder}), os.path.join(folder, "sallyport.sock"),
              "belongs to another user")


def a_directory_that_is_not_there_is_told(stage):
    folder = os.path.join(stage.folder, "missing")
    no_socket(daemon_of(stage, env={"XDG_RUNTIME_DIR": folder}), os.path.join(folder, "sallyport.sock"), "No such file")


def a_path_that_cannot_be_used_is_told(stage):
    daemon = daemon_of(stage, f"control = $XDG_RUNTIME_DIR/{'x' * 100}")
    daemon.wait_line(r"warning: no control socket: .*longer")
    command(daemon, "status", status=UNAVAILABLE)


def without_a_runtime_directory_there_is_none(stage):
    daemon = daemon_of(stage, env={"XDG_RUNTIME_DIR": ""})
    daemon.wait_line(r"^sallyport: no control socket: XDG_RUNTIME_DIR is not set")
    _, said = command(daemon, "status", status=UNAVAILABLE)
    check("XDG_RUNTIME_DIR" in said, f"the reason is not told: {said!r}")


def the_configuration_says_where(stage):
    path = os.path.join(stage.dir("private", 0o700), "talk")
    daemon = daemon_of(stage, f"control = {path}")
    is_alive(path)
    command(daemon, "status")
    check(not os.path.exists(place(daemon)), "there is one at the default place, too")
    none = daemon_of(stage, "control = none", name="none")
    equal(none.count("control on=|no control socket"), 0, "words about the control socket")
    _, said = command(none, "status", status=UNAVAILABLE)
    check("control = none" in said, f"the reason is not told: {said!r}")


def it_is_removed_at_the_end(stage):
    daemon = daemon_of(stage)
    path = place(daemon)
    is_alive(path)
    daemon.stop()
    check(not os.path.exists(path), "the socket was left behind")


def what_another_has_put_there_is_not_removed(stage):
    daemon = daemon_of(stage)
    path = place(daemon)
    os.unlink(path)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        daemon.stop()
        check(os.path.exists(path), "the socket of another was removed")


def a_dead_socket_is_replaced(stage):
    daemon = daemon_of(stage)
    path = place(daemon)
    daemon.expected = (-signal.SIGKILL,)
    daemon.process.signal(signal.SIGKILL)
    daemon.process.wait()
    check(os.path.exists(path), "no dead socket to begin with")
    command(daemon, "status", status=UNAVAILABLE)
    daemon_of(stage, name="next")
    is_alive(path)


def a_file_that_is_no_socket_is_left_alone(stage):
    path = os.path.join(stage.dir("run", 0o700), "sallyport.sock")
    stage.file("run/sallyport.sock", "precious")
    no_socket(daemon_of(stage), path, "no socket")
    with open(path, encoding="ascii") as file:
        equal(file.read(), "precious", "what the file says")


def a_second_daemon_does_not_steal_it(stage):
    first = daemon_of(stage)
    second = daemon_of(stage, name="second")
    second.wait_line(r"error: no control socket: .* answers already: another sallyport runs")
    answer = say(place(first), b"status\n")
    check(f'"pid": {first.process.pid}'.encode() in answer, f"another one answers: {answer[:200]!r}")
    second.stop()
    is_alive(place(first))


scenario(a_person_can_type_the_requests,
         bytes_may_come_one_by_one,
         what_is_no_request_gets_an_error,
         half_a_line_gets_an_error,
         silence_is_ended,
         a_huge_line_gets_an_error,
         noise_does_no_harm,
         a_thousand_connections_do_not_keep_others_out,
         an_answer_that_nobody_reads_is_given_up,
         the_mode_is_0600_whatever_the_mask,
         another_user_is_kept_out,
         a_directory_that_others_may_write_to_will_not_do,
         a_directory_of_another_user_will_not_do,
         a_directory_that_is_not_there_is_told,
         a_path_that_cannot_be_used_is_told,
         without_a_runtime_directory_there_is_none,
         the_configuration_says_where,
         it_is_removed_at_the_end,
         what_another_has_put_there_is_not_removed,
         a_dead_socket_is_replaced,
         a_file_that_is_no_socket_is_left_alone,
         a_second_daemon_does_not_steal_it,
         paths=("splice",))
