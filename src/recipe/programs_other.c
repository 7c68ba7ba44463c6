/* SPDX-License-Identifier: ISC */
/* News readers, and commands for one thing. */
#include "recipe/programs.h"

static const struct program_piece slrn[] = {
    {ROLE_NEWS, WHEN_PLAIN,
     "\n"
     "server \"{place}\" \".jnewsrc-{account}\"\n"
     "% without these two, it may not start\n"
     "set username \"{local}\"\n"
     "set hostname \"{domain}\"\n"
     "% for the first time: slrn -h {place} --create\n"
     "% from then on:       slrn -h {place}\n"
     "% where the server wants to know who reads (slrn asks for the password):\n"
     "% nnrpaccess \"{host}\" \"{login}\" \"\"\n"},
    {0, 0, NULL},
};

static const struct program_piece tin[] = {
    {ROLE_NEWS, WHEN_PLAIN,
     "\n"
     "tin -r -g '{host}' -p {port}\n"},
    {0, 0, NULL},
};

static const struct program_piece sieve_connect[] = {
    {ROLE_SIEVE, WHEN_PLAIN,
     "# sieve-connect asks for the password\n"
     "\n"
     "sieve-connect --nosrv --clearchan \\\n"
     "    --server '{host}' --port {port} --user '{login}'\n"},
    {0, 0, NULL},
};

#define CURL_ALL ROLE_IMAP | ROLE_POP3 | ROLE_SEND
#define CURL_LETTER "--mail-from '{address}' --mail-rcpt '{address}' \\\n"

/* What curl does TLS for goes to the server's name; the connection goes where it is told. */
static const struct program_piece curl[] = {
    {0, 0, "# curl asks for the password, or finds it in ~/.netrc with --netrc\n"},
    {CURL_ALL, WHEN_LOGIN, "\ncurl --user '{login}' \\\n"},
    {ROLE_SEND, WHEN_LOGIN, "    " CURL_LETTER},
    {ROLE_SEND, WHEN_NO_LOGIN, "\ncurl " CURL_LETTER},
    {CURL_ALL, WHEN_TLS | WHEN_PORT, "    --connect-to '{target}:{targetport}:{place}' \\\n"},
    {CURL_ALL, WHEN_NO_PORT | WHEN_SOCKET, "    --unix-socket '{socket}' \\\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_PORT, "    'imap://{place}/INBOX;MAILINDEX=1'\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_NO_PORT, "    'imap://localhost/INBOX;MAILINDEX=1'\n"},
    {ROLE_IMAP, WHEN_TLS, "    'imaps://{target}:{targetport}/INBOX;MAILINDEX=1'\n"},
    {ROLE_POP3, WHEN_PLAIN | WHEN_PORT, "    'pop3://{place}/1'\n"},
    {ROLE_POP3, WHEN_PLAIN | WHEN_NO_PORT, "    'pop3://localhost/1'\n"},
    {ROLE_POP3, WHEN_TLS, "    'pop3s://{target}:{targetport}/1'\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_PORT, "    --upload-file letter.txt 'smtp://{place}/'\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_NO_PORT, "    --upload-file letter.txt 'smtp://localhost/'\n"},
    {ROLE_SEND, WHEN_TLS, "    --upload-file letter.txt 'smtps://{target}:{targetport}/'\n"},
    {0, 0, NULL},
};

const struct program other_programs[] = {
    {{"slrn", "reads news on a terminal"}, "% ", "put these lines into ~/.slrnrc", false, slrn},
    {{"tin", "reads news on a terminal"}, "# ", "run this command", true, tin},
    {{"sieve-connect", "looks after the filters on a server"}, "# ", "run this command", true, sieve_connect},
    {{"curl", "fetches or sends one letter"}, "# ", "run one of these commands", true, curl},
    {{NULL, NULL}, NULL, NULL, false, NULL},
};
