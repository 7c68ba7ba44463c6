# SPDX-License-Identifier: ISC
"""A news reader of a few lines, by a socket: Python has none of its own since 3.13."""
import re


def doubled(text):
    """With a dot more before each line that begins with one, as it goes over the wire (RFC 3977 section 3.1.1)."""
    return re.sub(rb"(?m)^\.", b"..", text)


def single(text):
    """What was doubled, as it was before."""
    return re.sub(rb"(?m)^\.\.", b".", text)


class Newsreader:
    """The dialogue of RFC 3977 over a connected socket, the greeting and MODE READER included.  AssertionError when an
    answer is not the one that lets it go on."""

    def __init__(self, connection):
        self._connection = connection
        self._stream = connection.makefile("rb")
        self._answer("the greeting", b"200 ")
        self.say(b"MODE READER\r\n", b"200 ")

    def _answer(self, what, status):
        line = self._stream.readline()
        if not line.startswith(status):
            raise AssertionError(f"{what} is {line!r}")
        return line

    def say(self, command, status):
        """Sends the bytes; gives the line that answers them, which begins with that status."""
        self._connection.sendall(command)
        return self._answer(f"the answer to {command[:40]!r}", status)

    def post(self, article):
        self.say(b"POST\r\n", b"340 ")
        self.say(doubled(article) + b".\r\n", b"240 ")

    def group(self, name):
        """Opens it; gives how many articles it has, and the first and the last number."""
        return [int(word) for word in self.say(b"GROUP " + name.encode() + b"\r\n", b"211 ").split()[1:4]]

    def body(self, number):
        """The body of that article as it went over the wire, but for the dot at its end."""
        self.say(b"BODY %d\r\n" % number, b"222 ")
        got = bytearray()
        while not got.endswith(b"\r\n.\r\n"):
            line = self._stream.readline()
            if not line:
                raise AssertionError(f"the body ends after {len(got)} bytes without a dot")
            got += line
        return bytes(got[:-3])

    def overview(self, number):
        """The overview of that article (RFC 3977 section 8.3): its fields, the subject being the second."""
        self.say(b"OVER %d\r\n" % number, b"224 ")
        fields = self._stream.readline().decode().split("\t")
        self._ends("the overview")
        return fields

    def _ends(self, what):
        if self._stream.readline() != b".\r\n":
            raise AssertionError(f"{what} has no end")

    def quit(self):
        """Says goodbye and hears the answer; the connection is the caller's to close."""
        self.say(b"QUIT\r\n", b"205 ")
        self._stream.close()
