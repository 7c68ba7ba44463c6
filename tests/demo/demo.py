#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A demonstration on loopback: real clients, the real daemon, a reference proxy and reference servers behind it.

    client -> sallyport -> HTTP proxy -> IMAP, SMTP and NNTP server

Usage: demo.py PROGRAM [--once]
It sends a message by SMTP, fetches it back by IMAP, posts an article and reads it, each time through the daemon, and
shows what the proxy was asked.  Then it stays until Ctrl-C; with --once it ends, with status 0 if every step worked.
"""
import os
import shutil
import signal
import socket
import string
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../reference"))

from imap import Imap  # noqa: E402
from nntp import Nntp  # noqa: E402
from proxy import Proxy  # noqa: E402
from smtp import Smtp  # noqa: E402

PATIENCE = 20
"""Seconds until a step that hangs counts as failed."""

WIDTH = 80
"""Columns; longer lines are folded between words."""

PORTS = {"imap": 1143, "smtp": 1025, "nntp": 1119}
"""Where sallyport listens if its configuration does not say otherwise."""

LETTER = """\
From: Sender <sender@example.net>
To: Reader <reader@example.net>
Subject: through the proxy
Message-ID: <demonstration@mail.example.net>

This went out by SMTP and came back by IMAP.
.A dot at the start of a line is no end.
""".replace("\n", "\r\n").encode()

ARTICLE = """\
From: Reader <reader@example.net>
Newsgroups: misc.test
Subject: through the proxy
Message-ID: <demonstration@news.example.net>

This was posted and read back by NNTP.
""".replace("\n", "\r\n").encode()


class Failed(Exception):
    """A step did not do what it promises; the text says how."""


class Pages:
    """What is shown.  Lines of the proxy and the daemon are kept for the next show() until they are `live`."""

    def __init__(self):
        self.live = False
        self.kept = []
        self._lock = threading.Lock()
        self._bold, self._plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")

    def heading(self, text):
        print(f"\n{self._bold}{text}{self._plain}", flush=True)

    def say(self, text="", indent=2):
        for line in text.splitlines() or [""]:
            folded = textwrap.wrap(line, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 4),
                                   break_long_words=False, break_on_hyphens=False)
            print("\n".join(folded), flush=True)

    def heard(self, line):
        with self._lock:
            if self.live:
                self.say(line)
            else:
                self.kept.append(line)

    def show(self):
        """The lines since the last time."""
        with self._lock:
            kept, self.kept = self.kept, []
        self.say("\n".join(kept), indent=4)

    def go_live(self):
        with self._lock:
            self.live, self.kept = True, []


class Daemon:
    """sallyport with a configuration file, and what it logs."""

    def __init__(self, program, ini, heard):
        self.lines = []
        self._heard = heard
        self._ready = threading.Event()
        # A session of its own: Ctrl-C comes to us, and we end it in order.
        self.child = subprocess.Popen([program, "-c", ini], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, start_new_session=True, text=True, errors="replace")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.child.stdout:
            self.lines.append(line.rstrip("\n"))
            self._heard(self.lines[-1])
            if " ready listeners=" in line:
                self._ready.set()
        self._ready.set()

    def wait_ready(self):
        if not self._ready.wait(PATIENCE) or self.child.poll() is not None:
            raise Failed("sallyport did not start:\n" + "\n".join(self.lines))

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self._reader.join(PATIENCE)
        return self.child.returncode


def listening_place(port):
    """The usual port, or 0 where it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return "127.0.0.1:0"
    return f"127.0.0.1:{port}"


class Demonstration:
    """The peers, the daemon between them, and the steps."""

    def __init__(self, program, folder, pages):
        self.pages = pages
        self.mailbox = []
        self.imap = Imap(self.mailbox)
        self.smtp = Smtp(self.mailbox)
        self.nntp = Nntp()
        self.proxy = Proxy(names={"mail.example.net:143": self.imap.address, "mail.example.net:25": self.smtp.address,
                                  "news.example.net:119": self.nntp.address}, show=self.proxy_said)
        with open(os.path.join(HERE, "sallyport.ini"), encoding="utf-8") as template:
            places = {name: listening_place(port) for name, port in PORTS.items()}
            text = string.Template(template.read()).substitute(places, proxy=self.proxy.address)
        self.ini = os.path.join(folder, "sallyport.ini")
        with open(self.ini, "w", encoding="utf-8") as out:
            out.write(text)
        self.folder = folder
        self.daemon = Daemon(program, self.ini, self.daemon_said)

    def proxy_said(self, line):
        self.pages.heard(line)

    def daemon_said(self, line):
        if self.pages.live:
            self.pages.heard(line)

    def end(self):
        status = self.daemon.stop()
        for peer in self.proxy, self.imap, self.smtp, self.nntp:
            peer.close()
        return status

    def address(self, listener):
        """Where the daemon's log says that it listens."""
        for line in self.daemon.lines:
            before, found, where = line.partition(f"sallyport: {listener} listening on=")
            if found and not before:
                return where
        raise Failed(f"no listener {listener} in sallyport's log")

    def wait_closed(self):
        """Waits, but not for ever, for the log to tell the end of every session."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            opened, closed = (sum(f" {word} " in line for line in self.daemon.lines) for word in ("open", "closed"))
            if opened == closed:
                return
            time.sleep(0.01)

    def curl(self, *arguments):
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", str(PATIENCE), *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode:
            raise Failed(done.stderr.decode("utf-8", "replace").strip())
        return done.stdout

    def send_by_smtp(self):
        path = os.path.join(self.folder, "letter.eml")
        with open(path, "wb") as out:
            out.write(LETTER)
        self.curl("--mail-from", "sender@example.net", "--mail-rcpt", "reader@example.net", "--upload-file", path,
                  f"smtp://{self.address('smtp')}/")
        if self.mailbox[-1:] != [LETTER]:
            raise Failed("the server got something else than was sent")
        return f"{len(LETTER)} bytes sent, the same bytes arrived at the server"

    def fetch_by_imap(self):
        got = self.curl("--user", "reader:secret", f"imap://{self.address('imap')}/INBOX;MAILINDEX={len(self.mailbox)}")
        if got != LETTER:
            raise Failed("what came back is not what was sent")
        return f"{len(got)} bytes fetched, the same that went out by SMTP"

    def post_and_read_by_nntp(self):
        host, port = self.address("nntp").rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as sock, sock.makefile("rwb") as wire:
            expect(wire, b"200")
            for command, code in (b"CAPABILITIES", b"101"), (b"GROUP misc.test", b"211"), (b"POST", b"340"):
                ask(wire, command, code, block=code == b"101")
            ask(wire, ARTICLE + b".", b"240")
            got = ask(wire, b"ARTICLE <demonstration@news.example.net>", b"220", block=True)
            ask(wire, b"QUIT", b"205")
        if got != ARTICLE:
            raise Failed("the article read is not the article posted")
        return f"{len(got)} bytes posted, the same bytes read back"

    def steps(self):
        """Runs all; True if every one worked."""
        good = True
        for title, step in (("A message by SMTP (curl smtp://)", self.send_by_smtp),
                            ("The same message by IMAP (curl imap://)", self.fetch_by_imap),
                            ("An article posted and read by NNTP", self.post_and_read_by_nntp)):
            self.pages.heading(title)
            try:
                outcome = "ok: " + step()
            except (Failed, OSError) as error:
                good = False
                outcome = f"FAILED: {error}\nsallyport's log:\n" + "\n".join(self.daemon.lines)
            self.pages.show()
            self.pages.say(outcome)
        return good


def expect(wire, code):
    line = wire.readline()
    if not line.startswith(code):
        raise Failed(f"expected {code.decode()}, the server said {line!r}")


def ask(wire, command, code, block=False):
    """One command and its reply; the text that follows the reply, if it has one."""
    wire.write(command + b"\r\n")
    wire.flush()
    expect(wire, code)
    text = b""
    while block and (line := wire.readline()) not in (b".\r\n", b""):
        text += line.removeprefix(b".")
    return text


def ending(_number, _frame):
    raise KeyboardInterrupt


def main():
    once = "--once" in sys.argv[1:]
    program = [word for word in sys.argv[1:] if word != "--once"]
    if len(program) != 1:
        sys.exit(__doc__)
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, ending)  # SIGHUP too: a closed terminal leaves nothing behind
    folder = tempfile.mkdtemp(prefix="sallyport-demo-")
    try:
        sys.exit(show(program[0], folder, once))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # whoever read this has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def show(program, folder, once):
    """The whole of it; gives the exit status."""
    pages = Pages()
    pages.heading("sallyport: a demonstration on loopback")
    pages.say("client -> sallyport -> HTTP proxy -> IMAP, SMTP and NNTP server")
    pages.say("Below, > is what the proxy was asked, < what it answered.")
    stage = Demonstration(program, folder, pages)
    good = False
    try:
        stage.daemon.wait_ready()
        pages.heading("The configuration that it runs")
        with open(stage.ini, encoding="utf-8") as ini:
            pages.say("".join(line for line in ini if not line.startswith("#")).strip(), indent=4)
        good = stage.steps()
        stage.wait_closed()
        pages.heading("What sallyport logged")
        pages.say("\n".join(line.removeprefix("sallyport: ") for line in stage.daemon.lines), indent=4)
        pages.heading("With your own proxy and servers")
        with open(os.path.join(HERE, "own.ini"), encoding="utf-8") as own:
            pages.say("Write these lines to ~/.config/sallyport/sallyport.ini, with your names:")
            pages.say(own.read(), indent=4)
        pages.say("then ./bootstrap run serves that: point your mail program at localhost, port\n"
                  "1143 for fetching and 1587 for sending.")
        if not once:
            stay(stage, pages)
    except Failed as error:
        pages.say(f"FAILED: {error}")
    except KeyboardInterrupt:
        pages.heading("Ending.")
    finally:
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            signal.signal(number, signal.SIG_IGN)  # being at the end already, it is not cut short
        status = stage.end()
    if status != 0:
        pages.say(f"FAILED: sallyport ended with status {status}")
    return 0 if good and status == 0 else 1


def stay(stage, pages):
    """Until a signal; shows what happens meanwhile."""
    pages.heading("It is still running: try it yourself, Ctrl-C ends all of it")
    pages.say(f"curl -u reader:secret 'imap://{stage.address('imap')}/INBOX;MAILINDEX=1'\n"
              f"IMAP {stage.address('imap')} (name reader, password secret), SMTP {stage.address('smtp')},\n"
              f"NNTP {stage.address('nntp')}", indent=4)
    pages.say()
    pages.go_live()
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
