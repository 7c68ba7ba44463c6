# SPDX-License-Identifier: ISC
"""The programs that are compared: one that is there, or one that is built of a commit."""
import os
import re
import subprocess

FOLDER = "build/compare"    # below the sources; one folder a commit


class Trouble(Exception):
    """There is no such program, and it cannot be made."""


def _told(argv, folder):
    """What a program prints, or None when it fails."""
    try:
        done = subprocess.run(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()


def _run(script, folder, log):
    """Runs a script of the shell; Trouble with the end of what it said when it fails."""
    with open(log, "ab") as file:
        done = subprocess.run(["sh", "-e", "-c", script], cwd=folder, stdin=subprocess.DEVNULL, stdout=file,
                              stderr=file, check=False)
    if done.returncode != 0:
        raise Trouble(f"a build failed: see {log}")


def options(folder):
    """How the build folder was configured, in words of the shell; "" where none was."""
    return _told(["./config.status", "--config"], folder) or ""


def program(text, folder, say):
    """The program that the text names: its path, or a commit, which is built as the build folder is.  Trouble."""
    if os.path.isfile(text) and os.access(text, os.X_OK):
        return os.path.abspath(text)
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    commit = _told(["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}"], top)
    if not commit or not re.fullmatch("[0-9a-f]{40,64}", commit):
        raise Trouble(f"{text}: neither a program nor a commit")
    return _build(top, commit, options(folder), say)


def _build(top, commit, configured, say):
    """The commit's program; what an earlier run has built is there still, unless it was configured in another way."""
    place = f"{top}/{FOLDER}/{commit[:12]}"
    built, log, kept = f"{place}/build/src/sallyport", f"{place}/log", f"{place}/options"
    os.makedirs(f"{place}/build", exist_ok=True)
    try:
        with open(kept, encoding="utf-8") as file:
            if file.read() == configured and os.access(built, os.X_OK):
                return built
    except OSError:
        pass
    say(f"bench: building {commit[:12]} in {place}")
    jobs = len(os.sched_getaffinity(0))
    if not os.path.isdir(f"{place}/source"):
        _run(f"mkdir -p '{place}/source.new' && git archive {commit} | tar -x -C '{place}/source.new'"
             f" && mv '{place}/source.new' '{place}/source'", top, log)
    _run(f"[ -e configure ] || autoreconf -i; cd ../build && ../source/configure -q {configured}"
         f" && make -s -j{jobs} src/sallyport", f"{place}/source", log)
    with open(kept, "w", encoding="utf-8") as file:
        file.write(configured)
    return built


def same(one, other):
    """Whether two programs are the same, byte for byte."""
    with open(one, "rb") as left, open(other, "rb") as right:
        return left.read() == right.read()
