#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""News readers with what `sallyport recipe` prints for them, to the letter: INN's article is read; and Gnus, which
reads and sends mail, too."""
from kit import check, need, scenario
from kit.real import GROUP, PASSWORD, Newsreader
from kit.recipes import ADDRESS, Person, Town, side_by_side

SUBJECT, BODY = "article-for-you", "found-again"
"""One word each: between words, a program may move the cursor in place of writing blanks."""

ARTICLE = f"""From: Bob <bob@example.net>
Newsgroups: {GROUP}
Subject: {SUBJECT}

{BODY}
""".replace("\n", "\r\n").encode()

LETTER = f"""From: bob@example.net
To: {ADDRESS}
Subject: letter-for-you

letter-{BODY}
""".replace("\n", "\r\n").encode()


def town(stage, *sections):
    made = Town(stage, "nntp", *sections)
    with made.daemon.connect("nntp") as connection:
        reader = Newsreader(connection)
        reader.post(ARTICLE)
        reader.quit()
    return made


def slrn(house):
    need("slrn", "slrn")
    person = Person(house, "slrn")
    person.paste()
    host, port = house.daemon.address("nntp")
    for line in (f"slrn -h {host}:{port} --create", f"slrn -h {host}:{port}"):
        check(f": {line}\n" in person.recipe.replace(":       ", ": "), f"no command {line!r} in\n{person.recipe}")
    terminal = person.terminal("slrn", "-h", f"{host}:{port}", "--create")
    terminal.see("to quit")
    terminal.type("L\r")  # the groups that one is not subscribed to
    terminal.see(GROUP)
    terminal.type("\x1b>\r")  # the last one
    terminal.see(SUBJECT)
    terminal.type("\r")
    terminal.see(BODY)


def tin(house):
    need("tin", "tin")
    person = Person(house, "tin")
    terminal = person.terminal("sh", person.script())
    terminal.see("continue")
    terminal.type("\r")
    terminal.see("No groups")
    terminal.type("y")  # those that one is not subscribed to
    terminal.see(GROUP)
    terminal.type("$\r")
    terminal.see(SUBJECT)
    terminal.type("\r")
    terminal.see(BODY)


def neomutt(house):
    need("neomutt", "neomutt")
    person = Person(house, "neomutt", "nntp")
    person.paste()
    person.file("Mail/sent")  # or else it asks, and asks again whenever it draws anew, whether to make the folder
    terminal = person.terminal("neomutt", "-G")
    terminal.see(GROUP)
    terminal.type("*\r")  # the last one
    terminal.see(SUBJECT)
    terminal.type("\r")
    terminal.see(BODY)


GNUS = r"""
(load "~/.gnus.el")
(require 'message)
(defun say (&rest words) (append-to-file (concat (apply #'format words) "\n") nil "~/said"))
(defun article (group)
  (gnus-activate-group group t)
  (with-temp-buffer
    (gnus-request-article (cdr (gnus-active group)) group (current-buffer))
    (say "%s: %s" group (buffer-string))))
(setq gnus-verbose 0 kill-emacs-query-functions nil)
(gnus-no-server)
(article "nnimap+sallyport:INBOX")
(article "nntp+sallyport:@GROUP@")
(message-mail "@ADDRESS@" "sent by Gnus")
(message-goto-body)
(insert "sent by Gnus, in its body\n")
(message-send)
(say "all")
(kill-emacs)
"""


def gnus(house):
    need("emacs", "emacs-nox")
    person = Person(house, "gnus")
    person.paste()
    places = [house.daemon.address(name) for name in ("imap", "submission")]
    person.file(".authinfo", "".join(f"machine {host} port {port} login {ADDRESS} password {PASSWORD}\n"
                                     for host, port in places))
    person.file("said")
    person.file("try.el", GNUS.replace("@GROUP@", GROUP).replace("@ADDRESS@", ADDRESS))
    terminal = person.terminal("emacs", "-nw", "-Q", "-l", "try.el")
    terminal.answer({r"Continue": "a", r"session\S* *only": "a"}, lambda: terminal.child.poll() is not None)
    said = person.read("said")
    for wanted in f"letter-{BODY}", f"nntp+sallyport:{GROUP}: ", f"\n{BODY}", "all":
        check(wanted in said, f"Gnus said no {wanted!r}, but {said!r}, and showed {terminal.shown[-1500:]!r}")
    check(b"sent by Gnus, in its body" in house.wait_letter("sent by Gnus"), "the letter that Gnus sent")


def news_readers(stage):
    house = town(stage)
    side_by_side(lambda: slrn(house), lambda: tin(house), lambda: neomutt(house))


def gnus_for_news_and_mail(stage):
    house = town(stage, "imap", "submission")
    house.dovecot.drop(LETTER)
    gnus(house)


scenario(news_readers, gnus_for_news_and_mail, paths=("splice",))
