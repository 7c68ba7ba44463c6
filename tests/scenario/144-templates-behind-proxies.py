#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A proxy with a template that is reached through another one (`via`): squid, Apache, with and without TLS, and SOCKS;
connections that are made ahead; and what Node's http module, a parser that is not ours, reads in the request."""
import json

from kit import check, equal, need, scenario, until
from kit.capsules import data
from kit.certificates import Authority
from kit.connect_tcp import PATH, SWITCHED, field, opens, request_line, responds
from kit.control import facts
from kit.peers import GREETING, Proxy
from kit.real import Apache, ApacheGateway, Dovecot, HaproxyGateway, Mailbox, Microsocks, Squid
from kit.real.login import Basic
from kit.route import Route, listener, settings
from kit.streams import read_exactly
from kit.tls import TlsProxy

NODE = r"""
const http = require("http");
const server = http.createServer((request, response) => { response.writeHead(404); response.end(); });
server.on("upgrade", (request, socket, head) => {
    const read = {method: request.method, url: request.url, version: request.httpVersion, headers: request.headers,
                  raw: request.rawHeaders, behind: head.length};
    console.log("read " + JSON.stringify(read));
    socket.write(Buffer.from(process.argv[2], "hex"));
    socket.on("data", capsules => { console.log("capsules " + capsules.toString("hex")); socket.end(); });
    socket.on("error", () => {});
});
server.listen(0, "127.0.0.1", () => console.log("listening on " + server.address().port));
"""


def start_node(stage, answer):
    """The program with what it answers to Upgrade, and its port."""
    program = need("node", "nodejs")
    node = stage.start([program, stage.file("server.js", NODE), answer.hex()], name="node")
    return node, node.wait_line(r"^listening on (\d+)$").group(1)


def greet(connection):
    connection.send(GREETING)
    connection.echo()


def nested(outer, inner, outer_more="", inner_more="", target="mail.example.net"):
    """The configuration text: through the URL inner, which is reached through the URL outer."""
    return settings(inner, listener("imap", target), proxy=f"via = outer\n{inner_more}\n[proxy outer]\nurl = {outer}\n"
                                                           f"{outer_more}\n")


def greeted(daemon):
    with daemon.connect("imap") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")


def outers(stage, ports, authority):
    """(proxy, lines of its section)"""
    trusting = f"ca-file = {authority.file}\n"
    yield Squid(stage, ports), ""
    yield Squid(stage, ports, logins=[Basic({"olaf": "outer"})], certificate=authority.leaf("localhost", name="squid"),
                host="localhost", name="squid-tls"), f"{trusting}user = olaf\npassword = outer\n"
    yield Apache(stage, ports), ""
    yield Apache(stage, ports, certificate=authority.leaf("localhost", name="apache"), host="localhost",
                 name="apache-tls"), trusting
    yield Microsocks(stage), ""


def through_each_kind(stage):
    """To a template at http:// and at https://; a CONNECT inside for the way, and no word of the protocol there."""
    authority = Authority(stage)
    context = authority.leaf("127.0.0.1", name="inner").server_side()
    plain, secure = Proxy(stage, opens(greet)), TlsProxy(stage, opens(greet), context)
    for outer, section in outers(stage, [plain.port, secure.port], authority):
        for inner in plain, secure:
            trusting = f"ca-file = {authority.file}\n" if inner is secure else ""
            daemon = stage.sallyport(nested(outer.url, inner.url + PATH, section, trusting),
                                     name=f"sallyport-{outer.name}-{inner.port}")
            greeted(daemon)
            daemon.wait_line(rf"imap #1 open proxy={inner.url} target=mail\.example\.net:143 switched=no ")
            head = inner.heads[-1]
            equal(request_line(head), "GET /.well-known/masque/tcp/mail.example.net/143/ HTTP/1.1", "request inside")
            equal([field(head, name) for name in ("Proxy-Authorization", "Authorization")], [[], []], "credentials")
            if isinstance(outer, Squid):
                place = inner.url.partition("://")[2]
                told = until(lambda squid=outer, place=place: [one for one in squid.tunnels(1, "200")
                                                               if one["target"] == place and one["status"] == "200"],
                             f"{place} in the log of {outer.name}")
                equal([one["upgrade"] for one in told], ["-"], f"protocol that {outer.name} was told")


def a_gateway_behind_squid(stage):
    """Nothing but the responder is ours: squid, then Apache or haproxy with TLS, and dovecot at the end."""
    authority = Authority(stage)
    dovecot = Dovecot(stage)
    responder = Proxy(stage, responds())
    for kind in ApacheGateway, HaproxyGateway:
        gateway = kind(stage, responder, authority=authority)
        squid = Squid(stage, [gateway.port], name=f"squid-{gateway.name}")
        daemon = stage.sallyport(nested(squid.url, gateway.template, inner_more=gateway.section,
                                        target=f"127.0.0.1:{dovecot.imap}"), name=f"sallyport-{gateway.name}")
        with Mailbox(daemon.address("imap")) as mailbox:
            mailbox.wait(0)
        daemon.wait_line(rf"imap #1 open proxy={gateway.url} .* switched=no ")
        # a login costs a second tunnel, and squid logs each when it ends
        asked = {one["target"] for one in squid.tunnels(1)}
        equal(asked, {f"localhost:{gateway.port}"}, "what squid was asked for")
        check(responder.heads, "the responder was not asked")


# --- connections made ahead ---

def connections_made_ahead(stage):
    route = Route(stage, opens(greet), proxy="preconnect = 2\n", path=PATH)
    route.proxy.wait_connection(2)
    until(lambda: facts(route.daemon)["proxies"][0]["ready"] == 2, "two connections ready")
    equal(len(route.proxy.heads), 0, "requests before there was a client")
    for _ in range(4):
        route.greeted()
    equal([request_line(head) for head in route.proxy.heads],
          ["GET /.well-known/masque/tcp/mail.example.net/143/ HTTP/1.1"] * 4, "requests")
    check(facts(route.daemon)["totals"]["preconnected"] >= 1, "none of them was used")


def made_ahead_in_tls(stage):
    authority = Authority(stage)
    responder = Proxy(stage, responds())
    gateway = HaproxyGateway(stage, responder, authority=authority)
    server = Proxy(stage, greet)
    daemon = stage.sallyport(settings(gateway.template, listener("imap", f"127.0.0.1:{server.port}"),
                                      proxy=f"preconnect = 1\n{gateway.section}"))
    until(lambda: facts(daemon)["proxies"][0]["ready"] == 1, "a connection ready")
    for _ in range(3):
        greeted(daemon)
    check(facts(daemon)["totals"]["preconnected"] >= 1, "it was not used")


# --- a parser that is not ours ---

def what_node_reads(stage):
    """Its `upgrade` event: everything up to the empty line was understood, and nothing stands behind it."""
    node, port = start_node(stage, SWITCHED + data(GREETING))
    daemon = stage.sallyport(settings(f"http://127.0.0.1:{port}{PATH}", proxy="announce = alpn new-protocol\n"))
    with daemon.connect("imap") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
        client.sendall(b"a NOOP\r\n")
        equal(bytes.fromhex(node.wait_line("^capsules (.*)$").group(1)), data(b"a NOOP\r\n"), "what came behind")
    read = json.loads(node.wait_line("^read (.*)$").group(1))
    equal([read[key] for key in ("method", "url", "version", "behind")],
          ["GET", "/.well-known/masque/tcp/mail.example.net/143/", "1.1", 0], "method, URL, version, bytes behind")
    agent = read["headers"].pop("user-agent")
    check(agent.startswith("sallyport/"), f"User-Agent {agent!r}")
    equal(read["headers"], {"host": f"127.0.0.1:{port}", "connection": "Upgrade", "upgrade": "connect-tcp",
                            "capsule-protocol": "?1", "alpn": "imap", "new-protocol": "IMAP"}, "fields")
    equal(len(read["raw"]), 2 * (len(read["headers"]) + 1), "names and values as they came")


def what_node_reads_of_tcpconnection(stage):
    answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TCPConnection/1.0\r\n\r\n" + GREETING
    node, port = start_node(stage, answer)
    daemon = stage.sallyport(settings(f"http://127.0.0.1:{port}/mail/imap", proxy="method = tcpconnection\n"))
    with daemon.connect("imap") as client:
        equal(read_exactly(client, len(GREETING)), GREETING, "greeting")
    read = json.loads(node.wait_line("^read (.*)$").group(1))
    equal([read[key] for key in ("method", "url", "version", "behind")], ["OPTIONS", "/mail/imap", "1.1", 0],
          "method, URL, version, bytes behind")
    equal(read["headers"]["upgrade"], "TCPConnection/1.0", "Upgrade")


scenario(through_each_kind,
         a_gateway_behind_squid,
         connections_made_ahead,
         made_ahead_in_tls,
         what_node_reads,
         what_node_reads_of_tcpconnection,
         paths=("splice",))
