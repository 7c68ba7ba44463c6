# SPDX-License-Identifier: ISC
"""The program under test."""
import os
import re
import signal

from . import streams
from .process import PATIENCE, run

PROGRAM = os.environ.get("SALLYPORT", os.path.join(os.path.dirname(__file__), "../../../build/src/sallyport"))
"""`make check` names the freshly built program in $SALLYPORT."""


class Sallyport:
    """`sallyport run` with a configuration file of its own.  Give listeners `listen = 127.0.0.1:0`: where they
    ended up is in address(NAME)."""

    def __init__(self, stage, ini, env=None, ready=True, arguments=("run",), name="sallyport", **options):
        self.stage = stage
        self.ini = stage.file(f"{name}.ini", ini, mode=0o600)
        self.env = self.environment(stage, env)
        self.process = stage.start([PROGRAM, "-c", self.ini, *arguments], name=name, env=self.env, **options)
        stage.later(self._must_end_well)
        if ready:
            self.process.wait_line(r"ready listeners=")

    @staticmethod
    def environment(stage, extra=None):
        """What the daemon and its commands see: nothing of the caller's proxies and screen, the stage as home, the pump
        path."""
        keep = {key: value for key, value in os.environ.items()
                if not key.lower().endswith("_proxy") and key not in ("DISPLAY", "WAYLAND_DISPLAY")}
        keep.update(HOME=stage.folder, XDG_RUNTIME_DIR=stage.dir("run", 0o700), XDG_CONFIG_HOME=stage.folder,
                    SALLYPORT_PUMP=stage.path, SALLYPORT_PRECONNECT="at-once")
        keep.update(extra or {})
        sanitizer = extra.get("ASAN_OPTIONS") if extra else None
        keep["ASAN_OPTIONS"] = sanitizer or "detect_leaks=1:abort_on_error=0:exitcode=99:quarantine_size_mb=16"
        keep.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
        return keep

    @staticmethod
    def command(stage, *arguments, ini=None, data=None, env=None, patience=None):
        """Runs `sallyport ARGUMENT ...` to its end, with `-c` a file of that text when ini is given."""
        before = ["-c", stage.file("command.ini", ini, mode=0o600)] if ini is not None else []
        return run([PROGRAM, *before, *arguments], data=data, env=Sallyport.environment(stage, env), patience=patience)

    def address(self, listener, count=1):
        """(host, port) of the listener's count-th address, from its `listening` line."""
        line = self.process.wait_line(rf"^(?:\S+ )?sallyport: {re.escape(listener)} listening on=(\S+)", count=count)
        host, port = line.group(1).rsplit(":", 1)
        return host.strip("[]"), int(port)

    def connect(self, listener, timeout=PATIENCE, count=1):
        """A connected client socket to that listener, with a time limit on every call."""
        return streams.connect(self.address(listener, count), timeout)

    def wait_line(self, pattern, **options):
        return self.process.wait_line(pattern, **options)

    def count(self, pattern, least=0):
        return self.process.count(pattern, least)

    def reload(self, ini):
        """Replaces the configuration text and sends SIGHUP; the caller waits for the line it expects."""
        self.stage.file(os.path.basename(self.ini), ini, mode=0o600)
        self.process.signal(signal.SIGHUP)

    def stop(self, number=signal.SIGTERM):
        return self.process.stop(number)

    def _must_end_well(self):
        """Every daemon of every scenario must leave with 0 and without a word from a sanitizer.  A scenario that
        ended it otherwise on purpose sets expected."""
        status = self.process.stop()
        report = [line for line in self.process.lines if re.search(r"Sanitizer|runtime error", line)]
        if report or status not in self.expected:
            raise AssertionError(f"sallyport ended with {status}: " + "\n".join(report + self.process.lines[-30:]))

    expected = (0,)
