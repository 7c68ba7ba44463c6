/* SPDX-License-Identifier: ISC */
#include "relay/relay_request.h"

#include <string.h>
#include <strings.h>

#include "net/endpoint.h"

/* --- who asks --- */

/* Reads an address as web servers write it: with brackets, a port, both or neither. */
static bool read_address(struct address *out, const struct http_head_slice *text)
{
    char plain[ADDRESS_TEXT_MAX];
    struct endpoint place;
    const char *why;

    if (text->length >= sizeof plain)
        return false;
    memcpy(plain, text->bytes, text->length);
    plain[text->length] = '\0';
    if (strlen(plain) != text->length)
        return false;
    if (address_from_literal(out, plain, 0))
        return true;
    if (!endpoint_parse(&place, plain, text->length, 1, &why) || !address_from_literal(out, place.host, place.port))
        return false;
    if (plain[text->length - 1] == ']')
        address_set_port(out, 0);
    return true;
}

void relay_request_client(struct address *out, const struct http_fields *fields, const struct address *peer)
{
    const struct http_head_slice *last = NULL;
    struct http_head_slice element;
    const char *comma;

    *out = *peer;
    if (!address_is_loopback(peer))
        return;
    for (size_t i = 0; i < fields->count; i++)
        if (http_head_slice_is(&fields->at[i].name, "X-Forwarded-For"))
            last = &fields->at[i].value;
    if (!last)
        return;
    for (comma = last->bytes + last->length; comma > last->bytes && comma[-1] != ','; comma--)
        continue;
    element = http_head_trim(comma, last->bytes + last->length);
    if (!read_address(out, &element)) {
        memset(out, 0, sizeof *out);
        out->any.sa_family = AF_UNSPEC;
    }
}

/* --- what it asks to switch to --- */

/* The name in any case, the version exactly. */
static bool is_protocol(const struct http_head_slice *member, const char *wanted)
{
    const char *version = strchr(wanted, '/');

    if (!http_head_slice_is(member, wanted))
        return false;
    return !version || memcmp(member->bytes + (version - wanted), version, strlen(version)) == 0;
}

static void read_upgrade(struct relay_request *out, const struct request_head *head)
{
    const char *wanted = out->target.wish == WISH_SWITCH ? RELAY_REQUEST_TCP : RELAY_REQUEST_REVERSE;
    struct http_head_slice member;
    size_t field = 0, offset = 0;

    /* RFC 9110 section 7.8: not by HTTP/1.0, and not if it may have been meant for somebody before us */
    if (head->minor < 1 || !http_fields_have_member(&head->fields, "Connection", "upgrade"))
        return;
    while (http_fields_next_member(&head->fields, "Upgrade", &field, &offset, &member))
        if (is_protocol(&member, wanted)) {
            memcpy(out->token, member.bytes, member.length);
            out->token[member.length] = '\0';
            return;
        }
}

/* --- what it wants to speak --- */

/* Whether the request names this id, which is as the section has it.  Ids have a case. */
static bool names_alpn(const struct http_fields *fields, const char *id, size_t length)
{
    struct http_head_slice member;
    size_t field = 0, offset = 0;
    char plain[REPLY_ALPN_MAX + 1];

    while (http_fields_next_member(fields, "ALPN", &field, &offset, &member))
        if (endpoint_decode(member.bytes, member.length, plain, sizeof plain) && strlen(plain) == length &&
            memcmp(plain, id, length) == 0)
            return true;
    return false;
}

static void read_alpn(struct relay_request *out, const struct http_fields *fields, const char *ids)
{
    while (ids && *ids) {
        size_t length = strcspn(ids, ",");
        struct http_head_slice id = http_head_trim(ids, ids + length);

        if (id.length > 0 && id.length <= REPLY_ALPN_MAX && names_alpn(fields, id.bytes, id.length)) {
            reply_encode_alpn(id.bytes, id.length, out->alpn);
            return;
        }
        ids += length + (ids[length] == ',');
    }
}

/* --- where the page is from that asks --- */

static void read_origin(struct relay_request *out, const struct request_head *head)
{
    const struct http_head_slice *origin = http_fields_find(&head->fields, "Origin");
    struct endpoint from, here;
    const char *why;
    size_t skip;

    if (!origin)
        return;
    out->foreign = true;
    skip = endpoint_parse_scheme(&from, origin->bytes, origin->length, &why);
    if (skip == 0 || origin->length - skip > REPLY_ORIGIN_MAX ||
        !endpoint_parse(&from, origin->bytes + skip, origin->length - skip, 80, &why) ||
        !endpoint_parse(&here, head->host.bytes, head->host.length, 80, &why) ||
        strcasecmp(from.host, here.host) != 0)
        return;
    out->foreign = false;
    out->origin = (struct http_head_slice){origin->bytes + skip, origin->length - skip};
}

/* --- all of it --- */

/* What makes it a request that nobody is answered. */
static unsigned fault_of(const struct relay_request *request, const struct request_head *head, const char *login)
{
    const struct http_head_slice *expect = http_fields_find(&head->fields, "Expect");

    if (request->target.wish == WISH_NOTHING)
        return 404;
    if (request->target.wish == WISH_OTHER_METHOD)
        return 405;
    if (request->target.wish == WISH_UNREADABLE || head->has_body || http_fields_count(&head->fields, login) > 1)
        return 400;
    return expect && !http_head_slice_is(expect, "100-continue") ? 417 : 0;
}

void relay_request_read(struct relay_request *out, const struct request_head *head, const struct relay_config *relay,
                        const struct address *peer)
{
    const struct http_head_slice *credentials;
    const char *login;

    memset(out, 0, sizeof *out);
    request_target_read(&out->target, &head->method, &head->target, &relay->paths);
    out->proxied = request_head_asks(head, "CONNECT");
    out->bodiless = request_head_asks(head, "HEAD");
    login = out->proxied ? "Proxy-Authorization" : "Authorization";
    out->lasts = head->lasts && !head->has_body; /* a body is not read: what follows cannot be told from it */
    out->fault = fault_of(out, head, login);
    credentials = http_fields_find(&head->fields, login);
    if (credentials)
        out->credentials = *credentials;
    relay_request_client(&out->client, &head->fields, peer);
    read_upgrade(out, head);
    read_alpn(out, &head->fields, relay->alpn);
    if (out->target.wish == WISH_SWITCH)
        read_origin(out, head);
}
