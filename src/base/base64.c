/* SPDX-License-Identifier: ISC */
#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(const void *bytes, size_t length, char *out)
{
    const unsigned char *from = bytes;
    size_t at = 0;

    for (size_t i = 0; i < length; i += 3) {
        unsigned long group = (unsigned long)from[i] << 16;

        group |= i + 1 < length ? (unsigned long)from[i + 1] << 8 : 0;
        group |= i + 2 < length ? from[i + 2] : 0;
        out[at++] = digits[group >> 18 & 63];
        out[at++] = digits[group >> 12 & 63];
        out[at++] = i + 1 < length ? digits[group >> 6 & 63] : '=';
        out[at++] = i + 2 < length ? digits[group & 63] : '=';
    }
    out[at] = '\0';
    return at;
}

/* The value of a digit; 64: it is none. */
static unsigned value_of(char digit)
{
    unsigned value = 0;

    while (value < 64 && digits[value] != digit)
        value++;
    return value;
}

bool base64_decode(const char *text, size_t length, void *out, size_t *decoded)
{
    unsigned char *bytes = out;
    size_t padding = 0, at = 0;

    *decoded = 0;
    if (length % 4 != 0)
        return false;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < length; i += 4) {
        size_t missing = i + 4 == length ? padding : 0;
        unsigned long group = 0;

        for (size_t k = 0; k < 4; k++) {
            unsigned value = k < 4 - missing ? value_of(text[i + k]) : 0;

            if (value == 64)
                return false;
            group = group << 6 | value;
        }
        if (group & (missing == 2 ? 0xffffUL : missing == 1 ? 0xffUL : 0)) /* bits that stand for nothing */
            return false;
        for (size_t k = 0; k < 3 - missing; k++)
            bytes[at++] = (unsigned char)(group >> (16 - 8 * k) & 255);
    }
    *decoded = at;
    return true;
}
