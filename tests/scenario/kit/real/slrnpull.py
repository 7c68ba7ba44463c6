# SPDX-License-Identifier: ISC
"""slrnpull, which carries news between a server and a spool that is read offline."""
import glob
import os

from ..case import equal, need
from ..daemon import Sallyport
from ..process import run
from .inn import GROUP
from .newsreader import doubled
from .text import body_of


class Slrnpull:
    """With a spool in the stage's folder, for GROUP."""

    def __init__(self, stage):
        self.program = need("slrnpull", "slrnpull")
        self.stage = stage
        self.spool = stage.dir("slrnpull")
        stage.file("slrnpull/slrnpull.conf", f"{GROUP} 0 0 0\n")

    def write(self, text):
        """Puts an article into the spool, to go out by the next pull."""
        # slrnpull sends what it finds as it stands
        self.stage.file("slrnpull/out.going/X1", doubled(text).replace(b"\r\n", b"\n"))

    def pull(self, address):
        """Sends what is in the spool and fetches what is new, from (host, port); gives the bodies of all articles there
        are."""
        done = run([self.program, "-d", self.spool, "-h", "{}:{}".format(*address)],
                   env=Sallyport.environment(self.stage))
        equal(done.returncode, 0, f"status of slrnpull, which said {(done.stdout + done.stderr).decode('latin-1')}")
        bodies = []
        for path in glob.glob(os.path.join(self.spool, "news", *GROUP.split("."), "[0-9]*")):
            with open(path, "rb") as file:
                bodies.append(body_of(file.read().replace(b"\n", b"\r\n")))
        return bodies
