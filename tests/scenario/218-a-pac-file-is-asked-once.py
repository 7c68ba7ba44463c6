#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`sallyport pac` asks a PAC file, from a path or a web server, without a configuration or a daemon."""
import http.server
import os
import threading

from kit import Sallyport, check, equal, run, scenario
from kit.daemon import PROGRAM

OK, USAGE, UNAVAILABLE = 0, 64, 69
"""Of sysexits.h."""

RULES = """\
function FindProxyForURL(url, host) {
    alert("asked for " + host);
    if (host == "empty.example.net") return "";
    if (host == "odd.example.net") return "QUIC one.example.net:443";
    if (host == "throws.example.net")
        return nothing.at.all;
    if (host == "paints.example.net") throw "\\u009b31mred \\u00fc";
    if (host == "endless.example.net") for (;;);
    if (dnsDomainIs(host, ".example.net")) return "PROXY one.example.net:3128; SOCKS old:1; DIRECT";
    return "HTTPS two.example.net:" + url.split(":")[2].replace("/", "");
}
"""


def asks(stage, *arguments, status=OK):
    """What it prints: (standard output, standard error)."""
    done = run([PROGRAM, *arguments], env=Sallyport.environment(stage))
    out, err = done.stdout.decode(), done.stderr.decode()
    equal(done.returncode, status, f"status of {' '.join(arguments)}, which said {out + err!r}")
    return out, err


def prints_what_came(stage):
    path = stage.file("proxy.pac", RULES)
    equal(asks(stage, "pac", path, "mail.example.net:993"),
          ("PROXY one.example.net:3128; SOCKS old:1; DIRECT\n", ""), "answer")
    equal(asks(stage, "pac", path, "MAIL.EXAMPLE.ORG:143")[0], "HTTPS two.example.net:143\n", "answer")
    equal(asks(stage, "pac", path, "other.example.org")[0], "HTTPS two.example.net:443\n", "the port without one")
    equal(asks(stage, "pac", "pac:" + path, "other.example.org")[0], "HTTPS two.example.net:443\n", "as `url` has it")


def explains(stage):
    path = stage.file("proxy.pac", RULES)
    out, err = asks(stage, "-v", "pac", path, "Mail.Example.Net:993")
    equal(out.splitlines(), ["PROXY one.example.net:3128; SOCKS old:1; DIRECT",
                             'question: FindProxyForURL("https://mail.example.net:993/", "mail.example.net")',
                             "1. http://one.example.net:3128",
                             "2. direct, if `fallback = direct`",
                             "1 left out: not known, or no place"], "lines")
    check("asked for mail.example.net" in err, f"no alert in {err!r}")


def an_answer_of_no_use_is_printed_all_the_same(stage):
    path = stage.file("proxy.pac", RULES)
    out, err = asks(stage, "pac", path, "odd.example.net")
    equal(out, "QUIC one.example.net:443\n", "answer")
    check("of no use" in err, f"nobody says that it is of no use: {err!r}")


def tells_the_reason(stage):
    path = stage.file("proxy.pac", RULES)
    for host, why in (("empty.example.net", "empty"), ("throws.example.net", "line 6"),
                      ("endless.example.net", "computes for more than|takes longer than")):
        out, err = asks(stage, "pac", path, host, status=UNAVAILABLE)
        equal(out, "", f"output for {host}")
        check(any(word in err for word in why.split("|")) and path in err, f"{host}: {err!r}")
    for place, why in ((os.path.join(stage.folder, "none.pac"), "No such file"), (stage.folder, "file"),
                       ("https://127.0.0.1:1/proxy.pac", "connect|refused")):
        out, err = asks(stage, "pac", place, "mail.example.net", status=UNAVAILABLE)
        equal(out, "", f"output for {place}")
        check(any(word in err for word in why.split("|")) and place in err, f"{place}: {err!r}")


def a_reason_does_nothing_to_the_terminal(stage):
    path = stage.file("proxy.pac", RULES)
    err = asks(stage, "pac", path, "paints.example.net", status=UNAVAILABLE)[1]
    check(err.isascii() and err.endswith("\\xc2\\x9b31mred \\xc3\\xbc\n"), repr(err))


def usage(stage):
    path = stage.file("proxy.pac", RULES)
    for arguments in ((path,), (path, "host", "more"), (path, "host:0"), (path, "ho st"), ("", "host"),
                      ("ftp://wpad.example.net/proxy.pac", "host"), ("https://me:secret@wpad.example.net/p", "host")):
        out, err = asks(stage, "pac", *arguments, status=USAGE)
        equal(out, "", f"output of {arguments}")
        check("sallyport: pac takes" in err, f"{arguments}: {err!r}")


def over_http(stage):
    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/proxy.pac"
            body = RULES.encode() if found else b"nothing"
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    stage.later(server.shutdown)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"http://127.0.0.1:{server.server_port}/"
    equal(asks(stage, "pac", place + "proxy.pac", "other.example.org")[0], "HTTPS two.example.net:443\n", "answer")
    check("404" in asks(stage, "pac", place + "other.pac", "other.example.org", status=UNAVAILABLE)[1], "no 404")


scenario(prints_what_came,
         explains,
         an_answer_of_no_use_is_printed_all_the_same,
         tells_the_reason,
         a_reason_does_nothing_to_the_terminal,
         usage,
         over_http, in_turns=True)
