#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""One file of the machine for all its users: theirs extend it, small files lie beside each, what is final stays; and a
port that is found once for each user, and told to mail programs."""
import os
import re
import signal
import socket
import sys

from kit import Sallyport, check, equal, run, scenario, streams
from kit.control import CONFIGURATION, OK, facts
from kit.daemon import PROGRAM
from kit.peers import GREETING, Proxy
from kit.real import Account
from kit.route import TARGET, settings

SYSTEM = "etc/sallyport/sallyport.ini"
FINAL = "[sallyport]\nfinal = proxy redirects\n[proxy]\nurl = {}\n[redirects]\nfollow = no\n"
USER = ("[proxy]\nurl = http://127.0.0.1:1\n[proxy mine]\nurl = http://127.0.0.1:1\n[redirects]\nwider = accept\n"
        "[imap]\nlisten = localhost:auto\ntarget = mail.example.net\n")


AT = """\
import socket, sys
with socket.socket(socket.AF_UNIX) as sock:
    sock.connect(sys.argv[1])
    print(sock.recv(1000).decode())
"""
"""A client that prints what it is told first at a path."""


class Desktop:
    """A user of a machine whose file names our proxy and says that it is final."""

    def __init__(self, stage):
        self.stage = stage
        self.proxy = Proxy(stage, lambda connection: (connection.open(), connection.wait_gone()))
        self.system = stage.file(SYSTEM, FINAL.format(self.proxy.url))
        self.env = {"SALLYPORT_SYSTEM_FILE": self.system, "XDG_STATE_HOME": os.path.join(stage.folder, "state")}
        stage.later(self.proxy.stop)

    def daemon(self):
        """It runs by the user's usual file."""
        return self.stage.sallyport(USER, env=self.env, name="sallyport/sallyport")

    def command(self, *arguments, status=OK):
        """Without -c, as users do; gives (standard output, standard error)."""
        done = run([PROGRAM, *arguments], env=Sallyport.environment(self.stage, self.env))
        out, err = done.stdout.decode(), done.stderr.decode()
        equal(done.returncode, status, f"status of {arguments}, which said {out + err!r}")
        return out, err


def what_is_final_stays_and_ports_are_kept(stage):
    desktop = Desktop(stage)
    daemon = desktop.daemon()
    for key in r"url in \[proxy\]", r"\[proxy mine\]", r"wider in \[redirects\]":
        daemon.wait_line(rf"sallyport\.ini:\d+: {key} does not count: {re.escape(desktop.system)}:2 says")
    with daemon.connect("imap") as client:
        equal(streams.read_exactly(client, len(GREETING)), GREETING, "what comes through the machine's proxy")
    _, port = daemon.address("imap")
    check(f"127.0.0.1:{port}" in str(facts(daemon)["listeners"]), "status does not tell the port")
    recipe, _ = desktop.command("recipe", "mutt")
    check(f"localhost:{port}" in recipe, f"no port {port} in {recipe}")
    printed, said = desktop.command("check")
    check(f"\n# {desktop.system}:4\nurl = {desktop.proxy.url}\n# default\n" in printed, f"no origin in {printed}")
    check("listen = localhost:auto\n" in printed and f"# imap: its port is {port},\n" in printed, f"{printed}")
    check("says that it is final" in said, f"not told: {said}")
    again = Sallyport.command(stage, "check", ini=printed)
    equal((again.returncode, again.stderr), (OK, b""), "check of what check has printed")
    check(f"url = {desktop.proxy.url}\n".encode() in again.stdout, "another proxy")
    equal(desktop.command("status")[1], "", "what a command says that has nothing to do with it")
    folder = os.path.join(desktop.env["XDG_STATE_HOME"], "sallyport")
    fault = f"{folder}: others can write to it, so the ports kept there cannot be trusted: run `chmod go-w {folder}`\n"
    os.chmod(folder, 0o775)
    daemon.process.signal(signal.SIGHUP)
    daemon.wait_line(re.escape(fault.strip()))
    daemon.wait_line("not reloaded, the old configuration stays")
    equal(daemon.stop(), 0, "status")
    for command in (("run",), ("check",), ("recipe", "mutt")):
        printed, said = desktop.command(*command, status=CONFIGURATION)
        check(printed == "" and said.endswith(fault), f"{command} says {printed + said!r}")
    os.chmod(folder, 0o755)
    equal(desktop.daemon().address("imap")[1], port, "the port of another start")


def small_files_come_and_go(stage):
    desktop = Desktop(stage)
    daemon = desktop.daemon()
    small = stage.file("sallyport/conf.d/news.ini", "[nntp]\nlisten = 127.0.0.1:0\ntarget = news.example.net\n")
    daemon.process.signal(signal.SIGHUP)
    daemon.wait_line("reloaded listeners=2")
    daemon.connect("nntp").close()
    os.unlink(small)
    os.mkfifo(small)  # which nobody writes to: nothing waits
    daemon.process.signal(signal.SIGHUP)
    daemon.wait_line(rf"{re.escape(small)}: is no regular file")
    daemon.wait_line("not reloaded, the old configuration stays")
    daemon.connect("nntp").close()
    _, said = desktop.command("check", status=CONFIGURATION)
    check(f"{small}: is no regular file\n" in said, f"{said}")
    os.unlink(small)
    wrong = stage.file("etc/sallyport/conf.d/50.ini", "[proxy]\nurll = x\n")  # has of what the other one makes final
    _, said = desktop.command("check", status=CONFIGURATION)
    check(f"{wrong}:2: unknown key `urll` in [proxy]" in said and "= direct" not in said, f"{said}")
    stage.file("etc/sallyport/conf.d/50.ini", "[sallyport]\nfinal = none\n")  # what was final is the user's again
    daemon.process.signal(signal.SIGHUP)
    daemon.wait_line("reloaded listeners=1")
    check("\nurl = http://127.0.0.1:1\n" in desktop.command("check")[0], "still final")


def a_socket_of_the_file_system_serves(stage):
    """It is told by each command, keeps others out, and goes with its daemon; one that was left is replaced."""
    proxy = Proxy(stage, lambda connection: (connection.open(), connection.echo()))
    folder = stage.dir("run", 0o700)
    path = os.path.join(folder, "imap.sock")
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(path)
    dead.close()
    daemon = stage.sallyport(settings(proxy.url, "[imap]\nlisten = unix:$XDG_RUNTIME_DIR/imap.sock\n"
                                      f"target = {TARGET}\n"), env={"XDG_RUNTIME_DIR": folder})
    daemon.wait_line(rf'imap listening on="unix:{re.escape(path)}"$')
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        equal(streams.read_exactly(client, len(GREETING)), GREETING, "what comes through the socket")
        daemon.wait_line(rf"imap #1 accepted from=unix uid={os.geteuid()}$")
        client.sendall(b"x" * 100000)
        client.shutdown(socket.SHUT_WR)
        equal(len(streams.read_all(client)[0]), 100000, "bytes that come back behind the end of ours")
    status = facts(daemon)
    equal(status["listeners"][0]["addresses"], [f"unix:{path}"], "where status says that it listens")
    equal(os.stat(path).st_mode & 0o777, 0o600, "mode of the socket")
    for arguments, wanted in ((("check",), "listen = unix:$XDG_RUNTIME_DIR/imap.sock\n"),
                              (("recipe", "mutt"), f" socat - UNIX-CONNECT:{path}\n"),
                              (("check", "--socket-unit"), f"ListenStream={path}\n")):
        done = run([PROGRAM, "-c", daemon.ini, *arguments], env=Sallyport.environment(stage,
                                                                                     {"XDG_RUNTIME_DIR": folder}))
        check(wanted in done.stdout.decode(), f"{arguments} said {done.stdout} {done.stderr}")
    if os.geteuid() == 0:  # who can be somebody else
        os.chmod(folder, 0o711)
        os.chmod(path, 0o666)
        nobody = Account("nobody")
        done = run(nobody.argv(sys.executable, "-c", AT, path))
        check(done.stdout.startswith(b"* BYE sallyport: only the user who runs sallyport"), f"{done}")
        daemon.wait_line(rf"imap #\d+ refused from=unix uid={nobody.uid} class=permanent")
        os.chmod(folder, 0o700)
    accepted = daemon.count(r"imap #\d+ accepted from=unix")
    env = {"XDG_RUNTIME_DIR": folder}
    other = Sallyport.command(stage, "run", ini=f"[sallyport]\ncontrol = none\n[imap]\nlisten = unix:{path}\n"
                              f"target = {TARGET}\nproxy = direct\n", env=env)
    check(f"{path} answers already: another sallyport runs, or another section has it\n" in other.stderr.decode(),
          f"{other}")
    control = os.path.join(folder, "sallyport.sock")
    swapped = settings(proxy.url, f"[imap]\nlisten = unix:{control}\ntarget = {TARGET}\n",
                       sallyport=f"control = {path}")
    daemon.reload(swapped)
    daemon.wait_line(rf"not reloaded, the old configuration stays: imap cannot have {re.escape(control)}, where the "
                     r"control socket is until it has moved: reload with `control` elsewhere first")
    daemon.reload(settings(proxy.url, f"[imap]\nlisten = unix:{path}\ntarget = {TARGET}\n",
                           sallyport="control = $XDG_RUNTIME_DIR/third.sock"))
    daemon.wait_line(r'control on="\S+third\.sock"$')
    daemon.reload(swapped)  # as it was told to do
    daemon.wait_line(rf'control on="{re.escape(path)}"$')
    daemon.wait_line(rf'imap listening on="unix:{re.escape(control)}"$')
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(control)
        equal(streams.read_exactly(client, len(GREETING)), GREETING, "what comes through the socket")
    equal(daemon.count(r"imap #\d+ accepted from=unix", accepted + 1), accepted + 1, "clients: who only looked is none")
    equal(daemon.stop(), 0, "status")
    check(not os.path.exists(path), "it is still there")


scenario(what_is_final_stays_and_ports_are_kept, small_files_come_and_go, a_socket_of_the_file_system_serves,
         paths=("splice",))
