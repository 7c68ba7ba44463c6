/* SPDX-License-Identifier: ISC */
#include "protocol/protocol.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/secrets.h"

/* The replies: IMAP RFC 9051 section 7.1.5 with UNAVAILABLE of RFC 5530; SMTP RFC 5321 section 3.8 and 3.1 with the
 * codes of RFC 3463; NNTP RFC 3977 section 5.1; POP3 RFC 1939 with RFC 3206; ManageSieve RFC 5804 section 1.3. */
static const struct protocol table[] = {
    {.section = "imap", .token = "IMAP", .tls_token = "IMAPS", .service = "imap", .alpn = "imap", .listen_port = 1143,
     .target_port = 143, .tls_port = 993, .server_first = true, .greetings = {"* OK", "* PREAUTH"},
     .beginnings = {"* OK", "* PREAUTH", "* BYE"},
     .farewell = "LOGOUT", .goodbyes = {"* BYE"}, .tagged = true,
     .temporary = "* BYE [UNAVAILABLE] sallyport: ", .permanent = "* BYE sallyport: ", .end = ""},
    {.section = "smtp", .token = "SMTP", .tls_token = "SMTPS", .service = "smtp", .listen_port = 1025,
     .target_port = 25, .tls_port = 465, .server_first = true, .greetings = {"220"},
     .beginnings = {"220", "421", "554"}, .farewell = "QUIT",
     .goodbyes = {"221"},
     .temporary = "421 4.4.1 sallyport: ", .permanent = "554 5.7.0 sallyport: ", .end = ""},
    {.section = "submission", .token = "SMTP", .tls_token = "SMTPS", .service = "submission", .listen_port = 1587,
     .target_port = 587, .tls_port = 465, .server_first = true, .greetings = {"220"},
     .beginnings = {"220", "421", "554"}, .farewell = "QUIT",
     .goodbyes = {"221"},
     .temporary = "421 4.4.1 sallyport: ", .permanent = "554 5.7.0 sallyport: ", .end = ""},
    {.section = "nntp", .token = "NNTP", .tls_token = "NNTPS", .service = "nntp", .alpn = "nntp", .listen_port = 1119,
     .target_port = 119, .tls_port = 563, .server_first = true, .greetings = {"200", "201"},
     .beginnings = {"200", "201", "400", "502"}, .farewell = "QUIT",
     .goodbyes = {"205"},
     .temporary = "400 sallyport: ", .permanent = "502 sallyport: ", .end = ""},
    {.section = "pop3", .token = "POP3", .tls_token = "POP3S", .service = "pop3", .alpn = "pop3", .listen_port = 1110,
     .target_port = 110, .tls_port = 995, .server_first = true, .greetings = {"+OK"},
     .beginnings = {"+OK", "-ERR"}, .farewell = "QUIT",
     .goodbyes = {"+OK", "-ERR"},
     .temporary = "-ERR [SYS/TEMP] sallyport: ", .permanent = "-ERR [SYS/PERM] sallyport: ", .end = ""},
    {.section = "managesieve", .token = "SIEVE", .service = "sieve", .alpn = "managesieve", .listen_port = 14190,
     .target_port = 4190, .server_first = true,
     .beginnings = {"\"IMPLEMENTATION\"", "\"SASL\"", "\"SIEVE\"", "\"STARTTLS\"", "\"VERSION\""},
     .farewell = "LOGOUT", .goodbyes = {"OK", "BYE"},
     .temporary = "BYE (TRYLATER) \"sallyport: ", .permanent = "BYE \"sallyport: ", .end = "\""},
    {.section = "forward"},
};

const struct protocol *protocol_row(size_t i)
{
    return i < sizeof table / sizeof table[0] ? &table[i] : NULL;
}

bool protocol_expects_tls(const struct protocol *protocol, uint16_t port)
{
    return protocol->tls_port != 0 && protocol->tls_port == port;
}

/* The ports of all rows with that token count: mail is handed in at those of SMTP, too. */
bool protocol_expects_plain(const struct protocol *protocol, uint16_t port)
{
    for (size_t i = 0; protocol->token && i < sizeof table / sizeof table[0]; i++)
        if (table[i].token && strcmp(table[i].token, protocol->token) == 0 && table[i].target_port == port)
            return true;
    return false;
}

const char *protocol_tls_token(const struct protocol *protocol, const char *token)
{
    return protocol->token && protocol->tls_token && strcasecmp(token, protocol->token) == 0 ? protocol->tls_token
                                                                                              : NULL;
}

uint16_t protocol_default_port(const char *scheme)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        size_t length = table[i].token ? strlen(table[i].token) : 0;

        if (length == 0 || strncasecmp(scheme, table[i].token, length) != 0)
            continue;
        if (scheme[length] == '\0')
            return table[i].target_port;
        if (strcmp(scheme + length, "s") == 0)
            return table[i].tls_port;
    }
    return 0;
}

const struct protocol *protocol_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strlen(table[i].section) == length && memcmp(table[i].section, name, length) == 0)
            return &table[i];
    return NULL;
}

bool protocol_welcomes(const struct protocol *protocol, const char *greeting)
{
    for (size_t i = 0; i < 2; i++)
        if (protocol->greetings[i] && strncmp(greeting, protocol->greetings[i], strlen(protocol->greetings[i])) == 0)
            return true;
    return !protocol->greetings[0];
}

enum protocol_beginning protocol_begins(const struct protocol *protocol, const char *bytes, size_t length)
{
    enum protocol_beginning best = PROTOCOL_BEGINS_NOT;

    for (size_t i = 0; i < PROTOCOL_BEGINNINGS_MAX && protocol->beginnings[i]; i++) {
        size_t whole = strlen(protocol->beginnings[i]);

        if (strncasecmp(bytes, protocol->beginnings[i], length < whole ? length : whole) != 0)
            continue;
        if (length >= whole)
            return PROTOCOL_BEGINS;
        best = PROTOCOL_BEGINS_MAYBE;
    }
    return best;
}

enum protocol_beginning protocol_begins_tls(const char *bytes, size_t length)
{
    /* type, version, length of what follows: each byte from its least to its most */
    static const unsigned char least[] = {0x14, 0x03, 0x01, 0x00, 0x00}, most[] = {0x17, 0x03, 0x04, 0x48, 0xff};

    for (size_t i = 0; i < sizeof least && i < length; i++)
        if ((unsigned char)bytes[i] < least[i] || (unsigned char)bytes[i] > most[i])
            return PROTOCOL_BEGINS_NOT;
    return length < sizeof least ? PROTOCOL_BEGINS_MAYBE : PROTOCOL_BEGINS;
}

size_t protocol_refusal(const struct protocol *protocol, const struct failure *failure,
                        char out[PROTOCOL_REFUSAL_MAX + 1])
{
    const char *start = failure->class == FAILURE_TEMPORARY ? protocol->temporary : protocol->permanent;
    char text[PROTOCOL_REFUSAL_MAX];
    size_t at, room;

    if (!start)
        return 0;
    at = (size_t)snprintf(out, PROTOCOL_REFUSAL_MAX + 1, "%s", start);
    room = PROTOCOL_REFUSAL_MAX - strlen(protocol->end) - 2;
    failure_format_brief(failure, text, room - at + 1);
    secrets_withhold(text); /* of a failure that was made when less was known to be secret */
    for (const char *from = text; *from && at < room; from++) {
        bool printable = *from >= 0x20 && *from <= 0x7e;

        /* ManageSieve quotes its text (RFC 5804 section 4): '"' and '\' become "'" */
        out[at++] = !printable ? '?' : *protocol->end && (*from == '"' || *from == '\\') ? '\'' : *from;
    }
    return at + (size_t)snprintf(out + at, PROTOCOL_REFUSAL_MAX + 1 - at, "%s\r\n", protocol->end);
}
