# SPDX-License-Identifier: ISC
"""Machines of their own, as far as networks and a few folders go: each has its own network, /etc, /home, /run and
programs, and shares the rest with this system.  Nothing that happens there is seen outside."""
import os
import re
import shutil
import signal
import subprocess
import threading

from ..case import Skip, check, need
from ..daemon import PROGRAM, Sallyport
from ..process import PATIENCE, run
from ..terminal import Terminal

OWN_EMPTY = "/home", "/run", "/usr/local/sbin", "/usr/lib/systemd/user"
OWN_COPIED = ("/etc",)

PREPARE = r"""
set -e
ip link set lo up
for folder in {empty}; do mount -t tmpfs none "$folder"; done
for folder in {copied}; do
    mkdir -p "/run/copy$folder"
    cp -a "$folder/." "/run/copy$folder" 2>/dev/null || true
    mount --bind "/run/copy$folder" "$folder"
done
echo ready
exec sleep infinity
"""

LAUNCHER = r"""
import os, pwd, socket, sys
user, runtime, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
places, rest = sys.argv[4:4 + count], sys.argv[4 + count:]
os.closerange(3, 64)
for number, place in enumerate(places, 3):
    host, port = place.rsplit(":", 1)
    family = socket.AF_INET6 if "[" in host else socket.AF_INET
    sock = socket.create_server((host.strip("[]"), int(port)), family=family)
    os.dup2(sock.detach(), number)
    os.set_inheritable(number, True)
who = pwd.getpwnam(user)
if runtime:
    os.makedirs("/run/" + runtime, exist_ok=True)
    os.chown("/run/" + runtime, who.pw_uid, who.pw_gid)
os.initgroups(user, who.pw_gid)
os.setgid(who.pw_gid)
os.setuid(who.pw_uid)
os.environ.update(HOME=who.pw_dir, USER=user, LOGNAME=user)
if places:
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(count),
                      LISTEN_FDNAMES=":".join(["sallyport.socket"] * count))
os.chdir("/")
os.execvp(rest[0], rest)
"""
"""What systemd does for a service with a socket unit."""

MANAGER = """\
#!/bin/sh
echo "$*" >{asked}
read status <{answered}
exit "$status"
"""
"""In the place of systemctl: the test does what it is asked for."""

RELOAD, START = "try-reload-or-restart", ("enable", "restart", "start")


def look_for_room():
    """Raises Skip where no such machine can be made."""
    if os.geteuid() != 0:
        raise Skip("only root may make networks")
    for program, package in (("unshare", "util-linux"), ("nsenter", "util-linux"), ("ip", "iproute2"),
                             ("useradd", "passwd")):
        need(program, package)
    if not os.path.isdir("/usr/lib/systemd/user"):
        raise Skip("missing package systemd (/usr/lib/systemd/user)")
    tried = subprocess.run(["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c",
                            "mount -t tmpfs none /home && ip link add one type veth peer two &&"
                            " echo 443 >/proc/sys/net/ipv4/ip_unprivileged_port_start"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if tried.returncode != 0:
        raise Skip("no networks and mounts of its own (unshare) for a program here")


class Machine:
    """inside is the stage for programs that run there.  hosts: {name: address} that it finds besides its own."""

    def __init__(self, stage, name, hosts=None, authority=None):
        self.stage, self.name = stage, name
        self.services, self.trouble, self._folder = {}, [], stage.dir(f"machine-{name}", 0o777)
        holder = stage.start(["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", PREPARE.format(
            empty=" ".join(OWN_EMPTY), copied=" ".join(OWN_COPIED))], name=name)
        holder.wait_line("^ready$")
        self.pid = holder.pid
        self.prefix = ["nsenter", f"--net=/proc/{self.pid}/ns/net", f"--mount=/proc/{self.pid}/ns/mnt", "--"]
        self.inside = Inside(self)
        self.write("/etc/hosts", "127.0.0.1 localhost\n" + "".join(
            f"{address} {host}\n" for host, address in (hosts or {}).items()))
        self.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
        self.copy(PROGRAM, "/usr/local/sbin/sallyport")
        units = os.path.join(os.environ.get("top_srcdir") or os.path.join(os.path.dirname(__file__), "../../../.."),
                             "etc/systemd")
        self.copy(os.path.join(units, "sallyport.service"), "/usr/lib/systemd/user/sallyport.service")
        if authority:
            self.trust(authority)

    def do(self, *argv):
        """Runs a program there, which must end well; gives what it printed."""
        done = run([*self.prefix, *argv], env=self.environment())
        check(done.returncode == 0, f"{argv} on {self.name}: {(done.stdout + done.stderr).decode()}")
        return done.stdout.decode()

    def environment(self, **more):
        keep = {key: value for key, value in Sallyport.environment(self.stage).items()
                if not key.startswith(("XDG_", "HOME"))}
        keep["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return {**keep, **more}

    def write(self, path, text, mode=0o644, append=False):
        """A file there."""
        source = self.stage.file(f"machine-{self.name}/file", text)
        self.do("sh", "-c", 'mkdir -p "$(dirname "$2")"; if [ "$4" ]; then cat "$1" >>"$2"; else cat "$1" >"$2"; fi;'
                            ' chmod "$3" "$2"', "sh", source, path, oct(mode)[2:], "yes" if append else "")

    def read(self, pattern):
        """The bytes of the files there whose names match."""
        return run([*self.prefix, "sh", "-c", f"cat {pattern}"]).stdout

    def copy(self, source, path):
        self.do("install", "-D", "-m", "755", source, path)

    def trust(self, authority):
        """The system trusts what it has signed, by OpenSSL's folder and by curl's file."""
        name = run(["openssl", "x509", "-noout", "-hash", "-in", authority.file]).stdout.decode().strip()
        with open(authority.file, encoding="ascii") as file:
            text = file.read()
        self.write(f"/etc/ssl/certs/{name}.0", text)
        self.write("/etc/ssl/certs/ca-certificates.crt", text)

    # --- a person at it ---

    def script(self, text, user=None, answers=()):
        """What a person types at a shell of this machine, whose commands must all end well.  answers: (what the
        terminal shows, what is typed then); shown once is answered once.  Gives what was printed."""
        who = ["setpriv", "--reuid", user, "--regid", user, "--init-groups"] if user else []
        home = {"HOME": f"/home/{user}" if user else "/root", "USER": user or "root"}
        home["XDG_CONFIG_HOME"] = home["HOME"] + "/.config"
        if user:
            home["XDG_RUNTIME_DIR"] = f"/run/{user}"
        terminal = Terminal(self.stage, [*self.prefix[1:], *who, "sh", "-e", "-c", "cd\n" + text],
                            program=shutil.which("nsenter"), on_terminal=True, env=self.environment(**home))
        counts = {}
        for shown, typed in answers:
            if shown:
                counts[shown] = counts.get(shown, 0) + 1
                terminal.see(shown, counts[shown])
            terminal.type(typed)
        status = terminal.wait(PATIENCE * (1 + text.count("\n")))  # for each command
        if self.trouble:
            raise self.trouble[0]
        check(status == 0, f"on {self.name}\n{text}\nended with {status}:\n{terminal.shown}")
        return terminal.shown

    # --- systemd ---

    def serve_units(self, user=None):
        """systemctl there does what it is told with sallyport.service: that of the system, or with a user that one's.
        loginctl does nothing."""
        self._asked, self._answered = (os.path.join(self._folder, name) for name in ("asked", "answered"))
        for path in self._asked, self._answered:
            os.mkfifo(path)
            os.chmod(path, 0o666)
        self.write("/usr/local/sbin/systemctl", MANAGER.format(asked=self._asked, answered=self._answered), 0o755)
        self.write("/usr/local/sbin/loginctl", "#!/bin/sh\n", 0o755)
        ends = [os.open(path, os.O_RDWR) for path in (self._asked, self._answered)]
        thread = threading.Thread(target=self._serve_units, args=(*ends, user), daemon=True)
        thread.start()
        self.stage.later(thread.join, PATIENCE)
        self.stage.later(os.write, ends[0], b"quit\n")

    def _serve_units(self, asked, answered, user):
        with open(asked, encoding="ascii") as orders:
            for order in orders:
                if order == "quit\n":
                    break
                try:
                    self._obey(order.split(), user)
                    status = 0
                except Exception as error:  # pylint: disable=broad-except
                    self.trouble.append(error)
                    status = 1
                os.write(answered, f"{status}\n".encode())
        os.close(answered)

    def _obey(self, words, user):
        if user:
            words.remove("--user")
        if words[0] == RELOAD:
            if "sallyport" in self.services:
                self.services["sallyport"].signal(signal.SIGHUP)
        elif words[0] == "stop":
            self.stop_service()
        elif "sallyport.service" not in words:
            pass  # its sockets are opened when it starts
        elif words[0] in START and user:
            self.start_service("/usr/lib/systemd/user/sallyport.service", user=user)
        elif words[0] in START:
            self.start_service("/etc/systemd/system/sallyport.service", "/etc/systemd/system/sallyport.socket")
        else:
            raise AssertionError(f"systemctl {words}")

    def start_service(self, unit, socket_unit=None, user=None):
        """What systemd does with the unit, as far as it says who runs what, with which sockets."""
        text = self.do("sh", "-c", f"cat {unit}; cat {unit}.d/*.conf 2>/dev/null || true")
        keys = dict(re.findall(r"(?m)^(\w+)=(.*)$", text))
        extra = dict(line.split("=", 1) for line in re.findall(r"(?m)^Environment=(.*)$", text))
        places = []
        if socket_unit:
            places = [place if ":" in place else f"0.0.0.0:{place}"
                      for place in re.findall(r"(?m)^ListenStream=(.*)$", self.do("cat", socket_unit))]
        user = keys.get("User", user)
        if "XDG_RUNTIME_DIR" not in extra:
            self.do("install", "-d", "-o", user, "-m", "700", f"/run/{user}")
            extra["XDG_RUNTIME_DIR"] = f"/run/{user}"
        self.stop_service()
        service = self.inside.start(
            ["python3", "-c", LAUNCHER, user, keys.get("RuntimeDirectory", ""), str(len(places)), *places,
             *keys["ExecStart"].split()], name=f"service-{self.name}", env=self.environment(**extra))
        service.wait_line("ready listeners=")
        self.services["sallyport"] = service
        return service

    def stop_service(self):
        service = self.services.pop("sallyport", None)
        if service:
            check(service.stop() == 0, f"the service of {self.name} ended badly: {service.lines[-20:]}")


class Inside:
    """The stage as programs see it that run on the machine."""

    def __init__(self, machine):
        self._machine = machine

    def start(self, argv, **options):
        return self._machine.stage.start([*self._machine.prefix, *argv], **options)

    def __getattr__(self, name):
        return getattr(self._machine.stage, name)


def join(one, other, address, there=None, bridge=None):
    """A cable between two machines, with the other's address at its end; at this end is an address, or a bridge."""
    name, peer = f"to-{other.name}", f"to-{one.name}"
    one.do("ip", "link", "add", name, "type", "veth", "peer", "name", peer, "netns", str(other.pid))
    if bridge:
        one.do("ip", "link", "set", name, "master", bridge)
    for machine, own, end in ((one, there, name), (other, address, peer)):
        if own:
            machine.do("ip", "address", "add", f"{own}/24", "dev", end)
        machine.do("ip", "link", "set", end, "up")
