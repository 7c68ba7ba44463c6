# SPDX-License-Identifier: ISC
"""How many times a greeting crosses the slow path: each way (ways.py) and each rival on it, first session and later.

All ways are measured side by side, as they wait and compute next to nothing, between one pair of namespaces.  The path
is a ferry (path.c), and each session begins when it departs: what the programs and a busy machine take for an answer
does not add up, as long as it is less than a crossing."""
import concurrent.futures
import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from . import meters, namespace, packages, realm
from .grid import PACKAGES
from .stage import FAR, PATIENCE, Child, Failure, Setting, found, listens
from .trips import OURS, Taken
from .way import Run

CROSSING_MS = 50        # each way
TRIP = 2 * CROSSING_MS / 1000  # seconds
AT_ONCE = 8             # ways side by side
LATER = 2               # later sessions of a start
AGAIN = 5               # starts more for what took more than the fewest: others may have been in the way
FIRST_PORT = 2000
REST = 2.5              # round trips between sessions: what was learned by one arrives before the next
REST_READY = 7          # and until connections made ahead stand
GREETING_PATIENCE = 6   # seconds
CONNECT_TIMEOUT = "1s"  # where a session has to sit it out
FAR_SIDE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "far")

NOWHERE = "10.83.50.9"  # an address of the far side that nobody has
PAC = "function FindProxyForURL(url, host) {{ return 'PROXY {host}:{http_none}'; }}\n"
SALLYPORT = """\
[sallyport]
control = none
connect-timeout = {timeout}
[proxy]
{proxy}
[{listener}]
listen = 127.0.0.1:{{listen}}
{lines}
{more}
"""


def configuration(way):
    """The text of sallyport's configuration, as a Run has it."""
    text = SALLYPORT.format(timeout=CONNECT_TIMEOUT if "W" in way.first else "15s", proxy=way.proxy,
                            listener=way.listener, lines=way.lines, more=way.more)
    return text if way.proxy else text.replace("[proxy]\n", "")


class Course(Setting):
    """The two namespaces, the path between them, and all that stands at its far end."""

    def __init__(self, stage, folder):
        super().__init__(stage, None, None, folder)
        self._ports, self._lock = iter(range(FIRST_PORT, 10000)), threading.Lock()
        self.doors, self.realm = {}, None   # ports of the far side by name; the Realm, or None: there are no programs
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise

    def _set_up(self):
        self.near, self.far = self._namespace(), self._namespace()
        self._carry(CROSSING_MS, "ferry")
        self._certify()
        side = Child([sys.executable, FAR_SIDE, FAR, f"{self.folder}/both.pem"], self._prepare(self.far, None),
                     f"{self.folder}/far.err")
        self.closing.append(side.close)
        self.doors = {name: int(port) for name, _, port in
                      (word.partition("=") for word in side.line(PATIENCE).split()[1:])}
        if not realm.missing():
            self.realm = realm.Realm(self.folder, FAR, self.far, self.near, lambda space: self._prepare(space, None))
            self.closing.append(self.realm.close)

    def _certify(self):
        """A certificate that is its own authority, for every name of the far side."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=far", "-keyout", f"{self.folder}/key.pem", "-out",
                        f"{self.folder}/ca.pem", "-addext",
                        f"subjectAltName=DNS:proxy.example.net,DNS:mail.example.net,IP:{FAR}"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(f"{self.folder}/both.pem", "wb") as both:
            for name in ("ca", "key"):
                with open(f"{self.folder}/{name}.pem", "rb") as part:
                    both.write(part.read())

    def port(self):
        """A port on the near side that nobody had."""
        with self._lock:
            return next(self._ports)


def departure(trips=0):
    """Waits until the ferry departs, at least so many round trips from now; gives when that was."""
    crossing = TRIP / 2
    when = (int((time.monotonic() + trips * TRIP) / crossing) + 1) * crossing
    time.sleep(max(when - time.monotonic(), 0))
    return when


class Start:
    """One program, freshly started, in the namespace of the thread that starts it."""

    def __init__(self, course, way, run):
        self._folder = tempfile.TemporaryDirectory(dir=course.folder)
        folder = self._folder.name
        words = {**course.doors, "listen": course.port(), "spare": course.port(), "host": FAR, "nowhere": NOWHERE,
                 "file": f"{folder}/config", "ca": f"{course.folder}/ca.pem", "pac": f"{folder}/proxy.pac",
                 "sallyport": course.stage.sallyport}
        environ = {**os.environ, "HOME": folder, "SSL_CERT_FILE": words["ca"],
                   "SALLYPORT_NAMESERVERS": f"{FAR}:{course.doors['names']}"}
        environ.pop("XDG_RUNTIME_DIR", None)
        if way.kerberos:
            environ.update(course.realm.tickets(f"{folder}/tickets"))
        with open(words["pac"], "w", encoding="ascii") as file:
            file.write(PAC.format(**words))
        with open(words["file"], "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(run.config.format(**words))
        program, *arguments = (word.format(**words) for word in shlex.split(run.command))
        self.port, self._log, self._asks = words["listen"], f"{folder}/log", run.asks.format(**words).encode()
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen([found(program) or program, *arguments], stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log, start_new_session=True, env=environ, cwd=folder,
                                             preexec_fn=namespace.end_with_parent)
        deadline = time.monotonic() + PATIENCE
        while not listens(self._process.pid, self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self.said()
                self.close()
                raise Failure(f"does not start: {said}")
            time.sleep(0.01)

    def said(self):
        """The last line of its log."""
        lines = (meters.read(self._log) or "").strip().splitlines()
        return lines[-1] if lines else "it says nothing"

    def greet(self, since, at_once):
        """So many clients connect at once; gives the round trips from then, when the ferry departed, until the last of
        them has got its first line.  Failure when there is none."""
        with concurrent.futures.ThreadPoolExecutor(at_once) as clients:  # in this thread's namespace
            return max(clients.map(self._greet_one, [since] * at_once))

    def _greet_one(self, since):
        with socket.create_connection(("127.0.0.1", self.port), GREETING_PATIENCE) as client:
            try:
                if self._asks:
                    client.sendall(self._asks)
                    self._read(client, b"\r\n\r\n")
                line = self._read(client, b"\n")
            except OSError as error:
                raise Failure(f"no greeting ({error}): {self.said()}") from error
            took = (time.monotonic() - since) / TRIP
        if b"sallyport:" in line:
            raise Failure(line.decode("utf-8", "replace").strip())
        return took

    def _read(self, client, end):
        """What comes, up to that end."""
        got = b""
        while not got.endswith(end):
            more = client.recv(1)
            if not more:
                raise Failure(f"no greeting: {self.said()}")
            got += more
        return got

    def close(self):
        """Ends it, and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # its session is its group
        self._process.wait()
        self._folder.cleanup()


def take(course, way, run, taken):
    """One start of a program: its first session and some later ones."""
    rest = REST_READY if way.ready else REST
    try:
        start = Start(course, way, run)
    except Failure as failure:
        taken.failure = str(failure)
        return
    try:
        first = start.greet(departure(rest if way.ready else 0), way.at_once)
        taken.add(first, [start.greet(departure(rest), way.at_once) for _ in range(LATER)])
    except (Failure, OSError) as failure:
        taken.failure = str(failure)
    finally:
        start.close()


class Greetings:
    """All ways.  Afterwards `taken` has what was measured, and `left_out` what was not, in words."""

    def __init__(self, stage, groups, programs):
        """groups: {title: [Way]}; programs: names of those that may be measured."""
        self.stage, self.groups, self._programs = stage, groups, programs
        self.taken, self.left_out = {}, []

    def measure(self, starts, say):
        """Every program on every way, so many starts each, and more where one took more than the fewest round trips;
        say(text) tells how far it is."""
        if not any(self.groups.values()):
            return
        wanted = {PACKAGES[name] for name in self._programs if name in PACKAGES} | set(realm.missing())
        self.left_out = list(packages.install(packages.missing(wanted)).values())
        began, again = time.monotonic(), 0
        with tempfile.TemporaryDirectory(dir=self.stage.scratch) as folder, contextlib.ExitStack() as stack:
            try:
                course = Course(self.stage, folder)
            except (Failure, OSError, subprocess.SubprocessError) as error:
                self.left_out.append(f"ways to a greeting: {error}")
                return
            stack.callback(course.close)
            work = self._work(course)
            for number in range(starts + AGAIN):
                if number >= starts:
                    work = [each for each in work if each[-1].is_above(each[0])
                            and (each[-1].first or number == starts)]  # what failed is not hopeless yet
                    again += len(work)
                _all_of(course, work)
        say(f"bench: {len(self.taken)} times on {sum(map(len, self.groups.values()))} ways to a greeting, "
            f"{starts} start{'s' * (starts > 1)} each and {again} again, took {time.monotonic() - began:.0f} s")

    def _work(self, course):
        """[(Way, Run, Taken)]"""
        able = {name for name in self._programs if found(name)}
        work = []
        for way in (way for ways in self.groups.values() for way in ways):
            if way.kerberos and not course.realm:
                self.left_out.append(f"{way}: there is no KDC")
                continue
            runs = way.runs(able)
            if OURS in self._programs:
                runs[OURS] = Run("{sallyport} -c {file}", configuration(way))
            for name, run in runs.items():
                self.taken[way, name] = Taken()
                work.append((way, run, self.taken[way, name]))
        return work


def _all_of(course, work):
    """One start of each, side by side."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE, initializer=course.near.enter) as threads:
        jobs = [threads.submit(take, course, *each) for each in work]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            for job in jobs:
                job.cancel()
            raise
