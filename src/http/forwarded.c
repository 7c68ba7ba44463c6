#include "http/forwarded.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NODE_MAX 64 /* bytes of a node that is an address with its port; a longer one is none */

/* The part of a field's value that is not read yet. */
struct reader {
    const char *at, *end;
};

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

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && http_head_is_blank(*reader->at))
        reader->at++;
}

static bool take_byte(struct reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

static bool take_token(struct reader *reader, struct http_head_slice *token)
{
    const char *start = reader->at;

    while (reader->at < reader->end && http_head_is_token_byte(*reader->at))
        reader->at++;
    *token = (struct http_head_slice){start, (size_t)(reader->at - start)};
    return token->length > 0;
}

static void node_put(struct node *node, char c)
{
    if (node->length < NODE_MAX) {
        node->text[node->length] = c;
        node->text[node->length + 1] = '\0';
    }
    node->length++;
}

/* RFC 9110 section 5.6.4, behind the opening quote. */
static bool take_quoted(struct reader *reader, struct node *node)
{
    while (reader->at < reader->end) {
        char c = *reader->at++;

        if (c == '"')
            return true;
        if (c == '\\') {
            if (reader->at == reader->end)
                return false;
            c = *reader->at++;
        }
        if ((c < 0x20 && c >= 0 && c != '\t') || c == 0x7f)
            return false;
        node_put(node, c);
    }
    return false;
}

static bool take_value(struct reader *reader, struct node *node)
{
    struct http_head_slice token;

    *node = (struct node){0};
    if (take_byte(reader, '"'))
        return take_quoted(reader, node);
    if (!take_token(reader, &token))
        return false;
    for (size_t i = 0; i < token.length; i++)
        node_put(node, token.bytes[i]);
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
static bool read_pair(struct reader *reader, struct reading *reading)
{
    struct http_head_slice name;
    struct node value;
    bool is_for, is_by;

    skip_blanks(reader);
    if (reader->at == reader->end || *reader->at == ';' || *reader->at == ',')
        return true; /* it may be empty */
    if (!take_token(reader, &name) || !take_byte(reader, '=') || !take_value(reader, &value))
        return false;
    skip_blanks(reader);
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
    struct reader reader = {value->bytes, value->bytes + value->length};

    do {
        skip_blanks(&reader);
        if (reader.at == reader.end || *reader.at == ',')
            continue;
        reading->elements++;
        reading->said_for = reading->said_by = false;
        do
            if (!read_pair(&reader, reading))
                return false;
        while (take_byte(&reader, ';'));
    } while (take_byte(&reader, ','));
    return reader.at == reader.end;
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

const char *forwarded_complaint(enum forwarded_result result)
{
    switch (result) {
    case FORWARDED_USABLE: break;
    case FORWARDED_ABSENT: return "does not say who the client is (no Forwarded)";
    case FORWARDED_SEVERAL: return "names more than one client (Forwarded)";
    case FORWARDED_NO_ADDRESS: return "does not say at which address the client is (Forwarded)";
    case FORWARDED_UNREADABLE: return "says who the client is in a way that cannot be read (Forwarded)";
    }
    return "says who the client is (Forwarded)";
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
