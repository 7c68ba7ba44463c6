#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A proxy repeats what it was sent: nothing of password, credentials and headers is in log, refusal or `try`."""
import base64

from kit import check, scenario
from kit.daemon import Sallyport
from kit.route import Route, refusal, settings

PASSWORD, TOKEN = "hunter22xyz", "s3cr3tT0kenQQ"
CODED = base64.b64encode(f"fred:{PASSWORD}".encode()).decode()
ENTRY = f"user = fred\npassword = {PASSWORD}\nauth = basic\nheader = X-Token: {TOKEN}"
ALL = f"{PASSWORD} Basic {CODED} {TOKEN} {CODED[2:].replace('=', '%3D')}"

ANSWERS = (
    f"HTTP/1.1 403 {ALL}\r\n\r\n",
    f"HTTP/1.1 403 no\r\n\r\n{ALL}",
    f'HTTP/1.1 502 no\r\nProxy-Status: x; details="{ALL}"\r\n\r\n',
    f"HTTP/1.1 407 {ALL}\r\nProxy-Authenticate: Basic realm=x\r\n\r\n",
    f"HTTP/1.1 305 no\r\nSet-Proxy: SET {PASSWORD}.example:3128; seconds=60\r\n\r\n{ALL}",
    f"{ALL}\r\n\r\n",
)


def pieces(secret):
    return [secret[i:i + 6] for i in range(len(secret) - 5)]


def nothing_is_shown(stage):
    for answer in ANSWERS:
        def script(connection):
            connection.read_head()
            connection.send(answer.encode())

        route = Route(stage, script, proxy=ENTRY, sallyport="log-level = debug")
        told = refusal(route.client(), ("temporary", "permanent"))
        ini = settings(route.proxy.url, proxy=ENTRY)
        tried = Sallyport.command(stage, "try", ini=ini)
        shown = "\n".join([told, tried.stdout.decode(), tried.stderr.decode()] + route.daemon.process.lines)
        for secret in PASSWORD, TOKEN, CODED:
            for piece in pieces(secret):
                check(piece not in shown, f"{piece!r} of {secret} is in\n{shown}")


scenario(nothing_is_shown)
