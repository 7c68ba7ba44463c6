# SPDX-License-Identifier: ISC
"""What noise does not touch: the instructions and the system calls of a forwarder, counted from the word `go` to the
load's end.

The kernel counts both where it can (perf_event_open(2)): of all processes of a cgroup, or else of each thread that is
there at the beginning and of what these begin.  A virtual machine often has no counter of instructions: then valgrind's
callgrind executes the program and counts those outside of the kernel.  Where the kernel does not let us count system
calls, strace does.  Each has samples of its own, whose times say nothing."""
import ctypes
import errno
import os
import platform
import shutil
import signal
import struct
import subprocess
import time

from . import meters

PERF_EVENT_OPEN = {"x86_64": 298, "i686": 336, "aarch64": 241, "riscv64": 241, "ppc64le": 319, "s390x": 331,
                   "loongarch64": 241}
HARDWARE, TRACEPOINT = 0, 2         # perf_event_attr.type
INSTRUCTIONS = 1                    # PERF_COUNT_HW_INSTRUCTIONS
INHERIT, NO_USER, NO_KERNEL, NO_HYPERVISOR = 1 << 1, 1 << 4, 1 << 5, 1 << 6
ENABLED_AND_RUNNING = 1 | 2         # read_format: to scale what shared a counter with others
PID_CGROUP, CLOEXEC = 4, 8          # flags of the call
SYSTEM_CALLS = "events/raw_syscalls/sys_enter/id"
TRACING = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
PATIENCE = 20                       # seconds that a tool may take to begin, or to tell
_libc = ctypes.CDLL(None, use_errno=True)
USER, KERNEL, CALLS = "user_instructions", "kernel_instructions", "calls"
KINDS = (USER, KERNEL, CALLS)


class Trouble(Exception):
    """Something could not be counted, and why."""


def _tracepoint():
    """The number of the tracepoint at which each system call begins; None where we may not know."""
    text = next(filter(None, (meters.read(f"{top}/{SYSTEM_CALLS}") for top in TRACING)), None)
    if text is None and os.geteuid() == 0 and os.path.isdir(TRACING[0]):
        # Nobody has mounted it: for a moment it is, where nobody else sees it.
        script = f"mount -t tracefs none {TRACING[0]} && cat {TRACING[0]}/{SYSTEM_CALLS}"
        try:
            text = subprocess.run(["unshare", "--mount", "sh", "-c", script], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True).stdout.decode()
        except (OSError, subprocess.CalledProcessError):
            return None
    return int(text) if text else None


def _events():
    """{kind: (type, config, flags)} of what we would like to be counted."""
    events = {USER: (HARDWARE, INSTRUCTIONS, NO_KERNEL | NO_HYPERVISOR),
              KERNEL: (HARDWARE, INSTRUCTIONS, NO_USER | NO_HYPERVISOR)}
    number = _tracepoint()
    if number is not None:
        events[CALLS] = (TRACEPOINT, number, 0)
    return events


def _open(event, pid, cpu, flags):
    """A descriptor of one counter; OSError."""
    kind, config, bits = event
    attributes = struct.pack("=IIQQQQQIIQ", kind, 64, config, 0, 0, ENABLED_AND_RUNNING, bits, 0, 0, 0)
    number = PERF_EVENT_OPEN.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, "the number of perf_event_open is not known")
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    descriptor = _libc.syscall(ctypes.c_long(number), buffer, ctypes.c_int(pid), ctypes.c_int(cpu), ctypes.c_int(-1),
                               ctypes.c_ulong(flags | CLOEXEC))
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return descriptor


def _threads(pids):
    for pid in pids:
        try:
            yield from map(int, os.listdir(f"/proc/{pid}/task"))
        except OSError:
            continue  # it has ended


def _of_group(event, group):
    """Counters of all that runs in the cgroup, one a processor."""
    folder = os.open(os.path.dirname(group.cpu), os.O_RDONLY | os.O_DIRECTORY)
    opened = []
    try:
        for cpu in range(os.cpu_count() or 1):
            opened.append(_open(event, folder, cpu, PID_CGROUP))
    except OSError:
        for descriptor in opened:
            os.close(descriptor)
        raise
    finally:
        os.close(folder)
    return opened


def _of_threads(event, root):
    """Counters of each thread that there is, and of those that it will begin."""
    kind, config, bits = event
    return [_open((kind, config, bits | INHERIT), thread, -1, 0) for thread in _threads(meters.tree(root))]


def _value(descriptor):
    value, enabled, running = struct.unpack("=QQQ", os.read(descriptor, 24))
    return value * enabled / running if 0 < running < enabled else value


class Kernel:
    """The kernel's counters of one forwarder; they count at once."""

    def __init__(self, events, root, group):
        self.opened = {}
        for kind, event in events.items():
            try:
                self.opened[kind] = _of_group(event, group) if group and group.cpu else _of_threads(event, root)
            except OSError:
                try:
                    self.opened[kind] = _of_threads(event, root)
                except OSError:
                    continue
        self.before = self.counts()

    def counts(self):
        """{kind: count} since it was made."""
        return {kind: sum(map(_value, descriptors)) for kind, descriptors in self.opened.items()}

    def end(self):
        """The same, of the time in between."""
        return {kind: count - self.before[kind] for kind, count in self.counts().items()}

    def close(self):
        """The counters are gone."""
        for descriptor in sum(self.opened.values(), []):
            os.close(descriptor)
        self.opened = {}


class Strace:
    """Counts the system calls of a tree of processes."""

    def __init__(self, root, folder):
        self.summary = f"{folder}/strace"
        argv = ["strace", "-f", "-c", "-o", self.summary]
        for pid in sorted(meters.tree(root)):
            argv += ["-p", str(pid)]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        said = self.process.stderr.readline().decode("utf-8", "replace")
        if "attached" not in said:
            self.close()
            raise Trouble(said.strip() or "strace says nothing")

    def end(self):
        """{kind: count}: what its summary says; it lets go."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE)
        return {CALLS: strace_total(meters.read(self.summary) or "")}

    def close(self):
        """It is gone, whatever it was at."""
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def strace_total(summary):
    """The number of calls that a summary of strace -c tells."""
    for line in reversed(summary.splitlines()):
        fields = line.split()
        if len(fields) >= 5 and fields[-1] == "total" and fields[3].isdigit():
            return int(fields[3])
    raise Trouble("strace has no summary")


class Callgrind:
    """Counts the instructions outside of the kernel of a program that was begun by `prefix`."""

    @staticmethod
    def prefix(folder):
        """What stands before the program's name."""
        return ["valgrind", "--tool=callgrind", "--trace-children=yes", f"--callgrind-out-file={folder}/callgrind.out",
                f"--vgdb-prefix={folder}/vgdb"]

    def __init__(self, root, folder):
        self.root, self.folder, self.out = root, folder, f"{folder}/callgrind.out.1"
        self._say("zero")

    def _say(self, word):
        try:
            done = subprocess.run(["vgdb", f"--vgdb-prefix={self.folder}/vgdb", f"--pid={self.root}",
                                   f"--wait={PATIENCE}", word], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False, timeout=2 * PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise Trouble("valgrind does not answer") from error
        if done.returncode != 0:
            raise Trouble(done.stdout.decode("utf-8", "replace").strip().split("\n")[-1] or "vgdb failed")

    def end(self):
        """{kind: count}."""
        self._say("dump")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            total = callgrind_total(meters.read(self.out) or "")
            if total is not None:
                return {USER: total}
            time.sleep(0.02)
        raise Trouble("callgrind wrote nothing")

    def close(self):
        """It ends with the program."""


def callgrind_total(profile):
    """The instructions that a profile of callgrind counts in all; None: it is not whole yet."""
    for line in profile.splitlines():
        if line.startswith("totals:"):
            return int(line.split()[1])
    return None


class Counters:
    """What can be counted here, and by which tool: found out once, on a process of our own."""

    def __init__(self):
        self.events, self.tools = {}, {}     # by kind
        if os.geteuid() != 0:
            return  # sallyport lets nobody else look into it (PR_SET_DUMPABLE), not even its own user
        events = _events()
        probe = Kernel(events, os.getpid(), None)
        can = set(probe.end())
        probe.close()
        for kind in KINDS:
            if kind in can:
                self.events[kind] = events[kind]
                self.tools[kind] = "kernel"
        if CALLS not in self.tools and shutil.which("strace"):
            self.tools[CALLS] = "strace"
        if USER not in self.tools and shutil.which("valgrind") and shutil.which("vgdb"):
            self.tools[USER] = "callgrind"

    def begin(self, tool, root, group, folder):
        """Counts from now on; gives what has an end() that tells.  Trouble."""
        if tool == "kernel":
            return Kernel(self.events, root, group)
        return (Strace if tool == "strace" else Callgrind)(root, folder)

    def words(self):
        """How it is counted, for the foot of a table."""
        if os.geteuid() != 0:
            return "instructions and system calls are not counted: that needs root"
        names = {"kernel": "the kernel", "strace": "strace", "callgrind": "valgrind's callgrind (of tunnels and trips)"}
        parts = [f"{title} by {names[self.tools[kind]]}" if kind in self.tools else f"{title} not"
                 for kind, title in ((CALLS, "system calls"), (USER, "instructions of the program"),
                                     (KERNEL, "instructions of the kernel for it"))]
        return "counted: " + ", ".join(parts)
