/* SPDX-License-Identifier: ISC */
/* Places, SRV targets, URLs, proxy variables and no_proxy lists. */
#include "net/endpoint.h"

#include <string.h>

#include "../fuzz.h"
#include "config/no_proxy.h"
#include "config/proxy_environment.h"

static void look(const struct endpoint *place)
{
    char text[ENDPOINT_TEXT_MAX];
    struct endpoint again;
    const char *why;

    MUST(place->port > 0 && place->host[0]);
    endpoint_format(place, text);
    MUST(endpoint_parse(&again, text, strlen(text), 0, &why));
    again.tls = place->tls; /* has no part in the text */
    MUST(endpoint_equal(place, &again));
}

static void read_place(const char *text, size_t length)
{
    struct endpoint place;
    const char *why = NULL;

    if (endpoint_parse(&place, text, length, 143, &why)) {
        look(&place);
        MUST(endpoint_host_within(place.host, place.host, strlen(place.host)) || strchr(place.host, ':'));
    } else {
        MUST(why && *why);
    }
}

static void read_target(const char *text, size_t length)
{
    struct endpoint_target target;
    const char *why = NULL;

    if (!endpoint_parse_target(&target, text, length, 0, &why))
        MUST(why && *why);
    else if (!target.srv)
        look(&target.place);
    else
        MUST(target.place.host[0] && target.place.port == 0 && !strchr(target.place.host, ':'));
}

static void read_url(const char *text, size_t length)
{
    struct endpoint place;
    const char *why = NULL, *userinfo;
    size_t userinfo_length;

    if (endpoint_parse_url(&place, text, length, &why))
        look(&place);
    else
        MUST(why && *why);
    why = NULL;
    if (proxy_environment_parse(&place, text, length, &userinfo, &userinfo_length, &why)) {
        char decoded[64];

        look(&place);
        MUST(userinfo >= text && userinfo + userinfo_length <= text + length);
        if (endpoint_decode(userinfo, userinfo_length, decoded, sizeof decoded))
            MUST(strlen(decoded) <= userinfo_length);
    } else {
        MUST(why && *why);
    }
}

/* The whole, a NUL behind it, as a list. */
static void read_list(const char *text, size_t length)
{
    static const struct endpoint places[] = {
        {.host = "mail.example.net", .port = 143}, {.host = "::1", .port = 143}, {.host = "10.0.0.1", .port = 143},
    };
    char *list = malloc(length + 1);
    const char *rest = list;
    size_t useless;

    MUST(list);
    memcpy(list, text, length);
    list[length] = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        (void)no_proxy_excludes(&places[i], list);
    if (strcmp(list, "*") == 0)
        MUST(no_proxy_excludes(&places[0], list));
    while (no_proxy_next_useless(&rest, &useless))
        MUST(useless > 0 && rest <= list + length);
    free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = malloc(length ? length : 1), decoded[32];

    MUST(text);
    memcpy(text, bytes, length);
    read_place(text, length);
    read_target(text, length);
    read_url(text, length);
    read_list(text, length);
    (void)endpoint_host_within("mail.example.net", text, length);
    if (endpoint_decode(text, length, decoded, sizeof decoded))
        MUST(strlen(decoded) < sizeof decoded);
    free(text);
    return 0;
}
