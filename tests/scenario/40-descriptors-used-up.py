#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""No file descriptor is left: accepting pauses without spinning, nothing crashes, and service resumes when sessions
end."""
import resource
import socket
import time

from kit import check, equal, scenario
from kit.peers import GREETING
from kit.process import PATIENCE, until
from kit.route import Route, listener
from kit.streams import END, connect, read_all, read_exactly, readable
from kit.usage import cpu_seconds

LIMIT = 40
CLIENTS = 60


def greet_and_echo(connection):
    connection.open()
    connection.echo()


def low_limit():
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))


def crowded(stage):
    """(route, clients): more clients than the daemon has descriptors, all connected as far as they can be."""
    route = Route(stage, greet_and_echo, sallyport="connect-timeout = 60s", preexec=low_limit)
    clients = []
    for _ in range(CLIENTS):
        client = connect(route.daemon.address("imap"))
        stage.later(client.close)
        clients.append(client)
    until(lambda: sum(map(readable, clients)) >= 5, "the first clients to be greeted")
    return route, clients


def all_clients_are_answered_in_the_end(stage):
    """Whoever is greeted is served and leaves; the others get their turn, or their protocol's refusal."""
    route, waiting = crowded(stage)
    served = 0
    deadline = time.monotonic() + 3 * PATIENCE
    while waiting:
        ready = [client for client in waiting if readable(client)]
        for client in ready:
            waiting.remove(client)
            data = client.recv(200)
            if data == GREETING:
                client.sendall(b"a NOOP\r\n")
                equal(read_exactly(client, 8), b"a NOOP\r\n", "echo in a crowded daemon")
                served += 1
            else:
                check(data.startswith(b"* BYE [UNAVAILABLE] sallyport: "), f"a client got {data!r}")
            client.close()
        check(time.monotonic() < deadline, f"{len(waiting)} clients were never answered")
        if not ready:
            time.sleep(0.01)
    check(served >= LIMIT // 4, f"only {served} of {CLIENTS} clients were served")
    check(route.daemon.process.alive(), "the daemon died")


def the_pause_does_not_spin(stage):
    route, clients = crowded(stage)
    pid = route.daemon.process.pid
    until(lambda: not settling(clients), "the crowd to settle")
    before = cpu_seconds(pid)
    time.sleep(1)  # the span that is measured
    used = cpu_seconds(pid) - before
    check(used < 0.3, f"the daemon used {used:.2f} s of processor time in a second of waiting")
    warnings = route.daemon.count(r"cannot accept|descriptors")
    check(0 < warnings < 20, f"{warnings} lines of the log tell that accepting paused")


def settling(clients, seconds=0.3):
    """Whether within this time another client is answered."""
    answered = sum(map(readable, clients))
    time.sleep(seconds)
    return sum(map(readable, clients)) != answered


def service_resumes(stage):
    route, clients = crowded(stage)
    for client in clients:
        client.close()
    client = route.greeted()
    client.sendall(b"a NOOP\r\n")
    equal(read_exactly(client, 8), b"a NOOP\r\n", "echo")
    client.shutdown(socket.SHUT_WR)
    equal(read_all(client), (b"", END), "the end")


def large_transfers_go_on_without_pipes(stage):
    """No descriptor is left for a pipe: bytes are moved all the same."""
    route, clients = crowded(stage)
    greeted = [client for client in clients if readable(client) and client.recv(200) == GREETING]
    payload = b"m" * 300_000
    for client in greeted[:5]:
        client.sendall(payload)
        equal(read_exactly(client, len(payload)), payload, "echo of much")
    check(route.daemon.process.alive(), "the daemon died")


def strangers_at_a_relay_leave_room_for_the_user(stage):
    """Who connects to a relay and says nothing keeps nobody from the listener beside it."""
    relay = f"[relay]\nlisten = 127.0.0.1:0\nusers = {stage.file('relay.users', '# nobody', mode=0o600)}\n"
    route = Route(stage, greet_and_echo, listeners=listener("imap") + relay, preexec=low_limit)
    for _ in range(CLIENTS):
        stage.later(connect(route.daemon.address("relay")).close)
    route.daemon.wait_line("of which relays have their part")
    route.greeted()


scenario(all_clients_are_answered_in_the_end,
         the_pause_does_not_spin,
         service_resumes,
         large_transfers_go_on_without_pipes,
         strangers_at_a_relay_leave_room_for_the_user, in_turns=True)
