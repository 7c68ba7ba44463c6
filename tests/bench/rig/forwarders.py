# SPDX-License-Identifier: ISC
"""Who is measured: one table, one line each.

A command and the files that it needs are texts in which these stand for what the stage gives:

    {listen}  the port, on 127.0.0.1, where the forwarder is to wait for clients
    {host}    the address of the proxy and of the target
    {proxy}   the port of the HTTP proxy, {proxytls} the one of the same with TLS, and {proxyh2} the one over HTTP/2
    {target}  the port of the target, the one that a CONNECT has to name
    {ticket}  that of the same with TLS, which resumes sessions; in the modes of the long path only
    {ca}      a file with the certificate that the target and the proxy show under TLS
    {file}    the forwarder's own configuration, written from `config`
    {log}     a file for its log
    {sallyport}  the program under test
"""
from dataclasses import dataclass

# 9940 connections and 40 pipes are what 20000 descriptors are enough for, the hard limit of many systems.
HAPROXY = """\
global
    maxconn 9940
    maxpipes 40
    tune.pipesize 1048576
defaults
    mode tcp
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    option splice-request
    option splice-response
listen mail
    bind 127.0.0.1:{listen} backlog 4096
    server target {host}:{target}"""
HAPROXY_TLS = HAPROXY + """ ssl verify required ca-file {ca} verifyhost localhost
"""
HAPROXY += "\n"
HAPROXY_1 = HAPROXY.replace("    maxpipes", "    nbthread 1\n    maxpipes")

SALLYPORT = """\
[sallyport]
log-level = info
max-sessions = 20000
control = none
[proxy]
url = http://{host}:{proxy}
[imap]
listen = 127.0.0.1:{listen}
target = {host}:{target}
"""
SALLYPORT_CAPSULES = SALLYPORT.replace(
    "http://{host}:{proxy}", "http://{host}:{proxy}/.well-known/masque/tcp/{{target_host}}/{{target_port}}/")
SALLYPORT_TLS = SALLYPORT + """\
tls = yes
tls-ca-file = {ca}
"""
SALLYPORT_HTTPS = SALLYPORT.replace("http://{host}:{proxy}", "https://{host}:{proxytls}\nca-file = {ca}")
SALLYPORT_READY = SALLYPORT_HTTPS.replace("[imap]", "preconnect = 1\n[imap]")
SALLYPORT_HTTP2 = SALLYPORT.replace("http://{host}:{proxy}", "https://{host}:{proxyh2}\nca-file = {ca}\nhttp = 2")

HAPROXY_HTTP2 = """\
global
    maxconn 9940
defaults
    mode http
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
    http-reuse always
listen mail
    bind 127.0.0.1:{listen} backlog 4096
    server target {host}:{proxyh2} ssl verify required ca-file {ca} verifyhost localhost alpn h2
"""

STUNNEL = """\
foreground = yes
pid =
syslog = no
[mail]
client = yes
accept = 127.0.0.1:{listen}
CAfile = {ca}
verifyChain = yes
checkHost = localhost
"""
STUNNEL_STRAIGHT = STUNNEL + "connect = {host}:{target}\n"
STUNNEL_CONNECT = STUNNEL + "connect = {host}:{proxy}\nprotocol = connect\nprotocolHost = {host}:{target}\n"
STUNNEL_TICKET = STUNNEL_CONNECT.replace("{target}", "{ticket}")

SOCAT_LISTEN = "TCP-LISTEN:{listen},bind=127.0.0.1,fork,reuseaddr,backlog=4096"


@dataclass(frozen=True)
class Forwarder:
    """One of them.  `families` are the kinds of mode it takes part in (modes.py)."""
    name: str
    package: str        # Debian's, "" for what is no rival
    families: str       # words: plain, tls, https (the proxy has TLS), path
    tags: str           # words: connects (it asks a proxy), default (as it comes), ours, asked (by CONNECT, as a proxy)
    command: str        # "" for none: clients go to the target straight
    config: str = ""
    note: str = ""      # for the list that the report prints


SOCAT, TUNNEL = "socat " + SOCAT_LISTEN, "proxytunnel -q -a {listen} -d {host}:{target}"
CNTLM = "cntlm -f -c /dev/null -u nobody -p none -l 127.0.0.1:{spare} -L 127.0.0.1:{listen}:{host}:{target}"
RUN = "{sallyport} -c {file}"
RUN_COPYING = "env SALLYPORT_PUMP=copy " + RUN

FORWARDERS = [
    Forwarder("direct", "", "plain path", "", "", note="no forwarder at all"),
    Forwarder("haproxy", "haproxy", "plain", "", "haproxy -db -f {file}", HAPROXY,
              "a relay without CONNECT: always splices, pipes of 1 MiB, as many threads as CPUs"),
    Forwarder("haproxy-1", "haproxy", "plain", "", "haproxy -db -f {file}", HAPROXY_1, "the same, with one thread"),
    Forwarder("sallyport", "", "plain", "connects default ours", RUN, SALLYPORT, "same-user check, log-level info"),
    Forwarder("sallyport-copy", "", "plain", "connects ours", RUN_COPYING, SALLYPORT, "the same without splice"),
    Forwarder("sallyport-capsules", "", "plain", "connects ours", RUN, SALLYPORT_CAPSULES,
              "connect-tcp: a proxy asked by a URI template, capsules both ways"),
    Forwarder("socat", "socat", "plain", "connects default", SOCAT + " PROXY:{host}:{host}:{target},proxyport={proxy}"),
    Forwarder("socat-1m", "socat", "plain", "connects",
              SOCAT.replace("socat", "socat -b 1048576", 1) + " PROXY:{host}:{host}:{target},proxyport={proxy}",
              note="with a buffer of 1 MiB"),
    Forwarder("proxytunnel", "proxytunnel", "plain", "connects default", TUNNEL + " -p {host}:{proxy}"),
    Forwarder("cntlm", "cntlm", "plain", "connects default", CNTLM + " {host}:{proxy}"),
    Forwarder("desproxy", "desproxy", "plain", "connects default", "desproxy {host} {target} {host} {proxy} {listen}"),

    Forwarder("haproxy-tls", "haproxy", "tls", "", "haproxy -db -f {file}", HAPROXY_TLS, "TLS, but no CONNECT"),
    Forwarder("sallyport-tls", "", "tls", "connects default ours", RUN, SALLYPORT_TLS, "tls = yes"),
    Forwarder("stunnel", "stunnel4", "tls", "default", "stunnel {file}", STUNNEL_STRAIGHT, "TLS, but no CONNECT"),
    Forwarder("stunnel-connect", "stunnel4", "tls", "connects default", "stunnel {file}", STUNNEL_CONNECT,
              "protocol = connect: an http proxy, TLS to the target inside"),
    Forwarder("proxytunnel-tls", "proxytunnel", "tls", "connects default", TUNNEL + " -e -C {ca} -p {host}:{proxy}",
              note="-e: TLS to the target inside"),

    Forwarder("sallyport-plain", "", "https", "connects ours", RUN, SALLYPORT, "an http proxy, to compare with"),
    Forwarder("sallyport-https", "", "https path", "connects ours", RUN, SALLYPORT_HTTPS, "an https proxy"),
    Forwarder("sallyport-http2", "", "https path", "connects default ours", RUN, SALLYPORT_HTTP2,
              "an https proxy, http = 2"),
    Forwarder("haproxy-http2", "haproxy", "https", "connects default asked", "haproxy -db -f {file}", HAPROXY_HTTP2,
              "a proxy itself, asked by CONNECT, which goes on over HTTP/2; http-reuse always"),

    Forwarder("stunnel-http", "stunnel4", "path", "connects default", "stunnel {file}", STUNNEL_TICKET,
              "an http proxy, TLS to the target inside"),
    Forwarder("proxytunnel-https", "proxytunnel", "path", "connects default",
              TUNNEL + " -E -C {ca} -p {host}:{proxytls}", note="-E: an https proxy"),
    Forwarder("sallyport-http", "", "path", "connects ours", RUN, SALLYPORT, "an http proxy"),
    Forwarder("sallyport-ready", "", "path", "connects ours", RUN, SALLYPORT_READY, "an https proxy, preconnect = 1"),
]
