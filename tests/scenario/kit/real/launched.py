# SPDX-License-Identifier: ISC
"""The daemon as a service manager or another user would start it."""
from ..daemon import PROGRAM, Sallyport
from .account import Account


class Launched(Sallyport):
    """Like Sallyport, but started by the command line `before`, and as that account.  It runs a copy of the program:
    another user may not be let into the folder where it was built."""

    def __init__(self, stage, ini, before=(), account=None, env=None, pass_fds=()):
        account = account or Account.mine()
        self.stage = stage
        with open(PROGRAM, "rb") as file:
            program = account.own(stage.file("bin/sallyport", file.read(), mode=0o755))
        self.ini = account.own(stage.file("launched.ini", ini, mode=0o600))
        self.env = self.environment(stage, env)
        account.own(self.env["XDG_RUNTIME_DIR"])
        self.process = stage.start(account.argv(*before, program, "-c", self.ini, "run"), name="sallyport",
                                   env=self.env, pass_fds=pass_fds)
        stage.later(self._must_end_well)
        self.process.wait_line(r"ready listeners=")
