/* SPDX-License-Identifier: ISC */
#include "http/http_fields.h"

#include <string.h>

enum http_fields_fault http_fields_add(struct http_fields *fields, const char *line, const char *end)
{
    const char *colon = memchr(line, ':', (size_t)(end - line));

    if (line < end && http_head_is_blank(*line))
        return HTTP_FIELDS_BLANK_START;
    if (!colon || colon == line)
        return HTTP_FIELDS_NO_NAME;
    for (const char *c = line; c < colon; c++)
        if (!http_head_is_token_byte(*c))
            return HTTP_FIELDS_BROKEN_NAME;
    if (fields->count == HTTP_FIELDS_MAX)
        return HTTP_FIELDS_TOO_MANY;
    fields->at[fields->count].name = (struct http_head_slice){line, (size_t)(colon - line)};
    fields->at[fields->count++].value = http_head_trim(colon + 1, end);
    return HTTP_FIELDS_NO_FAULT;
}

const struct http_head_slice *http_fields_find(const struct http_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (http_head_slice_is(&fields->at[i].name, name))
            return &fields->at[i].value;
    return NULL;
}

size_t http_fields_count(const struct http_fields *fields, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < fields->count; i++)
        count += http_head_slice_is(&fields->at[i].name, name);
    return count;
}

bool http_fields_next_member(const struct http_fields *fields, const char *name, size_t *field, size_t *offset,
                             struct http_head_slice *member)
{
    for (; *field < fields->count; (*field)++, *offset = 0) {
        const struct http_head_slice *value = &fields->at[*field].value;

        if (!http_head_slice_is(&fields->at[*field].name, name))
            continue;
        while (*offset < value->length) {
            const char *start = value->bytes + *offset, *end = value->bytes + value->length;
            const char *comma = memchr(start, ',', (size_t)(end - start));

            *offset = (size_t)((comma ? comma + 1 : end) - value->bytes);
            *member = http_head_trim(start, comma ? comma : end);
            if (member->length > 0)
                return true;
        }
    }
    return false;
}

bool http_fields_have_member(const struct http_fields *fields, const char *name, const char *member)
{
    struct http_head_slice found;
    size_t field = 0, offset = 0;

    while (http_fields_next_member(fields, name, &field, &offset, &found))
        if (http_head_slice_is(&found, member))
            return true;
    return false;
}
