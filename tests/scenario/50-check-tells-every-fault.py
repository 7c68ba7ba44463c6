#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`check` refuses what the configuration must not say, names file and line, and tells every fault, not the first."""
from kit import check, equal, scenario
from kit.checking import IMAP, PROXY, accepted, checked, complaints

GOOD = {"sallyport": "[sallyport]\n", "proxy": PROXY, "imap": "[imap]\ntarget = mail.example.net\n",
        "forward": "[forward]\nlisten = 127.0.0.1:4242\ntarget = host.example.net:4242\nprotocol = X-TEST\n"}

BAD_VALUES = {
    ("sallyport", "log-level"): ("loud", "INFO!", "info debug", ""),
    ("sallyport", "log-to"): ("printer", ""),
    ("sallyport", "max-sessions"): ("0", "-1", "many", "1.5", "0x10", "99999999999999999999", ""),
    ("sallyport", "resolve-timeout"): ("0", "-1s", "soon", "10y", "1 0s", "s", "1.5s", "10ss", "99999999999d", ""),
    ("sallyport", "connect-timeout"): ("0", "soon", ""),
    ("sallyport", "handshake-timeout"): ("0", "soon", ""),
    ("sallyport", "greeting-timeout"): ("0", "soon", ""),
    ("sallyport", "idle-timeout"): ("-1", "never", ""),
    ("sallyport", "keepalive"): ("-1", "often", ""),
    ("sallyport", "same-user"): ("maybe", "1", ""),
    ("proxy", "url"): ("", "proxy.example.net", "ftp://proxy.example.net:21", "http://:3128", "http://p:0",
                       "http://p:70000", "http://p:x", "http://[::1:3128", "http://p:3128/path",
                       "http://p:3128 http://p:3128", "environment http://p:3128", "http://p:3128 nonsense"),
    ("proxy", "method"): ("tunnel", "connect proxy", ""),
    ("proxy", "announce"): ("downgrade", "none upgrade", "upgrade upgrade", ""),
    ("proxy", "require-switch"): ("maybe", ""),
    ("proxy", "user"): ("", "a:b"),
    ("proxy", "header"): ("", "no colon", "Bad Name: x", ": x"),
    ("proxy", "fallback"): ("indirect", ""),
    ("imap", "listen"): ("", "127.0.0.1:99999", "127.0.0.1:x", "[::1:1143", "not/an/address:1143"),
    ("imap", "target"): ("", "mail example", "mail.example.net:0", "mail.example.net:70000", "mail.example.net:x",
                         "srv:", "mail.example.net:143:143", "[::1", "mail.example.net/inbox"),
    ("imap", "protocol"): ("", "two words", "IMAP/", "/4", "IM@P"),
    ("imap", "proxy"): ("nowhere", ""),
    ("forward", "target"): ("host.example.net",),
}


def each_bad_value_is_told_with_its_line(stage):
    silent = []
    for (section, key), values in BAD_VALUES.items():
        lines = GOOD[section].splitlines()
        lines = [line for line in lines if not line.startswith(f"{key} =")]
        sections = [GOOD[other] for other in GOOD if other not in (section, "forward")]
        for value in values:
            text = "\n".join(lines + [f"{key} = {value}"]) + "\n" + "".join(sections)
            try:
                told = complaints(stage, text)
            except AssertionError as error:
                silent.append(f"{section}.{key} = {value!r}: {error}")
                continue
            header = [1] if value in ("nowhere", "host.example.net") else []  # faults of the section as a whole
            if not any(line in (len(lines) + 1, *header) for line, _ in told):
                silent.append(f"{section}.{key} = {value!r}: told as {told}")
    check(not silent, "\n".join(silent))


def an_unknown_section(stage):
    equal([line for line, _ in complaints(stage, PROXY + IMAP + "[imaps]\ntarget = x\n")], [6], "lines")
    equal([line for line, _ in complaints(stage, "[Proxy]\n" + PROXY + IMAP)], [1], "lines")


def an_unknown_key(stage):
    told = complaints(stage, PROXY + "colour = blue\n" + IMAP + "Target = x\n[sallyport]\nurl = http://p:1\n")
    equal([line for line, _ in told], [3, 7, 9], "lines")
    check("colour" in told[0][1] and "Target" in told[1][1] and "url" in told[2][1], f"a key is not named: {told}")


def a_key_before_any_section(stage):
    equal(complaints(stage, "url = http://p:1\n" + PROXY + IMAP)[0][0], 1, "line")


def a_broken_section_header(stage):
    for header in ("[imap", "[imap] x", "[]", "[ ]", "[imap a b]", "[imap a/b]"):
        equal(complaints(stage, PROXY + IMAP + header + "\ntarget = x\n")[0][0], 6, f"line of {header}")


def a_line_that_is_nothing(stage):
    equal(complaints(stage, PROXY + IMAP + "just words\n")[0][0], 6, "line")


def a_key_twice(stage):
    told = complaints(stage, PROXY + IMAP + "target = other.example.net\n")
    equal(told[0][0], 6, "line")
    check("target" in told[0][1], f"the key is not named: {told}")


def a_section_twice(stage):
    for text in (PROXY + IMAP + IMAP, PROXY + IMAP + PROXY, PROXY + IMAP + "[sallyport]\n[sallyport]\n",
                 PROXY + IMAP.replace("[imap]", "[imap work]") * 2):
        check(complaints(stage, text)[0][0] > 2, "the first of the two was blamed")


def a_header_may_repeat(stage):
    printed = accepted(stage, PROXY + "header = X-One: 1\nheader = X-Two: 2\n" + IMAP)
    check("header = X-One: 1\nheader = X-Two: 2\n" in printed, f"a header was lost:\n{printed}")


def a_required_key_is_missing(stage):
    for section, key, text in (("proxy", "url", IMAP + "[proxy]\nmethod = connect\n"),
                               ("imap", "target", PROXY + "[imap]\nlisten = 127.0.0.1:0\n"),
                               ("forward", "protocol", PROXY + GOOD["forward"].replace("protocol = X-TEST\n", "")),
                               ("forward", "target", PROXY + "[forward]\nlisten = 127.0.0.1:4242\nprotocol = X\n")):
        told = complaints(stage, text)
        check(any(key in message and section in message for _, message in told), f"{section} without {key}: {told}")


def a_proxy_is_missing(stage):
    check("proxy" in complaints(stage, IMAP)[0][1], "no proxy was missed")
    check("night" in complaints(stage, PROXY + IMAP + "proxy = night\n")[0][1], "no [proxy night] was missed")
    accepted(stage, IMAP + "proxy = direct\n")


def no_listener_at_all(stage):
    complaints(stage, PROXY)


def an_over_long_line(stage):
    for line in ("header = X-Long: " + "a" * 17_000, "#" + "a" * 100_000, "a" * 5_000_000, "[" + "a" * 17_000 + "]"):
        told = complaints(stage, PROXY + line + "\n" + IMAP)
        equal(told[0][0], 3, f"line of the over-long line {line[:20]}...")
        check("long" in told[0][1], f"the fault is not named: {told}")


def a_value_is_never_cut(stage):
    """A header that is accepted is printed back whole, up to the first that is refused for its length."""
    for length in (120, 198, 199, *range(16370, 16400)):
        value = "X-Long: " + "a" * length
        text = PROXY + f"header = {value}\n" + IMAP
        done = checked(stage, text)
        if done.returncode != 0:
            equal(complaints(stage, text)[0][0], 3, "line of the over-long header")
            equal(len(value), 16 * 1024 + 1, "the shortest value that is refused")
            return
        check(f"header = {value}\n" in done.stdout.decode(), f"a header of {length} bytes came back cut: {done.stdout}")
    raise AssertionError("no header is too long")


def every_fault_is_told(stage):
    text = ("[sallyport]\nlog-level = loud\nmax-sessions = none\ncolour = blue\n"   # 2, 3, 4
            "[proxy]\nurl = nonsense\nmethod = tunnel\nmethod = connect\n"          # 6, 7, 8
            "[imap]\nlisten = 127.0.0.1:0\ntarget = a b\n"                          # 11
            "[nonsense]\nkey = value\n"                                             # 12
            "[smtp]\nlisten = 127.0.0.1:0\n")                                       # 14: no target
    equal(sorted({line for line, _ in complaints(stage, text)}), [2, 3, 4, 6, 7, 8, 11, 12, 14], "lines told")


def run_refuses_what_check_refuses(stage):
    daemon = stage.sallyport(PROXY + "colour = blue\n" + IMAP, ready=False)
    daemon.expected = (78,)
    equal(daemon.process.wait(), 78, "exit status of run")
    daemon.wait_line(r"\.ini:3: .*colour")
    equal(daemon.count("listening"), 0, "listeners")


scenario(each_bad_value_is_told_with_its_line,
         an_unknown_section,
         an_unknown_key,
         a_key_before_any_section,
         a_broken_section_header,
         a_line_that_is_nothing,
         a_key_twice,
         a_section_twice,
         a_header_may_repeat,
         a_required_key_is_missing,
         a_proxy_is_missing,
         no_listener_at_all,
         an_over_long_line,
         a_value_is_never_cut,
         every_fault_is_told,
         run_refuses_what_check_refuses,
         paths=("splice",))
