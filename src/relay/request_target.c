/* SPDX-License-Identifier: ISC */
#include "relay/request_target.h"

#include <string.h>
#include <strings.h>

#include "net/address.h"

static bool is(const struct http_head_slice *slice, const char *text)
{
    return slice->length == strlen(text) && memcmp(slice->bytes, text, slice->length) == 0;
}

/* tolower and its kin ask the locale. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void request_target_canonical(struct endpoint *name)
{
    char text[ADDRESS_TEXT_MAX];
    struct address address;

    for (char *c = name->host; *c; c++)
        *c = lower(*c);
    if (strchr(name->host, ':') && address_from_literal(&address, name->host, name->port)) {
        address_format_host(&address, text);
        memcpy(name->host, text, strlen(text) + 1);
    }
}

/* Reads a name that was decoded.  An IPv6 address has a colon, and nothing else may have one. */
static bool read_name(struct endpoint *name, const char *host, uint16_t port)
{
    struct address address;
    const char *why;

    if (!strchr(host, ':'))
        return endpoint_parse(name, host, strlen(host), port, &why);
    if (strlen(host) > ENDPOINT_HOST_MAX || !address_from_literal(&address, host, port))
        return false;
    memcpy(name->host, host, strlen(host) + 1);
    name->port = port;
    return true;
}

/* Reads "NAME/PORT/", which is all that is left of the path. */
static bool read_place(struct endpoint *name, const char *text, size_t length)
{
    const char *slash = memchr(text, '/', length), *digits, *end = text + length;
    char host[ENDPOINT_HOST_MAX + 1];
    const char *why;
    uint16_t port;

    if (!slash || end[-1] != '/')
        return false;
    digits = slash + 1;
    if (digits == end || *digits == '0' || !endpoint_parse_port(&port, digits, (size_t)(end - 1 - digits), &why))
        return false;
    return endpoint_decode(text, (size_t)(slash - text), host, sizeof host) && read_name(name, host, port);
}

/* The path and query of an origin or absolute target; empty for all else, "*" among it. */
static struct http_head_slice path_of(const struct http_head_slice *target)
{
    const struct http_head_slice none = {"", 0}, root = {"/", 1};
    struct endpoint scheme;
    const char *why, *start, *slash;
    size_t skip;

    if (target->length > 0 && target->bytes[0] == '/')
        return *target;
    skip = endpoint_parse_scheme(&scheme, target->bytes, target->length, &why);
    if (skip == 0 || skip == target->length)
        return none;
    start = target->bytes + skip;
    slash = memchr(start, '/', target->length - skip);
    if (!slash)
        return root;
    if (slash == start)
        return none; /* no authority */
    return (struct http_head_slice){slash, (size_t)(target->bytes + target->length - slash)};
}

static void want(struct request_target *out, const struct http_head_slice *method, const char *allowed,
                 enum request_wish wish)
{
    out->wish = is(method, allowed) ? wish : WISH_OTHER_METHOD;
    out->allow = out->wish == wish ? NULL : allowed;
    request_target_canonical(&out->name);
}

void request_target_read(struct request_target *out, const struct http_head_slice *method,
                         const struct http_head_slice *target, const struct value_paths *paths)
{
    const size_t prefix = sizeof REQUEST_TARGET_PREFIX - 1;
    const struct endpoint *leads_to;
    struct http_head_slice path;
    const char *why;

    memset(out, 0, sizeof *out);
    out->wish = WISH_NOTHING;
    if (is(method, "CONNECT")) {
        out->wish = endpoint_parse(&out->name, target->bytes, target->length, 0, &why) ? WISH_CONNECT
                                                                                       : WISH_UNREADABLE;
        request_target_canonical(&out->name);
        return;
    }
    path = path_of(target);
    if (path.length > prefix && memcmp(path.bytes, REQUEST_TARGET_PREFIX, prefix) == 0) {
        if (read_place(&out->name, path.bytes + prefix, path.length - prefix))
            want(out, method, "GET", WISH_REGISTER);
        return;
    }
    leads_to = paths_find(paths, path.bytes, path.length);
    if (leads_to) {
        out->name = *leads_to;
        want(out, method, "OPTIONS", WISH_SWITCH);
    }
}
