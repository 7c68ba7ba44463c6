# SPDX-License-Identifier: ISC
"""The ways to a greeting that are measured: the grid, and in groups what it does not have."""
from .grid import PATH, PROXYTUNNEL, STUNNEL, TARGETS, WHO, grid
from .way import Run, Way

PLAIN, TLS, STARTTLS = (TARGETS[name][2] for name in ("plain", "TLS", "STARTTLS"))
ANY = WHO + "any\n"
READY = "preconnect = 1\n"
VIA = "via = outer\n"
ANYWHERE = "[redirects]\nwider = accept\n"
DIRECT = "proxy = direct\n"


def _at(scheme, *doors, path="", more=""):
    """The lines of a proxy at those doors of the far side."""
    return "url = " + " ".join(f"{scheme}://{{host}}:{{{door}}}{path.format()}" for door in doors) + "\n" + more


def _outer(*at, **more):
    """The section of the proxy before the proxy."""
    return "[proxy outer]\n" + _at(*at, **more)


def _to(door, tls="yes"):
    """The lines of a listener whose target speaks TLS."""
    return f"target = mail.example.net:{{{door}}}\ntls = {tls}\n"


H2, AUTO = "http = 2\n", "http = auto\n"
HTTP, HTTPS, HTTP2 = _at("http", "http_none"), _at("https", "https_none"), _at("https", "h2_none", more=H2)
RESOURCE = "/.well-known/masque/tcp/mail.example.net/{{plain}}/"

GROUPS = {
    "the scheme is found out (auth = any)": [
        Way("http", "Basic", "plain", "CAQ", "CQ", _at("http", "http_basic", more=ANY), PLAIN),
        Way("http", "Digest", "plain", "CAQ", "CQ", _at("http", "http_digest", more=ANY), PLAIN),
        Way("http", "NTLM", "plain", "CAAQ", "CAQ", _at("http", "http_ntlm", more=ANY), PLAIN),
        Way("http", "Negotiate", "plain", "CAKQ", "CQ", _at("http", "http_negotiate", more=ANY), PLAIN, kerberos=True),
        Way("https", "Basic", "plain", "CSAQ", "CSQ", _at("https", "https_basic", more=ANY), PLAIN),
        Way("https", "Negotiate", "plain", "CSAKQ", "CSQ", _at("https", "https_negotiate", more=ANY), PLAIN,
            kerberos=True),
        Way("HTTP/2", "Basic", "plain", "CSAQ", "Q", _at("https", "h2_basic", more=H2 + ANY), PLAIN),
        Way("HTTP/2", "Digest", "plain", "CSAQ", "Q", _at("https", "h2_digest", more=H2 + ANY), PLAIN),
        Way("http, closes with its 407", "Basic", "plain", "CACQ", "CQ", _at("http", "closing_basic", more=ANY), PLAIN),
        Way("http, closes with its 407", "Digest", "plain", "CACQ", "CQ", _at("http", "closing_digest", more=ANY),
            PLAIN),
    ],
    "nonces": [
        Way("http", "Digest, a nonce for one use", "plain", "CAQ", "CAQ",
            _at("http", "http_digest1", more=WHO + "digest"), PLAIN),
        Way("http", "Digest, names the next nonce", "plain", "CAQ", "CQ",
            _at("http", "http_digest_next", more=WHO + "digest"), PLAIN),
    ],
    "two sessions at once, the later of them": [
        Way("http", "none", "plain", "CQ", "CQ", HTTP, PLAIN, at_once=2),
        Way("http", "Basic", "plain", "CPQ", "CQ", _at("http", "http_basic", more=WHO + "basic"), PLAIN, at_once=2),
        Way("http", "Digest", "plain", "CAPQ", "CQ", _at("http", "http_digest", more=WHO + "digest"), PLAIN, at_once=2),
        Way("https", "Basic", "plain", "CSPQ", "CSQ", _at("https", "https_basic", more=WHO + "basic"), PLAIN,
            at_once=2),
        Way("HTTP/2", "none", "plain", "CSQ", "Q", HTTP2, PLAIN, at_once=2),
        Way("HTTP/2", "Basic", "plain", "CSPQ", "Q", _at("https", "h2_basic", more=H2 + WHO + "basic"), PLAIN,
            at_once=2),
    ],
    "other forms": [
        Way("https, TLS 1.2", "none", "plain", "CSSQ", "CSQ", _at("https", "https12"), PLAIN),
        Way("http", "none", "TLS 1.2", "CQTT", "CQTG", HTTP, _to("tls12")),
        Way("https, asks for another group", "none", "plain", "CSSQ", "CSQ", _at("https", "https384"), PLAIN),
        Way("http", "none", "TLS, asks for another group", "CQTTG", "CQTG", HTTP, _to("tls384")),
        Way("HTTP/2 without TLS", "none", "plain", "CQ", "Q", _at("http", "h2c", more=H2), PLAIN),
        Way("http = auto, which is 2", "none", "plain", "CSQ", "Q", _at("https", "h2_none", more=AUTO), PLAIN),
        Way("http = auto, which is 1.1", "none", "plain", "CSQ", "CSQ", HTTPS + AUTO, PLAIN),
        Way("http, refuses Upgrade", "none", "plain", "CAQ", "CQ", _at("http", "no_upgrade"), PLAIN),
        Way("http, hangs up on Upgrade", "none", "plain", "CACQ", "CQ", _at("http", "drops_upgrade"), PLAIN),
        Way("http, says that it wants connect-tcp", "none", "plain", "CAQ", "CQ", _at("http", "connect_tcp_only"),
            PLAIN),
        Way("http, method = proxy", "none", "plain", "CQ", "CQ", HTTP + "method = proxy\n", PLAIN),
        Way("TCPConnection, http", "none", "plain", "CQ", "CQ",
            _at("http", "http_none", path=RESOURCE, more="method = tcpconnection\n"), PLAIN),
        Way("TCPConnection, TLS by Upgrade", "none", "plain", "CUSQ", "CUSQ",
            _at("http", "tls_by_upgrade", path=RESOURCE, more="method = tcpconnection\ntls-upgrade = yes\n"), PLAIN),
    ],
    "no proxy": [
        Way("no proxy", "none", "plain", "CQ", "CQ", "", DIRECT + "target = {host}:{plain}"),
        Way("no proxy", "none", "TLS", "CTG", "CTG", "", DIRECT + "target = {host}:{tls}\ntls = yes",
            rivals={"stunnel": Run("stunnel {file}", STUNNEL + "{tls}\n")}),
        # stunnel passes the greeting on before it begins TLS, so that it is no rival in these.
        Way("no proxy", "none", "STARTTLS", "CQUT", "CQUT", "", DIRECT + "target = {host}:{imap}\ntls = starttls"),
        Way("no proxy", "none", "STARTTLS, SMTP", "CQEUT", "CQEUT", "", DIRECT + "target = {host}:{smtp}\n"
            "tls = starttls", "submission"),
    ],
    "connections made ahead (preconnect = 1)": [
        Way("http", "none", "plain", "Q", "Q", HTTP + READY, PLAIN, ready=True),
        Way("http", "Basic, found out", "plain", "AQ", "Q", _at("http", "http_basic", more=READY + ANY), PLAIN,
            ready=True),
        Way("http", "Digest", "plain", "AQ", "Q", _at("http", "http_digest", more=READY + WHO + "digest"), PLAIN,
            ready=True),
        Way("https", "none", "plain", "Q", "Q", HTTPS + READY, PLAIN, ready=True),
        Way("https", "none", "TLS", "QTG", "QTG", HTTPS + READY, TLS, ready=True),
        Way("https", "none", "STARTTLS", "QUT", "QUT", HTTPS + READY, STARTTLS, ready=True),
        Way("HTTP/2", "none", "plain", "Q", "Q", HTTP2 + READY, PLAIN, ready=True),
        Way("HTTP/2", "none", "TLS", "QTG", "QTG", HTTP2 + READY, TLS, ready=True),
        Way("connect-tcp, http", "none", "plain", "Q", "Q", _at("http", "http_none", path=PATH, more=READY), PLAIN,
            ready=True),
        Way("connect-tcp, HTTP/2", "none", "plain", "Q", "Q", _at("https", "h2_none", path=PATH, more=H2 + READY),
            PLAIN, ready=True),
        Way("https, the first one refuses", "none", "plain", "Q", "Q",
            _at("https", "refusing", "https_none", more=READY), PLAIN, ready=True),
    ],
    "a proxy behind a proxy": [
        Way("http via http", "none", "plain", "COQ", "COQ", HTTP + VIA, PLAIN, more=_outer("http", "http_none"),
            rivals={"proxytunnel": Run(PROXYTUNNEL + "{plain} -p {host}:{http_none} -r {host}:{http_none}")}),
        Way("http via http", "none", "TLS", "COQTG", "COQTG", HTTP + VIA, TLS, more=_outer("http", "http_none")),
        Way("https via http", "none", "plain", "COSQ", "COSQ", HTTPS + VIA, PLAIN, more=_outer("http", "http_none")),
        Way("http via https", "none", "plain", "CSOQ", "CSOQ", HTTP + VIA, PLAIN, more=_outer("https", "https_none")),
        Way("https via https", "none", "plain", "CSOSQ", "CSOSQ", HTTPS + VIA, PLAIN,
            more=_outer("https", "https_none")),
        Way("https via https", "none", "TLS", "CSOSQTG", "CSOSQTG", HTTPS + VIA, TLS,
            more=_outer("https", "https_none")),
        Way("http via HTTP/2", "none", "plain", "CSOQ", "OQ", HTTP + VIA, PLAIN,
            more=_outer("https", "h2_none", more=H2)),
        Way("HTTP/2 via http", "none", "plain", "COSQ", "Q", HTTP2 + VIA, PLAIN, more=_outer("http", "http_none")),
        Way("http via http", "Basic at both", "plain", "COQ", "COQ",
            _at("http", "http_basic", more=WHO + "basic\n" + VIA), PLAIN,
            more=_outer("http", "http_basic", more=WHO + "basic\n")),
        Way("http via http", "Digest at both", "plain", "CAOAQ", "COQ",
            _at("http", "http_digest", more=WHO + "digest\n" + VIA), PLAIN,
            more=_outer("http", "http_digest", more=WHO + "digest\n")),
        Way("http via http", "NTLM at the outer one", "plain", "CAOQ", "CAOQ", HTTP + VIA, PLAIN,
            more=_outer("http", "http_ntlm", more=WHO + "ntlm\n")),
        Way("http via SOCKS5", "none", "plain", "COOQ", "COOQ", HTTP + VIA, PLAIN, more=_outer("socks5h", "socks")),
        Way("http via SOCKS5", "password at the outer one", "plain", "COOOQ", "COOOQ", HTTP + VIA, PLAIN,
            more=_outer("socks5h", "socks_user", more=ANY)),
    ],
    "the first proxy is of no use": [
        Way("http, refuses", "none", "plain", "CCQ", "CQ", _at("http", "refusing", "http_none"), PLAIN),
        Way("https, refuses", "none", "plain", "CCSQ", "CSQ", _at("https", "refusing", "https_none"), PLAIN),
        Way("HTTP/2, refuses", "none", "plain", "CCSQ", "Q", _at("https", "refusing", "h2_none", more=H2), PLAIN),
        Way("http, is silent", "none", "plain", "WCQ", "CQ", "url = http://{nowhere}:3128 http://{host}:{http_none}\n",
            PLAIN),
        Way("https, is silent", "none", "plain", "WCSQ", "CSQ",
            "url = https://{nowhere}:3128 https://{host}:{https_none}\n", PLAIN),
        Way("http, is busy for a minute (503)", "none", "plain", "CACQ", "CQ", _at("http", "busy", "http_none"), PLAIN),
        Way("http, refuses, fallback = direct", "none", "plain", "CCQ", "CQ",
            _at("http", "refusing", more="fallback = direct\n"), "target = {host}:{plain}"),
    ],
    "305 Use Proxy": [
        Way("http to http", "none", "plain", "CACQ", "CQ", _at("http", "redirect"), PLAIN, more=ANYWHERE),
        Way("http to http", "none", "TLS", "CACQTG", "CQTG", _at("http", "redirect"), TLS, more=ANYWHERE),
        Way("http to https", "none", "plain", "CACSQ", "CSQ", _at("http", "redirect_tls"), PLAIN, more=ANYWHERE),
        Way("http to http, for once", "none", "plain", "CACQ", "CACQ", _at("http", "redirect_once"), PLAIN,
            more=ANYWHERE),
    ],
    "the proxy is found by a PAC file": [
        Way("http, a file on the disk", "none", "plain", "CQ", "CQ", "url = pac:{pac}\n", PLAIN),
        Way("http, a file by http", "none", "plain", "CACQ", "CQ", "url = pac:http://{host}:{pac_door}/\n"
            "insecure = yes\n", PLAIN),
    ],
    "names are looked up": [
        Way("http by name", "none", "plain", "DCQ", "CQ", "url = http://proxy.example.net:{http_none}\n", PLAIN),
        Way("https by name", "none", "plain", "DCSQ", "CSQ", "url = https://proxy.example.net:{https_none}\n", PLAIN),
        Way("http by name, first address silent", "none", "plain", "DHCQ", "CQ",
            "url = http://twin.example.net:{http_none}\n", PLAIN),
        Way("http", "none", "SRV, plain", "CQ", "CQ", HTTP, "target = srv:example.net"),
        Way("http", "none", "SRV, TLS", "CQTG", "CQTG", HTTP, "target = srv:example.net\ntls = yes"),
        Way("http by name", "none", "SRV, plain", "DCQ", "CQ", "url = http://proxy.example.net:{http_none}\n",
            "target = srv:example.net"),
    ],
}

GRID = "named in the configuration"
WAYS = {GRID: list(grid()), **GROUPS}


def matching(parts):
    """WAYS, those that have one of these parts in `GROUP: PROXY | LOGIN | TARGET`."""
    return {title: [way for way in group if any(part in f"{title}: {way}" for part in parts)]
            for title, group in WAYS.items()}
