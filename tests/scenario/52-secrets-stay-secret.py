#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Passwords: a file that others can read is refused, as ssh does; what is printed or logged never shows one."""
import base64
import hashlib
import os

from kit import Sallyport, Skip, check, equal, run, scenario, until
from kit.checking import IMAP, PROXY, accepted, checked, complaints
from kit.peers import GREETING, Proxy
from kit.real import Account
from kit.real.launched import Launched
from kit.route import Route, listener, refusal, settings
from kit.streams import read_exactly
from kit.usage import sanitized

SECRET = "Tr0ub4dor-and-3"
WITH_PASSWORD = PROXY + f"user = me\npassword = {SECRET}\n" + IMAP
OPEN_MODES = (0o644, 0o640, 0o604, 0o606)


def coded(word):
    """What the proxy gets of it."""
    return base64.b64encode(f"me:{word}".encode()).decode()


def with_file(path):
    return PROXY + f"user = me\npassword-file = {path}\n" + IMAP


def a_configuration_with_a_password_is_ones_own(stage):
    for mode in OPEN_MODES:
        told = complaints(stage, WITH_PASSWORD, mode=mode)
        check(any("read" in message for _, message in told), f"mode {mode:o} was not named the fault: {told}")
    for mode in (0o600, 0o400):
        accepted(stage, WITH_PASSWORD, mode=mode)


def a_configuration_without_one_may_be_read(stage):
    accepted(stage, PROXY + IMAP, mode=0o644)


def credentials_in_a_header_are_a_password_too(stage):
    text = PROXY + f"header = Proxy-Authorization: Bearer {SECRET}\n" + IMAP
    complaints(stage, text, mode=0o644)
    check(SECRET not in accepted(stage, text), "credentials of a header were printed")


def a_password_file_is_ones_own(stage):
    path = stage.file("password", SECRET + "\n", 0o600)
    for mode in OPEN_MODES:
        os.chmod(path, mode)
        told = complaints(stage, with_file(path))
        check(path in told[0][1], f"mode {mode:o}: the file is not named: {told}")
    os.chmod(path, 0o600)
    accepted(stage, with_file(path))


def a_password_file_that_is_not_there(stage):
    path = os.path.join(stage.folder, "nothing")
    check(path in complaints(stage, with_file(path))[0][1], "the file is not named")


def check_shows_a_mask(stage):
    printed = accepted(stage, WITH_PASSWORD)
    check("password = ********\n" in printed, f"no mask in\n{printed}")
    check(SECRET not in printed, f"the password is in\n{printed}")


def a_fault_beside_a_password_does_not_show_it(stage):
    for text in (WITH_PASSWORD + "colour = blue\n", WITH_PASSWORD + f"password = {SECRET}\n",
                 WITH_PASSWORD.replace("user = me\n", f"password = {SECRET}\n"),
                 PROXY + f"user = me\npassword = {SECRET}\x01\n" + IMAP,
                 PROXY + f"user = me\npassword = {SECRET * 1200}\n" + IMAP,
                 PROXY + f"user = me\npassword: {SECRET}\n" + IMAP):
        done = checked(stage, text)
        equal(done.returncode, 78, f"status for {text!r:.200}")
        check(SECRET.encode() not in done.stdout + done.stderr, f"the password is in {done.stderr!r:.500}")


def no_log_shows_it_at_any_level(stage):
    """Opened, denied and refused: the proxy gets the password, the log and the client do not."""
    answers = [b"HTTP/1.1 200 OK\r\n\r\n* OK\r\n",
               b"HTTP/1.1 403 Forbidden\r\n\r\n",
               b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n\r\n"]

    def script(connection):
        connection.read_head()
        connection.send(answers[len(connection.proxy.heads) - 1])
        connection.read_all()

    route = Route(stage, script, proxy=f"user = me\npassword = {SECRET}\nauth = basic",
                  sallyport="log-level = debug")
    client = route.client()
    read_exactly(client, 6)
    client.close()
    refusals = [refusal(route.client(), ("permanent",)), refusal(route.client(), ("permanent",))]
    check(all(coded(SECRET).encode() in head for head in route.proxy.heads), "the proxy did not get the password")
    route.proxy.stop()
    route.daemon.stop()
    shown = "\n".join(route.daemon.process.lines + refusals)
    check(SECRET not in shown and coded(SECRET) not in shown, f"the password is in\n{shown}")


def the_mask_is_no_password(stage):
    """What `check` printed cannot be run with: the mask is not sent to a proxy as if it were the password."""
    printed = accepted(stage, WITH_PASSWORD)
    daemon = stage.sallyport(printed, ready=False)
    daemon.expected = (78,)
    equal(daemon.process.wait(), 78, "exit status of run")


def offspring(pid):
    """The processes that descend from this one."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                parents[int(entry)] = int(stat.read().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            pass  # ended meanwhile
    found = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in found} - found
        if not more:
            return found - {pid}
        found |= more


def no_child_is_told_it(stage):
    """Neither by its arguments nor by its environment, while another password is fetched by a command."""
    gate = os.path.join(stage.folder, "gate")
    other = Proxy(stage, lambda connection: (connection.open(), connection.echo()))
    late = f"[proxy late]\nurl = {other.url}\nuser = me\nauth = basic\npassword-command = until test -e {gate}; " \
           "do sleep 0.02; done; echo other\n"
    route = Route(stage, lambda connection: (connection.open(), connection.echo()),
                  listener("imap") + late + listener("nntp", more="proxy = late"),
                  proxy=f"user = me\npassword = {SECRET}\nauth = basic")
    route.greeted()
    waiting = route.client("nntp")
    children = until(lambda: offspring(route.daemon.process.pid), "the command")
    for path in [f"/proc/{route.daemon.process.pid}/cmdline",
                 *(f"/proc/{child}/{file}" for child in children for file in ("cmdline", "environ"))]:
        try:
            with open(path, "rb") as file:
                told = file.read()
        except (FileNotFoundError, ProcessLookupError):
            continue  # a `sleep` that is over
        check(SECRET.encode() not in told and coded(SECRET).encode() not in told, f"{path} has it: {told!r}")
    stage.file("gate")
    equal(read_exactly(waiting, len(GREETING)), GREETING, "greeting of the one who waited")
    other.stop()


def status_does_not_show_it(stage):
    route = Route(stage, lambda connection: (connection.open(), connection.echo()),
                  proxy=f"user = me\npassword = {SECRET}\nauth = basic")
    route.greeted()
    for arguments in ["status"], ["status", "--json"]:
        done = Sallyport.command(stage, "-c", route.daemon.ini, *arguments)
        equal(done.returncode, 0, f"exit status of {arguments}, which said {done.stderr}")
        check(b"imap" in done.stdout, f"{arguments} shows nothing")
        check(SECRET.encode() not in done.stdout and coded(SECRET).encode() not in done.stdout,
              f"the password is in\n{done.stdout.decode()}")


def other_programs_cannot_look_inside(stage):
    """Not even those of the same user: they could read the password, and so could who finds a core file."""
    account = Account.humble()
    daemon = Launched(stage, settings("http://127.0.0.1:1", proxy=f"user = me\npassword = {SECRET}"), account=account)
    if sanitized():
        raise Skip("the sanitizer's search for leaks needs a process that can be looked into")
    with open(f"/proc/{daemon.process.pid}/limits", encoding="ascii") as limits:
        core = next(line for line in limits if line.startswith("Max core file size"))
    equal(core.split()[4:6], ["0", "0"], "limit of core files")
    for file in "mem", "environ", "maps", "fd":
        equal(os.stat(f"/proc/{daemon.process.pid}/{file}").st_uid, 0, f"owner of its {file} in /proc")
    for argv in ["cat", f"/proc/{daemon.process.pid}/environ"], ["ls", f"/proc/{daemon.process.pid}/fd"]:
        done = run(account.argv(*argv))
        check(done.returncode != 0 and b"Permission denied" in done.stderr, f"{argv} told {done}")


def pieces(text):
    """What to look for: the end of it may be left where the beginning is overwritten."""
    return [text.encode()[at:at + 24] for at in range(0, len(text) - 23, 24)]


def in_memory(pid, needles):
    """Which of these are anywhere in the memory that the program can write to.  For root only."""
    found = set()
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw") or "[v" in line:
                continue
            start, end = (int(place, 16) for place in span.split("-"))
            memory.seek(start)
            content = memory.read(end - start)
            found.update(needle for needle in needles if needle in content)
    return found


def nothing_stays_in_memory(stage):
    """Neither what was made of passwords for the sessions, nor, after a reload with other ones, they themselves."""
    if os.geteuid() != 0:
        raise Skip("needs root, to read another program's memory")
    if sanitized():
        raise Skip("a sanitizer maps more memory than can be searched")
    words = {name: hashlib.shake_256(name.encode()).hexdigest(size)
             for name, size in (("filed", 600), ("printed", 600), ("inline", 72))}
    path = stage.file("word", words["filed"] + "\n", mode=0o600)
    script = stage.file("print", f"echo {words['printed']}\n")
    proxy = Proxy(stage, lambda connection: (connection.open(), connection.echo()))

    def text(inline):
        sources = {"filed": f"password-file = {path}", "printed": f"password-command = sh {script}",
                   "inline": f"password = {inline}"}
        return "".join(f"[proxy {name}]\nurl = {proxy.url}\nuser = me\nauth = basic\n{source}\n"
                       + listener(f"imap {name}", more=f"proxy = {name}") for name, source in sources.items())

    daemon = stage.sallyport(text(words["inline"]))
    for name in words:
        with daemon.connect(f"imap/{name}") as client:
            read_exactly(client, len(GREETING))
    daemon.wait_line(r"imap/\S+ #\d+ closed", count=len(words))
    for name, word in words.items():
        check(coded(word).encode() in proxy.heads[list(words).index(name)], f"the proxy did not get {name}")
        equal(in_memory(daemon.process.pid, pieces(word)), set(pieces(word)),
              f"the search is no good: {name} is not found while it is kept")
        equal(in_memory(daemon.process.pid, pieces(coded(word))), set(), f"credentials of {name} that are left")
    daemon.reload(text("new-one"))
    daemon.wait_line("reloaded ")
    for name, word in words.items():
        equal(in_memory(daemon.process.pid, pieces(word)), set(), f"pieces of {name} that are left")


scenario(a_configuration_with_a_password_is_ones_own,
         a_configuration_without_one_may_be_read,
         credentials_in_a_header_are_a_password_too,
         a_password_file_is_ones_own,
         a_password_file_that_is_not_there,
         check_shows_a_mask,
         a_fault_beside_a_password_does_not_show_it,
         no_log_shows_it_at_any_level,
         the_mask_is_no_password,
         no_child_is_told_it,
         status_does_not_show_it,
         other_programs_cannot_look_inside,
         nothing_stays_in_memory,
         paths=("splice",))
