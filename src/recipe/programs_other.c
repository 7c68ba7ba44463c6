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

/* What curl does TLS for goes to the server's name; the connection goes where it is told. */
#define CURL "curl --user '{login}' \\\n    "
#define CURL_BY "--connect-to '{target}:{targetport}:{place}' \\\n    "
#define CURL_SEND "--mail-from '{address}' --mail-rcpt '{address}' \\\n    --upload-file letter.txt "

static const struct program_piece curl[] = {
    {0, 0, "# curl asks for the password, or finds it in ~/.netrc with --netrc\n"},
    {ROLE_IMAP, WHEN_PLAIN, "\n" CURL "'imap://{place}/INBOX;MAILINDEX=1'\n"},
    {ROLE_IMAP, WHEN_TLS, "\n" CURL CURL_BY "'imaps://{target}:{targetport}/INBOX;MAILINDEX=1'\n"},
    {ROLE_POP3, WHEN_PLAIN, "\n" CURL "'pop3://{place}/1'\n"},
    {ROLE_POP3, WHEN_TLS, "\n" CURL CURL_BY "'pop3s://{target}:{targetport}/1'\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_LOGIN, "\n" CURL CURL_SEND "'smtp://{place}/'\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_NO_LOGIN, "\ncurl " CURL_SEND "'smtp://{place}/'\n"},
    {ROLE_SEND, WHEN_TLS, "\n" CURL CURL_BY CURL_SEND "'smtps://{target}:{targetport}/'\n"},
    {0, 0, NULL},
};

const struct program other_programs[] = {
    {{"slrn", "reads news on a terminal"}, "% ", "put these lines into ~/.slrnrc", false, slrn},
    {{"tin", "reads news on a terminal"}, "# ", "run this command", true, tin},
    {{"sieve-connect", "looks after the filters on a server"}, "# ", "run this command", true, sieve_connect},
    {{"curl", "fetches or sends one letter"}, "# ", "run one of these commands", true, curl},
    {{NULL, NULL}, NULL, NULL, false, NULL},
};
