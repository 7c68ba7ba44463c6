#include "auth/basic.h"

#include <stdio.h>
#include <string.h>

/* RFC 4648 section 4. */
static void encode(const unsigned char *bytes, size_t length, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < length; i += 3) {
        unsigned long group = (unsigned long)bytes[i] << 16;

        group |= i + 1 < length ? (unsigned long)bytes[i + 1] << 8 : 0;
        group |= i + 2 < length ? bytes[i + 2] : 0;
        *out++ = digits[group >> 18 & 63];
        *out++ = digits[group >> 12 & 63];
        *out++ = i + 1 < length ? digits[group >> 6 & 63] : '=';
        *out++ = i + 2 < length ? digits[group & 63] : '=';
    }
    *out = '\0';
}

size_t basic_format(const char *user, const char *password, char out[BASIC_MAX])
{
    static const char scheme[] = "Basic ";
    char pair[(BASIC_MAX - sizeof scheme) / 4 * 3];
    int length = snprintf(pair, sizeof pair, "%s:%s", user, password);

    if (length < 0 || (size_t)length >= sizeof pair) {
        explicit_bzero(pair, sizeof pair);
        return 0;
    }
    memcpy(out, scheme, sizeof scheme - 1);
    encode((const unsigned char *)pair, (size_t)length, out + sizeof scheme - 1);
    explicit_bzero(pair, sizeof pair);
    return strlen(out);
}
