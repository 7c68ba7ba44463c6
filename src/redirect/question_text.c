/* SPDX-License-Identifier: ISC */
#include "redirect/question_text.h"

#include <stdint.h>
#include <stdio.h>
#include <strings.h>

#include "protocol/protocol.h"

#define SCOPE_WORDS_MAX (ENDPOINT_TEXT_MAX + 96)
#define TIME_WORDS_MAX 64 /* 49710 days and the rest, in words, are 45 */
#define LIFETIME_WORDS_MAX 160

/* "IMAP" for imap, "IMAP over TLS" for imaps; a scheme that no protocol has stays as it is. */
static const char *name_scheme(const char *scheme, char out[SCOPE_SCHEME_MAX + 16])
{
    const struct protocol *row;

    snprintf(out, SCOPE_SCHEME_MAX + 16, "%s", scheme);
    for (size_t i = 0; (row = protocol_row(i)) != NULL; i++) {
        if (row->token && strcasecmp(row->token, scheme) == 0)
            snprintf(out, SCOPE_SCHEME_MAX + 16, "%s", row->token);
        else if (row->token && row->tls_token && strcasecmp(row->tls_token, scheme) == 0)
            snprintf(out, SCOPE_SCHEME_MAX + 16, "%s over TLS", row->token);
    }
    return out;
}

static void name_scope(const struct scope *scope, char out[SCOPE_WORDS_MAX])
{
    char scheme[SCOPE_SCHEME_MAX + 16], place[ENDPOINT_TEXT_MAX];

    switch (scope->kind) {
    case SCOPE_ALL:
        snprintf(out, SCOPE_WORDS_MAX, "everything");
        break;
    case SCOPE_SCHEME:
        snprintf(out, SCOPE_WORDS_MAX, "all %s", name_scheme(scope->scheme, scheme));
        break;
    case SCOPE_EXACT:
        snprintf(out, SCOPE_WORDS_MAX, "%s to %s", name_scheme(scope->scheme, scheme),
                 endpoint_format(&scope->place, place));
        break;
    case SCOPE_DOMAIN:
        snprintf(out, SCOPE_WORDS_MAX, "%s to %s and every name below it", name_scheme(scope->scheme, scheme),
                 endpoint_format(&scope->place, place));
        break;
    case SCOPE_ANY_SCHEME:
        snprintf(out, SCOPE_WORDS_MAX, "everything to %s",
                 scope->place.port ? endpoint_format(&scope->place, place) : scope->place.host);
        break;
    }
}

/* "1 hour 30 minutes" */
static void name_time(uint32_t seconds, char out[TIME_WORDS_MAX])
{
    static const struct {
        uint32_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    int at = 0;

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        uint32_t count = seconds / units[i].seconds;

        seconds %= units[i].seconds;
        if (count)
            at += snprintf(out + at, (size_t)(TIME_WORDS_MAX - at), "%s%u %s%s", at ? " " : "", count,
                           units[i].name, count == 1 ? "" : "s");
    }
}

static void name_lifetime(const struct setproxy_lifetime *lifetime, char out[LIFETIME_WORDS_MAX])
{
    char time[TIME_WORDS_MAX] = "", hits[48];

    name_time(lifetime->seconds, time);
    snprintf(hits, sizeof hits, "%u connection%s", lifetime->hits, lifetime->hits == 1 ? "" : "s");
    if (lifetime->once)
        snprintf(out, LIFETIME_WORDS_MAX, "for this connection");
    else if (lifetime->hits && lifetime->seconds)
        snprintf(out, LIFETIME_WORDS_MAX, "for %s or %s, whichever ends first", hits, time);
    else if (lifetime->hits || lifetime->seconds)
        snprintf(out, LIFETIME_WORDS_MAX, "for %s", lifetime->hits ? hits : time);
    else
        snprintf(out, LIFETIME_WORDS_MAX, "until sallyport ends");
}

const char *question_text(const struct endpoint *sender, const struct setproxy *said, char out[QUESTION_TEXT_MAX])
{
    char from[ENDPOINT_URL_MAX], to[ENDPOINT_URL_MAX], scope[SCOPE_WORDS_MAX], lifetime[LIFETIME_WORDS_MAX];

    endpoint_format_url(sender, from);
    name_scope(&said->scope, scope);
    name_lifetime(&said->lifetime, lifetime);
    if (said->action == SETPROXY_DIRECT)
        snprintf(out, QUESTION_TEXT_MAX,
                 "sallyport: the proxy %s wants %s to go without a proxy, directly to the server, %s. Allow it?", from,
                 scope, lifetime);
    else
        snprintf(out, QUESTION_TEXT_MAX, "sallyport: the proxy %s wants %s to go through the proxy %s %s. Allow it?",
                 from, scope, endpoint_format_url(&said->proxy, to), lifetime);
    return out;
}
