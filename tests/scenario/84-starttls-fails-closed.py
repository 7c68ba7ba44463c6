#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""STARTTLS to servers of every protocol: the honest one's greeting is held until TLS stands and is verified; a server
that refuses it, says more than it should or is no such server, and somebody on the way who plays
one, get nothing of the client, and the client gets its own protocol's refusal and nothing of theirs."""
import re
import socket

from kit import check, equal, scenario
from kit.certificates import Authority
from kit.peers import OPAQUE, Proxy
from kit.route import Route, listener, refusal
from kit.starttls import DIALOGUES, END, SILENCE, Server
from kit.streams import read_exactly

SECRET = b"user jane 12345\r\n"
"""What each client says at once, before anybody has greeted it."""

EVIL = b"* evil\r\n"
MAIL = b"250-mail.example.net\r\n250 STARTTLS\r\n"
CHOSEN = b"EHLO host.example.net\r\n"


class Town:
    """One server of each protocol, as make(section, context) makes it, behind one proxy; each at a name of its own.
    names: what their certificate holds for; ahead: whether the proxy's answer brings the greeting along; more: what
    else the listeners' sections have."""

    def __init__(self, stage, make, sections=tuple(DIALOGUES), names=("*.example.net",), sallyport="", ahead=False,
                 more=""):
        self._ahead = ahead
        authority = Authority(stage)
        context = authority.leaf(*names).server_side()
        self.servers = {section: make(section, context) for section in sections}
        more = f"tls = starttls\ntls-ca-file = {authority.file}{more}"
        listeners = "".join(listener(section, f"{section}.example.net", more) for section in sections)
        self.route = Route(stage, self._script, listeners, sallyport)

    def _script(self, connection):
        section = re.match(rb"CONNECT (\w+)\.", connection.read_head()).group(1).decode()
        server = self.servers[section]
        connection.send(OPAQUE + (server.dialogue.greeting if self._ahead else b""))
        server.play(connection)

    def client(self, section):
        """One that has said its secret."""
        client = self.route.client(section)
        client.sendall(SECRET)
        return client

    def refused(self, kinds, reason, heard=None, outcome="plain", told_as=None):
        """Every client is refused for this reason ({keyword} in it is the protocol's word; told_as: what it is told in
        place of that), which the log has;
        and the server has heard this and no more: a function of its dialogue, or all commands."""
        for section, server in self.servers.items():
            words = reason.format(keyword="STLS" if section == "pop3" else "STARTTLS")
            told = refusal(self.client(section), kinds, section)
            place = rf"{section}\.example\.net:\d+: "
            check(re.search(told_as or words, told) and re.search(rf"\({section}\.example\.net:\d+\)", told),
                  f"{section}: the client was told {told!r}, not {words!r}")
            self.route.daemon.wait_line(rf'{section} #\d+ failed class=({"|".join(kinds)}) reason="{place}{words}')
            equal(server.wait(), outcome, f"{section}: how it ended for the server")
            equal(server.heard, heard(server.dialogue) if heard else server.commands,
                  f"{section}: what the server heard")
            equal(server.inside, b"", f"{section}: what the server heard in TLS")


def changed(stage, change, **options):
    """A town whose servers are honest but for what change(dialogue) gives."""
    return Town(stage, lambda section, context: Server(section, context, **change(DIALOGUES[section])), **options)


def greeted(town, section):
    """The client gets the greeting that was promised, and then the server itself, its STARTTLS included."""
    server = town.servers[section]
    client = town.client(section)
    wanted = server.dialogue.replayed + server.dialogue.again + b"answered " + SECRET
    equal(read_exactly(client, len(wanted)), wanted, f"{section}: greeting and answer")
    client.sendall(server.dialogue.start)
    wanted = b"answered " + server.dialogue.start
    equal(read_exactly(client, len(wanted)), wanted, f"{section}: answer to the client's own {server.dialogue.start}")
    client.close()
    equal(server.wait(), "tls", f"{section}: how it ended")
    equal(server.heard, server.commands, f"{section}: what the server heard in the clear")
    equal(server.inside, SECRET + server.dialogue.start, f"{section}: what the server heard in TLS")
    town.route.daemon.wait_line(rf"{section} #\d+ open ")


def asked(dialogue):
    return dialogue.ask


def nothing(_dialogue):
    return b""


def the_greeting_comes_when_tls_stands(stage):
    town = Town(stage, Server)
    for section in DIALOGUES:
        greeted(town, section)


def the_greeting_comes_with_the_proxys_answer(stage):
    town = changed(stage, lambda _: {"greeting": b""}, ahead=True)
    for section in DIALOGUES:
        greeted(town, section)


def byte_by_byte(stage):
    town = changed(stage, lambda _: {"dribble": True})
    for section in DIALOGUES:
        greeted(town, section)


def without_a_proxy(stage):
    authority = Authority(stage)
    server = Server("imap", authority.leaf("localhost").server_side())
    target = Proxy(stage, server.play)
    more = f"proxy = direct\ntls = starttls\ntls-ca-file = {authority.file}"
    daemon = stage.sallyport(listener("imap", f"localhost:{target.port}", more))
    client = daemon.connect("imap")
    stage.later(client.close)
    replayed = server.dialogue.replayed
    equal(read_exactly(client, len(replayed)), replayed, "greeting")


def reader(dialogue):
    """The turns before the last where a news server refuses at first."""
    again = (dialogue.start, dialogue.never), (b"MODE READER\r\n", b"201 go on\r\n")
    return {"turns": again if dialogue is DIALOGUES["nntp"] else ()}


def the_keyword_is_not_offered(stage):
    """It is tried, and whoever has taken it out of the list for an attack cannot go on."""
    town = changed(stage, lambda dialogue: {**dialogue.stripped, **reader(dialogue), "go": dialogue.never})
    town.refused(["permanent"], "takes no {keyword}; set tls = yes if the server has a TLS port")


def the_keyword_is_not_offered_but_known(stage):
    town = changed(stage, lambda dialogue: dialogue.stripped)
    for section in DIALOGUES:
        greeted(town, section)


def what_is_offered_is_not_told(stage):
    """Old servers, and some that want TLS before they say anything."""
    town = changed(stage, lambda _: {"offers": b"250 mail\r\n"}, sections=["smtp", "submission"])
    for section in town.servers:
        greeted(town, section)


def a_news_server_of_two_parts(stage):
    greeted(changed(stage, reader, sections=["nntp"]), "nntp")


def a_server_wants_a_name(stage):
    """An address is refused, a name is taken: the machine's, or that of the configuration at once."""
    no, name = b"504-5.5.2 a name\r\n504 5.5.2 please\r\n", f"EHLO {socket.gethostname()}\r\n".encode()
    town = Town(stage, lambda section, context: Server(section, context, offers=no, turns=((name, MAIL),)),
                sections=["smtp", "submission"])
    for section in town.servers:
        greeted(town, section)
    town = Town(stage, lambda section, context: Server(section, context, asked=False, turns=((CHOSEN, MAIL),)),
                sections=["smtp", "submission"], more="\nehlo-name = host.example.net")
    for section in town.servers:
        greeted(town, section)


def the_command_is_refused(stage):
    """By one that has said that it knows it."""
    town = changed(stage, lambda dialogue: {"go": dialogue.never},
                   sections=["imap", "smtp", "submission", "managesieve"])
    town.refused(["permanent"], "refuses {keyword}: ")


def the_command_is_refused_for_now(stage):
    changed(stage, lambda dialogue: {"go": dialogue.later}).refused(["temporary"], "refuses {keyword}: ")


def an_answer_is_injected_behind_the_go_ahead(stage):
    town = changed(stage, lambda dialogue: {"go": dialogue.go + EVIL})
    town.refused(["permanent"], "sends more behind its answer to {keyword} and before TLS")


def an_answer_comes_before_its_question(stage):
    """As much as an attacker could send in advance."""
    town = changed(stage, lambda dialogue: {"greeting": dialogue.greeting + dialogue.offers + dialogue.go})
    town.refused(["permanent"], "answers before it is asked", nothing)


def the_server_is_another_one(stage):
    town = changed(stage, lambda _dialogue: {"greeting": b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n"})
    town.refused(["permanent"], r"this is not \w+: .{{1,2}}HTTP/1\.1 400 Bad Request", nothing)


def the_server_sends_no_text(stage):
    changed(stage, lambda _: {"greeting": b"\x16\x03\x00\r\n"}).refused(["permanent"], "sends a NUL byte", nothing)


def a_line_without_end(stage):
    town = changed(stage, lambda dialogue: {"greeting": dialogue.greeting[:4] + b"x" * 9000})
    town.refused(["permanent"], "sends a line of more than 8192 bytes before TLS", nothing)


def the_server_leaves_at_once(stage):
    changed(stage, lambda _: {"greeting": END}).refused(["temporary"], "closes the connection before TLS", nothing)


def the_server_leaves_in_place_of_the_go_ahead(stage):
    changed(stage, lambda _: {"go": END}).refused(["temporary"], "closes the connection before TLS")


def the_server_falls_silent(stage):
    town = changed(stage, lambda _: {"go": SILENCE}, sallyport="handshake-timeout = 1s\ngreeting-timeout = 1s")
    town.refused(["temporary"], "the server did not agree on TLS")


def the_certificate_is_for_another_name(stage):
    """TLS is refused then, and the greeting, already here, is not passed on."""
    town = Town(stage, Server, names=("mail.example.org",))
    town.refused(["permanent"], r"certificate is for mail\.example\.org, not for \w+\.example\.net", outcome="refused",
                 told_as=r"certificate is not for \w+\.example\.net, but for mail\.example\.org")


def in_place_of_tls(stage, act, kind, reason):
    """The server agrees, and when our hello begins to come, it acts."""
    def script(connection):
        connection.read_exactly(5)
        act(connection)
        connection.read_all()

    changed(stage, lambda _: {"instead": script}).refused([kind], reason)


def text_in_place_of_tls(stage):
    in_place_of_tls(stage, lambda connection: connection.send(EVIL), "permanent", "does not speak TLS here")


def the_server_leaves_in_place_of_tls(stage):
    in_place_of_tls(stage, lambda connection: connection.half_close(), "temporary",
                    "closed the connection during the TLS handshake")


def an_answer_is_injected_a_moment_later(stage):
    """Our hello may be on its way then; what comes is no TLS either way."""
    def late(dialogue):
        def script(connection):
            connection.send_in_segments([dialogue.go, EVIL])
            connection.read_all()

        return {"go": b"", "instead": script}

    changed(stage, late).refused(["permanent"], "(?:sends more behind its answer|does not speak TLS here)")


def preauth(stage):
    town = changed(stage, lambda _: {"greeting": b"* PREAUTH welcome\r\n"}, sections=["imap"])
    town.refused(["permanent"], "greets with PREAUTH", nothing)


def the_server_turns_us_away(stage):
    words = {"imap": b"* BYE busy", "smtp": b"421 4.3.2 busy", "submission": b"421 4.3.2 busy", "nntp": b"400 busy",
             "pop3": b"-ERR [SYS/TEMP] busy", "managesieve": b'BYE "busy"'}
    town = Town(stage, lambda section, context: Server(section, context, greeting=words[section] + b"\r\n"))
    town.refused(["temporary"], "turns us away: .*busy", nothing)


def ehlo_is_not_understood(stage):
    town = changed(stage, lambda _: {"asked": False, "turns": ((CHOSEN, b"502 5.5.1 what is EHLO?\r\n"),)},
                   sections=["smtp", "submission"], more="\nehlo-name = host.example.net")
    town.refused(["permanent"],
                 "refuses EHLO as host.example.net, which ehlo-name sets: .{{1,2}}502 5.5.1 what is EHLO",
                 lambda _dialogue: CHOSEN)


def ehlo_is_too_much_for_now(stage):
    town = changed(stage, lambda _: {"offers": b"421 4.3.2 later\r\n"}, sections=["smtp", "submission"])
    town.refused(["temporary"], "turns us away: .*later", asked)


scenario(the_greeting_comes_when_tls_stands, the_greeting_comes_with_the_proxys_answer, byte_by_byte,
         without_a_proxy,
         the_keyword_is_not_offered, the_keyword_is_not_offered_but_known, what_is_offered_is_not_told,
         a_news_server_of_two_parts, a_server_wants_a_name, the_command_is_refused, the_command_is_refused_for_now,
         an_answer_is_injected_behind_the_go_ahead, an_answer_is_injected_a_moment_later,
         an_answer_comes_before_its_question, the_server_is_another_one, the_server_sends_no_text, a_line_without_end,
         the_server_leaves_at_once, the_server_leaves_in_place_of_the_go_ahead, the_server_falls_silent,
         the_certificate_is_for_another_name, text_in_place_of_tls, the_server_leaves_in_place_of_tls,
         preauth, the_server_turns_us_away, ehlo_is_not_understood, ehlo_is_too_much_for_now, in_turns=True)
