/* SPDX-License-Identifier: ISC */
/* Programs whose settings are filled into a dialogue: the fields in its order. */
#include "recipe/programs.h"

/* To trust whatever certificate comes is what a dialogue makes easy. */
#define COMPARE \
    "# asks about the certificate, again whenever it is renewed: say yes to\n" \
    "# that of {target} alone.  `tls = yes` in the\n" \
    "# listener spares that: sallyport checks it, and no encryption is set here\n"

/* --- Thunderbird --- */

#define THUNDERBIRD_IMAP_OR_POP3(protocol, security) \
    "\n" \
    "Full name:               (yours)\n" \
    "Email address:           {address}\n" \
    "Incoming server settings\n" \
    "  Protocol:              " protocol "\n" \
    "  Hostname:              {host}\n" \
    "  Port:                  {port}\n" \
    "  Connection security:   " security "\n" \
    "  Authentication method: Normal password\n" \
    "  Username:              {login}\n"

#define THUNDERBIRD_SEND(security) \
    "Outgoing server settings\n" \
    "  Hostname:              {host}\n" \
    "  Port:                  {port}\n" \
    "  Connection security:   " security "\n"

static const struct program_piece thunderbird[] = {
    {ROLE_IMAP, WHEN_PLAIN, THUNDERBIRD_IMAP_OR_POP3("IMAP", "None")},
    {ROLE_IMAP, WHEN_TLS, THUNDERBIRD_IMAP_OR_POP3("IMAP", "SSL/TLS") COMPARE},
    {ROLE_POP3, WHEN_PLAIN, THUNDERBIRD_IMAP_OR_POP3("POP3", "None")},
    {ROLE_POP3, WHEN_TLS, THUNDERBIRD_IMAP_OR_POP3("POP3", "SSL/TLS") COMPARE},
    {ROLE_SEND, WHEN_PLAIN, THUNDERBIRD_SEND("None")},
    {ROLE_SEND, WHEN_TLS, THUNDERBIRD_SEND("SSL/TLS") COMPARE},
    {ROLE_SEND, WHEN_LOGIN,
     "  Authentication method: Normal password\n"
     "  Username:              {login}\n"},
    {ROLE_SEND, WHEN_NO_LOGIN, "  Authentication method: No Authentication\n"},
    {ROLE_SEND, WHEN_PLAIN | WHEN_TLS, "# press Test, then Continue\n"},
    {ROLE_IMAP | ROLE_POP3, WHEN_PLAIN,
     "# Thunderbird warns of a server without encryption: that is\n"
     "# sallyport, on this machine\n"},
    {ROLE_IMAP | ROLE_POP3, WHEN_FURTHER,
     "# Thunderbird takes two accounts with the same user and server name\n"
     "# for one: let this listener have an address, such as 127.0.0.2\n"},
    {ROLE_NEWS, WHEN_PLAIN,
     "\n"
     "# under New, Newsgroup Account, and then, for the port, under\n"
     "# Server Settings\n"
     "Email address:           {address}\n"
     "Newsgroup server:        {host}\n"
     "Port:                    {port}\n"
     "Connection security:     None\n"},
    {0, 0, NULL},
};

/* --- claws-mail --- */

#define CLAWS_RECEIVE(protocol, server) \
    "\n" \
    "Basic\n" \
    "  Name of account:              {account}\n" \
    "  Mail address:                 {address}\n" \
    "  Protocol:                     " protocol "\n" \
    "  Server for receiving:         " server "\n"
#define CLAWS_PLAIN "TLS, below the name of each protocol\n  Don't use TLS\n"
#define CLAWS_TLS "TLS, below the name of each protocol\n  Use TLS\n" COMPARE

static const struct program_piece claws_mail[] = {
    {ROLE_IMAP | ROLE_POP3, WHEN_PLAIN | WHEN_TLS,
     "# The wizard of a first start has no place for ports: save anything in\n"
     "# it, and make this account then.\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_TLS | WHEN_PORT, CLAWS_RECEIVE("IMAP", "{host}")},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_NO_PORT, CLAWS_RECEIVE("IMAP", "{target}")},
    {ROLE_POP3, WHEN_PLAIN | WHEN_TLS, CLAWS_RECEIVE("POP", "{host}")},
    {ROLE_SEND, WHEN_PLAIN | WHEN_TLS, "  SMTP server (send):           {host}\n"},
    {ROLE_IMAP | ROLE_POP3, WHEN_PLAIN | WHEN_TLS, "  User ID:                      {login}\n"},
    {ROLE_SEND, WHEN_LOGIN,
     "Send\n"
     "  SMTP Authentication (SMTP AUTH): yes\n"
     "  # leave its User ID empty: the one above serves, with its password\n"},
    {ROLE_IMAP | ROLE_POP3, WHEN_PLAIN, CLAWS_PLAIN},
    {ROLE_IMAP | ROLE_POP3, WHEN_TLS, CLAWS_TLS},
    {ROLE_SEND, WHEN_TLS, "# to send: Use TLS, with the certificate of {target}\n"},
    {ROLE_IMAP | ROLE_POP3 | ROLE_SEND, 0, "Advanced\n"},
    {ROLE_SEND, 0, "  SMTP port:                    {port}\n"},
    {ROLE_IMAP, WHEN_PORT, "  IMAP port:                    {port}\n"},
    {ROLE_POP3, 0, "  POP port:                     {port}\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_NO_PORT | WHEN_CONNECT, "  Use command to communicate with server: {connect}\n"},
    {ROLE_IMAP, WHEN_PORT | WHEN_CONNECT,
     "  # or, without a port of this machine:\n"
     "  # Use command to communicate with server: {connect}\n"},
    {ROLE_NEWS, WHEN_PLAIN,
     "\n"
     "Basic\n"
     "  Name of account:              {account}\n"
     "  Mail address:                 {address}\n"
     "  Protocol:                     News (NNTP)\n"
     "  News server:                  {host}\n"
     "Advanced\n"
     "  NNTP port:                    {port}\n"},
    {0, 0, NULL},
};

/* --- evolution --- */

#define EVOLUTION_RECEIVE(type, server, security) \
    "\n" \
    "Identity\n" \
    "  Email Address:       {address}\n" \
    "  Look up mail server details based on the entered e-mail address: no\n" \
    "Receiving Email\n" \
    "  Server Type:         " type "\n" \
    server \
    "  Username:            {login}\n" \
    "  Encryption method:   " security "\n" \
    "  Authentication:      Password\n"
#define EVOLUTION_PLACE \
    "  Server:              {host}\n" \
    "  Port:                {port}\n"
#define EVOLUTION_SEND(security) \
    "Sending Email\n" \
    "  Server Type:         SMTP\n" \
    EVOLUTION_PLACE \
    "  Encryption method:   " security "\n"
#define EVOLUTION_TLS "TLS on a dedicated port"

static const struct program_piece evolution[] = {
    {ROLE_IMAP, WHEN_PLAIN | WHEN_PORT, EVOLUTION_RECEIVE("IMAP", EVOLUTION_PLACE, "No encryption")},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_NO_PORT,
     EVOLUTION_RECEIVE("IMAP", "  Server:              {target}\n", "No encryption")},
    {ROLE_IMAP, WHEN_TLS, EVOLUTION_RECEIVE("IMAP", EVOLUTION_PLACE, EVOLUTION_TLS) COMPARE},
    {ROLE_POP3, WHEN_PLAIN, EVOLUTION_RECEIVE("POP", EVOLUTION_PLACE, "No encryption")},
    {ROLE_POP3, WHEN_TLS, EVOLUTION_RECEIVE("POP", EVOLUTION_PLACE, EVOLUTION_TLS) COMPARE},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_NO_PORT | WHEN_CONNECT,
     "Receiving Options\n"
     "  Use custom command to connect to server: {connect}\n"},
    {ROLE_IMAP, WHEN_PLAIN | WHEN_PORT | WHEN_CONNECT,
     "Receiving Options\n"
     "  # without a port of this machine, if you like:\n"
     "  # Use custom command to connect to server: {connect}\n"},
    {ROLE_SEND, WHEN_PLAIN, EVOLUTION_SEND("No encryption")},
    {ROLE_SEND, WHEN_TLS, EVOLUTION_SEND(EVOLUTION_TLS) COMPARE},
    {ROLE_SEND, WHEN_LOGIN,
     "  Server requires authentication: yes\n"
     "  Type:                PLAIN\n"
     "  Username:            {login}\n"},
    {ROLE_SEND, WHEN_NO_LOGIN, "  Server requires authentication: no\n"},
    {0, 0, NULL},
};

/* --- pan --- */

#define PAN_SERVER(security) \
    "\n" \
    "Location\n" \
    "  Address:         {host}\n" \
    "  Port:            {port}\n" \
    "Login, where the server wants one\n" \
    "  Username:        {login}\n" \
    "Security\n" \
    "  TLS (SSL) settings: " security "\n"

static const struct program_piece pan[] = {
    {ROLE_NEWS, WHEN_PLAIN, PAN_SERVER("Use unsecure (plaintext) connections")},
    {ROLE_NEWS, WHEN_TLS, PAN_SERVER("Use secure TLS (SSL) connections") COMPARE},
    {0, 0, NULL},
};

const struct program graphical_programs[] = {
    {{"thunderbird", "reads and sends mail and news"}, "# ",
     "fill this in under New, Email Account", false, thunderbird},
    {{"claws-mail", "reads and sends mail and news"}, "# ",
     "fill this in under Configuration, Create new account", false, claws_mail},
    {{"evolution", "reads and sends mail"}, "# ",
     "fill this in under Edit, Accounts, Add, Mail Account", false, evolution},
    {{"pan", "reads news"}, "# ", "fill this in under Edit, Edit News Servers, Add", false, pan},
    {{NULL, NULL}, NULL, NULL, false, NULL},
};
