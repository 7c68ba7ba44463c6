/* SPDX-License-Identifier: ISC */
#include "http/retry_after.h"

#include <stdlib.h>
#include <string.h>

#include "http/http_date.h"

int retry_after_read(const struct http_head *head, time_t wall)
{
    const struct http_head_slice *value = http_head_field(head, "Retry-After");
    char text[40];
    int64_t then;

    if (!value || value->length == 0 || value->length >= sizeof text)
        return RETRY_AFTER_NONE;
    memcpy(text, value->bytes, value->length);
    text[value->length] = '\0';
    if (strspn(text, "0123456789") == value->length) {
        unsigned long seconds = value->length > 9 ? RETRY_AFTER_MAX : strtoul(text, NULL, 10);

        return seconds < RETRY_AFTER_MAX ? (int)seconds : RETRY_AFTER_MAX;
    }
    if (!http_date_read(text, wall, &then))
        return RETRY_AFTER_NONE;
    return then <= wall ? 0 : then - wall < RETRY_AFTER_MAX ? (int)(then - wall) : RETRY_AFTER_MAX;
}
