# SPDX-License-Identifier: ISC
"""The rivals' Debian packages: which are missing, and how they come without any service being started or enabled."""
import os
import re
import shutil
import subprocess

APT = ["apt-get", "-qq", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "install"]
POLICY = "/usr/sbin/policy-rc.d"
ASIDE = POLICY + ".before-bench"
FORBID = "#!/bin/sh\n# Written by the benchmark of sallyport while it installs packages.\nexit 101\n"


def _told(argv):
    """(exit status, output) of a program; status 127 when there is none."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"), check=False)
    except OSError:
        return 127, ""
    return done.returncode, done.stdout.decode("utf-8", "replace").strip()


class NoServices:
    """While it holds, policy-rc.d says that no service may be started (Debian Policy 9.3.3)."""

    def __enter__(self):
        if os.path.exists(ASIDE):  # an earlier run was killed in the middle
            os.replace(ASIDE, POLICY)
        self.written = _told([POLICY, "bench", "start"])[0] != 101
        if self.written:
            if os.path.exists(POLICY):
                os.rename(POLICY, ASIDE)
            with open(POLICY, "w", encoding="ascii") as file:
                file.write(FORBID)
            os.chmod(POLICY, 0o755)

    def __exit__(self, *_):
        if self.written:
            os.remove(POLICY)
            if os.path.exists(ASIDE):
                os.rename(ASIDE, POLICY)


def missing(names):
    """Those of the packages that are not installed; none where there is no dpkg: then the programs are looked for."""
    if not shutil.which("dpkg-query"):
        return []
    return [name for name in sorted(names)
            if _told(["dpkg-query", "-W", "-f", "${db:Status-Status}", name]) != (0, "installed")]


def _disable(name):
    """Its services do not start with the machine either."""
    files = _told(["dpkg", "-L", name])[1]
    units = re.findall(r"/lib/systemd/system/([^/@\s]+\.(?:service|socket|timer))$", files, re.M)
    if units and shutil.which("systemctl"):
        _told(["systemctl", "--quiet", "disable", *units])


def install(names):
    """Installs each by itself, so that one which no longer exists does not keep the others away.  As root only; gives
    what could not be had, with the reason."""
    trouble, lists_are_new = {}, False
    for name in names:
        if os.geteuid() != 0:
            trouble[name] = f"the package {name} is missing: install it, or run this as root"
            continue
        print(f"bench: installing the Debian package {name}", flush=True)
        with NoServices():
            status, said = _told(APT + [name])
            if status != 0 and not lists_are_new:  # there are no lists yet, or they have grown too old
                lists_are_new = _told(APT[:-1] + ["update"])[0] == 0
                status, said = _told(APT + [name])
        if status != 0:
            trouble[name] = f"the package {name} cannot be had: " + (said.split("\n")[-1] or "apt-get failed")
        else:
            _disable(name)
    return trouble


def version(name):
    """The package's version as Debian counts, or None."""
    status, said = _told(["dpkg-query", "-W", "-f", "${Version}", name])
    return said if status == 0 else None
