#include "auth/basic.h"

#include <stdio.h>
#include <string.h>

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
