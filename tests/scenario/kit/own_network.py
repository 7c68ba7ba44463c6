# SPDX-License-Identifier: ISC
"""A network and an /etc of the test's own, in which links, addresses, routes and resolv.conf may be changed: this
program is run once more in namespaces, and far places are in further ones."""
import contextlib
import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

from .case import Skip, need
from .process import run

INSIDE = "SALLYPORT_TEST_INSIDE"
SIOCSIFFLAGS, IFF_UP, CLONE_NEWNET = 0x8914, 1, 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def go_inside():
    """To be called before the cases; without namespaces each case is skipped."""
    if INSIDE in os.environ:
        return
    way = ["unshare", "--net", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    can = shutil.which("unshare") and subprocess.run(way + ["true"], stderr=subprocess.DEVNULL, check=False)
    os.environ[INSIDE] = "yes" if can and can.returncode == 0 else ""
    if os.environ[INSIDE]:
        os.execvp("unshare", way + [sys.executable] + sys.argv)


def own_etc():
    """To be called by each case: loopback goes up; /etc becomes a copy that is ours alone."""
    if not os.environ[INSIDE]:
        raise Skip("no namespaces (unshare) for this user")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    if os.path.ismount("/etc"):
        return
    copy = tempfile.mkdtemp()
    subprocess.run(["mount", "-t", "tmpfs", "none", copy], check=True)
    subprocess.run(["cp", "-a", "/etc", copy], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["mount", "--bind", f"{copy}/etc", "/etc"], check=True)


def ip(*words):
    """Runs ip(8), which must end well."""
    need("ip", "iproute2")
    done = run(["ip", *words])
    if done.returncode != 0:
        raise AssertionError(f"ip {' '.join(words)}: {done.stderr.decode()}")


class Far:
    """A place at the other end of a cable: link is its end here, which is up and has no address yet; far is the address
    there, with its prefix length."""

    def __init__(self, stage, link, far):
        own_etc()
        self.link, self.host = link, far.split("/", 1)[0]
        holder = stage.start(["unshare", "--net", "sh", "-c", "echo ready; exec sleep infinity"], name=f"far-{link}")
        holder.wait_line("^ready$")
        self._place = f"/proc/{holder.pid}/ns/net"
        ip("link", "add", link, "type", "veth", "peer", "name", "end", "netns", str(holder.pid))
        stage.later(run, ["ip", "link", "delete", link])
        with self.there():
            ip("link", "set", "lo", "up")
            ip("address", "add", far, "dev", "end", "nodad")
            ip("link", "set", "end", "up")
        ip("link", "set", link, "up")

    @contextlib.contextmanager
    def there(self):
        """Sockets that are made and programs that are started by this thread are there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            self._enter(self._place)
            yield
        finally:
            self._enter(f"/proc/self/fd/{home}")
            os.close(home)

    @staticmethod
    def _enter(place):
        with open(place, "rb") as file:
            if LIBC.setns(file.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"setns {place}")

    def come(self, address):
        """This machine gets that address at its end of the cable."""
        ip("address", "add", address, "dev", self.link, "nodad")

    def go(self, address):
        ip("address", "delete", address, "dev", self.link)
