# SPDX-License-Identifier: ISC
"""The place where one scenario happens: a private folder, the processes and sockets in it, and their end."""
import contextlib
import os
import shutil
import tempfile


class Stage:
    """path is "splice" or "copy": the pump that the daemons of this stage use."""

    def __init__(self, path="splice"):
        self.path = path
        self.folder = tempfile.mkdtemp(prefix="sallyport-test-")
        os.chmod(self.folder, 0o755)
        self._struck = contextlib.ExitStack()
        self._processes = []

    def file(self, name, text="", mode=0o644):
        """Writes a file below the folder (making folders as needed); gives its path."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, mode)
        return path

    def dir(self, name, mode=0o755):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        return path

    def later(self, function, *arguments):
        """Calls function when the stage is struck, last come first served."""
        self._struck.callback(function, *arguments)

    def start(self, argv, **options):
        """A Process that is ended with the stage."""
        from .process import Process
        process = Process(argv, **options)
        self._processes.append(process)
        self.later(process.stop)
        return process

    def sallyport(self, ini, **options):
        """The daemon with this configuration text, ready; see Sallyport."""
        from .daemon import Sallyport
        return Sallyport(self, ini, **options)

    def evidence(self):
        """The last lines that each process of the stage printed, for a failure report."""
        shown = []
        for process in self._processes:
            shown.append(f"--- {process.name} said:")
            shown.extend(process.lines[-60:])
        return shown

    def strike(self):
        try:
            self._struck.close()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
