# SPDX-License-Identifier: ISC
"""What a forwarder uses, over its whole process tree, and what the rest of the machine does meanwhile."""
import os
import time

TICK = os.sysconf("SC_CLK_TCK")


def read(path):
    """The text of a file, or None when there is none or it is not for us."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def mounts():
    """Where the cgroup hierarchies are: (the unified one, that of v1's memory), None where there is none."""
    unified = memory = None
    for line in (read("/proc/mounts") or "").splitlines():
        _, where, kind, options = line.split()[:4]
        if kind == "cgroup2" and unified is None:
            unified = where
        elif kind == "cgroup" and "memory" in options.split(","):
            memory = where
    return unified, memory


class Group:
    """A cgroup for one role of a sample; members are added by themselves, before they become another program."""

    def __init__(self, name):
        self.folders = []
        unified, memory = mounts()
        for top in filter(None, (unified, memory)):
            folder = self._make(top, f"sallyport-bench-{os.getpid()}-{name}")
            if folder:
                self.folders.append(folder)
        self.cpu = next((f"{folder}/cpu.stat" for folder in self.folders if read(f"{folder}/cpu.stat")), None)
        self.memory = next((path for folder in self.folders for path in
                            (f"{folder}/memory.current", f"{folder}/memory.usage_in_bytes") if read(path)), None)

    @staticmethod
    def _make(top, name):
        """At the top as root, else below our own cgroup; None: not allowed."""
        own = next((line.split("::", 1)[1] for line in (read("/proc/self/cgroup") or "").splitlines()
                    if line.startswith("0::")), "/")
        for parent in (top, top + own):
            folder = f"{parent}/{name}"
            try:
                os.mkdir(folder)
                return folder
            except FileExistsError:
                return folder
            except OSError:
                continue
        return None

    def join(self):
        """For the child.  What cannot be joined is not measured by cgroup."""
        for folder in self.folders:
            fd = os.open(f"{folder}/cgroup.procs", os.O_WRONLY)
            os.write(fd, b"0")
            os.close(fd)

    def members(self):
        """Ids of all processes in it."""
        found = set()
        for folder in self.folders:
            found.update(map(int, (read(f"{folder}/cgroup.procs") or "").split()))
        return found

    def close(self):
        """Once its processes have ended; the kernel may take a moment to see that."""
        for folder in self.folders:
            for _ in range(200):
                try:
                    os.rmdir(folder)
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.01)


def works(group):
    """Whether a process may join it."""
    child = os.fork()
    if child == 0:
        try:
            group.join()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def tree(root):
    """Ids of a process, its descendants and all of its session."""
    parents, sessions = {}, {}
    for entry in os.listdir("/proc"):
        stat = read(f"/proc/{entry}/stat") if entry.isdigit() else None
        if stat:
            fields = stat.rpartition(")")[2].split()
            parents[int(entry)], sessions[int(entry)] = int(fields[1]), int(fields[3])
    found = {pid for pid, session in sessions.items() if session == root or pid == root}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def tree_cpu(root):
    """CPU seconds of that tree: the living ones', and, in whole ticks, those of the dead that were waited for."""
    seconds = 0.0
    for pid in tree(root):
        stat = read(f"/proc/{pid}/stat")
        if stat:
            fields = list(map(int, stat.rpartition(")")[2].split()[11:15]))
            # whole ticks of all its threads, or nanoseconds, but only of those that live
            seconds += max(sum(fields[:2]) / TICK, threads_cpu(pid)) + sum(fields[2:]) / TICK
    return seconds


def threads_cpu(pid):
    """CPU seconds of a process' living threads."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return 0.0
    schedules = (read(f"/proc/{pid}/task/{thread}/schedstat") for thread in threads)
    return sum(int(schedule.split()[0]) for schedule in schedules if schedule) / 1e9


def pss(pids):
    """(bytes, kind): the proportional set size of these processes, or their resident one where that is secret."""
    total, kind = 0, "PSS"
    for pid in pids:
        rollup, field = read(f"/proc/{pid}/smaps_rollup"), "Pss:"
        if rollup is None:
            rollup, field = read(f"/proc/{pid}/status"), "VmRSS:"
            if rollup is None:
                continue  # it has ended meanwhile
            kind = "RSS"
        for line in rollup.splitlines():
            if line.startswith(field):
                total += int(line.split()[1]) * 1024
    return total, kind


class Meter:
    """Reads the meters of one forwarder: by its cgroup where there is one, else by its tree of processes."""

    def __init__(self, root, group):
        self.root = root
        self.group = group if group and group.cpu else None
        self.kind = "PSS"

    def cpu_seconds(self):
        """Processor time used so far."""
        if self.root is None:
            return 0.0
        if self.group:
            return group_cpu(self.group)
        return tree_cpu(self.root)

    def memory(self):
        """(proportional set size of the tree in bytes, the cgroup's bytes or None)."""
        if self.root is None:
            return 0, None
        pids = self.group.members() if self.group else tree(self.root)
        size, self.kind = pss(pids)
        total = self.group and self.group.memory and read(self.group.memory)
        return size, int(total) if total else None


def group_cpu(group):
    """CPU seconds of a cgroup."""
    return int((read(group.cpu) or "usage_usec 0").split()[1]) / 1e6


def machine_cpu():
    """CPU seconds that were not idle, on all processors together; also those that the hypervisor took."""
    fields = list(map(int, read("/proc/stat").split("\n", 1)[0].split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / TICK


def pressure():
    """Seconds in which somebody waited for a processor, or 0 where the kernel does not say."""
    text = read("/proc/pressure/cpu")
    return int(text.split("total=")[1].split()[0]) / 1e6 if text else 0.0


def busy(seconds=0.5):
    """How many processors the machine keeps busy while we do nothing, and how much waiting there is."""
    start, cpu, waited = time.monotonic(), machine_cpu(), pressure()
    time.sleep(seconds)
    span = time.monotonic() - start
    return max((machine_cpu() - cpu) / span, (pressure() - waited) / span)
