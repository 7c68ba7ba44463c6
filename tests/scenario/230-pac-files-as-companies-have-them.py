#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""PAC files of the kinds that companies have, and what comes for some hosts of each: by `sallyport pac`, and by
Chromium, which goes where the file says.  The files below pac/ say in their last comments what it is."""
import glob
import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor

from kit import Sallyport, check, equal, scenario
from kit.certificates import Authority
from kit.nameserver import Nameserver
from kit.real import Chromium

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pac")

PROXIES = ("PROXY one.example.net:8080", "PROXY two.example.net:3128", "PROXY three.example.net:8000",
           "PROXY last.example.net:80", "HTTPS secure.example.net:8443", "SOCKS5 socks.example.net:1080",
           "SOCKS four.example.net:1080")
NAMES = {"ten.example.net": "10.1.2.3", "intra.example.net": "10.1.2.4", "low.example.net": "198.51.100.7",
         "high.example.net": "198.51.100.200", "doc.example.net": "203.0.113.9", "six.example.net": "2001:db8::6"}
"""All else cannot be looked up."""

FAILS = r"fails: .*"
NO_TEXT = "fails: .* gave no text but "

DIFFERENCES = {
    # Where a file gives nothing of use, Chromium goes without a proxy; we never do by accident.
    ("faults", "throws.example.net:993"): "fails: no such department",
    ("faults", "missing.example.net:993"): "fails: .*proxyFor.*",
    ("faults", "null.example.net:993"): NO_TEXT + "null",
    ("faults", "undefined.example.net:993"): "fails: it came to its end without an answer",
    ("faults", "number.example.net:993"): NO_TEXT + "a number",
    ("faults", "empty.example.net:993"): "fails: .* is empty",
    ("faults", "deep.example.net:993"): FAILS,
    ("members", "comma.example.net:993"): "nothing of use",
    ("members", "lines-only.example.net:993"): "nothing of use",
    # Chromium does not take the end of a line for a blank; we do.
    ("members", "later.example.net:993"): "PROXY two.example.net:3128",
    # Firefox knows the word HTTP, Chromium does not.
    ("members", "http.example.net:993"): "PROXY one.example.net:8080",
    # SOCKS is version 4, which cannot be told the target's name, and names of targets are left to the proxy.
    ("members", "socks.example.net:993"): "PROXY two.example.net:3128",
    # The engine knows ECMAScript 5.
    ("modern", "mail.example.net:993"): "fails: line 3: the PAC file needs a newer JavaScript",
    ("modern", "other.example.net:993"): "fails: line 3: the PAC file needs a newer JavaScript",
    # Of Microsoft's functions Chromium has not this one, and the file fails.
    ("six", "version.example.net:993"): "PROXY two.example.net:3128",
    # The documentation has dateRange(24, "DEC", 1995); browsers take three parts for a range of dates and err.
    ("times", "once.example.net:993"): "PROXY two.example.net:3128",
}
"""{(file, place): what we say}, where that is not what Chromium does."""


def asked_in(text):
    """{"host:port": answer} of the comments."""
    return dict(re.findall(r"(?m)^// (\S+:\d+) -> (.+?)\r?$", text))


def generated():
    """512 KiB of rules, all but the last of them for others."""
    rules, number = [], 0
    while sum(map(len, rules)) < 500 * 1024:
        number += 1
        rules.append(f'  if (shExpMatch(host, "*.site{number}.example.org") || host == "site{number}.example.net")\n'
                     f'    return "PROXY {"one.example.net:8080" if number % 2 else "two.example.net:3128"}";\n')
    return ("function FindProxyForURL(url, host) {\n" + "".join(rules) + '  return "PROXY last.example.net:80";\n}\n'
            "// a.site1.example.org:993 -> PROXY one.example.net:8080\n"
            "// site2.example.net:993 -> PROXY two.example.net:3128\n"
            f"// a.site{number}.example.org:993 -> PROXY "
            f"{'one.example.net:8080' if number % 2 else 'two.example.net:3128'}\n"
            f"// site{number + 1}.example.net:993 -> PROXY last.example.net:80\n")


def own_address():
    """The machine's address towards the default route; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


def of_this_machine():
    return ("function FindProxyForURL(url, host) {\n"
            f'  return myIpAddress() == "{own_address()}" && isInNet(myIpAddress(), "{own_address()}",'
            ' "255.255.255.255") ? "PROXY one.example.net:8080" : "DIRECT";\n}\n'
            "// imap.example.net:993 -> PROXY one.example.net:8080\n")


def files():
    """{name: (bytes, {"host:port": answer})}"""
    texts = {}
    for path in sorted(glob.glob(os.path.join(FOLDER, "*.pac"))):
        with open(path, encoding="ascii", newline="") as file:
            texts[os.path.basename(path)[:-4]] = file.read()
    check(len(texts) >= 12, f"files in {FOLDER}: {sorted(texts)}")
    texts["generated"], texts["own-address"] = generated(), of_this_machine()
    whole = {name: (text.encode(), asked_in(text)) for name, text in texts.items()}
    letters, asked = whole.pop("encoded")[0].decode(), asked_in(texts["encoded"])
    for name, code, before, line in (("latin-1", "latin-1", b"", "\n"), ("utf-8", "utf-8", b"", "\n"),
                                     ("mark", "utf-8", b"\xef\xbb\xbf", "\r\n"), ("crlf", "latin-1", b"", "\r\n"),
                                     ("cr", "utf-8", b"", "\r")):
        told = letters.replace("~umlaut~", "\u00e4\u00f6\u00fc\u00df").replace("\n", line)
        whole[name] = (before + told.encode(code), asked)
    for name, (_, hosts) in whole.items():
        check(hosts, f"{name} asks for nothing")
    return whole


def ours(stage, servers, path, place):
    """The first member of what comes, in the words of PAC, or "fails: REASON"."""
    done = Sallyport.command(stage, "-v", "pac", path, place, env=servers.env)
    if done.returncode != 0:
        equal((done.returncode, done.stdout), (69, b""), f"status and output for {place} of {path}")
        reason = done.stderr.decode().strip()
        newer = re.search(r"line \d+: the PAC file needs a newer JavaScript", reason)
        return f"fails: {newer[0] if newer else reason.rpartition(': ')[2]}"
    first = re.search(r"(?m)^1\. (\S+)", done.stdout.decode())
    if not first:
        return "nothing of use"
    if first.group(1).startswith("direct"):
        return "DIRECT"
    scheme, host = first.group(1).split("://")
    return {"http": "PROXY ", "https": "HTTPS ", "socks5": "SOCKS5 ", "socks5h": "SOCKS5 "}[scheme] + host


def what_they_say(stage):
    servers = Nameserver(stage)
    for name, address in NAMES.items():
        servers.add(name, "AAAA" if ":" in address else "A", address)
    questions, wrong = [], []
    for name, (text, hosts) in files().items():
        path = stage.file(f"{name}.pac", text)
        questions += [((name, place), path, wanted) for place, wanted in hosts.items()]
    equal(set(DIFFERENCES) - {key for key, _, _ in questions}, set(), "differences of which nothing is asked")
    with ThreadPoolExecutor(4) as several:
        answers = several.map(lambda question: ours(stage, servers, question[1], question[0][1]), questions)
    for (key, _, theirs), got in zip(questions, answers):
        check(not re.fullmatch(DIFFERENCES.get(key, FAILS), theirs), f"this is no difference any longer: {key}")
        if not re.fullmatch(DIFFERENCES.get(key, re.escape(theirs)), got):
            wrong.append(f"{key}: {got}, not {DIFFERENCES.get(key, theirs)}")
    check(not wrong, "\n".join(["answers that are wrong:", *wrong]))


def what_chromium_does(stage):
    all_files = files()
    looked = Chromium(stage, PROXIES, NAMES, [(text, list(hosts)) for text, hosts in all_files.values()],
                      Authority(stage).leaf("secure.example.net")).look()
    wrong = [f"{name}, {place}: {looked_at[place]}, not {wanted}"
             for (name, (_, hosts)), looked_at in zip(all_files.items(), looked) for place, wanted in hosts.items()
             if looked_at[place][:1] != [wanted]]
    check(not wrong, "\n".join(["where Chromium went otherwise:", *wrong]))


scenario(what_they_say, what_chromium_does, paths=("splice",))
