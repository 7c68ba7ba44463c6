/* SPDX-License-Identifier: ISC */
#include "findproxy/script_text.h"

#include <stdlib.h>
#include <string.h>

#define MARK "\xef\xbb\xbf" /* of UTF-8, in front of the text */

/* How many bytes the character at at has, or 0 where it is no UTF-8 (RFC 3629: not too long, no surrogate, no more than
 * U+10FFFF). */
static size_t character(const unsigned char *at, size_t left)
{
    size_t count = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;

    if (count == 0 || count > left)
        return 0;
    for (size_t i = 1; i < count; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return count;
}

static bool is_utf8(const unsigned char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t count = character(bytes + at, length - at);

        if (count == 0)
            return false;
        at += count;
    }
    return true;
}

/* Latin-1: each byte is the character of its number. */
static size_t widen(char *text, const unsigned char *bytes, size_t length)
{
    size_t size = 0;

    for (size_t i = 0; i < length; i++) {
        if (bytes[i] < 0x80) {
            text[size++] = (char)bytes[i];
        } else {
            text[size++] = (char)(0xc0 | bytes[i] >> 6);
            text[size++] = (char)(0x80 | (bytes[i] & 0x3f));
        }
    }
    return size;
}

char *script_text_read(const char *bytes, size_t length, size_t *size, const char **why)
{
    char *text;

    if (memchr(bytes, '\0', length)) {
        *why = "it has a NUL byte, so it is no text (or UTF-16: it must be saved as UTF-8)";
        return NULL;
    }
    if (length >= strlen(MARK) && memcmp(bytes, MARK, strlen(MARK)) == 0) {
        bytes += strlen(MARK);
        length -= strlen(MARK);
    }
    text = malloc(2 * length + 1);
    if (!text) {
        *why = "out of memory";
        return NULL;
    }
    if (is_utf8((const unsigned char *)bytes, length)) {
        memcpy(text, bytes, length);
        *size = length;
    } else {
        *size = widen(text, (const unsigned char *)bytes, length);
    }
    text[*size] = '\0';
    return text;
}

bool script_text_is_page(const char *text, size_t size)
{
    static const char comment[] = "<!--"; /* one of JavaScript, too */
    size_t at = 0;

    while (at < size && strchr(" \t\r\n", text[at]) && text[at])
        at++;
    return at < size && text[at] == '<' &&
           (size - at < strlen(comment) || strncmp(text + at, comment, strlen(comment)) != 0);
}
