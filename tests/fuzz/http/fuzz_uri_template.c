/* SPDX-License-Identifier: ISC */
/* A path or template from the configuration: what is accepted goes out as a request-target, whatever the target is. */
#include "http/uri_template.h"

#include <ctype.h>
#include <string.h>

#include "../fuzz.h"

/* Whether it can stand in a request line: the bytes of path and query (RFC 3986), and nothing else. */
static void look(const char *text, size_t length)
{
    MUST(length > 0 && length < URI_TEMPLATE_MAX && text[0] == '/');
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        MUST(letter || (c >= '0' && c <= '9') || (c && strchr("-._~!$&'()*+,;=:@/?%", c)));
        MUST(c != '%' || (length - i > 2 && isxdigit((unsigned char)text[i + 1]) &&
                          isxdigit((unsigned char)text[i + 2])));
    }
}

static void expand(const char *path, const struct endpoint *target)
{
    char whole[URI_TEMPLATE_MAX], *exact, port[8];
    size_t length = uri_template_expand(path, target, whole, sizeof whole);

    look(whole, length);
    MUST(strlen(whole) == length);
    snprintf(port, sizeof port, "%u", (unsigned)target->port);
    MUST(strstr(whole, port));
    exact = malloc(length + 1);
    MUST(exact);
    MUST(uri_template_expand(path, target, exact, length + 1) == length);
    MUST(memcmp(exact, whole, length + 1) == 0);
    for (size_t size = 0; size <= length; size += 1 + length / 7)
        MUST(uri_template_expand(path, target, exact, size) == 0);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct endpoint targets[] = {
        {.host = "mail.example.net", .port = 143},
        {.host = "2001:db8:1:2:3:4:255.255.255.255", .port = 1},
        {.host = "A", .port = 65535}, /* becomes the longest name */
    };
    const char *path = (const char *)bytes, *why = NULL;
    char *text, out[URI_TEMPLATE_MAX];

    memset(targets[2].host, 'A', ENDPOINT_HOST_MAX);
    MUST(uri_path_begin(path, length) <= length);
    if (uri_path_check(path, length, &why))
        look(path, length);
    else
        MUST(why && *why);
    text = malloc(length + 1);
    MUST(text);
    memcpy(text, bytes, length);
    text[length] = '\0';
    why = NULL;
    if (uri_template_check(path, length, &why)) {
        MUST(!why && uri_path_is_template(path, length) && !uri_path_check(path, length, &why));
        for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
            expand(text, &targets[i]);
    } else {
        size_t written = uri_template_expand(text, &targets[0], out, sizeof out);

        MUST(why && *why);
        if (written > 0) /* it is only the longest host that is too long for it, or a NUL stands behind it */
            look(out, written);
    }
    free(text);
    return 0;
}
