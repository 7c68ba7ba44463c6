#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A service manager opens the ports and starts the daemon: it takes the sockets by their names, also serves the client
that came first, and says when it is ready and when it stops."""
import os
import re
import socket
import sys

from kit import Skip, check, equal, scenario
from kit.peers import GREETING, Proxy
from kit.process import PATIENCE
from kit.real.launched import Launched
from kit.real.loopback import has_ipv6
from kit.route import listener, settings
from kit.streams import read_exactly

LAUNCHER = r"""
import fcntl, os, sys
pid, names, sockets, program = sys.argv[1], sys.argv[2], sys.argv[3].split(","), sys.argv[4:]
high = [fcntl.fcntl(int(number), fcntl.F_DUPFD_CLOEXEC, 100) for number in sockets]
os.closerange(3, 100)
for place, number in enumerate(high, 3):
    os.dup2(number, place)
os.environ.update(LISTEN_PID=pid or str(os.getpid()), LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=names)
os.execv(program[0], program)
"""
"""What systemd does (sd_listen_fds(3)): the sockets from descriptor 3 on, and three variables."""


def opened(stage, host="127.0.0.1"):
    """A listening socket on any free port."""
    sock = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    stage.later(sock.close)
    return sock


def launched(stage, listeners, sockets, env=None, pid=""):
    """The daemon, started with sockets: a list of (name, socket); its proxy greets and then echoes."""
    def script(connection):
        connection.open()
        connection.echo()

    proxy = Proxy(stage, script)
    numbers = ",".join(str(sock.fileno()) for _, sock in sockets)
    names = ":".join(name for name, _ in sockets)
    return Launched(stage, settings(proxy.url, listeners), env=env, pass_fds=[sock.fileno() for _, sock in sockets],
                    before=(sys.executable, "-c", LAUNCHER, pid, names, numbers))


def is_served(client):
    """The client is greeted and gets its own words back."""
    equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    client.sendall(b"a NOOP\r\n")
    equal(read_exactly(client, 8), b"a NOOP\r\n", "words that came back")


def places(daemon):
    """(listener, address) of each `listening` line."""
    return [re.search(r"sallyport: (\S+) listening on=(\S+)", line).groups()
            for line in daemon.process.lines if " listening on=" in line]


def place(sock):
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def sockets_go_to_the_listeners_that_they_name(stage):
    """Two for one listener, one for another with a label, none for the third, which opens its own port."""
    first, second, work = opened(stage), opened(stage), opened(stage)
    daemon = launched(stage, listener("imap") + listener("imap work") + listener("nntp"),
                      [("imap/work", work), ("imap", first), ("imap", second)])
    told = places(daemon)
    equal(sorted(address for name, address in told if name == "imap"), sorted((place(first), place(second))), "[imap]")
    equal([address for name, address in told if name == "imap/work"], [place(work)], "[imap work]")
    equal([name for name, _ in told].count("nntp"), 1, "ports of [nntp]")
    for name, sock in ("imap", first), ("imap", second), ("imap/work", work):
        with socket.create_connection(sock.getsockname(), timeout=PATIENCE) as client:
            is_served(client)
            daemon.wait_line(rf"sallyport: {name} #\d+ accepted from=127\.0\.0\.1:{client.getsockname()[1]} ")
    with daemon.connect("nntp") as client:
        is_served(client)


def an_ipv6_socket(stage):
    if not has_ipv6():
        raise Skip("this machine has no IPv6 on loopback")
    sock = opened(stage, "::1")
    daemon = launched(stage, listener("imap"), [("imap", sock)])
    equal(places(daemon), [("imap", place(sock))], "listeners")
    with socket.create_connection(sock.getsockname()[:2], timeout=PATIENCE) as client:
        is_served(client)


def a_client_that_was_there_before_the_daemon(stage):
    sock = opened(stage)
    with socket.create_connection(sock.getsockname(), timeout=PATIENCE) as client:
        launched(stage, listener("imap"), [("imap", sock)])
        is_served(client)


def sockets_of_another_process_are_left_alone(stage):
    """LISTEN_PID is not ours: the variables were meant for somebody above us."""
    sock = opened(stage)
    daemon = launched(stage, listener("imap"), [("imap", sock)], pid=str(os.getpid()))
    check(place(sock) not in [address for _, address in places(daemon)], "it took a socket that was not for it")
    with daemon.connect("imap") as client:
        is_served(client)


def notified(stage, address, variable):
    """It says READY=1 once its listeners are open, and STOPPING=1 when it is told to end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(PATIENCE)
        sock = opened(stage)
        daemon = launched(stage, listener("imap"), [("imap", sock)], env={"NOTIFY_SOCKET": variable})
        check("READY=1" in manager.recv(4096).decode().split("\n"), "the first word is not READY=1")
        equal(daemon.stop(), 0, "exit status")
        said = [manager.recv(4096).decode()]
        manager.setblocking(False)
        try:
            while True:
                said.append(manager.recv(4096).decode())
        except BlockingIOError:
            pass
        equal("\n".join(said).split("\n").count("STOPPING=1"), 1, f"times that STOPPING=1 was said, in {said}")


def the_manager_hears_of_start_and_end(stage):
    path = os.path.join(stage.folder, "notify")
    notified(stage, path, path)


def the_manager_hears_it_on_an_abstract_socket(stage):
    name = f"sallyport-test-{os.getpid()}-{stage.path}"
    notified(stage, f"\0{name}", f"@{name}")


scenario(sockets_go_to_the_listeners_that_they_name,
         an_ipv6_socket,
         a_client_that_was_there_before_the_daemon,
         sockets_of_another_process_are_left_alone,
         the_manager_hears_of_start_and_end,
         the_manager_hears_it_on_an_abstract_socket)
