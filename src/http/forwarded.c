/* SPDX-License-Identifier: ISC */
#include "http/forwarded.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "http/field_reader.h"

#define NODE_MAX 64 /* bytes of a node that is an address with its port; a longer one is none */

/* A value without its quotes and escapes. */
struct node {
    char text[NODE_MAX + 1];
    size_t length; /* of what was written there, even if it is more than fits */
};

/* What a field's elements have said so far. */
struct reading {
    struct forwarded *out;
    size_t elements;
    bool said_for, said_by; /* of the present element */
};

/* --- the grammar (RFC 7239 section 4) --- */

static void node_put(struct node *node, char c)
{
    if (node->length < NODE_MAX) {
        node->text[node->length] = c;
        node->text[node->length + 1] = '\0';
    }
    node->length++;
}

/* Without its escapes.  False: it has a control byte. */
static bool unquote(const struct http_head_slice *text, struct node *node)
{
    for (size_t i = 0; i < text->length; i++) {
        unsigned char c = (unsigned char)text->bytes[i];

        if (c == '\\') /* never the last byte */
            c = (unsigned char)text->bytes[++i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
        node_put(node, (char)c);
    }
    return true;
}

static bool take_value(struct field_reader *reader, struct node *node)
{
    struct http_head_slice text;

    *node = (struct node){0};
    if (field_reader_at(reader, '"'))
        return field_reader_take_quoted(reader, &text) && unquote(&text, node);
    if (!field_reader_take_token(reader, &text))
        return false;
    for (size_t i = 0; i < text.length; i++)
        node_put(node, text.bytes[i]);
    return true;
}

/* --- nodes (RFC 7239 section 6) --- */

/* 1 to 5 digits, or an obfuscated one, which counts as none.  False: it is neither. */
static bool read_port(const char *text, uint16_t *port)
{
    size_t digits = strspn(text, "0123456789");
    unsigned value = 0;

    *port = 0;
    if (text[0] == '_')
        return text[1] && text[1 + strspn(text + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                    "0123456789._-")] == '\0';
    if (digits == 0 || digits > 5 || text[digits])
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (unsigned)(text[i] - '0');
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

/* Takes the host out of a node, without its brackets, which IPv6 alone has.  Returns what stands behind it; NULL: that
 * is no address. */
static const char *take_host(const struct node *node, char host[NODE_MAX + 1])
{
    bool bracketed = node->text[0] == '[';
    size_t length = strcspn(node->text + bracketed, bracketed ? "]" : ":");
    const char *rest = node->text + bracketed + length;

    memcpy(host, node->text + bracketed, length);
    host[length] = '\0';
    if (bracketed != (strchr(host, ':') != NULL) || (bracketed && *rest++ != ']'))
        return NULL;
    return rest;
}

static void set_none(struct address *address)
{
    memset(address, 0, sizeof *address);
    address->any.sa_family = AF_UNSPEC;
}

/* An address with or without a port; anything else is none. */
static void read_node(const struct node *node, struct address *address)
{
    char host[NODE_MAX + 1];
    const char *rest = node->length <= NODE_MAX ? take_host(node, host) : NULL;
    uint16_t port = 0;

    if (!rest || (*rest && (*rest != ':' || !read_port(rest + 1, &port))) || !address_from_literal(address, host, port))
        set_none(address);
}

/* --- elements --- */

/* [ name "=" value ].  False: it is broken, or its name was there before in this element. */
static bool read_pair(struct field_reader *reader, struct reading *reading)
{
    struct http_head_slice name;
    struct node value;
    bool is_for, is_by;

    field_reader_skip_blanks(reader);
    if (field_reader_at_end(reader) || field_reader_at(reader, ';') || field_reader_at(reader, ','))
        return true; /* it may be empty */
    if (!field_reader_take_token(reader, &name) || !field_reader_take_byte(reader, '=') || !take_value(reader, &value))
        return false;
    field_reader_skip_blanks(reader);
    is_for = http_head_slice_is(&name, "for");
    is_by = http_head_slice_is(&name, "by");
    if ((is_for && reading->said_for) || (is_by && reading->said_by))
        return false;
    reading->said_for |= is_for;
    reading->said_by |= is_by;
    if (is_for || is_by)
        read_node(&value, is_for ? &reading->out->for_ : &reading->out->by);
    return true;
}

/* One field: elements between commas, empty ones not counted (RFC 9110 section 5.6.1). */
static bool read_field(const struct http_head_slice *value, struct reading *reading)
{
    struct field_reader reader = field_reader_of(value);

    do {
        field_reader_skip_blanks(&reader);
        if (field_reader_at_end(&reader) || field_reader_at(&reader, ','))
            continue;
        reading->elements++;
        reading->said_for = reading->said_by = false;
        do
            if (!read_pair(&reader, reading))
                return false;
        while (field_reader_take_byte(&reader, ';'));
    } while (field_reader_take_byte(&reader, ','));
    return field_reader_at_end(&reader);
}

static enum forwarded_result judge(const struct http_fields *fields, struct forwarded *out)
{
    struct reading reading = {.out = out};
    bool found = false;

    for (size_t i = 0; i < fields->count; i++) {
        if (!http_head_slice_is(&fields->at[i].name, "Forwarded"))
            continue;
        found = true;
        if (!read_field(&fields->at[i].value, &reading))
            return FORWARDED_UNREADABLE;
    }
    if (!found)
        return FORWARDED_ABSENT;
    if (reading.elements > 1)
        return FORWARDED_SEVERAL;
    return out->for_.any.sa_family == AF_UNSPEC ? FORWARDED_NO_ADDRESS : FORWARDED_USABLE;
}

static void forget(struct forwarded *forwarded)
{
    set_none(&forwarded->for_);
    set_none(&forwarded->by);
}

enum forwarded_result forwarded_read(const struct http_fields *fields, struct forwarded *out)
{
    enum forwarded_result result;

    forget(out);
    result = judge(fields, out);
    if (result != FORWARDED_USABLE)
        forget(out);
    return result;
}

/* --- writing --- */

static const char *node_text(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
    struct address plain = *address;
    char host[ADDRESS_TEXT_MAX];

    if (address->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr)) {
        memset(&plain, 0, sizeof plain);
        plain.v4.sin_family = AF_INET;
        memcpy(&plain.v4.sin_addr, address->v6.sin6_addr.s6_addr + 12, sizeof plain.v4.sin_addr);
        address_set_port(&plain, address_port(address));
    }
    if (address_port(&plain) == 0)
        snprintf(out, ADDRESS_TEXT_MAX, plain.any.sa_family == AF_INET6 ? "[%.46s]" : "%.46s",
                 address_format_host(&plain, host));
    else
        address_format(&plain, out);
    return out;
}

const char *forwarded_write(const struct address *for_, const struct address *by, char out[FORWARDED_TEXT_MAX])
{
    char client[ADDRESS_TEXT_MAX], ours[ADDRESS_TEXT_MAX];

    if (by)
        snprintf(out, FORWARDED_TEXT_MAX, "for=\"%s\";by=\"%s\"", node_text(for_, client), node_text(by, ours));
    else
        snprintf(out, FORWARDED_TEXT_MAX, "for=\"%s\"", node_text(for_, client));
    return out;
}
