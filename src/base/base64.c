#include "base/base64.h"

size_t base64_encode(const void *bytes, size_t length, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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
