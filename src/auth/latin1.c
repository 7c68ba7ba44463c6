/* SPDX-License-Identifier: ISC */
#include "auth/latin1.h"

#include <stdlib.h>
#include <string.h>

#define MICRO_SIGN 0xb5
#define A_GRAVE_SMALL 0xe0 /* from here on to the last but one all are small, 0x20 above their capitals, ... */
#define DIVISION_SIGN 0xf7 /* ... but for this one */
#define Y_DOTS_SMALL 0xff

/* How many bytes of UTF-8 stand for the character at text, which is not NUL; 0: it is no UTF-8 (RFC 3629). */
static size_t measure(const unsigned char *text)
{
    size_t length = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3
                    : text[0] < 0xf5 ? 4 : 0;

    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
        (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f)) /* too long, or no character */
        return 0;
    return length;
}

static bool is_utf8(const unsigned char *text)
{
    while (*text) {
        size_t length = measure(text);

        if (length == 0)
            return false;
        text += length;
    }
    return true;
}

bool latin1_from_utf8(const char *text, char **latin1)
{
    const unsigned char *from = (const unsigned char *)text;
    char *to = strdup(text);

    *latin1 = to;
    if (!to || !is_utf8(from))
        return true;
    while (*from && *from < 0xc4) { /* 0xc3 begins the last ones of Latin-1 */
        if (*from < 0x80) {
            *to++ = (char)*from++;
        } else {
            *to++ = (char)((from[0] & 0x03) << 6 | (from[1] & 0x3f));
            from += 2;
        }
    }
    explicit_bzero(to, strlen(to)); /* the end of a password, which was longer */
    if (!*from)
        return true;
    explicit_bzero(*latin1, strlen(text));
    free(*latin1);
    *latin1 = NULL;
    return false;
}

bool latin1_raise(char *text)
{
    bool all = true;

    for (unsigned char *at = (unsigned char *)text; *at; at++)
        if (*at == MICRO_SIGN || *at == Y_DOTS_SMALL)
            all = false;
        else if (*at >= A_GRAVE_SMALL && *at != DIVISION_SIGN)
            *at = (unsigned char)(*at - 0x20);
    return all;
}
