/* SPDX-License-Identifier: ISC */
#include "discover/server_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"

#define SHOWN_MAX 120 /* bytes of foreign text in a remark */

void server_file_remark(struct server_file *file, const char *format, ...)
{
    char text[512];
    va_list values;

    if (file->remarks++ >= SERVER_FILE_REMARKS_MAX)
        return;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    trace_step(&file->trace, file->step, "%s", text);
}

/* --- placeholders --- */

/* What stands for the word of length bytes, which is between two '%'.  NULL: it is not known. */
static const char *meaning(const char *word, size_t length, const struct mail_address *address)
{
    const struct {
        const char *word, *text;
    } known[] = {
        {"EMAILADDRESS", address->text},
        {"EMAILLOCALPART", address->local},
        {"EMAILDOMAIN", address->domain},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i].word) == length && strncasecmp(known[i].word, word, length) == 0)
            return known[i].text;
    return NULL;
}

bool server_file_fill(const char *text, const struct mail_address *address, char *out, size_t size)
{
    size_t at = 0;

    while (*text) {
        char one[2] = {*text, '\0'};
        const char *piece = one, *end = *text == '%' ? strchr(text + 1, '%') : NULL;

        if (*text < ' ' || *text > '~')
            return false;
        if (end && !(piece = meaning(text + 1, (size_t)(end - text) - 1, address)))
            return false;
        text = end ? end + 1 : text + 1;
        if (strlen(piece) >= size - at)
            return false;
        at += (size_t)snprintf(out + at, size - at, "%s", piece);
    }
    out[at] = '\0';
    return true;
}

/* --- a server --- */

/* Reads host and port.  False: it was told what is the matter with them. */
static bool read_place(struct server_file *file, const struct server_offer *offer, struct endpoint *place)
{
    char host[ENDPOINT_TEXT_MAX], text[ENDPOINT_TEXT_MAX + 32], shown[SHOWN_MAX * 4];
    const char *written = offer->host ? offer->host : "", *port = offer->port ? offer->port : "", *why = NULL;

    log_escape(shown, sizeof shown, written, strlen(written) < SHOWN_MAX ? strlen(written) : SHOWN_MAX);
    if (!*written)
        why = "it has no name";
    else if (!*port)
        why = "it has no port";
    else if (strlen(port) > 5 || !server_file_fill(written, file->address, host, sizeof host))
        why = "its name or its port cannot be read";
    if (!why) {
        snprintf(text, sizeof text, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
        if (endpoint_parse(place, text, strlen(text), 0, &why))
            why = found_servers_fault(place);
    }
    if (why)
        server_file_remark(file, "a server for %s is left out (%s): %s", offer->section, shown, why);
    return !why;
}

static void read_login(struct server_file *file, const struct server_offer *offer, struct found_server *server)
{
    if (!offer->login || !*offer->login)
        return;
    if (server_file_fill(offer->login, file->address, server->login, sizeof server->login))
        return;
    server->login[0] = '\0';
    server_file_remark(file, "the login for %s cannot be made out: your address is likely", server->place.host);
}

void server_file_offer(struct found_servers *found, struct server_file *file, const struct server_offer *offer)
{
    struct found_server server = {.tls = offer->tls, .source = file->source, .oauth_only = offer->oauth_only};
    char place[ENDPOINT_TEXT_MAX];

    server.protocol = protocol_find(offer->section, strlen(offer->section));
    if (!server.protocol || !read_place(file, offer, &server.place))
        return;
    read_login(file, offer, &server);
    endpoint_format(&server.place, place);
    if (server.tls == TLS_NO)
        server_file_remark(file, "%s (%s) is offered without TLS, and not taken", place, offer->section);
    else if (!found_servers_add(found, &server))
        server_file_remark(file, "%s (%s) is one too many, and not taken", place, offer->section);
    else
        server_file_remark(file, "%s (%s, %s%s%s%s)", place, offer->section, server.tls == TLS_YES ? "TLS" : "STARTTLS",
                           server.login[0] ? ", login " : "", server.login,
                           server.oauth_only ? ", by OAuth 2 only" : "");
}
