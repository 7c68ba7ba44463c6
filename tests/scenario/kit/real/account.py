# SPDX-License-Identifier: ISC
"""The user that a real server runs as.  Started by root, the servers run as a user without rights (most refuse to be
root); started by anybody else, as that user: one way for both, and nothing of theirs can touch the machine."""
import grp
import os
import pwd


class Account:
    """A user of this machine with its first group."""

    def __init__(self, name):
        entry = pwd.getpwnam(name)
        self.name, self.uid, self.gid = name, entry.pw_uid, entry.pw_gid
        self.group = grp.getgrgid(self.gid).gr_name

    @staticmethod
    def mine():
        """Who runs the tests."""
        return Account(pwd.getpwuid(os.geteuid()).pw_name)

    @staticmethod
    def humble(name="nobody"):
        """That user when root runs the tests, otherwise who runs them."""
        return Account(name) if os.geteuid() == 0 else Account.mine()

    def own(self, path):
        """Gives the file or folder to this user; gives back the path."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)
        return path

    def argv(self, *argv):
        """The command line that runs this one as this user, in the same process."""
        if os.geteuid() == self.uid:
            return list(argv)
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups", *argv]
