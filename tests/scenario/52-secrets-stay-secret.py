#!/usr/bin/env python3
"""Passwords: a file that others can read is refused, as ssh does; what is printed or logged never shows one."""
import base64
import os

from kit import check, equal, scenario
from kit.checking import IMAP, PROXY, accepted, checked, complaints
from kit.route import Route, refusal
from kit.streams import read_exactly

SECRET = "Tr0ub4dor-and-3"
WITH_PASSWORD = PROXY + f"user = me\npassword = {SECRET}\n" + IMAP
OPEN_MODES = (0o644, 0o640, 0o604, 0o606)


def with_file(path):
    return PROXY + f"user = me\npassword-file = {path}\n" + IMAP


def a_configuration_with_a_password_is_ones_own(stage):
    for mode in OPEN_MODES:
        told = complaints(stage, WITH_PASSWORD, mode=mode)
        check("read" in told[0][1], f"mode {mode:o} was not named the fault: {told}")
    for mode in (0o600, 0o400):
        accepted(stage, WITH_PASSWORD, mode=mode)


def a_configuration_without_one_may_be_read(stage):
    accepted(stage, PROXY + IMAP, mode=0o644)


def credentials_in_a_header_are_a_password_too(stage):
    text = PROXY + f"header = Proxy-Authorization: Bearer {SECRET}\n" + IMAP
    complaints(stage, text, mode=0o644)
    check(SECRET not in accepted(stage, text), "credentials of a header were printed")


def a_password_file_is_ones_own(stage):
    path = stage.file("password", SECRET + "\n", 0o600)
    for mode in OPEN_MODES:
        os.chmod(path, mode)
        told = complaints(stage, with_file(path))
        check(path in told[0][1], f"mode {mode:o}: the file is not named: {told}")
    os.chmod(path, 0o600)
    accepted(stage, with_file(path))


def a_password_file_that_is_not_there(stage):
    path = os.path.join(stage.folder, "nothing")
    check(path in complaints(stage, with_file(path))[0][1], "the file is not named")


def check_shows_a_mask(stage):
    printed = accepted(stage, WITH_PASSWORD)
    check("password = ********\n" in printed, f"no mask in\n{printed}")
    check(SECRET not in printed, f"the password is in\n{printed}")


def a_fault_beside_a_password_does_not_show_it(stage):
    for text in (WITH_PASSWORD + "colour = blue\n", WITH_PASSWORD + f"password = {SECRET}\n",
                 WITH_PASSWORD.replace("user = me\n", f"password = {SECRET}\n"),
                 PROXY + f"user = me\npassword = {SECRET}\x01\n" + IMAP,
                 PROXY + f"user = me\npassword = {SECRET * 400}\n" + IMAP,
                 PROXY + f"user = me\npassword: {SECRET}\n" + IMAP):
        done = checked(stage, text)
        equal(done.returncode, 78, f"status for {text!r:.200}")
        check(SECRET.encode() not in done.stdout + done.stderr, f"the password is in {done.stderr!r:.500}")


def no_log_shows_it_at_any_level(stage):
    """Opened, denied and failed: the proxy gets the password, the log and the client do not."""
    coded = base64.b64encode(f"me:{SECRET}".encode())
    answers = [b"HTTP/1.1 200 OK\r\n\r\n* OK\r\n",
               b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n\r\n",
               b"HTTP/1.1 403 Forbidden\r\n\r\n"]

    def script(connection):
        connection.read_head()
        connection.send(answers[len(connection.proxy.heads) - 1])
        connection.read_all()

    route = Route(stage, script, proxy=f"user = me\npassword = {SECRET}", sallyport="log-level = debug")
    client = route.client()
    read_exactly(client, 6)
    client.close()
    refusals = [refusal(route.client(), ("permanent",)), refusal(route.client(), ("permanent",))]
    check(all(coded in head for head in route.proxy.heads), "the proxy did not get the password")
    route.proxy.stop()
    route.daemon.stop()
    shown = "\n".join(route.daemon.process.lines + refusals)
    check(SECRET not in shown and coded.decode() not in shown, f"the password is in\n{shown}")


def the_mask_is_no_password(stage):
    """What `check` printed cannot be run with: the mask is not sent to a proxy as if it were the password."""
    printed = accepted(stage, WITH_PASSWORD)
    daemon = stage.sallyport(printed, ready=False)
    daemon.expected = (78,)
    equal(daemon.process.wait(), 78, "exit status of run")


scenario(a_configuration_with_a_password_is_ones_own,
         a_configuration_without_one_may_be_read,
         credentials_in_a_header_are_a_password_too,
         a_password_file_is_ones_own,
         a_password_file_that_is_not_there,
         check_shows_a_mask,
         a_fault_beside_a_password_does_not_show_it,
         no_log_shows_it_at_any_level,
         the_mask_is_no_password,
         paths=("splice",))
