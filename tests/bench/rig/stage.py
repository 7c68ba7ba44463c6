# SPDX-License-Identifier: ISC
"""Where it is measured: one sample is one forwarder between a fresh target and a fresh load, in a network namespace of
their own where that is possible, and all of it is gone afterwards."""
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import counters, meters, namespace
from .namespace import Namespace

PATIENCE = 20           # seconds until a forwarder listens, or the target is ready
LOAD_PATIENCE = 180     # seconds that a load may take beyond its own time
TICKS_S = 0.2           # /proc/stat counts in hundredths of a second: over less than this they say nothing
LISTEN, SPARE = 1143, 1144
NEAR, FAR = "10.83.50.1", "10.83.50.2"
DELAY_MS = 25           # each way


class Failure(Exception):
    """A sample that gave no figures, and why."""


class Child:
    """A program of ours that talks by lines over its standard input and output."""

    def __init__(self, argv, prepare, log):
        self.log = log
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                                            preexec_fn=prepare, start_new_session=True)
        self._rest = b""

    def line(self, patience):
        """The next line that it says; Failure with what it complained of when it ends or stays silent."""
        deadline = time.monotonic() + patience
        out = self.process.stdout.fileno()
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                raise Failure("no answer in time")
            piece = os.read(out, 65536)
            if not piece:
                said = (meters.read(self.log) or "").strip().splitlines()
                raise Failure(said[-1] if said else "ended early")
            self._rest += piece
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode()

    def say_go(self):
        """Lets it go on, where it waits for a line."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def close(self):
        """Ends it, as the end of its standard input does."""
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Stage:
    """All that is the same for every sample."""

    def __init__(self, programs, sallyport, scratch, namespaces, congestion, others=None):
        self.programs = programs      # the folder of load, target and path
        self.sallyport = sallyport
        self.others = others or {}    # more programs, by the names that stand for them in commands
        self.scratch = scratch
        self.namespaces = namespaces
        self.congestion = congestion
        self.cpus = sorted(os.sched_getaffinity(0))
        probe = meters.Group("probe")
        self.groups = bool(probe.cpu) and meters.works(probe)
        self.group_memory = self.groups and bool(probe.memory)
        probe.close()
        self.netem = None             # whether the kernel has it; found out when needed
        self.secretive = set()        # names of forwarders whose PSS cannot be read
        self.counters = counters.Counters()

    def sample(self, forwarder, mode, milliseconds, tool=None):
        """Measures once; gives what was counted, or raises Failure.  With one of the counters' tools its times say
        nothing."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            setting = Setting(self, forwarder, mode, folder, tool)
            try:
                return setting.measure(milliseconds)
            finally:
                setting.close()


class Setting:
    """One sample's processes, from start to end."""

    def __init__(self, stage, forwarder, mode, folder, tool=None):
        self.stage, self.forwarder, self.mode, self.folder, self.tool = stage, forwarder, mode, folder, tool
        self.closing = []
        self.near = self.far = None
        self.process = None           # the forwarder's

    def _namespace(self):
        space = Namespace(self.stage.congestion)
        self.closing.append(space.close)
        return space

    def _group(self, name):
        if not self.stage.groups:
            return None
        group = meters.Group(name)
        self.closing.append(group.close)
        return group

    def _prepare(self, space, group):
        """What a child does before it becomes another program."""
        def prepare():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            namespace.end_with_parent()
            if group:
                group.join()
            if space:
                space.enter()
            if self.mode and self.mode.alone:
                os.sched_setaffinity(0, {self.stage.cpus[-1]})
        return prepare

    def _child(self, program, arguments, space, group):
        argv = [f"{self.stage.programs}/{program}", *arguments]
        child = Child(argv, self._prepare(space, group), f"{self.folder}/{program}.err")
        self.closing.append(child.close)
        return child

    def _delay(self):
        """Two namespaces with a path between them that takes 25 ms each way: netem, or else our own program."""
        stage = self.stage
        if stage.netem is not False:
            try:
                self.near.run(["ip", "link", "add", "path0", "type", "veth", "peer", "name", "path1", "netns",
                               str(self.far.pid)])
                for space, name, address in ((self.near, "path0", NEAR), (self.far, "path1", FAR)):
                    space.run(["ip", "address", "add", f"{address}/24", "dev", name])
                    space.run(["ip", "link", "set", name, "up"])
                    space.run(["tc", "qdisc", "add", "dev", name, "root", "netem", "delay", f"{DELAY_MS}ms"])
                stage.netem = True
                return
            except (subprocess.CalledProcessError, FileNotFoundError):
                stage.netem = False
                self.near.run(["sh", "-c", "ip link delete path0 2>/dev/null || true"])
        self._carry(DELAY_MS)

    def _carry(self, milliseconds, *how):
        """The path by our own program; how: as path.c has it."""
        child = self._child("path", [self.near.path, NEAR, self.far.path, FAR, str(milliseconds), *how], None, None)
        if child.line(PATIENCE) != "ready":
            raise Failure("the slow path could not be made")

    def _start_forwarder(self, ports, host, group):
        """Starts it and waits until it listens; gives (its port, its id), (the target's, None) where there is none."""
        if not self.forwarder.command:
            return (host, ports[self.mode.role]), None
        private = self.near is not None
        words = {"listen": LISTEN if private else free_port(), "spare": SPARE if private else free_port(),
                 "host": host, "proxy": ports["proxy"], "proxytls": ports["proxy-tls"],
                 "proxyh2": ports["proxy-h2"],
                 "target": ports[self.mode.role], "ticket": ports.get("ticket-" + self.mode.role),
                 "ca": f"{self.folder}/ca.pem", "file": f"{self.folder}/config", "log": f"{self.folder}/log",
                 "sallyport": self.stage.sallyport, **self.stage.others}
        with open(words["file"], "w", encoding="utf-8") as file:
            file.write(self.forwarder.config.format(**words))
        argv = [word.format(**words) for word in shlex.split(self.forwarder.command)]
        program, *arguments = (counters.Callgrind.prefix(self.folder) if self.tool == "callgrind" else []) + argv
        with open(words["log"], "wb") as log:
            try:
                process = subprocess.Popen([found(program) or program, *arguments], stdin=subprocess.DEVNULL,
                                           stdout=log, stderr=log, start_new_session=True,
                                           preexec_fn=self._prepare(self.near, group), cwd=self.folder)
            except OSError as error:
                raise Failure(f"does not start: {error}") from error
        self.process = process
        self.closing.append(lambda: end(process, group))
        deadline = time.monotonic() + PATIENCE
        while not listens(process.pid, words["listen"]):
            if process.poll() is not None or time.monotonic() > deadline:
                said = (meters.read(words["log"]) or "").strip().splitlines()
                raise Failure("does not start: " + (said[-1] if said else "and says nothing").replace(self.folder, ""))
            time.sleep(0.005)
        return ("127.0.0.1", words["listen"]), process.pid

    def measure(self, milliseconds):
        """Starts all, lets the load work, reads the meters before and after; gives what was counted."""
        stage, mode = self.stage, self.mode
        host = "127.0.0.1"
        if stage.namespaces:
            self.near = self.far = self._namespace()
        if mode.family == "path":
            self.far, host = self._namespace(), FAR
            self._delay()
        rig, group = self._group("rig"), self._group("forwarder")
        target = self._child("target", [host, f"{self.folder}/ca.pem"], self.far, rig)
        ports = {name: int(port) for name, port in
                 (word.split("=") for word in target.line(PATIENCE).split()[1:])}
        address, root = self._start_forwarder(ports, host, group)
        meter = meters.Meter(root, group)
        kind, *options = mode.load.format(t=milliseconds).split()
        if "asked" in self.forwarder.tags.split():
            options += ["-x", f"{host}:{ports[mode.role]}"]
        load = self._child("load", [kind, f"{address[0]}:{address[1]}", *options], self.near, rig)

        load.line(LOAD_PATIENCE)
        pss_before, group_before = meter.memory() if kind == "idle" else (0, 0)
        rig_before = meters.group_cpu(rig) if rig else None
        counter = self._counter(root, group)
        start, machine, cpu = time.monotonic(), meters.machine_cpu(), meter.cpu_seconds()
        load.say_go()
        words = load.line(LOAD_PATIENCE + milliseconds / 1000)
        if self.process and self.process.poll() is not None:
            raise Failure("it ended in the middle")
        events = self._counts(counter)
        cpu, span = meter.cpu_seconds() - cpu, time.monotonic() - start
        machine = meters.machine_cpu() - machine
        others = (machine - cpu - meters.group_cpu(rig) + rig_before) / max(span, TICKS_S) if rig else None
        pss_after, group_after = meter.memory()
        if meter.kind != "PSS":
            stage.secretive.add(self.forwarder.name)
        counted = {key: int(value) for key, value in (word.split("=") for word in words.split()[1:])}
        counted.update(cpu_s=cpu, others=others, span=span, pss_before=pss_before, pss_after=pss_after,
                       group_before=group_before, group_after=group_after, measured=root is not None, events=events)
        return counted

    def _counter(self, root, group):
        """What counts from now on, if this is such a sample."""
        if not self.tool or root is None:
            return None
        try:
            counter = self.stage.counters.begin(self.tool, root, group, self.folder)
        except (counters.Trouble, OSError) as error:
            raise Failure(f"cannot be counted: {error}") from error
        self.closing.append(counter.close)
        return counter

    def _counts(self, counter):
        """{kind: count} since then."""
        try:
            return counter.end() if counter else {}
        except (counters.Trouble, OSError, subprocess.TimeoutExpired) as error:
            raise Failure(f"cannot be counted: {error}") from error

    def close(self):
        """Ends all, the last one started first."""
        for close in reversed(self.closing):
            close()


def end(process, group):
    """Ends a forwarder and all that it started."""
    for _ in range(100):
        pids = group.members() if group else meters.tree(process.pid)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.poll()
        if not pids:
            break
        time.sleep(0.005)
    process.wait()


def listens(pid, port):
    """Whether in the namespace of that process somebody listens at the port: asked without knocking."""
    wanted = f":{port:04X}"
    for line in (meters.read(f"/proc/{pid}/net/tcp") or "").splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(wanted) and fields[3] == "0A":
            return True
    return False


def free_port():
    """One that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def found(program):
    """Where a program is, sbin included; None: nowhere."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")
