#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`stop` and `reload` do what the signals do, and say what came of it; a reload moves the control socket and keeps the
redirects that still have a sender."""
import os
import socket

from kit import check, equal, run, scenario, until
from kit.control import CONFIGURATION, OK, UNAVAILABLE, command, connect, facts, is_alive, place, say
from kit.daemon import PROGRAM
from kit.peers import GREETING, OPAQUE, Proxy
from kit.route import listener, settings
from kit.streams import RESET, Sink, Source, ending, read_exactly

NOWHERE = "http://127.0.0.1:1"


def write(daemon, ini):
    """A new configuration for the daemon, without telling it."""
    daemon.stage.file(os.path.basename(daemon.ini), ini, mode=0o600)


def greeted(stage, daemon):
    client = daemon.connect("imap")
    stage.later(client.close)
    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    return client


# --- reload ---

def reload_takes_the_new_configuration(stage):
    daemon = stage.sallyport(settings(NOWHERE))
    write(daemon, settings(NOWHERE, listener("imap") + listener("nntp")))
    equal(command(daemon, "reload"), ("", ""), "what it says")
    daemon.wait_line(r"^sallyport: reloaded listeners=2")
    equal([one["name"] for one in facts(daemon)["listeners"]], ["imap", "nntp"], "listeners")


def reload_tells_every_error_and_changes_nothing(stage):
    daemon = stage.sallyport(settings(NOWHERE))
    write(daemon, settings(NOWHERE, listener("smtp")) + "colour = blue\nshape = round\n")
    shown, said = command(daemon, "reload", status=CONFIGURATION)
    equal(shown, "", "standard output")
    for key in "colour", "shape":
        check("sallyport.ini:" in said and key in said, f"no {key} in {said!r}")
    daemon.wait_line("not reloaded")
    equal(daemon.count(r"^sallyport: reloaded\b"), 0, "times that the log says reloaded")
    equal([one["name"] for one in facts(daemon)["listeners"]], ["imap"], "listeners")


def reload_tells_of_a_listener_that_cannot_be_had(stage):
    daemon = stage.sallyport(settings(NOWHERE))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        write(daemon, settings(NOWHERE, f"[imap]\nlisten = 127.0.0.1:{port}\ntarget = mail.example.net\n"))
        _, said = command(daemon, "reload", status=UNAVAILABLE)
    check(f"127.0.0.1:{port}" in said, f"the address is not named: {said!r}")


def a_configuration_that_is_gone_is_told(stage):
    daemon = stage.sallyport(settings(NOWHERE))
    os.unlink(daemon.ini)
    _, said = command(daemon, "reload", status=CONFIGURATION)
    check("No such file" in said, f"the reason is not told: {said!r}")
    is_alive(place(daemon))


def reload_moves_the_control_socket(stage):
    daemon = stage.sallyport(settings(NOWHERE))
    old, new = place(daemon), os.path.join(stage.dir("elsewhere", 0o700), "talk")
    idle = connect(old)
    stage.later(idle.close)
    write(daemon, settings(NOWHERE, sallyport=f"control = {new}"))
    equal(say(old, b"reload\n"), b"ok\n", "answer")
    daemon.wait_line(f'control on="{new}"') # the file is there a moment before anybody listens
    until(lambda: not os.path.exists(old), "the end of the socket at its old place")
    is_alive(new)
    equal(idle.recv(100), b"", "what a silent one at the old place is told")
    write(daemon, settings(NOWHERE, sallyport="control = none"))
    equal(say(new, b"reload\n"), b"ok\n", "answer")
    until(lambda: not os.path.exists(new), "the end of the socket")
    daemon.reload(settings(NOWHERE))
    daemon.wait_line(r'control on="' + old, count=2)
    is_alive(old)


def a_socket_that_stays_is_not_touched(stage):
    daemon = stage.sallyport(settings(NOWHERE))
    inode = os.lstat(place(daemon)).st_ino
    with connect(place(daemon)) as waiting:
        command(daemon, "reload")
        equal(os.lstat(place(daemon)).st_ino, inode, "the socket's file")
        waiting.sendall(b"status\n")
        check(waiting.recv(10).startswith(b"ok\n"), "a connection was dropped")


def redirects_are_kept_while_their_sender_is_configured(stage):
    second = Proxy(stage, lambda connection: (connection.open(), connection.echo()))
    answer = f"HTTP/1.1 305 Use Proxy\r\nSet-Proxy: {second.url}/ type=forever\r\nContent-Length: 0\r\n\r\n".encode()
    first = Proxy(stage, lambda connection: (connection.read_head(), connection.send(answer)))
    daemon = stage.sallyport(settings(first.url))
    stage.later(second.stop)
    running = greeted(stage, daemon)
    equal(len(facts(daemon)["redirects"]), 1, "redirects")
    write(daemon, settings(f"{NOWHERE} {first.url}"))
    command(daemon, "reload")
    equal(len(facts(daemon)["redirects"]), 1, "redirects, with the sender still there")
    write(daemon, settings(second.url))
    command(daemon, "reload")
    equal(facts(daemon)["redirects"], [], "redirects, with the sender gone")
    running.sendall(b"x")
    equal(read_exactly(running, 1), b"x", "what comes back in a session that was open all the time")


# --- stop ---

def stop_ends_a_daemon_without_sessions(stage):
    daemon = stage.sallyport(settings(NOWHERE))
    equal(command(daemon, "stop"), ("", ""), "what it says")
    equal(daemon.process.wait(), OK, "exit status")
    daemon.wait_line(r"^sallyport: stopping signal=none sessions=0$")
    daemon.wait_line(r"^sallyport: stopped$")
    check(not os.path.exists(place(daemon)), "the control socket was left behind")


def stop_lets_a_busy_session_go_on_and_a_second_one_does_not(stage):
    sources = []

    def script(connection):
        connection.open(answer=OPAQUE)
        sources.append(Source(connection.sock, 1 << 50, seed=92))
        sources[0].join()

    proxy = Proxy(stage, script)
    daemon = stage.sallyport(settings(proxy.url))
    client = greeted(stage, daemon)
    sink = Sink(client)
    command(daemon, "stop")
    daemon.wait_line(r"^sallyport: stopping signal=none sessions=1$")
    before = sink.got
    until(lambda: sink.got > before + (4 << 20), "the stream to go on")
    told = facts(daemon)
    equal((told["stopping"], len(told["sessions"]), told["listeners"][0]["addresses"]), (True, 1, []),
          "what is told while stopping")
    _, said = command(daemon, "reload", status=UNAVAILABLE)
    check("stopped" in said, f"the reason is not told: {said!r}")
    command(daemon, "status")
    command(daemon, "stop")
    equal(daemon.process.wait(5), OK, "exit status")
    sink.join()
    equal(sink.how, RESET, "end of the client's stream")


def stop_cuts_a_quiet_session(stage):
    proxy = Proxy(stage, lambda connection: (connection.open(), connection.echo()))
    daemon = stage.sallyport(settings(proxy.url))
    client = greeted(stage, daemon)
    command(daemon, "stop")
    equal(daemon.process.wait(5), OK, "exit status")
    equal(ending(client), RESET, "end of the client's stream")


# --- where the socket is looked for ---

def without_a_configuration_the_default_place_is_asked(stage):
    daemon = stage.sallyport(settings(NOWHERE))
    done = run([PROGRAM, "status"], env=daemon.env)  # the stage, which is the home, has none
    equal((done.returncode, done.stderr), (OK, b""), "status, and complaints")
    check(b"process %d" % daemon.process.pid in done.stdout, f"it says {done.stdout!r}")


scenario(reload_takes_the_new_configuration,
         reload_tells_every_error_and_changes_nothing,
         reload_tells_of_a_listener_that_cannot_be_had,
         a_configuration_that_is_gone_is_told,
         reload_moves_the_control_socket,
         a_socket_that_stays_is_not_touched,
         redirects_are_kept_while_their_sender_is_configured,
         stop_ends_a_daemon_without_sessions,
         stop_lets_a_busy_session_go_on_and_a_second_one_does_not,
         stop_cuts_a_quiet_session,
         without_a_configuration_the_default_place_is_asked,
         paths=("splice",))
