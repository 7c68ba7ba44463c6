#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Allocations and system calls of ours fail at random, by a seed (tests/faults/shim.c): whatever a session gets then,
the daemon stays, no sanitizer has a word to say, and once calls succeed again so does each kind of session."""
import concurrent.futures
import contextlib
import mmap
import os
import signal
import ssl
import struct

from kit import check, equal, scenario, until
from kit.certificates import Authority
from kit.daemon import PROGRAM, Sallyport
from kit.peers import GREETING, OPAQUE, Proxy
from kit.streams import connect
from kit.tls import secure

SHIM = os.path.join(os.path.dirname(os.path.abspath(PROGRAM)), "../tests/faults/shim.so")
SEEDS = range(1, 1 + int(os.environ.get("SALLYPORT_FAULTS", "2")))
"""`make check-faults` sets the number of them."""
ONE_IN = 60
ROUNDS, AT_ONCE = 12, 10
DIGEST = (b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"
          b"Content-Length: 0\r\nConnection: close\r\n\r\n")
KINDS = ("imap/plain", "imap/digest", "imap/tls", "imap/socks", "imap/command")


class Plate:
    """What the shim and the test both see: whether calls fail, and how many have."""

    def __init__(self, stage):
        self.path = stage.file("plate", bytes(4096))
        with open(self.path, "r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), 4096)

    def arm(self, armed):
        self._bytes[0:1] = b"1" if armed else b"0"

    @property
    def faults(self):
        return struct.unpack_from("I", self._bytes, 4)[0]


def plain(connection):
    connection.open(GREETING)
    connection.echo()


def digest(connection):
    if b"Digest username" in connection.read_head():
        connection.send(OPAQUE + GREETING)
        connection.echo()
    else:
        connection.send(DIGEST)


def socks(connection):
    """RFC 1928 and RFC 1929, as far as a client that does no wrong needs them, and an HTTP proxy behind that."""
    count = connection.read_exactly(2)[1]
    connection.read_exactly(count)
    connection.send(b"\5\2")
    connection.read_exactly(1)
    for _ in "user", "password":
        connection.read_exactly(connection.read_exactly(1)[0])
    connection.send(b"\1\0")
    connection.read_exactly(4)
    connection.read_exactly(connection.read_exactly(1)[0] + 2)
    connection.send(b"\5\0\0\1\0\0\0\0\0\0")
    plain(connection)  # the proxy behind it


def configuration(stage):
    authority = Authority(stage)
    context = authority.leaf("mail.example.net", name="leaf").server_side()

    def tls(connection):
        connection.open(b"")
        secure(connection, context)
        connection.send(GREETING)
        connection.echo()

    def proxy(script, label, more="", scheme="http"):
        def patient(connection):
            with contextlib.suppress(AssertionError, ssl.SSLError):  # the other end may break off anywhere
                script(connection)
        port = Proxy(stage, patient).port
        return f"[proxy {label}]\nurl = {scheme}://127.0.0.1:{port}\n{more}\n"

    def listener(label, more=""):
        return f"[imap {label}]\nlisten = 127.0.0.1:0\ntarget = mail.example.net\nproxy = {label}\n{more}\n"

    return ("[sallyport]\nhandshake-timeout = 2s\nconnect-timeout = 2s\n"
            + proxy(plain, "plain") + proxy(digest, "digest", "user = fred\npassword = hunter22\nauth = digest")
            + proxy(tls, "tls") + proxy(socks, "before", "user = fred\npassword = hunter22", "socks5h")
            + "[proxy socks]\nurl = http://proxy.example:3128\nvia = before\n"
            + proxy(digest, "command", "user = fred\npassword-command = echo hunter22\nauth = digest")
            + listener("plain") + listener("digest") + listener("socks") + listener("command")
            + listener("tls", f"tls = yes\ntls-ca-file = {authority.file}"))


def session(address):
    """What one client gets: its greeting and its own words back, or less."""
    got = b""
    try:
        with connect(address) as client:
            client.settimeout(10)
            while got.count(b"\r\n") < 1:
                got += client.recv(1000) or b"\r\n"
            if got == GREETING:
                client.sendall(b"a noop\r\n")
                got += client.recv(1000)
    except OSError:
        return None
    return got


def whatever_fails_the_daemon_works_on(stage):
    check(os.path.exists(SHIM), f"{SHIM} is missing: make builds it")
    ini = configuration(stage)
    for seed in SEEDS:
        plate = Plate(stage)
        daemon = stage.sallyport(ini, name=f"seed-{seed}", env={
            "LD_PRELOAD": SHIM, "FAULTS_SEED": str(seed), "FAULTS_ONE_IN": str(ONE_IN), "FAULTS_PLATE": plate.path,
            "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:verify_asan_link_order=0:allocator_may_return_null=1"})
        addresses = [daemon.address(kind) for kind in KINDS]
        plate.arm(True)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as clients:
            for number in range(ROUNDS):
                list(clients.map(session, addresses * (AT_ONCE // len(addresses))))
                check(daemon.process.alive(), f"seed {seed}: the daemon ended")
                if number % 4 == 3:
                    daemon.process.signal(signal.SIGHUP)
                    Sallyport.command(stage, "status", ini=ini)
        plate.arm(False)
        check(plate.faults > 0, f"seed {seed}: nothing has failed")
        for kind, address in zip(KINDS, addresses):
            until(lambda: session(address) == GREETING + b"a noop\r\n", f"seed {seed}: a session of {kind}", 90)
        equal(daemon.stop(), 0, f"seed {seed}: status")


scenario(whatever_fails_the_daemon_works_on)
