# SPDX-License-Identifier: ISC
"""The grid of ways: each form of proxy, each login, each kind of target; and how other programs go them."""
from .way import Run, Way

FORMS = {
    "http": ("C", "C", "url = http://{{host}}:{{http_{login}}}"),
    "https": ("CS", "CS", "url = https://{{host}}:{{https_{login}}}"),
    "HTTP/2": ("CS", "", "url = https://{{host}}:{{h2_{login}}}\nhttp = 2"),
    "connect-tcp, http": ("C", "C", "url = http://{{host}}:{{http_{login}}}{path}"),
    "connect-tcp, https": ("CS", "CS", "url = https://{{host}}:{{https_{login}}}{path}"),
    "connect-tcp, HTTP/2": ("CSN", "", "url = https://{{host}}:{{h2_{login}}}{path}\nhttp = 2"),
}
"""How a proxy is spoken to: the steps until it can be asked, first and later, and how it is named."""

PATH = "/.well-known/masque/tcp/{{{{target_host}}}}/{{{{target_port}}}}/"
WHO = "user = jane\npassword = tick-tock\nauth = "

LOGINS = {
    "none": ("none", "", "", ""),
    "Basic": ("basic", "", "", WHO + "basic"),
    "Digest": ("digest", "A", "", WHO + "digest"),
    "NTLM": ("ntlm", "A", "A", WHO + "ntlm"),
    "Negotiate": ("negotiate", "", "", "auth = negotiate"),
}
"""How one logs in: the scheme of the door, the steps before the request that succeeds, and the configuration.  The
ticket for Negotiate can be fetched while TCP connects."""

TARGETS = {
    "plain": ("", "imap", "target = mail.example.net:{plain}"),
    "TLS": ("TG", "imap", "target = mail.example.net:{tls}\ntls = yes"),
    "STARTTLS": ("UT", "imap", "target = mail.example.net:{imap}\ntls = starttls"),
}
"""What the tunnel leads to: the steps behind the request, the listener, and its lines."""

OTHER_TARGETS = {
    "STARTTLS, no capabilities": ("UT", "imap", "target = mail.example.net:{imap_terse}\ntls = starttls"),
    "STARTTLS, SMTP": ("EUT", "submission", "target = mail.example.net:{smtp}\ntls = starttls"),
    "STARTTLS, POP3": ("UT", "pop3", "target = mail.example.net:{pop3}\ntls = starttls"),
    "STARTTLS, NNTP": ("UT", "nntp", "target = mail.example.net:{nntp}\ntls = starttls"),
    "STARTTLS, ManageSieve": ("UTG", "managesieve", "target = mail.example.net:{managesieve}\ntls = starttls"),
}
"""The same for the other protocols, and for an IMAP server that keeps to itself what it can do."""

PROXYTUNNEL = "proxytunnel -q -a {listen} -d {host}:"
STUNNEL = """\
foreground = yes
pid =
syslog = no
[mail]
client = yes
accept = 127.0.0.1:{listen}
CAfile = {ca}
verifyChain = yes
checkHost = mail.example.net
connect = {host}:"""
HAPROXY = """\
defaults
    mode http
    timeout connect 10s
    timeout client 1m
    timeout server 1m
    timeout tunnel 1m
    http-reuse always
listen mail
    bind 127.0.0.1:{listen}
    server proxy {host}:{h2_none} ssl verify required ca-file {ca} verifyhost proxy.example.net alpn h2
"""
BASIC_OF_STUNNEL = "protocolAuthentication = basic\nprotocolUsername = jane\nprotocolPassword = tick-tock\n"
ASKS = "CONNECT mail.example.net:{plain} HTTP/1.1\r\nHost: mail.example.net:{plain}\r\n\r\n"

PACKAGES = {"proxytunnel": "proxytunnel", "stunnel": "stunnel4", "cntlm": "cntlm", "socat": "socat",
            "desproxy": "desproxy", "haproxy": "haproxy"}
"""The rivals, and where Debian has them."""


def _rivals(form, login, target):
    """How other programs go that way: {name: Run}, where they can."""
    if (form, login, target) == ("HTTP/2", "none", "plain"):
        return {"haproxy": Run("haproxy -db -f {file}", HAPROXY, ASKS)}
    if form not in ("http", "https") or target not in ("plain", "TLS"):
        return {}
    # What proxytunnel and stunnel have of NTLM does not get past a proxy that wants NTLMv2.
    known = {}
    door, proxy, secret = target.lower(), f"{form}_{login.lower()}", login == "Basic"
    if login in ("none", "Basic") and (form, target) != ("https", "TLS"):
        known["proxytunnel"] = Run(
            f"{PROXYTUNNEL}{{{door}}} -p {{host}}:{{{proxy}}} -C {{ca}}{' -P jane:tick-tock' * secret}"
            f"{' -E' * (form == 'https')}{' -e' * (target == 'TLS')}")
    if login in ("none", "Basic") and (form, target) == ("http", "TLS"):
        known["stunnel"] = Run("stunnel {file}", f"{STUNNEL}{{{proxy}}}\nprotocol = connect\n"
                               f"protocolHost = {{host}}:{{tls}}\n{BASIC_OF_STUNNEL * secret}")
    if login in ("none", "NTLM") and (form, target) == ("http", "plain"):
        known["cntlm"] = Run("cntlm -f -c /dev/null -u jane -p tick-tock -d TEST -l 127.0.0.1:{spare} "
                             f"-L 127.0.0.1:{{listen}}:{{host}}:{{plain}} {{host}}:{{{proxy}}}")
    if login in ("none", "Basic") and (form, target) == ("http", "plain"):
        known["socat"] = Run("socat TCP-LISTEN:{listen},bind=127.0.0.1,fork,reuseaddr PROXY:{host}:{host}:{plain},"
                             f"proxyport={{{proxy}}}{',proxyauth=jane:tick-tock' * secret}")
    if (form, login, target) == ("http", "none", "plain"):
        known["desproxy"] = Run("desproxy {host} {plain} {host} {http_none} {listen}")
    return known


CONNECTION_ONLY = ("NTLM", "Negotiate")  # authenticate a connection of HTTP/1.1: see the second of the notes

NOTES = (
    "With TLS to the server over connect-tcp in HTTP/2 one trip less would be possible, if the ClientHello were sent "
    "before the proxy's answer, as that protocol permits; sallyport does not, in any form of request.",
    "NTLM and Negotiate authenticate a connection of HTTP/1.1, and not a request. So they are not used over HTTP/2, "
    "where tunnels share a connection, nor with connect-tcp, whose servers stand behind others that share theirs, and "
    "those forms have no rows with them.",
    "No rows of their own, and so not measured, have ways that put the steps of two rows together: connections made "
    "ahead with NTLM, with Negotiate (whose ticket then has no connecting to be fetched beside) or with SRV; a first "
    "proxy that is of no use with a login, TLS or STARTTLS; 305 with a login or STARTTLS; a proxy behind a proxy with "
    "STARTTLS or Negotiate.",
)
"""What a README says below its tables."""


def grid():
    """Forms by logins by targets."""
    for form, (first, later, url) in FORMS.items():
        for login, (scheme, login_first, login_later, who) in LOGINS.items():
            if login in CONNECTION_ONLY and form not in ("http", "https"):
                continue
            targets = {**TARGETS, **OTHER_TARGETS} if (form, login) == ("http", "none") else TARGETS
            for target, (behind, listener, lines) in targets.items():
                yield Way(form, login, target, first + login_first + "Q" + behind, later + login_later + "Q" + behind,
                          f"{url.format(login=scheme, path=PATH.format())}\n{who}", lines, listener,
                          kerberos=login == "Negotiate", rivals=_rivals(form, login, target))
