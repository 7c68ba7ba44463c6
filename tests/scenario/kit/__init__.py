# SPDX-License-Identifier: ISC
"""What every scenario stands on: a stage with a private folder, processes that are ended by their id,
waiting for a line instead of sleeping, and the daemon under test.  Standard library only.

A scenario file holds functions that take a Stage and hands them to scenario(); each runs on a stage of its own,
once with the splice pump and once with the copy pump, and prints one TAP line.
"""
from .case import Skip, check, equal, need, scenario, unpacked
from .process import Process, closed_port, free_port, run, until
from .daemon import Sallyport
from .stage import Stage

__all__ = ["Process", "Sallyport", "Skip", "Stage", "check", "closed_port", "equal", "free_port", "need", "run",
           "scenario", "unpacked", "until"]
