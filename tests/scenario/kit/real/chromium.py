# SPDX-License-Identifier: ISC
"""Chromium as a second opinion on PAC files: it is given one after the other, and asked for pages; the proxies that the
files name are ports here which note who asks them for what.  Nothing that it wants leads out of this machine."""
import http.server
import json
import re
import socket
import ssl
import threading

from ..case import need
from ..daemon import Sallyport
from ..process import PATIENCE

WORKER = """\
const base = "http://127.0.0.1:%d/";
async function look() {
    for (const [number, places] of (await (await fetch(base + "plan")).json()).entries()) {
        const pac = {mode: "pac_script", pacScript: {url: `${base}${number}.pac`}};
        await new Promise((then) => chrome.proxy.settings.set({value: pac}, then));
        await fetch(`${base}read/${number}`);
        await Promise.allSettled(places.map((place) => fetch(`https://${place}/`, {mode: "no-cors"})));
    }
    await fetch(base + "end");
}
look();
"""
"""An extension may change the proxy's settings while the browser runs: so one browser does for all files."""

MANIFEST = {"name": "second opinion", "version": "1", "manifest_version": 3, "permissions": ["proxy"],
            "host_permissions": ["<all_urls>"], "background": {"service_worker": "worker.js"}}

LITERAL = r"(\d+\.\d+\.\d+\.\d+|\[.*\]):\d+"
REFUSED = b"HTTP/1.1 403 Noted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SETTLED = 0.2
"""Seconds from the moment that a file was fetched until all parts of the browser have it."""


def read_until(sock, end):
    """What comes up to these bytes; less where it ends before."""
    got = b""
    while end not in got and (more := sock.recv(4096)):
        got += more
    return got


class Chromium:
    """proxies: {"PROXY host:port": ...} in the words of PAC; names: {name: address} that the browser can look up.
    files: [(text, ["host:port", ...])]."""

    def __init__(self, stage, proxies, names, files, certificate):
        self._program = need("chromium", "chromium")
        self._stage, self._files, self._current = stage, files, -1
        self._noted, self._fetched, self._ended = {}, threading.Event(), threading.Event()
        self._certificate, self._direct = certificate, {}
        rules = []
        for proxy in proxies:
            word, place = proxy.split()
            rules.append(f"MAP {place} 127.0.0.1:{self._listen(self._note_proxied, word, proxy)}")
        for place in sorted({place.lower() for _, places in files for place in places}):
            host = f"127.1.{len(self._direct) // 250}.{len(self._direct) % 250 + 1}"
            self._direct[host] = place
            rules.append(f"MAP {place} {host}:{self._listen(self._note_direct, place, host=host)}")
        literals = {place.rpartition(":")[0] for _, places in files for place in places
                    if re.fullmatch(LITERAL, place)}
        rules += [f"MAP {literal} {literal}" for literal in sorted(literals)]
        rules += [f"MAP {name} {f'[{address}]' if ':' in address else address}" for name, address in names.items()]
        self._rules = ", ".join([*rules, "EXCLUDE 127.0.0.1", "MAP * ^NOTFOUND"])
        self._allowed = ",".join(sorted({place.rpartition(":")[2] for _, places in files for place in places}))

    def look(self, patience=3 * PATIENCE):
        """[{"host:port": [answer, ...]}] of the files: by which of the proxies the browser went, or "DIRECT", and where
        it went after being refused there."""
        port = self._serve()
        self._stage.file("extension/manifest.json", json.dumps(MANIFEST))
        extension = self._stage.file("extension/worker.js", WORKER % port).rpartition("/")[0]
        browser = self._stage.start([
            self._program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-component-update", "--disable-sync", "--ignore-certificate-errors",
            f"--user-data-dir={self._stage.dir('browser')}", f"--explicitly-allowed-ports={self._allowed}",
            f"--host-resolver-rules={self._rules}", f"--load-extension={extension}",
            "--disable-features=DisableLoadExtensionCommandLineSwitch", "about:blank"],
            name="chromium", env=Sallyport.environment(self._stage))
        try:
            if not self._ended.wait(patience):
                raise AssertionError(f"the browser came no further than file {self._current} of {len(self._files)}")
        finally:
            browser.stop()
        return [{place: self._noted.get((number, place.lower()), []) for place in places}
                for number, (_, places) in enumerate(self._files)]

    # --- what it goes to ---

    def _listen(self, serve, *about, host="127.0.0.1"):
        listener = socket.create_server((host, 0))
        self._stage.later(listener.close)

        def accept():
            while True:
                try:
                    sock = listener.accept()[0]
                except OSError:
                    return
                threading.Thread(target=one, args=(sock,), daemon=True).start()

        def one(sock):
            with sock:
                sock.settimeout(PATIENCE)
                try:
                    serve(sock, *about)
                except (OSError, LookupError, ValueError):
                    pass  # an attempt that the browser gave up

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    def _note(self, place, answer):
        self._noted.setdefault((self._current, place), []).append(answer)

    def _note_direct(self, _, place):
        self._note(place, "DIRECT")

    def _note_proxied(self, sock, word, proxy):
        if word == "SOCKS":
            request = sock.recv(512)
            self._note(self._direct[socket.inet_ntop(socket.AF_INET, request[4:8])], proxy)
        elif word == "SOCKS5":
            sock.recv(16)
            sock.sendall(b"\5\0")
            request = sock.recv(512)
            at, host = (5 + request[4], request[5:5 + request[4]].decode()) if request[3] == 3 else \
                       (8, socket.inet_ntop(socket.AF_INET, request[4:8])) if request[3] == 1 else \
                       (20, f"[{socket.inet_ntop(socket.AF_INET6, request[4:20])}]")
            self._note(f"{host}:{int.from_bytes(request[at:at + 2], 'big')}", proxy)
        else:
            if word == "HTTPS":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self._certificate.file, self._certificate.key)
                sock = context.wrap_socket(sock, server_side=True)
            method, place = read_until(sock, b"\r\n\r\n").split()[:2]
            if method == b"CONNECT":
                self._note(place.decode(), proxy)
            sock.sendall(REFUSED)

    # --- what it reads ---

    def _serve(self):
        browser = self

        class Pages(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                body = browser._page(self.path.strip("/"))  # pylint: disable=protected-access
                self.send_response(200 if body is not None else 404)
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self._stage.later(server.shutdown)
        return server.server_port

    def _page(self, path):
        if path == "plan":
            return json.dumps([places for _, places in self._files]).encode()
        if path.endswith(".pac"):
            number = int(path[:-4])
            if number == self._current + 1:
                self._fetched.set()
            return self._files[number][0]
        if path.startswith("read/"):
            self._fetched.wait(PATIENCE)
            self._fetched.clear()
            self._current += 1
            threading.Event().wait(SETTLED)
            return b""
        if path == "end":
            self._ended.set()
            return b""
        return None
