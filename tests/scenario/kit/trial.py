# SPDX-License-Identifier: ISC
"""What 74-under-a-users-manager.py does inside its machine, as an ordinary user: one JSON line for each step that went
well, and the end at the first that did not.  It stands alone: nothing of the kit is in the machine."""
import json
import os
import socket
import subprocess
import threading
import time

PATIENCE = 20
HOME = os.path.expanduser("~")
INI = HOME + "/.config/sallyport/sallyport.ini"
UNITS = HOME + "/.config/systemd/user"

JIT = """python3 -c "import mmap; mmap.mmap(-1, 4096, prot=7); print('secret')" """
"""A password-command that wants memory which it may write and run, as interpreters that compile do."""


def well(step):
    print(json.dumps({"well": step}), flush=True)


def run(*argv, status=0):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=PATIENCE, check=False)
    if status is not None and done.returncode != status:
        raise SystemExit(f"{argv}: status {done.returncode}\n{done.stdout}\n" + journal())
    return done.stdout


def journal():
    return subprocess.run(["systemctl", "--user", "status", "--no-pager", "-n", "30", "sallyport.service",
                           "sallyport.socket"], stdout=subprocess.PIPE, text=True, check=False).stdout


def manager(*argv, status=0):
    return run("systemctl", "--user", *argv, status=status)


def show(unit, key):
    return manager("show", "-P", key, unit).strip()


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited in vain for {what}\n{journal()}")
        time.sleep(0.02)


def said_at(port, host="127.0.0.1"):
    """All that a client is told there until the end, or until its greeting has come."""
    got = b""
    with socket.create_connection((host, port), timeout=PATIENCE) as client:
        while not got.endswith(b"\n"):
            try:
                more = client.recv(1000)
            except TimeoutError:
                raise SystemExit(f"silence at port {port}\n{journal()}") from None
            if not more:
                break
            got += more
    return got


def wants(got, wanted, what):
    if not wanted(got):
        raise SystemExit(f"{what}: got {got!r}\n{journal()}")


def configure(text):
    os.makedirs(os.path.dirname(INI), exist_ok=True)
    with open(INI, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(INI, 0o600)


heads = []
asks = threading.Event()


def serve(listening):
    """A proxy that opens a tunnel to a greeting, and wants a password once `asks` is set."""
    while True:
        connection, _ = listening.accept()
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(4096)
            if not more:
                break
            head += more
        heads.append(head)
        if asks.is_set() and b"\r\nProxy-Authorization: " not in head:
            connection.sendall(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n"
                               b"Connection: close\r\n\r\n")
            connection.close()
            continue
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n* OK ready\r\n")
        threading.Thread(target=lambda c=connection: (c.recv(1), c.close()), daemon=True).start()


proxy = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(proxy,), daemon=True).start()
LISTENERS = "".join(f"[{name}]\ntarget = mail.example.net\n" for name in ("imap", "submission", "nntp"))
GOOD = f"[sallyport]\n[proxy]\nurl = http://127.0.0.1:{proxy.getsockname()[1]}\n"
BAD = GOOD + "colour = green\n" + LISTENERS

run("systemd-analyze", "--user", "--man=no", "verify", f"{UNITS}/sallyport.service", f"{UNITS}/sallyport.socket")
well("the units are well-formed")

configure(BAD)
manager("daemon-reload")
manager("start", "sallyport.socket")
for port, start in ((1143, b"* BYE [UNAVAILABLE] sallyport: "), (1587, b"421 4.4.1 sallyport: "),
                    (1119, b"400 sallyport: ")):
    wants(said_at(port), lambda got, start=start: got.startswith(start) and b"is missing or has errors" in got,
          f"port {port}")
until(lambda: show("sallyport.service", "ExecMainStatus") == "78", "the status 78")
well("clients that wait are told that the configuration has errors")

for _ in range(8):
    before = show("sallyport.service", "InvocationID")
    wants(said_at(1143), lambda got: b"is missing or has errors" in got, "one of many")
    until(lambda: show("sallyport.service", "ActiveState") == "failed", "the end of the service")
    if before == show("sallyport.service", "InvocationID"):
        raise SystemExit("no new start")
wants(show("sallyport.socket", "ActiveState"), lambda got: got == "active", "the socket unit")
well("many of them do not wear the socket out")

configure(GOOD + LISTENERS)
for port in (1143, 1587, 1119):
    wants(said_at(port), lambda got: got == b"* OK ready\r\n", f"port {port} of the mended file")
wants(said_at(1143, "::1"), lambda got: got == b"* OK ready\r\n", "IPv6")
well("a mended file is enough")

pid = show("sallyport.service", "MainPID")
configure(GOOD + "announce = alpn\n" + LISTENERS)
manager("reload", "sallyport.service")
said_at(1143)
wants(heads[-1], lambda head: b"ALPN: imap" in head, "the request after the reload")
well("reload reads the file again")

configure(BAD)
manager("reload", "sallyport.service", status=1)
wants(said_at(1143), lambda got: got == b"* OK ready\r\n", "the old configuration")
wants(show("sallyport.service", "MainPID"), lambda now: now == pid, "the process")
well("reload fails when the file has errors")

configure(GOOD + f"user = fred\nauth = basic\npassword-command = {JIT}\n" + LISTENERS)
manager("reload", "sallyport.service")
asks.set()
wants(said_at(1143), lambda got: got == b"* OK ready\r\n", "with a password-command")
wants(heads[-1], lambda head: b"Proxy-Authorization: Basic ZnJlZDpzZWNyZXQ=" in head, "the request with a password")
asks.clear()
well("a password-command may write code and run it")

run("sallyport", "stop")
until(lambda: show("sallyport.service", "ActiveState") == "inactive", "the end of the service")
wants(said_at(1143), lambda got: got == b"* OK ready\r\n", "after the stop")
wants(show("sallyport.service", "MainPID"), lambda now: now != pid, "the new process")
well("after a stop the next client starts it again")

configure(GOOD + LISTENERS.replace("[nntp]\n", "[nntp]\nlisten = 127.0.0.3:4119\n"))
manager("stop", "sallyport.socket", "sallyport.service")
with open(f"{UNITS}/sallyport.socket", "w", encoding="utf-8") as file:
    file.write(run("sallyport", "check", "--socket-unit"))
run("systemd-analyze", "--user", "--man=no", "verify", f"{UNITS}/sallyport.socket")
manager("daemon-reload")
manager("start", "sallyport.socket")
wants(said_at(4119, "127.0.0.3"), lambda got: got == b"* OK ready\r\n", "the port of the configuration")
wants(said_at(1143, "::1"), lambda got: got == b"* OK ready\r\n", "another port")
try:
    said_at(1119)
    raise SystemExit("the old port is still open")
except ConnectionRefusedError:
    pass
well("the socket unit of the configuration has its ports")
