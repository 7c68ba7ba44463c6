# SPDX-License-Identifier: ISC
"""The control socket of a daemon, spoken to by hand and by the program's own commands."""
import json
import os
import socket

from .case import check, equal
from .process import PATIENCE, run
from .daemon import PROGRAM
from . import streams

OK, USAGE, UNAVAILABLE, CONFIGURATION = 0, 64, 69, 78
"""Of sysexits.h."""


def place(daemon):
    """Where the daemon's control socket is by default."""
    return os.path.join(daemon.env["XDG_RUNTIME_DIR"], "sallyport.sock")


def connect(path):
    """A connection to it, with a time limit on every call."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(path)  # with a limit set before, it would not wait for a place in the queue
    sock.settimeout(PATIENCE)
    return sock


def say(path, data, end=False):
    """Sends these bytes (and the end of the stream), and gives all that comes back."""
    with connect(path) as sock:
        try:
            sock.sendall(data)
            if end:
                sock.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass  # it had heard enough
        return streams.read_all(sock)[0]


def is_alive(path):
    """The daemon behind the socket still answers."""
    check(say(path, b"status\n").startswith(b"ok\n{"), "the daemon does not answer any more")


def command(daemon, *arguments, status=OK, env=None):
    """Runs `sallyport ARGUMENT ...` with the daemon's configuration; gives (standard output, standard error)."""
    done = run([PROGRAM, "-c", daemon.ini, *arguments], env={**daemon.env, **(env or {})})
    out, err = done.stdout.decode(), done.stderr.decode()
    equal(done.returncode, status, f"status of {' '.join(arguments)}, which said {out + err!r}")
    return out, err


def facts(daemon):
    """What `status --json` tells."""
    return json.loads(command(daemon, "status", "--json")[0])
