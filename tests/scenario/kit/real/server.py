# SPDX-License-Identifier: ISC
"""A real program that serves on loopback: its folder below the stage's, its ports, and waiting until it accepts."""
import os

from ..process import free_port, until
from .account import Account
from .loopback import listens

TRIES = 3
"""A port that was free a moment ago may be taken when the program binds it; then another one is tried."""


class Server:
    """Each program is a class of its own that writes its configuration and calls serve().  It ends with the stage."""

    address = "127.0.0.1"
    """Where it listens."""

    def __init__(self, stage, name, account=None):
        self.stage = stage
        self.name = name
        self.account = account or Account.humble()
        self.folder = self.dir()
        self.process = None
        self._command = None
        self.ports = ()

    def dir(self, name="", mode=0o755):
        """A folder below the server's own, in its account's hands."""
        return self.account.own(self.stage.dir(os.path.join(self.name, name).rstrip("/"), mode))

    def file(self, name, text="", mode=0o644):
        """A file in the server's folder, in its account's hands."""
        return self.account.own(self.stage.file(os.path.join(self.name, name), text, mode))

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        """The text of a file that the server writes, empty while there is none."""
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def serve(self, count, arrange, env=None):
        """Starts the command line that arrange(port, ...) gives, with that many ports, and waits until it accepts on
        each of them."""
        for _ in range(TRIES):
            self.ports = self.choose(count)
            self._command = arrange(*self.ports), env
            self._start()
            if all(self._accepts(port) for port in self.ports):
                self.stage.later(self.kill)
                return
            self.process.kill()
        raise AssertionError(f"{self.name} does not serve:\n  " + "\n  ".join(self.process.lines[-40:]))

    def choose(self, count):
        """The ports that it is to have."""
        return [free_port() for _ in range(count)]

    def _start(self):
        argv, env = self._command
        self.process = self.stage.start(argv, name=self.name, cwd=self.folder, env=env)

    def revive(self):
        """Starts it once more after a kill(), as it was, and waits until it accepts on its ports."""
        self._start()
        for port in self.ports:
            if not self._accepts(port):
                raise AssertionError(f"{self.name} does not come back:\n  " + "\n  ".join(self.process.lines[-40:]))

    def _accepts(self, port):
        """True once it listens on the port, False if the program ends before."""
        def state():
            if not self.process.alive():
                return "ended"
            return "accepts" if listens(self.process.pid, port, self.address) else None
        return until(state, f"{self.name} to listen on port {port}") == "accepts"

    def kill(self):
        """SIGKILL to all of it, as a crash or a lack of memory would end it.  It is also how it ends with the stage:
        nothing that it has is to be kept, and an orderly end takes squid and dovecot seconds."""
        self.process.kill()
