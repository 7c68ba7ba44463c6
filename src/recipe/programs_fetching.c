/* SPDX-License-Identifier: ISC */
/* Programs that bring mail from a server into files. */
#include "recipe/programs.h"

/* --- mbsync --- */

static const struct program_piece mbsync[] = {
    {ROLE_IMAP, WHEN_PLAIN,
     "\n"
     "IMAPAccount {account}\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_PORT,
     "Host {host}\n"
     "Port {port}\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_NO_PORT | WHEN_CONNECT, "Tunnel \"{connect}\"\n"},
    {ROLE_IMAP, WHEN_PLAIN,
     "# from isync 1.5 on, the word is TLSType\n"
     "SSLType None\n"
     "AuthMechs PLAIN LOGIN\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_PORT | WHEN_CONNECT,
     "# without a port of this machine, in place of Host and Port:\n"
     "# Tunnel \"{connect}\"\n"},
    {ROLE_IMAP, WHEN_TLS | WHEN_CONNECT,
     "\n"
     "IMAPAccount {account}\n"
     "# mbsync does TLS with the server itself, through a tunnel\n"
     "Host {target}\n"
     "Tunnel \"{connect}\"\n"
     "# from isync 1.5 on, the word is TLSType\n"
     "SSLType IMAPS\n"},
    {ROLE_IMAP, 0,
     "User {login}\n"
     "# mbsync asks for the password, or gets it from a command:\n"
     "# PassCmd \"pass show mail\"\n"
     "\n"
     "IMAPStore {account}-remote\n"
     "Account {account}\n"
     "\n"
     "# first: mkdir -p ~/Mail/{account}\n"
     "MaildirStore {account}-local\n"
     "Path ~/Mail/{account}/\n"
     "Inbox ~/Mail/{account}/INBOX\n"
     "SubFolders Verbatim\n"
     "\n"
     "Channel {account}\n"
     "Far :{account}-remote:\n"
     "Near :{account}-local:\n"
     "Patterns *\n"
     "Create Near\n"
     "SyncState *\n"},
    {0, 0, NULL},
};

/* --- offlineimap --- */

static const struct program_piece offlineimap[] = {
    {0, 0,
     "\n"
     "[general]\n"
     "accounts = {accounts}\n"},
    {ROLE_IMAP, WHEN_PLAIN,
     "\n"
     "[Account {account}]\n"
     "localrepository = {account}-local\n"
     "remoterepository = {account}-remote\n"
     "\n"
     "[Repository {account}-local]\n"
     "type = Maildir\n"
     "localfolders = ~/Mail/{account}\n"
     "\n"
     "[Repository {account}-remote]\n"
     "type = IMAP\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_PORT,
     "remotehost = {host}\n"
     "remoteport = {port}\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_NO_PORT | WHEN_CONNECT, "transporttunnel = {connect}\n"},
    {ROLE_IMAP, WHEN_PLAIN,
     "remoteuser = {login}\n"
     "# offlineimap asks for the password, or gets it from a file:\n"
     "# remotepassfile = ~/.offlineimap.password\n"
     "ssl = no\n"
     "starttls = no\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_PORT | WHEN_CONNECT,
     "# without a port of this machine, in place of remotehost and remoteport:\n"
     "# transporttunnel = {connect}\n"},
    {0, 0, NULL},
};

/* --- getmail --- */

#define GETMAIL_TLS \
    "ca_certs = /etc/ssl/certs/ca-certificates.crt\n" \
    "ssl_cert_hostname = {target}\n"

static const struct program_piece getmail[] = {
    {ROLE_IMAP | ROLE_POP3, WHEN_FURTHER,
     "\n"
     "# what follows is a file of its own, ~/.config/getmail/{account},\n"
     "# for getmail --rcfile {account}\n"},
    {ROLE_IMAP | ROLE_POP3, 0, "\n[retriever]\n"},
    {ROLE_IMAP, WHEN_PLAIN, "type = SimpleIMAPRetriever\n"},
    {ROLE_IMAP, WHEN_TLS, "type = SimpleIMAPSSLRetriever\n" GETMAIL_TLS},
    {ROLE_POP3, WHEN_PLAIN, "type = SimplePOP3Retriever\n"},
    {ROLE_POP3, WHEN_TLS, "type = SimplePOP3SSLRetriever\n" GETMAIL_TLS},
    {ROLE_IMAP | ROLE_POP3, 0,
     "server = {host}\n"
     "port = {port}\n"
     "username = {login}\n"
     "# getmail asks for the password, or gets it from a command:\n"
     "# password_command = (\"pass\", \"show\", \"mail\")\n"
     "\n"
     "# first: mkdir -p ~/Mail/{account}/new ~/Mail/{account}/cur\n"
     "# first: mkdir -p ~/Mail/{account}/tmp\n"
     "[destination]\n"
     "type = Maildir\n"
     "path = ~/Mail/{account}/\n"
     "\n"
     "[options]\n"
     "read_all = false\n"
     "delete = false\n"},
    {0, 0, NULL},
};

/* --- fetchmail --- */

#define FETCHMAIL_TLS "    ssl sslcertck sslcommonname \"{target}\"\n"

static const struct program_piece fetchmail[] = {
    {0, 0,
     "# fetchmail hands mail to the mail server of this machine; where there\n"
     "# is none, name a program: fetchmail -m PROGRAM\n"
     "# it asks for the password, or has it behind the word `password`\n"},
    {ROLE_IMAP, WHEN_PORT, "\npoll {account} via \"{host}\" service {port} protocol IMAP\n"},
    {ROLE_POP3, WHEN_PORT, "\npoll {account} via \"{host}\" service {port} protocol POP3\n"},
    {ROLE_IMAP, WHEN_NO_PORT, "\npoll {account} via \"localhost\" protocol IMAP\n"},
    {ROLE_POP3, WHEN_NO_PORT, "\npoll {account} via \"localhost\" protocol POP3\n"},
    {ROLE_IMAP | ROLE_POP3, WHEN_PLAIN | WHEN_NO_PORT | WHEN_CONNECT,
     "# fetchmail looks up the name above, and does not connect to it\n"
     "    plugin \"{connect}\"\n"},
    {ROLE_IMAP | ROLE_POP3, WHEN_PLAIN | WHEN_PORT | WHEN_CONNECT,
     "# without a port of this machine, here: plugin \"{connect}\"\n"},
    {ROLE_IMAP | ROLE_POP3, 0, "    user \"{login}\" keep\n"},
    {ROLE_IMAP | ROLE_POP3, WHEN_PLAIN, "    sslproto ''\n"},
    {ROLE_IMAP | ROLE_POP3, WHEN_TLS, FETCHMAIL_TLS},
    {0, 0, NULL},
};

const struct program fetching_programs[] = {
    {{"mbsync", "keeps a Maildir and a mailbox the same"}, "# ", "put these lines into ~/.mbsyncrc", false, mbsync},
    {{"offlineimap", "keeps a Maildir and a mailbox the same"}, "# ", "put these lines into ~/.offlineimaprc", false,
     offlineimap},
    {{"getmail", "fetches mail into a Maildir"}, "# ", "put these lines into ~/.config/getmail/getmailrc", false,
     getmail},
    {{"fetchmail", "fetches mail and hands it on"}, "# ", "put these lines into ~/.fetchmailrc (mode 600)", false,
     fetchmail},
    {{NULL, NULL}, NULL, NULL, false, NULL},
};
