# SPDX-License-Identifier: ISC
"""A terminal and the person at it: for what the program asks there."""
import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time

from .daemon import PROGRAM, Sallyport
from .process import PATIENCE

ECHO = 3  # where tcgetattr has the local modes

ROWS, COLUMNS = 40, 120
"""How large a terminal is: programs with a newer ncurses refuse one that has no size."""


class Terminal:
    """Runs the program (or another) in a session of its own, whose terminal this is, unless controls is false.  Its
    standard input, output and error are pipes, or the terminal itself with on_terminal."""

    def __init__(self, stage, arguments, program=PROGRAM, controls=True, on_terminal=False, env=None):
        self.person, self.device = os.openpty()
        fcntl.ioctl(self.device, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.before = self.modes()
        self.shown = ""
        self._output = None
        end = self.device if on_terminal else subprocess.PIPE
        self.child = subprocess.Popen([program, *arguments], stdin=end, stdout=end, stderr=end,
                                      start_new_session=True, preexec_fn=self._take if controls else None,
                                      env=Sallyport.environment(stage, {"SALLYPORT": PROGRAM, **(env or {})}))
        stage.later(self._end)

    def _take(self):
        fcntl.ioctl(self.device, termios.TIOCSCTTY, 0)

    def modes(self):
        return termios.tcgetattr(self.device)

    def echoes(self):
        return bool(self.modes()[ECHO] & termios.ECHO)

    def _read(self, seconds):
        """Adds what is shown within that time to `shown`; False: nothing was."""
        if not select.select([self.person], [], [], seconds)[0]:
            return False
        self.shown += os.read(self.person, 65536).decode("utf-8", "replace")
        return True

    def see(self, pattern, count=1):
        """Waits until the terminal has shown that often what matches the regular expression."""
        deadline = time.monotonic() + PATIENCE
        while len(re.findall(pattern, self.shown)) < count:
            if not self._read(max(0, deadline - time.monotonic())):
                raise AssertionError(f"the terminal never showed {pattern!r}, but {self.shown[-1500:]!r}")

    def type(self, text):
        os.write(self.person, text.encode())

    def wait(self, patience=None):
        """Waits for the program's end; gives its exit status (negative: the signal).  What it showed is in `shown`."""
        status = self.child.wait(patience or PATIENCE)
        while self._read(0):
            pass
        return status

    def output(self):
        """What it wrote to standard output, up to its end."""
        if self._output is None:
            self._output = self.child.stdout.read().decode("utf-8", "replace")
        return self._output

    def _end(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            if pipe:
                pipe.close()
        os.close(self.person)
        os.close(self.device)
