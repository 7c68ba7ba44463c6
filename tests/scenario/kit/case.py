# SPDX-License-Identifier: ISC
"""Running the functions of a scenario file and telling their outcome in TAP."""
import os
import shutil
import signal
import sys
import traceback


class Skip(Exception):
    """Raised when this machine cannot show what the scenario is about; the text says why."""


def check(condition, what):
    """AssertionError with the text unless the condition holds."""
    if not condition:
        raise AssertionError(what)


def equal(got, wanted, what):
    """AssertionError showing both values (cut to a readable length) unless they are equal."""
    if got != wanted:
        raise AssertionError(f"{what}:\n  got    {got!r:.600}\n  wanted {wanted!r:.600}")


def need(program, package):
    """The full path of a program of a Debian package; Skip, naming the package, where it is missing."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/lib/news/bin")
    if not found:
        raise Skip(f"missing package {package} ({program})")
    return found


def unpacked(package, *programs):
    """Likewise of a package that bootstrap does not install but unpack, since it cannot be beside another one; programs
    are the paths in there that it has in one release of Debian or another."""
    top = os.environ.get("top_srcdir") or os.path.join(os.path.dirname(__file__), "../../..")
    there = os.path.join(os.path.abspath(top), "build/unpacked", package)
    for program in programs:
        if os.access(os.path.join(there, program), os.X_OK):
            return os.path.join(there, program)
    raise Skip(f"missing package {package} ({there}), which ./bootstrap check unpacks there")


def scenario(*functions, paths=("splice", "copy"), in_turns=False):
    """Runs each function on a fresh Stage, for each pump path, or in_turns for one of them, where bytes that flow are
    not what it is about; prints TAP and exits 1 if any failed.  SALLYPORT_ONLY_PATH=splice or =copy in the environment
    keeps to one."""
    from .stage import Stage
    os.umask(0o022)  # with another one, groups may write to what is made here, and some of that is refused
    for number in signal.SIGINT, signal.SIGQUIT, signal.SIGHUP:  # which a shell's `&`, or nohup, may have had ignored
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    only = os.environ.get("SALLYPORT_ONLY_PATH")
    chosen = [path for path in paths if not only or path == only] or list(paths[:1])
    cases = [(function, path) for number, function in enumerate(functions)
             for path in ([chosen[number % len(chosen)]] if in_turns else chosen)]
    print(f"1..{len(cases)}", flush=True)
    failed = False
    for number, (function, path) in enumerate(cases, 1):
        title = f"{function.__name__.replace('_', ' ')}" + (f" ({path})" if len(chosen) > 1 else "")
        stage = Stage(path)
        try:
            try:
                function(stage)
            finally:
                stage.strike()
            print(f"ok {number} - {title}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {title} # SKIP {reason}", flush=True)
        except BaseException as error:  # also what a thread of the test raised, and SystemExit
            failed = True
            print(f"not ok {number} - {title}", flush=True)
            for line in traceback.format_exc().splitlines() + stage.evidence():
                print(f"# {line}", flush=True)
            if isinstance(error, KeyboardInterrupt):
                raise
    sys.exit(1 if failed else 0)
