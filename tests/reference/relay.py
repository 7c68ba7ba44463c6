# SPDX-License-Identifier: ISC
"""Bytes both ways between two sockets: half-close for half-close, reset for reset."""
import errno
import os
import select
import socket

from server import reset

CHUNK = 256 * 1024
"""The most that waits in one direction; the rest is the kernel's back-pressure."""


class Direction:
    """From one socket to another; done when the end of the stream has been passed on."""

    def __init__(self, source, sink):
        self.source = source
        self.sink = sink
        self.waiting = b""
        self.done = False

    def step(self):
        """Reads and writes what goes without waiting; OSError when the connection broke."""
        if self.done:
            return
        try:
            if not self.waiting:
                self.waiting = self.source.recv(CHUNK)
                if not self.waiting:
                    self.done = True
                    end_of_stream(self.sink)
                    return
            self.waiting = self.waiting[self.sink.send(self.waiting):]
        except BlockingIOError:
            pass


def end_of_stream(sock):
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise


def wait(there, back):
    """Waits until a step can get on, or a connection has broken (an OSError)."""
    poll = select.poll()
    for reading, writing in (there, back), (back, there):
        sock = reading.source
        events = select.POLLIN if not reading.done and not reading.waiting else 0
        events |= select.POLLOUT if writing.waiting else 0
        # With no event asked for, poll still reports a reset; but also, again and again, an end of both directions,
        # of which we may not have read the one yet.
        if events or not writing.done:
            poll.register(sock, events)
    for descriptor, event in poll.poll():
        if event & select.POLLERR:
            sock = next(end.source for end in (there, back) if end.source.fileno() == descriptor)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            raise OSError(code, os.strerror(code))


def relay(left, right):
    """Returns when both directions have ended; a connection that breaks resets the other one."""
    there, back = Direction(left, right), Direction(right, left)
    for sock in left, right:
        sock.setblocking(False)
    try:
        while not (there.done and back.done):
            wait(there, back)
            there.step()
            back.step()
    except OSError:
        reset(left)
        reset(right)
    else:
        left.close()
        right.close()
