#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""One configuration, one process: a relay with a public port, the home that registers there, and a listener whose proxy
is that relay."""
from kit import equal, free_port, scenario
from kit.control import facts
from kit.own_relay import RIGHTS, password, path, users
from kit.peers import GREETING, Proxy
from kit.process import until
from kit.streams import END, connect, read_all, read_exactly


def configuration(stage, port, server):
    file = stage.file("relay.users", users(RIGHTS), mode=0o600)
    return f"""
[relay]
listen = 127.0.0.1:{port}
users = {file}

[public imap]
listen = 127.0.0.1:0
name = home:143
protocol = imap
allow = 127.0.0.0/8

[reverse home]
relay = http://127.0.0.1:{port}{path()}
user = alice
password = {password("alice")}
target = 127.0.0.1:{server}
protocol = imap

[proxy relay]
url = http://127.0.0.1:{port}
user = bob
password = {password("bob")}

[imap]
listen = 127.0.0.1:0
target = home:143
proxy = relay
"""


def greets(connection):
    connection.send(GREETING)
    connection.keep()


def a_server_is_published_and_read(stage):
    server = Proxy(stage, greets)
    daemon = stage.sallyport(configuration(stage, free_port(), server.port))
    until(lambda: [name["waiting"] for name in facts(daemon)["relay"]] == [2], "two places that wait")
    for count, where in enumerate(("public/imap", "imap"), 1):
        with connect(daemon.address(where)) as client:
            equal(read_exactly(client, len(GREETING)), GREETING, f"greeting at {where}")
            held = server.wait_connection(count).sock
            client.sendall(b"a LOGOUT\r\n")
            equal(read_exactly(held, 10), b"a LOGOUT\r\n", f"what came by {where}")
            equal(facts(daemon)["reverse"][0]["sessions"], 1, "sessions of the home")
            held.sendall(b"* BYE\r\n")
            held.close()
            equal(read_all(client), (b"* BYE\r\n", END), f"end at {where}")
    until(lambda: [name["waiting"] for name in facts(daemon)["relay"]] == [2], "two places that wait again")
    until(lambda: facts(daemon)["reverse"][0]["sessions"] == 0, "the home to be free")


scenario(a_server_is_published_and_read)
