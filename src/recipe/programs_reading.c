/* SPDX-License-Identifier: ISC */
/* Programs with which mail is read and written on a terminal. */
#include "recipe/programs.h"

/* --- mutt and neomutt --- */

#define MUTT_FIRST(program, roles) \
    {roles, WHEN_PLAIN | WHEN_FIRST, \
     "\n" \
     "set from = \"{address}\"\n" \
     "# sallyport does TLS with the server; to it, " program " speaks plain text\n" \
     "set ssl_starttls = no\n" \
     "set ssl_force_tls = no\n"}, \
    {ROLE_IMAP, WHEN_PLAIN | WHEN_FIRST | WHEN_PORT, "set folder = \"imap://{urllogin}@{place}/\"\n"}, \
    {ROLE_IMAP, WHEN_PLAIN | WHEN_ALONE | WHEN_NO_PORT | WHEN_CONNECT, \
     "# " program " runs it for all connections there are, those to send, too:\n" \
     "# others can be had once it has a port\n" \
     "set tunnel = \"{connect}\"\n" \
     "set folder = \"imap://{urllogin}@{target}/\"\n"}, \
    {ROLE_IMAP, WHEN_PLAIN | WHEN_FIRST, \
     "set spoolfile = \"+INBOX\"\n" \
     "# " program " asks for the password, or gets it from a command:\n" \
     "# set imap_pass = \"`pass show mail`\"\n"}, \
    {ROLE_POP3, WHEN_PLAIN | WHEN_FIRST, \
     "set spoolfile = \"pop://{urllogin}@{place}/\"\n" \
     "set pop_delete = no\n" \
     "# " program " asks for the password, or gets it from a command:\n" \
     "# set pop_pass = \"`pass show mail`\"\n"}

#define MUTT_FURTHER \
    {ROLE_IMAP, WHEN_PLAIN | WHEN_FURTHER, "\nmailboxes \"imap://{urllogin}@{place}/INBOX\"\n"}, \
    {ROLE_POP3, WHEN_PLAIN | WHEN_FURTHER, "\nmailboxes \"pop://{urllogin}@{place}/\"\n"}, \
    {ROLE_SEND, WHEN_PLAIN | WHEN_FIRST | WHEN_LOGIN, \
     "set smtp_url = \"smtp://{urllogin}@{place}/\"\n" \
     "# set smtp_pass = \"`pass show mail`\"\n"}, \
    {ROLE_SEND, WHEN_PLAIN | WHEN_FIRST | WHEN_NO_LOGIN, "set smtp_url = \"smtp://{place}/\"\n"}, \
    {ROLE_SEND, WHEN_PLAIN | WHEN_FURTHER, \
     "# to send from this account:\n" \
     "# set smtp_url = \"smtp://{urllogin}@{place}/\"\n"}

#define MUTT_CONNECT(program) \
    {ROLE_IMAP, WHEN_PLAIN | WHEN_FIRST | WHEN_PORT | WHEN_CONNECT, \
     "# without a port of this machine, and for nothing else: it is run for\n" \
     "# all connections there are, those to send, too\n" \
     "# set tunnel = \"{connect}\"\n" \
     "# set folder = \"imap://{urllogin}@{target}/\"\n"}

static const struct program_piece mutt[] = {
    MUTT_FIRST("mutt", ROLE_IMAP | ROLE_POP3), MUTT_FURTHER, MUTT_CONNECT("mutt"), {0, 0, NULL},
};

static const struct program_piece neomutt[] = {
    MUTT_FIRST("neomutt", ROLE_IMAP | ROLE_POP3 | ROLE_NEWS), MUTT_FURTHER, MUTT_CONNECT("neomutt"),
    {ROLE_NEWS, WHEN_PLAIN | WHEN_FIRST,
     "\n"
     "# neomutt -G opens it\n"
     "set news_server = \"news://{place}/\"\n"},
    {ROLE_NEWS, WHEN_PLAIN | WHEN_FURTHER, "# neomutt -g news://{place}/ opens this one\n"},
    {0, 0, NULL},
};

/* --- alpine --- */

static const struct program_piece alpine[] = {
    {ROLE_IMAP | ROLE_POP3, WHEN_PLAIN | WHEN_FIRST,
     "# alpine asks for the password, and whether it shall keep it\n"
     "\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_FIRST,
     "user-domain={domain}\n"
     "inbox-path={{place}/user={login}/notls}INBOX\n"
     "folder-collections=Mail {{place}/user={login}/notls}[]\n"},
    {ROLE_POP3, WHEN_PLAIN | WHEN_FIRST, "inbox-path={{place}/pop3/user={login}/notls}INBOX\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_FURTHER,
     "# behind folder-collections above and a comma:\n"
     "#   {account} {{place}/user={login}/notls}[]\n"},
    {ROLE_POP3, WHEN_PLAIN | WHEN_FURTHER, "# {account}: {{place}/pop3/user={login}/notls}INBOX\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_FIRST | WHEN_LOGIN,
     "smtp-server={place}/user={login}/notls\n"
     "customized-hdrs=From: {address}\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_FIRST | WHEN_NO_LOGIN,
     "smtp-server={place}/notls\n"
     "customized-hdrs=From: {address}\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_FURTHER,
     "# behind smtp-server above and a comma: {place}/user={login}/notls\n"},
    {ROLE_NEWS, WHEN_PLAIN | WHEN_FIRST, "nntp-server={place}/notls\n"},
    {ROLE_NEWS, WHEN_PLAIN | WHEN_FURTHER, "# behind nntp-server above and a comma: {place}/notls\n"},
    {0, 0, NULL},
};

/* --- aerc --- */

static const struct program_piece aerc[] = {
    {ROLE_IMAP, WHEN_PLAIN,
     "\n"
     "[{account}]\n"
     "source = imap+insecure://{urllogin}@{place}\n"
     "# aerc does not ask for the password; a command has it:\n"
     "# source-cred-cmd = pass show mail\n"
     "from = {address}\n"
     "copy-to = Sent\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_LOGIN,
     "outgoing = smtp+insecure+plain://{urllogin}@{place}\n"
     "# aerc 0.14 has another word for it:\n"
     "# outgoing = smtp+plain://{urllogin}@{place}\n"
     "# outgoing-cred-cmd = pass show mail\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_NO_LOGIN, "outgoing = smtp+insecure+none://{place}\n"},
    {0, 0, NULL},
};

/* --- Gnus --- */

static const struct program_piece gnus[] = {
    {0, 0,
     ";; Emacs asks for the password, or finds it in ~/.authinfo.gpg:\n"
     ";;   machine HOST port PORT login LOGIN password PASSWORD\n"
     ";; Once, it asks whether a connection without encryption is meant:\n"
     ";; it leads to sallyport on this machine, so say `always'\n"
     "\n"
     "(require 'gnus)\n"
     "(setq gnus-select-method '(nnnil \"\"))\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_FIRST, "(setq user-mail-address \"{address}\")\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_PORT,
     "(add-to-list 'gnus-secondary-select-methods\n"
     "             '(nnimap \"{account}\"\n"
     "                      (nnimap-address \"{host}\")\n"
     "                      (nnimap-server-port {port})\n"
     "                      (nnimap-user \"{login}\")\n"
     "                      (nnimap-stream plain)))\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_NO_PORT | WHEN_CONNECT,
     "(add-to-list 'gnus-secondary-select-methods\n"
     "             '(nnimap \"{account}\"\n"
     "                      (nnimap-address \"{target}\")\n"
     "                      (nnimap-user \"{login}\")\n"
     "                      (nnimap-shell-program \"{connect}\")\n"
     "                      (nnimap-stream shell)))\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_PORT | WHEN_CONNECT,
     ";; without a port of this machine, in place of the last line:\n"
     ";;                    (nnimap-shell-program \"{connect}\")\n"
     ";;                    (nnimap-stream shell)))\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_FIRST,
     "(setq message-send-mail-function #'message-smtpmail-send-it\n"
     "      smtpmail-smtp-server \"{host}\"\n"
     "      smtpmail-smtp-service {port}\n"
     "      smtpmail-stream-type 'plain)\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_FIRST | WHEN_LOGIN, "(setq smtpmail-smtp-user \"{login}\")\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_FURTHER,
     ";; to send from this account, a header of the letter:\n"
     ";;   X-Message-SMTP-Method: smtp {host} {port} {login}\n"},
    {ROLE_NEWS, WHEN_PLAIN,
     "(add-to-list 'gnus-secondary-select-methods\n"
     "             '(nntp \"{account}\"\n"
     "                    (nntp-address \"{host}\")\n"
     "                    (nntp-port-number {port})))\n"},
    {0, 0, NULL},
};

const struct program reading_programs[] = {
    {{"mutt", "reads and sends mail on a terminal"}, "# ", "put these lines into ~/.muttrc", false, mutt},
    {{"neomutt", "reads and sends mail on a terminal, and news"}, "# ", "put these lines into ~/.neomuttrc", false,
     neomutt},
    {{"alpine", "reads and sends mail and news on a terminal"}, "# ", "put these lines into ~/.pinerc", false, alpine},
    {{"aerc", "reads and sends mail on a terminal"}, "# ",
     "put these lines into ~/.config/aerc/accounts.conf (mode 600)", false, aerc},
    {{"gnus", "reads and sends mail and news in Emacs"}, ";; ", "put these lines into ~/.gnus.el", false, gnus},
    {{NULL, NULL}, NULL, NULL, false, NULL},
};
