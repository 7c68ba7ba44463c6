/* SPDX-License-Identifier: ISC */
#include "auth/basic.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"

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
    base64_encode(pair, (size_t)length, out + sizeof scheme - 1);
    explicit_bzero(pair, sizeof pair);
    return strlen(out);
}

static bool has_control(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f)
            return true;
    return false;
}

bool basic_read(const char *value, char pair[BASIC_PAIR_MAX], const char **user, const char **password)
{
    static const char scheme[] = "Basic ";
    char whole[(BASIC_PAIR_MAX - 1 + 2) / 3 * 3]; /* up to two bytes that do not fit are decoded all the same */
    size_t length, decoded;
    char *colon = NULL;

    memset(pair, 0, BASIC_PAIR_MAX);
    if (strncasecmp(value, scheme, sizeof scheme - 1) != 0)
        return false;
    value += sizeof scheme - 1;
    value += strspn(value, " ");
    length = strlen(value);
    if (length / 4 * 3 <= sizeof whole && base64_decode(value, length, whole, &decoded) && decoded < BASIC_PAIR_MAX &&
        !has_control(whole, decoded)) {
        memcpy(pair, whole, decoded);
        colon = memchr(pair, ':', decoded);
    }
    explicit_bzero(whole, sizeof whole);
    if (!colon)
        return false;
    *colon = '\0';
    *user = pair;
    *password = colon + 1;
    return true;
}
