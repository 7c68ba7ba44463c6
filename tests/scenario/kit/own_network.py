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

from .case import Skip, check, need
from .process import run
from .root import become_lesser, is_root

INSIDE = "SALLYPORT_TEST_INSIDE"
SIOCSIFFLAGS, IFF_UP, CLONE_NEWNET = 0x8914, 1, 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def go_inside(*own):
    """To be called before the cases, with what is to be our own, a network and mounts unless told; without namespaces
    each case that needs them is skipped.  Who is not root becomes the root of a namespace, with as many users as this
    user may have (subuid(5))."""
    if INSIDE in os.environ:
        return
    own = ["unshare", *(own or ("--net", "--mount"))]
    ways = [own]
    if not is_root():
        ways = [[*own, "--map-root-user", "--map-auto"], [*own, "--map-root-user"]]
        become_lesser()
    os.environ[INSIDE] = ""
    for way in ways if shutil.which("unshare") else []:
        if subprocess.run([*way, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            os.environ[INSIDE] = "yes"
            os.execvp("unshare", [*way, sys.executable, *sys.argv])


def own_network():
    """To be called by each case that needs it: Skip if it is not our own."""
    if not os.environ[INSIDE]:
        raise Skip("no namespaces (unshare) for this user")


def loopback(is_up=True):
    """Has it go up, or down."""
    with socket.socket(socket.AF_UNIX) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP if is_up else 0))


def own_etc():
    """To be called by each case: loopback goes up; /etc becomes a copy that is ours alone, without what this user may
    not read."""
    own_network()
    loopback()
    if os.path.ismount("/etc"):
        return
    copy = tempfile.mkdtemp()
    subprocess.run(["mount", "-t", "tmpfs", "none", copy], check=True)
    owners = [] if is_root() else ["--no-preserve=ownership"]  # of which a lesser root knows few
    done = subprocess.run(["cp", "-a", *owners, "/etc", copy], check=False, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "LC_ALL": "C"})
    unread = [line for line in done.stderr.splitlines() if "Permission denied" not in line]
    check(done.returncode == 0 or not unread, f"no copy of /etc: {unread}")
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
