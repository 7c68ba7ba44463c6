/* SPDX-License-Identifier: ISC */
/* Programs that send mail and do not read it. */
#include "recipe/programs.h"

static const struct program_piece msmtp[] = {
    {ROLE_SEND, WHEN_PORT,
     "\n"
     "account {account}\n"
     "host {host}\n"
     "port {port}\n"},
    {ROLE_SEND, WHEN_NO_PORT | WHEN_SOCKET,
     "\n"
     "account {account}\n"
     "# msmtp connects to the socket, not to this host\n"
     "host {target}\n"
     "socket {socket}\n"},
    {ROLE_SEND, WHEN_PLAIN, "tls off\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_LOGIN,
     "# without TLS of its own, msmtp wants the method to be named\n"
     "auth plain\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_NO_LOGIN, "auth off\n"},
    {ROLE_SEND, WHEN_TLS,
     "# msmtp does TLS with the server itself\n"
     "tls on\n"
     "tls_starttls off\n"
     "tls_host_override {target}\n"
     "auth on\n"},
    {ROLE_SEND, WHEN_LOGIN,
     "user {login}\n"
     "# msmtp asks for the password, or gets it from a command:\n"
     "# passwordeval pass show mail\n"},
    {ROLE_SEND, 0, "from {address}\n"},
    {ROLE_SEND, WHEN_FIRST,
     "\n"
     "account default : {account}\n"},
    {0, 0, NULL},
};

static const struct program_piece swaks[] = {
    {ROLE_SEND, WHEN_PLAIN, "\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_PORT | WHEN_CONNECT,
     "# without a port of this machine, in place of --server:\n"
     "#   --pipe '{connect}'\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_LOGIN, "# swaks asks for the password\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_PORT, "swaks --server '{place}' \\\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_NO_PORT | WHEN_CONNECT, "swaks --pipe '{connect}' \\\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_LOGIN,
     "    --auth PLAIN --auth-user '{login}' \\\n"
     "    --from '{address}' --to '{address}'\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_NO_LOGIN, "    --from '{address}' --to '{address}'\n"},
    {0, 0, NULL},
};

static const struct program_piece git_send_email[] = {
    {0, 0, "# git asks for the password, or its credential helper has it\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_FIRST, "\n[sendemail]\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_FURTHER,
     "\n"
     "# git send-email --identity={account}\n"
     "[sendemail \"{account}\"]\n"},
    {ROLE_SEND, WHEN_PLAIN,
     "    from = {address}\n"
     "    smtpServer = {host}\n"
     "    smtpServerPort = {port}\n"
     "    smtpEncryption = none\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_LOGIN, "    smtpUser = {login}\n"},
    {0, 0, NULL},
};

const struct program sending_programs[] = {
    {{"msmtp", "sends what other programs hand it, as sendmail does"}, "# ", "put these lines into ~/.msmtprc", false,
     msmtp},
    {{"swaks", "sends a letter to try a server"}, "# ", "run this command", true, swaks},
    {{"git-send-email", "sends patches"}, "# ", "put these lines into ~/.gitconfig", false, git_send_email},
    {{NULL, NULL}, NULL, NULL, false, NULL},
};
