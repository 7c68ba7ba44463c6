#include "http/retry_after.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

int retry_after_read(const struct http_head *head, time_t wall)
{
    const struct http_head_slice *value = http_head_field(head, "Retry-After");
    char text[40];
    time_t then;

    if (!value || value->length == 0 || value->length >= sizeof text)
        return RETRY_AFTER_NONE;
    memcpy(text, value->bytes, value->length);
    text[value->length] = '\0';
    if (strspn(text, "0123456789") == value->length) {
        unsigned long seconds = value->length > 9 ? RETRY_AFTER_MAX : strtoul(text, NULL, 10);

        return seconds < RETRY_AFTER_MAX ? (int)seconds : RETRY_AFTER_MAX;
    }
    then = curl_getdate(text, NULL); /* reads all three forms of RFC 9110 section 5.6.7 */
    if (then < 0)
        return RETRY_AFTER_NONE;
    return then <= wall ? 0 : then - wall < RETRY_AFTER_MAX ? (int)(then - wall) : RETRY_AFTER_MAX;
}
