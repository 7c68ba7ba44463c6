/* SPDX-License-Identifier: ISC */
#include "base/escape.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Writes the escaped form of one byte and returns its length.  No snprintf: it runs for each byte of an HTTP head. */
static size_t escape(char piece[4], unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    char letter = (char)byte;

    switch (byte) {
    case '\r': letter = 'r'; break;
    case '\n': letter = 'n'; break;
    case '\t': letter = 't'; break;
    case '"':
    case '\\': break;
    default:
        piece[0] = letter;
        if (byte >= 0x20 && byte <= 0x7e)
            return 1;
        memcpy(piece, (char[]){'\\', 'x', digits[byte >> 4], digits[byte & 15]}, 4);
        return 4;
    }
    piece[0] = '\\';
    piece[1] = letter;
    return 2;
}

const char *log_escape(char *out, size_t size, const void *bytes, size_t length)
{
    const unsigned char *from = bytes;
    size_t at = 0;

    for (size_t i = 0; i < length; i++) {
        char piece[4];
        size_t written = escape(piece, from[i]);

        if (at + written >= size)
            break;
        memcpy(out + at, piece, written);
        at += written;
    }
    if (size > 0)
        out[at] = '\0';
    return out;
}

/* Length of the escape at text, which log_escape wrote; 0: there is none. */
static size_t escape_length(const char *text)
{
    if (text[0] != '\\' || !text[1])
        return 0;
    if (strchr("rnt\"\\", text[1]))
        return 2;
    return text[1] == 'x' && isxdigit((unsigned char)text[2]) && isxdigit((unsigned char)text[3]) ? 4 : 0;
}

const char *log_quote(char *out, size_t size, const char *text)
{
    size_t at = 0;

    while (*text) {
        size_t length = escape_length(text);
        bool bare = length == 0 && (*text == '"' || *text == '\\');

        length = length > 0 ? length : 1;
        if (at + bare + length >= size)
            break;
        if (bare)
            out[at++] = '\\';
        memcpy(out + at, text, length);
        at += length;
        text += length;
    }
    if (size > 0)
        out[at] = '\0';
    return out;
}
