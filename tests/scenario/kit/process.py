# SPDX-License-Identifier: ISC
"""Programs started for a test: their output is kept by line, they are ended by their id."""
import os
import re
import socket
import subprocess
import threading
import time
from signal import SIGKILL, SIGTERM


def _slowness():
    """1 to 4: told by $SALLYPORT_TEST_SLOW, or else seen by how many programs want a processor.  Two for each are what
    the tests bring themselves."""
    if os.environ.get("SALLYPORT_TEST_SLOW"):
        return 4
    return min(max(os.getloadavg()[0] / (2 * (os.cpu_count() or 1)), 1), 4)


SLOWNESS = _slowness()
"""How many times longer than usual all may take on this machine."""

PATIENCE = 20 * SLOWNESS
"""Seconds that a test waits for something that must come; only ever reached when a test fails."""


def until(condition, what, patience=None):
    """Calls condition() until it gives something true, and returns that; AssertionError naming `what` otherwise."""
    deadline = time.monotonic() + (patience or PATIENCE)
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def pause(seconds):
    """Waits until so much time has passed: for what must not happen in it, or only happens behind it."""
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun >= seconds, f"{seconds} s to pass")


def naps(pid):
    """How often the process has gone to sleep by itself."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read(), re.M).group(1))


def free_port(family=socket.AF_INET):
    """A TCP port that was free a moment ago, for programs that cannot be told port 0."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        return probe.getsockname()[1]


_closed = []  # sockets that hold them


def closed_port():
    """A TCP port of 127.0.0.1 at which nobody listens, nor will while the test runs."""
    _closed.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    _closed[-1].bind(("127.0.0.1", 0))
    return _closed[-1].getsockname()[1]


def run(argv, data=None, patience=None, env=None, cwd=None):
    """Runs a program to its end; gives its CompletedProcess with bytes in stdout and stderr."""
    return subprocess.run(argv, input=data, stdin=subprocess.DEVNULL if data is None else None, env=env, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=patience or PATIENCE)


class Process:
    """One running program.  Its standard output and error are read by a thread and kept as lines."""

    def __init__(self, argv, name=None, env=None, cwd=None, preexec=None, pass_fds=(), user=None):
        self.name = name or os.path.basename(argv[0])
        self.lines = []
        self._fresh = threading.Condition()
        self._ended = False
        self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      env=env, cwd=cwd, preexec_fn=preexec, pass_fds=pass_fds, user=user,
                                      start_new_session=True)
        self.pid = self.child.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for raw in self.child.stdout:
            with self._fresh:
                self.lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
                self._fresh.notify_all()
        with self._fresh:
            self._ended = True
            self._fresh.notify_all()

    def wait_line(self, pattern, count=1, patience=None):
        """Waits for the count-th line that matches the regular expression; gives the match object."""
        deadline = time.monotonic() + (patience or PATIENCE)
        expression = re.compile(pattern)
        with self._fresh:
            while True:
                found = [m for m in map(expression.search, self.lines) if m]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    said = "\n  ".join(self.lines[-40:])
                    raise AssertionError(f"{self.name}: no line like {pattern!r} in:\n  {said}")
                self._fresh.wait(left)

    def count(self, pattern, least=0):
        """How many lines match the regular expression, once at least so many do: a line of the log may come after
        what it tells of."""
        if least:
            self.wait_line(pattern, least)
        with self._fresh:
            return sum(1 for line in self.lines if re.search(pattern, line))

    def alive(self):
        return self.child.poll() is None

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self, patience=None):
        """Waits for its end; gives the exit status (negative: the signal)."""
        try:
            return self.child.wait(patience or PATIENCE)
        finally:
            if self.child.returncode is not None:
                self._reader.join(5)

    def stop(self, number=SIGTERM, patience=None):
        """Ends it: the signal, and SIGKILL to its whole session if that does not help.  Gives the exit status."""
        if self.alive():
            os.kill(self.pid, number)
            try:
                return self.wait(patience or 10)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
        return self.child.returncode

    def kill(self):
        """SIGKILL to the program and whatever it left in its session."""
        try:
            os.killpg(self.pid, SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait(10)
        self._reader.join(5)
