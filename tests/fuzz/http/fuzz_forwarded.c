/* SPDX-License-Identifier: ISC */
/* The fields Forwarded of a head, one a line.  What was read is written and read again. */
#include "http/forwarded.h"

#include <string.h>

#include "../fuzz.h"

#define BYTES_MAX 4096

static bool is_none(const struct address *address)
{
    return address->any.sa_family == AF_UNSPEC;
}

/* An IPv4 address mapped into IPv6 is written as IPv4; every other comes back as it was. */
static void compare(const struct address *a, const struct address *b)
{
    bool mapped = a->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr);

    MUST(address_port(a) == address_port(b));
    MUST(mapped ? b->any.sa_family == AF_INET : address_equal(a, b));
}

static void write_and_read(const struct forwarded *first)
{
    char text[FORWARDED_TEXT_MAX];
    struct http_fields fields = {.count = 1};
    struct forwarded second;

    forwarded_write(&first->for_, is_none(&first->by) ? NULL : &first->by, text);
    fields.at[0].name = (struct http_head_slice){"Forwarded", 9};
    fields.at[0].value = (struct http_head_slice){text, strlen(text)};
    MUST(forwarded_read(&fields, &second) == FORWARDED_USABLE);
    compare(&first->for_, &second.for_);
    MUST(is_none(&first->by) == is_none(&second.by));
    if (!is_none(&first->by))
        compare(&first->by, &second.by);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct http_fields fields;
    char *values[HTTP_FIELDS_MAX];
    const uint8_t *at = bytes, *end = bytes + length;
    struct forwarded forwarded;

    if (length > BYTES_MAX)
        return 0;
    fields.count = 0;
    while (at && fields.count < HTTP_FIELDS_MAX) {
        const uint8_t *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        size_t value = (size_t)((newline ? newline : end) - at);

        values[fields.count] = malloc(value ? value : 1); /* of its very size */
        MUST(values[fields.count]);
        if (value > 0)
            memcpy(values[fields.count], at, value);
        fields.at[fields.count].name = (struct http_head_slice){"Forwarded", 9};
        fields.at[fields.count].value = (struct http_head_slice){values[fields.count], value};
        fields.count++;
        at = newline ? newline + 1 : NULL;
    }
    if (forwarded_read(&fields, &forwarded) == FORWARDED_USABLE) {
        MUST(!is_none(&forwarded.for_));
        write_and_read(&forwarded);
    } else {
        MUST(is_none(&forwarded.for_) && is_none(&forwarded.by));
    }
    for (size_t i = 0; i < fields.count; i++)
        free(values[i]);
    return 0;
}
