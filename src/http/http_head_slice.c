/* SPDX-License-Identifier: ISC */
#include "http/http_head_slice.h"

#include <string.h>
#include <strings.h>

bool http_head_is_token_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool http_head_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct http_head_slice http_head_trim(const char *start, const char *end)
{
    while (start < end && http_head_is_blank(*start))
        start++;
    while (end > start && http_head_is_blank(end[-1]))
        end--;
    return (struct http_head_slice){start, (size_t)(end - start)};
}

bool http_head_slice_is(const struct http_head_slice *slice, const char *text)
{
    return slice->length == strlen(text) && strncasecmp(slice->bytes, text, slice->length) == 0;
}
