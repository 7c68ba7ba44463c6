# SPDX-License-Identifier: ISC
"""A machine of its own for what needs a service manager: this system's files, with a layer over them in memory, booted
by systemd in a container with nothing but its own loopback.  Nothing that happens there is seen outside."""
import os
import shutil
import subprocess

from .. import Skip, check, need, until

USER, NUMBER = "trial", 47110

PREPARE = r"""
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
cp -a "$2/." "$1/upper/"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
shift 2
exec "$@"
"""
"""$1: a folder for the layer, $2: the files in it, then the command.  All mounts end with their namespace."""

TARGET = f"""\
[Unit]
Wants=dbus.socket systemd-logind.service systemd-user-sessions.service
Requires=trial.service
"""

SERVICE = """\
[Unit]
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 /trial/main.py
StandardOutput=file:/told/output
StandardError=inherit
"""

OF_USER = f"""\
[Unit]
Requires=user@{NUMBER}.service
After=user@{NUMBER}.service
[Service]
User={USER}
Environment=XDG_RUNTIME_DIR=/run/user/{NUMBER} HOME=/home/{USER}
"""


def look_for_room():
    """Raises Skip where no container can be booted: in another one, or in a folder that is only a root (chroot)."""
    mounts = subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL, check=False)
    if mounts.returncode != 0:
        raise Skip("no mounts of its own (unshare) for a program here")
    if not os.path.isdir("/sys/fs/cgroup") or not os.listdir("/sys/fs/cgroup"):
        raise Skip("no control groups (/sys/fs/cgroup) here")


def run_as_user(stage, files, patience):
    """Boots the machine with these files ({path: text or bytes}) added, and runs /trial/main.py under the manager of an
    ordinary user, whose home is /home/trial.  Gives what it printed; AssertionError when the machine did not end."""
    return run_as_root(stage, files, patience, OF_USER)


def run_as_root(stage, files, patience, more=""):
    """The same as root.  more: of the unit that runs it."""
    nspawn = need("systemd-nspawn", "systemd-container")
    need("dbus-daemon", "dbus-daemon")
    need("python3", "python3-minimal")
    if not os.path.exists("/usr/lib/systemd/systemd"):
        raise Skip("missing package systemd (systemd)")
    if not os.path.exists("/usr/lib/systemd/user/dbus.socket"):
        raise Skip("missing package dbus-user-session (dbus.socket)")
    if os.geteuid() != 0:
        raise Skip("only root may boot a container")
    look_for_room()
    layer, told = stage.dir("layer"), stage.dir("told", 0o777)
    added = {**files, "etc/systemd/system/trial.target": TARGET, "etc/systemd/system/trial.service": SERVICE + more}
    for name, more in (("passwd", f"{USER}:x:{NUMBER}:{NUMBER}::/home/{USER}:/bin/sh\n"),
                       ("group", f"{USER}:x:{NUMBER}:\n"), ("shadow", f"{USER}:*:19000:0:99999:7:::\n")):
        with open(f"/etc/{name}", encoding="utf-8") as file:
            added[f"etc/{name}"] = file.read() + more
    for path, text in added.items():
        stage.file(f"files/{path}", text, mode=0o755 if "/bin/" in path else 0o644)
    os.chmod(os.path.join(stage.folder, "files/etc/shadow"), 0o600)
    home = stage.dir(f"files/home/{USER}", 0o700)
    for folder, _, names in os.walk(home):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            os.chown(path, NUMBER, NUMBER)
    machine = stage.start([shutil.which("unshare"), "--mount", "/bin/sh", "-c", PREPARE, "sh", layer,
                           os.path.join(stage.folder, "files"), nspawn, "--quiet", "--register=no", "--keep-unit",
                           "--private-network", f"--bind={told}:/told", "--directory", os.path.join(layer, "root"),
                           "--boot", "--console=pipe", "systemd.unit=trial.target"], name="machine")
    until(lambda: machine.child.poll() is not None, "the machine to end", patience)
    output = os.path.join(told, "output")
    check(os.path.exists(output), "the trial has not begun")
    with open(output, encoding="utf-8") as file:
        return file.read()
