/* SPDX-License-Identifier: ISC */
/* The value of a Set-Proxy field, and that of a Location: whatever comes, it is refused for a reason or is about the
 * request that it answers, and says again what it said when it is written down and read once more. */
#include "redirect/setproxy.h"

#include <stdio.h>
#include <string.h>

#include "../fuzz.h"

#define CAP 86400 /* seconds */

static const struct scope_url urls[] = {
    {.scheme = "imap", .place = {.host = "mail.example.net", .port = 143}},
    {.scheme = "smtp", .place = {.host = "192.0.2.1", .port = 587}},
    {.scheme = "x-test", .place = {.host = "2001:db8::1", .port = 4242}},
};
#define URLS (sizeof urls / sizeof urls[0])

static void look(const struct setproxy *said, const struct scope_url *url)
{
    MUST(scope_covers(&said->scope, url));
    MUST(said->wider == (said->scope.kind != SCOPE_EXACT));
    MUST(said->lifetime.seconds <= CAP);
    MUST(said->lifetime.once || said->action != SETPROXY_SET || said->proxy.port > 0);
    for (const char *c = said->proxy.host; *c; c++)
        MUST(*c > 0x20 && *c < 0x7f && *c != '/' && *c != '@' && !(*c >= 'A' && *c <= 'Z'));
}

/* As the draft spells it. */
static void read_again(const struct setproxy *said, const struct scope_url *url)
{
    char proxy[ENDPOINT_URL_MAX] = "", scope[SCOPE_TEXT_MAX], lifetime[48], value[1200];
    struct setproxy again;
    const char *why;
    int length;

    if (said->action != SETPROXY_SET)
        return;
    setproxy_format_lifetime(&said->lifetime, lifetime);
    length = snprintf(value, sizeof value, "SET; proxyURI=\"%s\"; scope=\"%s\"; %s%s",
                      endpoint_format_url(&said->proxy, proxy), scope_format(&said->scope, scope),
                      said->lifetime.once || !(said->lifetime.hits || said->lifetime.seconds) ? "type=" : "", lifetime);
    MUST(length > 0 && (size_t)length < sizeof value);
    MUST(setproxy_parse(&again, url, value, (size_t)length, CAP, &why));
    MUST(endpoint_equal(&again.proxy, &said->proxy) && scope_equal(&again.scope, &said->scope));
    MUST(again.lifetime.once == said->lifetime.once);
    MUST(said->lifetime.once || (again.lifetime.hits == said->lifetime.hits &&
                                 again.lifetime.seconds == said->lifetime.seconds));
}

/* The first byte chooses the request. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const struct scope_url *url;
    struct setproxy said;
    const char *why = NULL;
    char *value;

    if (length < 1)
        return 0;
    url = &urls[bytes[0] % URLS];
    length--;
    value = malloc(length ? length : 1);
    MUST(value);
    memcpy(value, bytes + 1, length);
    if (setproxy_parse(&said, url, value, length, CAP, &why)) {
        look(&said, url);
        read_again(&said, url);
    } else {
        MUST(why && *why);
    }
    why = NULL;
    if (setproxy_from_location(&said, url, value, length, &why)) {
        look(&said, url);
        MUST(said.lifetime.once && !said.wider);
    } else {
        MUST(why && *why);
    }
    free(value);
    return 0;
}
