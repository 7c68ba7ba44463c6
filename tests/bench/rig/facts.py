# SPDX-License-Identifier: ISC
"""When, where and what: the lines around the tables."""
import datetime
import os
import platform
import shlex
import subprocess

from . import meters, packages

VARIABLES = ("QUICK", "ROUNDS", "MODES", "ONLY", "WAYS", "NOISE", "CONGESTION")


def processor():
    """The processor's name."""
    for line in (meters.read("/proc/cpuinfo") or "").splitlines():
        if line.startswith("model name"):
            return " ".join(line.split(":", 1)[1].split())
    return platform.machine()


def version(program):
    """What it says of its version, in one line."""
    done = subprocess.run([program, "-V"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode("utf-8", "replace").strip().split("\n")[0]


def machine(stage, why_shared, target="bench"):
    """When, where, and what the machine lets us do."""
    variables = " ".join(f"{name}={shlex.quote(os.environ[name])}" for name in
                         VARIABLES if os.environ.get(name))
    congestion = stage.congestion or (meters.read("/proc/sys/net/ipv4/tcp_congestion_control") or "?").strip()
    lines = [f"{datetime.date.today().isoformat()}, make {target} {variables}".rstrip(),
             f"{processor()}, {len(stage.cpus)} CPUs; {platform.system()} {platform.release()}, "
             f"{platform.freedesktop_os_release().get('PRETTY_NAME', '')}; TCP {congestion}",
             why_shared or "every sample in network namespaces of its own"]
    if not stage.groups:
        lines.append("no cgroup may be made: CPU from /proc, without that of children nobody waits for, and disturbed "
                     "samples cannot be told")
    return lines


def head(stage, forwarders, why_shared, rounds, milliseconds):
    """The lines above the tables."""
    rivals = sorted({row.package for row in forwarders if row.package})
    when, where, *how = machine(stage, why_shared)
    versions = ", ".join(f"{name} {packages.version(name)}" for name in rivals)
    return [when, where, "; ".join(filter(None, (version(stage.sallyport), versions))),
            f"{rounds} round{'s' * (rounds != 1)} in shuffled order, {milliseconds / 1000:g} s a sample, medians, "
            "± half the range between the quartiles"] + how


def foot(forwarders, absent, stage):
    """The lines below the tables."""
    lines = [f"{row.name:<18}{row.note}" for row in forwarders if row.note]
    lines += [f"{name:<18}left out: {why}" for name, why in absent.items()]
    lines.append("MiB and KiB are PSS of the whole process tree; the cgroup's have socket buffers in them, in MiB and "
                 "KiB, too")
    if stage.secretive:
        lines.append("RSS instead, which counts shared pages whole, as the PSS is kept from this user: " +
                     ", ".join(sorted(stage.secretive)))
    if stage.netem is False:
        lines.append("the slow path is our own program (path.c): the kernel has no netem, or tc is missing")
    return lines
