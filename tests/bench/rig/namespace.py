# SPDX-License-Identifier: ISC
"""Network namespaces of the benchmark's own, that end with their last process; nothing of them has a name."""
import ctypes
import os
import signal
import subprocess

CLONE_NEWNET = 0x40000000
PORTS = "10000 65535"  # ephemeral ones; forwarders listen below
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def end_with_parent():
    """For the child, before it becomes another program: it ends when the benchmark is killed."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Namespace:
    """A fresh one, with loopback up."""

    def __init__(self, congestion=None):
        self._holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self._holder.stdout.read(1) != b"\n":
            said = self._holder.stderr.read().decode("utf-8", "replace").strip()
            self.close()
            raise OSError(said or "unshare failed")
        self.pid = self._holder.pid
        self.path = f"/proc/{self.pid}/ns/net"
        script = f"ip link set lo up && echo {PORTS} >/proc/sys/net/ipv4/ip_local_port_range"
        if congestion:
            script += f" && echo {congestion} >/proc/sys/net/ipv4/tcp_congestion_control"
        self.run(["sh", "-c", script])

    def enter(self):
        """For the child, before it becomes another program."""
        fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "cannot enter the network namespace")
        os.close(fd)

    def run(self, argv):
        """Runs a program inside, to its end; CalledProcessError with what it said when it fails."""
        subprocess.run(argv, preexec_fn=self.enter, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)

    def close(self):
        """It ends with the last process in it."""
        self._holder.stdin.close()
        self._holder.wait()
        self._holder.stdout.close()
        self._holder.stderr.close()


def possible(congestions):
    """(why this user cannot make one and enter it from outside, or None; the first of these congestion controls that
    may be set inside, or None)."""
    try:
        Namespace().close()
    except (OSError, subprocess.SubprocessError) as error:
        return f"no network namespaces, everything shares plain loopback ({error})", None
    for congestion in congestions:
        try:
            Namespace(congestion).close()
            return None, congestion
        except subprocess.SubprocessError:
            continue  # not in this kernel, or not allowed in namespaces
    return None, None
