#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""url = environment with what desktops and shells put into the variables for other programs: each that is no use is
named with the reason, no password is shown, and what no_proxy has in vain is warned of."""
from kit import check, equal, scenario
from kit.daemon import Sallyport
from kit.peers import Proxy
from kit.route import listener, settings

CONFIG = 78


def run_with(stage, **variables):
    """(exit status, all that was said) of `run`, which is to fail."""
    done = Sallyport.command(stage, "run", ini=settings("environment"), env=variables)
    text = done.stdout.decode() + done.stderr.decode()
    check("secret" not in text, f"a password is shown: {text}")
    return done.returncode, text


def variables_for_other_programs(stage):
    status, text = run_with(stage, https_proxy="http://me:secret@proxy.test:3128", all_proxy="socks://127.0.0.1:9")
    equal(status, CONFIG, "exit status")
    for part in ('all_proxy="socks://127.0.0.1:9" cannot be used: ', 'https_proxy="http://me:********@proxy.test:3128"',
                 "for https alone", "set imap_proxy or all_proxy"):
        check(part in text, f"{part!r} is missing: {text}")


def no_variable_at_all(stage):
    status, text = run_with(stage)
    equal(status, CONFIG, "exit status")
    check("neither imap_proxy nor all_proxy is set" in text, text)


def exceptions_that_can_match_nothing(stage):
    proxy = Proxy(stage, lambda connection: connection.open())
    stage.later(proxy.stop)
    variables = {"all_proxy": f" {proxy.url} ", "no_proxy": "10.0.0.0/33,http://example.net,10.0.0.0/8"}
    daemon = stage.sallyport(settings("environment", listener("imap")), env=variables)
    daemon.wait_line(r'warning: no_proxy: "10\.0\.0\.0/33" can match no server')
    daemon.wait_line(r'warning: no_proxy: "http://example\.net" can match no server')
    equal(daemon.count(r"can match no server"), 2, "warnings")
    client = daemon.connect("imap")
    check(client.recv(4) == b"* OK", "the proxy of the variable was not used")
    client.close()


scenario(variables_for_other_programs,
         no_variable_at_all,
         exceptions_that_can_match_nothing,
         paths=("splice",))
