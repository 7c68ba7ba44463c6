#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A PAC file names the proxies: for each target its own, one after the other where one is dead; DIRECT is obeyed only
by who has said that it is all right, and nothing that fails leads there; nothing goes back to our own listeners."""
from kit import check, closed_port, equal, free_port, scenario
from kit.certificates import Authority
from kit.control import UNAVAILABLE, command
from kit.finding import PacTown, imap_at, server
from kit.h2_proxy import H2TlsProxy, opens
from kit.peers import GREETING
from kit.real import Microsocks
from kit.redirecting import imap, use
from kit.route import refusal
from kit.streams import read_exactly


def dead():
    """A member that nobody listens for."""
    return f"PROXY 127.0.0.1:{closed_port()}"


def greeted(town, name="imap"):
    with town.daemon.connect(name) as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")


def refused(town, reason, name="imap"):
    """The session is refused, and the log says why in these words."""
    with town.daemon.connect(name) as client:
        told = refusal(client)
    town.daemon.wait_line(rf'#\d+ failed class=temporary reason="[^"]*{reason}')
    return told


def each_target_has_its_own(stage):
    town = PacTown(stage, "a", "b")
    town.decide('if (dnsDomainIs(host, ".example.net")) return "<a>"; return "<b>";')
    town.run_found(listeners=imap("mail.example.net", "one") + imap("mail.example.org", "two"))
    for _ in range(3):
        town.greeted("a", "imap/one")
        town.greeted("b", "imap/two")
    town.daemon.wait_line(rf"imap/one #1 open proxy={town['a'].url} target=mail\.example\.net:143 ")
    town.daemon.wait_line(rf"imap/two #2 open proxy={town['b'].url} target=mail\.example\.org:143 ")


def the_file_is_read_when_it_has_changed(stage):
    town = PacTown(stage, "a", "b")
    town.say("<a>")
    town.run_found()
    town.greeted("a")
    town.say("<b>")
    town.greeted("b")


def the_next_one_where_one_is_dead(stage):
    town = PacTown(stage, "b")
    gone = dead()
    town.say(f"{gone}; WHATEVER x:1; <b>")
    town.run_found()
    for _ in range(3):
        town.greeted("b")
    town.daemon.wait_line(rf"http://127\.0\.0\.1:{gone.rpartition(':')[2]} rests for ")


def a_busy_one_gives_way(stage):
    town = PacTown(stage, "a", "b")
    town.say("<a>; <b>")
    town.tell("a", b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    town.run_found("announce = none")
    town.greeted("b")
    equal(town.asked("a"), 1, "requests at the first one")


def direct_is_for_who_allows_it(stage):
    home = server(stage)
    town = PacTown(stage)
    town.say("DIRECT")
    town.run_found(listeners=imap_at(home))
    told = refused(town, r"says DIRECT for 127\.0\.0\.1:\d+, which needs fallback = direct")
    check("fallback = direct" in told, f"the client is told what to set: {told!r}")
    equal(len(home.connections), 0, "connections at the server")
    allowed = PacTown(stage)
    allowed.run_found("fallback = direct", imap_at(home))
    greeted(allowed)
    allowed.daemon.wait_line(r"imap #1 open proxy=direct ")


def direct_comes_in_its_order(stage):
    home = server(stage)
    town = PacTown(stage, "a")
    town.say(f"{dead()}; DIRECT; <a>")
    town.run_found("fallback = direct", imap_at(home))
    greeted(town)
    equal(town.asked("a"), 0, "requests at the one behind DIRECT")
    town.say("<a>; DIRECT")
    town.greeted("a")
    town.tell("a", b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    refused(town, "503 Busy")
    equal(len(home.connections), 1, "connections at the server")


def nothing_that_fails_leads_there(stage):
    home = server(stage)
    town = PacTown(stage)
    town.run_found("fallback = direct", imap_at(home))
    for body, reason in (
            (f'return "{dead()}";', "Connection refused"),
            ('throw "up";', "up"),
            ("return null;", ""),
            ('return "";', ""),
            ('return "WHATEVER x:1";', ""),
            ("if (", "")):
        town.decide(body)
        refused(town, reason)
    town.stage.file("proxy.pac", "")
    refused(town, "")
    equal(len(home.connections), 0, "connections at the server")


def one_that_speaks_http2_is_shared(stage):
    """HTTP/2 where ALPN gives it, HTTP/1.1 at the next one that is found."""
    authority = Authority(stage)
    front = H2TlsProxy(stage, opens(), authority.leaf("127.0.0.1").server_side())
    town = PacTown(stage, "old")
    town.say(f"HTTPS {front.host}:{front.port}; DIRECT")
    town.run_found(f"http = auto\nca-file = {authority.file}")
    stage.later(front.stop)
    for _ in range(3):
        client = town.daemon.connect("imap")
        stage.later(client.close)
        data = b"a NOOP\r\n"
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        client.sendall(data)
        equal(read_exactly(client, len(data)), data, "what came back")
    town.daemon.wait_line(r"#\d+ open .* http=2", count=3)
    equal((len(front.connections), len(front.streams)), (1, 3), "connections and tunnels")
    town.say("<old>")
    town.greeted("old")
    equal(len(front.connections), 1, "connections to the one that was found before")


def our_own_listeners_are_refused(stage):
    town = PacTown(stage, "b")
    town.say("<b>")
    town.run_found()
    host, port = town.daemon.address("imap")
    for name in (host, "localhost", "0.0.0.0", f"[::ffff:{host}]"):
        town.say(f"PROXY {name}:{port}")
        refused(town, r"names a proxy for mail\.example\.net:143 that is refused: it leads to one of our own listeners")
    town.say(f"PROXY {host}:{port}; <b>")
    town.greeted("b")


def who_asks_without_the_daemon_refuses_them_too(stage):
    town = PacTown(stage)
    port = free_port()
    town.say(f"PROXY 127.0.0.1:{port}")
    town.run_found(listeners=f"[imap]\nlisten = localhost:{port}\ntarget = mail.example.net\n")
    shown = command(town.daemon, "try", status=UNAVAILABLE)[0]
    check("that is refused: it leads to one of our own listeners" in shown, f"the failure of: {shown}")
    equal(town.daemon.count(" accepted "), 0, "clients of that listener")


def a_socks_proxy_too(stage):
    home = server(stage)
    socks = Microsocks(stage)
    town = PacTown(stage)
    town.say(f"SOCKS5 127.0.0.1:{socks.port}")
    town.run_found(listeners=imap_at(home))
    greeted(town)
    socks.wait_connected("127.0.0.1", home.port)


def a_redirect_is_followed_from_there(stage):
    town = PacTown(stage, "a", "b")
    town.say("<a>")
    town.tell("a", use(town["b"]))
    town.run_found()
    town.greeted("b")
    town.redirected("a", "b")


def a_reload_asks_anew(stage):
    town = PacTown(stage, "a", "b")
    town.say("<a>")
    town.run_found()
    town.greeted("a")
    with open(town.daemon.ini, encoding="ascii") as file:
        ini = file.read()
    town.daemon.reload(ini.replace(f"pac:{town.file}", town["b"].url))
    town.daemon.wait_line("reloaded listeners=1")
    town.greeted("b")


scenario(each_target_has_its_own, the_file_is_read_when_it_has_changed, the_next_one_where_one_is_dead,
         a_busy_one_gives_way, direct_is_for_who_allows_it, direct_comes_in_its_order, nothing_that_fails_leads_there,
         one_that_speaks_http2_is_shared, our_own_listeners_are_refused, who_asks_without_the_daemon_refuses_them_too,
         a_socks_proxy_too, a_redirect_is_followed_from_there, a_reload_asks_anew, in_turns=True)
