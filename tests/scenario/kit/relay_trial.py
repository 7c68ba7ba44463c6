# SPDX-License-Identifier: ISC
"""What 198-a-relay-under-systemd.py does inside its machine, as root: one JSON line for each step that went well, and
the end at the first that did not.  It stands alone: nothing of the kit is in the machine.  /trial/steps.json has what
the manual says: lists of [path or null, text], and in /trial/tls are two certificates."""
import json
import os
import pty
import pwd
import select
import shutil
import socket
import ssl
import subprocess
import time

PATIENCE = 30
LIVE = "/etc/letsencrypt/live/relay.example"


def well(step):
    print(json.dumps({"well": step}), flush=True)


def journal():
    return subprocess.run(["systemctl", "status", "--no-pager", "-n", "30", "sallyport.service", "sallyport.socket"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def fail(text):
    raise SystemExit(f"{text}\n{journal()}")


def show(key):
    return subprocess.run(["systemctl", "show", "-P", key, "sallyport.service"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            fail(f"waited in vain for {what}")
        time.sleep(0.05)


def typed(commands, password):
    """Runs commands at a terminal; whatever asks for a password gets this one."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("sh", ["sh", "-e", "-c", commands])
    shown, asked, end = "", 0, time.monotonic() + PATIENCE
    while select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if not more:
            break
        shown += more.decode("utf-8", "replace")
        prompts = sum(line.rstrip().endswith(":") and ("assword" in line or "again" in line)
                      for line in shown.splitlines())
        if prompts > asked:
            os.write(terminal, password.encode() + b"\n")
            asked = prompts
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        fail(f"{commands}\nended with {status}:\n{shown}")


def follow(steps, append=False):
    for path, text in steps:
        if text.startswith("# "):
            typed("\n".join(line.removeprefix("# ") for line in text.splitlines()), "open sesame")
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a" if append else "w", encoding="utf-8") as file:
            file.write(text)


def certify(name):
    os.makedirs(LIVE, exist_ok=True)
    shutil.copy(f"/trial/tls/{name}.pem", f"{LIVE}/fullchain.pem")
    shutil.copy(f"/trial/tls/{name}.key", f"{LIVE}/privkey.pem")


def certificate():
    """The common name of the one that the relay shows."""
    with socket.create_connection(("127.0.0.1", 443), timeout=PATIENCE) as plain:
        context = ssl.create_default_context(cafile="/trial/tls/authority.pem")
        with context.wrap_socket(plain, server_hostname="relay.example") as client:
            return dict(part[0] for part in client.getpeercert()["subject"])["commonName"]


def asks():
    """What the relay says to somebody without credentials."""
    with socket.create_connection(("127.0.0.1", 443), timeout=PATIENCE) as plain:
        context = ssl.create_default_context(cafile="/trial/tls/authority.pem")
        with context.wrap_socket(plain, server_hostname="relay.example") as client:
            client.sendall(b"CONNECT mail.example:993 HTTP/1.1\r\nHost: mail.example:993\r\n\r\n")
            return client.recv(1000).split(b"\r\n")[0].decode()


with open("/trial/steps.json", encoding="utf-8") as pages:
    page = json.load(pages)
certify("first")
follow(page["relay"])
pid = show("MainPID")
if asks().split()[1] != "407":
    fail(f"the relay says {asks()!r}")
well("the relay serves port 443")

with open(f"/proc/{pid}/status", encoding="ascii") as about:
    lines = dict(line.rstrip("\n").split(":\t", 1) for line in about if ":\t" in line)
if lines["Uid"].split()[0] != str(pwd.getpwnam("sallyport").pw_uid) or int(lines["CapEff"], 16):
    fail(f"it runs as {lines['Uid']} with {lines['CapEff']}")
well("it has no privileges")

if certificate() != "first":
    fail(f"the relay shows {certificate()}")
certify("second")
subprocess.run(["/etc/letsencrypt/renewal-hooks/deploy/sallyport"], check=True)
until(lambda: certificate() == "second", "the new certificate")
if show("MainPID") != pid:
    fail("the service was started anew")
well("a new certificate is taken in without an end")

follow(page["public"], append=True)
try:
    socket.create_connection(("127.0.0.1", 993), timeout=PATIENCE).close()
except ConnectionResetError:
    pass  # nobody is at home, and the port's protocol is TLS: that is how it is told
if asks().split()[1] != "407":
    fail(f"the relay says {asks()!r}")
well("a public port is opened by systemd")

guess = b"Ym9iOmd1ZXNzZWQ="
with socket.create_connection(("127.0.0.1", 443), timeout=PATIENCE) as bare:
    with ssl.create_default_context(cafile="/trial/tls/authority.pem").wrap_socket(
            bare, server_hostname="relay.example") as guesser:
        guesser.sendall(b"CONNECT mail.example:993 HTTP/1.1\r\nHost: mail.example:993\r\n"
                        b"Proxy-Authorization: Basic " + guess + b"\r\n\r\n")
        guesser.recv(1000)


def written():
    return subprocess.run(["journalctl", "--no-pager", "-o", "short", "_SYSTEMD_UNIT=sallyport.service"],
                          stdout=subprocess.PIPE, text=True, check=False).stdout


until(lambda: "wrong password" in written(), "the guess in the journal")
print(json.dumps({"journal": [line for line in written().splitlines() if "refused from=" in line]}), flush=True)
well("a guess is in the journal")
