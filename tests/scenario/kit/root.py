# SPDX-License-Identifier: ISC
"""Which root we are: the machine's, or that of a namespace which a user has made, and which has fewer rights."""
import os

LESSER = "SALLYPORT_TEST_LESSER_ROOT"


def is_root():
    """Whether we are the machine's."""
    return os.geteuid() == 0 and LESSER not in os.environ


def become_lesser():
    """To be called by a user before a namespace is made, in which it is called root."""
    os.environ[LESSER] = "yes"
