# SPDX-License-Identifier: ISC
"""A mail provider beyond a proxy, and somebody who knows no more than an address: for what `sallyport setup` finds.  To
be used in a network of its own (own_network), where the provider's web server has the port that it must have."""
import http.server
import os
import re
import threading

from .case import check, equal
from .certificates import Authority
from .daemon import PROGRAM, Sallyport
from .nameserver import Nameserver
from .process import run
from .real import PASSWORD, Dovecot, Mailbox, Postfix, Squid
from .terminal import Terminal

DOMAIN = "example.net"
ADDRESS = f"alice@{DOMAIN}"
IMAP, SMTP, AUTOCONFIG = f"imap.{DOMAIN}", f"smtp.{DOMAIN}", f"autoconfig.{DOMAIN}"
PROXY_PASSWORD = "Gr8 proxy; #pass"
"""Of the user fred; with all that a configuration could take for something else."""

NOBODY = "127.0.0.9"
"""Where nobody listens: what the proxy knows of and cannot reach."""

ELSEWHERE = [f"ua-auto-config.{DOMAIN}", DOMAIN, "autoconfig.thunderbird.net", f"mail.{DOMAIN}", f"submission.{DOMAIN}",
             f"pop3.{DOMAIN}", f"pop.{DOMAIN}"]

CONFIG = """\
<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="{domain}">
    <domain>{domain}</domain>
    <incomingServer type="imap">
      <hostname>{imap}</hostname><port>{imap_port}</port><socketType>SSL</socketType>
      <username>%EMAILLOCALPART%</username><authentication>password-cleartext</authentication>
    </incomingServer>
    <outgoingServer type="smtp">
      <hostname>{smtp}</hostname><port>{smtp_port}</port><socketType>SSL</socketType>
      <username>%EMAILLOCALPART%</username><authentication>password-cleartext</authentication>
    </outgoingServer>
  </emailProvider>
</clientConfig>
"""


class Provider:
    """dovecot, postfix, and the web server with the autoconfig file, or without if tells is false; squid before them,
    with its users or its logins (of kit.real.login) if there are any, at that address, which has also that name."""

    def __init__(self, stage, users=None, tells=True, address="127.0.0.1", logins=(), host=None):
        self.stage = stage
        self.authority = Authority(stage)
        self.dovecot = Dovecot(stage, certificate=self.authority.leaf(IMAP))
        self.postfix = Postfix(stage, self.dovecot, certificate=self.authority.leaf(SMTP))
        names = {IMAP: "127.0.0.1", SMTP: "127.0.0.1", AUTOCONFIG: "127.0.0.1" if tells else NOBODY,
                 **dict.fromkeys(ELSEWHERE, NOBODY)}
        self.squid = type("Gate", (Squid,), {"address": address})(
            stage, [443, 143, 993, 110, 995, 465, 587, *self.dovecot.ports, *self.postfix.ports],
            users=users, logins=logins, names=names, host=host or address)
        if tells:
            self._serve(CONFIG.format(domain=DOMAIN, imap=IMAP, imap_port=self.dovecot.imaps, smtp=SMTP,
                                      smtp_port=self.postfix.submissions).encode())
        nameserver = Nameserver(stage)
        if host:
            nameserver.add(host, "A", address)
        self.env = {**nameserver.env, "SSL_CERT_FILE": self.authority.file, "TERM": "xterm",
                    "PATH": f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"}
        self.output = os.path.join(stage.folder, "sallyport", "sallyport.ini")

    def _serve(self, text):
        class Handler(http.server.BaseHTTPRequestHandler):
            """One file, in its place."""

            def do_GET(self):
                """The file, or 404."""
                is_it = self.path.split("?")[0] == "/mail/config-v1.1.xml"
                self.send_response(200 if is_it else 404)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(text) if is_it else 0))
                self.end_headers()
                if is_it:
                    self.wfile.write(text)

            def log_message(self, *_):
                """Nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 443), Handler)
        server.socket = self.authority.leaf(AUTOCONFIG).server_side().wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.stage.later(server.server_close)
        self.stage.later(server.shutdown)

    def setup(self, *arguments, env=None):
        """The person at a terminal."""
        return Terminal(self.stage, ["setup", *arguments], on_terminal=True, env={**self.env, **(env or {})})

    def setup_alone(self, *arguments, env=None):
        """Without a terminal, to its end."""
        return run(["setsid", "-w", PROGRAM, "setup", *arguments], env=self.environment(env), patience=60)

    def environment(self, env=None):
        """What programs at home see."""
        return Sallyport.environment(self.stage, {**self.env, **(env or {})})

    def daemon(self):
        """`sallyport run` by the configuration that was written."""
        process = self.stage.start([PROGRAM, "run"], name="sallyport", env=self.environment())
        process.wait_line("ready listeners=")
        return process

    def read(self, path=None):
        """The text of the configuration, or of another file."""
        with open(path or self.output, encoding="utf-8") as file:
            return file.read()

    def ports(self):
        """{section: port} of the configuration."""
        return {section: int(port) for section, port in
                re.findall(r"\[(\w+)\]\n(?:#.*\n)*listen = localhost:(\d+)\n", self.read())}

    def mailbox(self):
        """alice's, by the daemon."""
        return Mailbox(("127.0.0.1", self.ports()["imap"]))


def talk(person, dialogue):
    """Waits for each question, a regular expression that is at the end of what was shown since the last answer, and
    types the answer; "" is none, for what is only shown."""
    begun = 0
    for question, answer in dialogue:
        person.see(rf"(?s)\A.{{{begun}}}.*?{question}")
        if answer:
            begun = len(person.shown)
            person.type(answer)


def fits(shown):
    """Every line of what a terminal has shown is within 80 columns."""
    for line in shown.splitlines():
        check(len(line) <= 80, f"a line of {len(line)} columns: {line!r}")


def keeps_secret(shown):
    """No password was shown."""
    for secret in PROXY_PASSWORD, PASSWORD:
        check(secret not in shown, f"{secret} was shown")


def mode(path, wanted):
    """The file has that mode."""
    equal(oct(os.stat(path).st_mode & 0o7777), oct(wanted), f"mode of {path}")
