/* SPDX-License-Identifier: ISC */
#include "redirect/scope.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "protocol/protocol.h"

void scope_url_set(struct scope_url *url, const char *scheme, const struct endpoint *target)
{
    size_t i;

    for (i = 0; scheme[i] && i < SCOPE_SCHEME_MAX - 1; i++)
        url->scheme[i] = (char)tolower((unsigned char)scheme[i]);
    url->scheme[i] = '\0';
    url->place = *target;
    for (char *c = url->place.host; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

/* Takes "scheme://" off the text.  False: there is none, or it is too long. */
static bool take_scheme(char scheme[SCOPE_SCHEME_MAX], const char **text, size_t *length)
{
    const char *colon = memmem(*text, *length, "://", 3);
    size_t name = colon ? (size_t)(colon - *text) : 0;

    if (name == 0 || name >= SCOPE_SCHEME_MAX)
        return false;
    for (size_t i = 0; i < name; i++) {
        char c = (*text)[i];

        if (!isalnum((unsigned char)c) && !strchr("+-.", c) && !(c == '*' && name == 1))
            return false;
        scheme[i] = (char)tolower((unsigned char)c);
    }
    scheme[name] = '\0';
    *text += name + 3;
    *length -= name + 3;
    return true;
}

bool scope_url_parse(struct scope_url *url, const char *text)
{
    size_t length = strlen(text);
    const char *why;

    return take_scheme(url->scheme, &text, &length) && length > 1 && text[length - 1] == '/' &&
           endpoint_parse(&url->place, text, length - 1, 0, &why);
}

void scope_exactly(struct scope *scope, const struct scope_url *url)
{
    memset(scope, 0, sizeof *scope);
    scope->kind = SCOPE_EXACT;
    memcpy(scope->scheme, url->scheme, sizeof scope->scheme);
    scope->place = url->place;
}

/* "net.example.mail" becomes "mail.example.net".  False: an address, which has no other order, or too long. */
static bool reverse_labels(char host[ENDPOINT_HOST_MAX + 1], const char *text, size_t length)
{
    char literal[ENDPOINT_HOST_MAX + 1];
    struct in_addr ignored;
    size_t at = 0;

    if (length == 0 || length > ENDPOINT_HOST_MAX || text[0] == '[')
        return false;
    memcpy(literal, text, length);
    literal[length] = '\0';
    if (inet_pton(AF_INET, literal, &ignored) == 1)
        return false;
    for (size_t end = length; end > 0;) {
        size_t start = end;

        while (start > 0 && text[start - 1] != '.')
            start--;
        memcpy(host + at, text + start, end - start);
        at += end - start;
        if (start > 0)
            host[at++] = '.';
        end = start > 0 ? start - 1 : 0;
    }
    host[at] = '\0';
    return true;
}

/* Takes host[:port], or "*.domain[:port]" (whose star it removes). */
static bool take_place(struct scope *scope, const char *text, size_t length, bool reversed)
{
    const char *colon = text[0] == '[' ? NULL : memchr(text, ':', length), *why;
    size_t host_length = colon ? (size_t)(colon - text) : length;
    char turned[ENDPOINT_TEXT_MAX + 8];
    uint16_t default_port = protocol_default_port(scope->scheme);

    if (reversed) {
        if (!reverse_labels(turned, text, host_length) || length - host_length > 7)
            return false;
        host_length = strlen(turned);
        memcpy(turned + host_length, colon ? colon : "", colon ? (size_t)(text + length - colon) : 0);
        length = host_length + (colon ? (size_t)(text + length - colon) : 0);
        text = turned;
    }
    if (length > 2 && text[0] == '*' && text[1] == '.') {
        if (scope->kind == SCOPE_ANY_SCHEME)
            return false;
        scope->kind = SCOPE_DOMAIN;
        text += 2;
        length -= 2;
    }
    /* *:// without a port means the default port of each scheme; port 0 stands for that */
    if (!endpoint_parse(&scope->place, text, length, default_port ? default_port : 1, &why))
        return false;
    if (colon || (text[0] == '[' && text[length - 1] != ']'))
        return true;
    if (scope->kind == SCOPE_ANY_SCHEME)
        scope->place.port = 0;
    return scope->kind == SCOPE_ANY_SCHEME || default_port != 0;
}

bool scope_parse(struct scope *scope, const char *text, size_t length, bool reversed)
{
    memset(scope, 0, sizeof *scope);
    if (length == 1 && text[0] == '*') {
        scope->kind = SCOPE_ALL;
        return true;
    }
    if (!take_scheme(scope->scheme, &text, &length))
        return false;
    scope->kind = SCOPE_EXACT;
    if (strcmp(scope->scheme, "*") == 0) {
        scope->kind = SCOPE_ANY_SCHEME;
        scope->scheme[0] = '\0';
    }
    if (length >= 2 && memcmp(text + length - 2, "/*", 2) == 0)
        length -= 2;
    else if (length >= 1 && text[length - 1] == '/')
        length--;
    if (length > 0)
        return take_place(scope, text, length, reversed);
    scope->kind = scope->kind == SCOPE_ANY_SCHEME ? SCOPE_ALL : SCOPE_SCHEME;
    return true;
}

static bool same_host(const char *a, const char *b)
{
    return endpoint_host_within(a, b, strlen(b)) && endpoint_host_within(b, a, strlen(a));
}

/* An address belongs to no domain. */
static bool is_address(const char *host)
{
    struct in_addr ignored;

    return strchr(host, ':') || inet_pton(AF_INET, host, &ignored) == 1;
}

bool scope_covers(const struct scope *scope, const struct scope_url *url)
{
    const struct endpoint *place = &scope->place;

    switch (scope->kind) {
    case SCOPE_ALL:
        return true;
    case SCOPE_SCHEME:
        return strcmp(scope->scheme, url->scheme) == 0;
    case SCOPE_DOMAIN:
        return strcmp(scope->scheme, url->scheme) == 0 && place->port == url->place.port &&
               !is_address(url->place.host) &&
               endpoint_host_within(url->place.host, place->host, strlen(place->host));
    case SCOPE_ANY_SCHEME:
        return (place->port ? place->port : protocol_default_port(url->scheme)) == url->place.port &&
               same_host(place->host, url->place.host);
    case SCOPE_EXACT:
        break;
    }
    return strcmp(scope->scheme, url->scheme) == 0 && place->port == url->place.port &&
           same_host(place->host, url->place.host);
}

bool scope_equal(const struct scope *a, const struct scope *b)
{
    return a->kind == b->kind && strcmp(a->scheme, b->scheme) == 0 && a->place.port == b->place.port &&
           strcasecmp(a->place.host, b->place.host) == 0;
}

int scope_compare(const struct scope *a, const struct scope *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? 1 : -1;
    if (a->kind == SCOPE_DOMAIN) {
        size_t of_a = strlen(a->place.host), of_b = strlen(b->place.host);

        return of_a > of_b ? 1 : of_a < of_b ? -1 : 0;
    }
    return 0;
}

const char *scope_format(const struct scope *scope, char out[SCOPE_TEXT_MAX])
{
    char place[ENDPOINT_TEXT_MAX];
    const char *scheme = scope->kind == SCOPE_ANY_SCHEME ? "*" : scope->scheme;

    switch (scope->kind) {
    case SCOPE_ALL:
        snprintf(out, SCOPE_TEXT_MAX, "*");
        break;
    case SCOPE_SCHEME:
        snprintf(out, SCOPE_TEXT_MAX, "%s://", scheme);
        break;
    case SCOPE_EXACT:
    case SCOPE_ANY_SCHEME:
    case SCOPE_DOMAIN:
        endpoint_format(&scope->place, place);
        if (scope->place.port == 0)
            *strrchr(place, ':') = '\0';
        snprintf(out, SCOPE_TEXT_MAX, "%s://%s%s/", scheme, scope->kind == SCOPE_DOMAIN ? "*." : "", place);
        break;
    }
    return out;
}
