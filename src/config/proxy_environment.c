#include "config/proxy_environment.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *variable(const char *name)
{
    char upper[64];
    const char *value = getenv(name);
    size_t i;

    for (i = 0; name[i] && i < sizeof upper - 1; i++)
        upper[i] = (char)toupper((unsigned char)name[i]);
    upper[i] = '\0';
    if (!value || !*value)
        value = getenv(upper);
    return value && *value ? value : NULL;
}

const char *proxy_environment_find(const char *scheme)
{
    char name[64];
    const char *value;

    snprintf(name, sizeof name, "%.40s_proxy", scheme);
    value = variable(name);
    return value ? value : variable("all_proxy");
}

const char *proxy_environment_no_proxy(void)
{
    return variable("no_proxy");
}

bool proxy_environment_parse(struct endpoint *endpoint, const char *text, size_t length, const char **userinfo,
                             size_t *userinfo_length, const char **why)
{
    const char *end = text + length, *at;

    endpoint->tls = endpoint->socks = false;
    if (memmem(text, length, "://", 3)) {
        size_t skip = endpoint_parse_scheme(endpoint, text, length, why);

        if (skip == 0)
            return false;
        text += skip;
    }
    at = memrchr(text, '@', (size_t)(end - text));
    *userinfo = text;
    *userinfo_length = at ? (size_t)(at - text) : 0;
    if (at)
        text = at + 1;
    return endpoint_parse_authority(endpoint, text, (size_t)(end - text), why);
}

static bool no_proxy_member_names(const char *member, size_t length, const struct endpoint *endpoint)
{
    struct endpoint named;
    struct in6_addr ignored;
    const char *host = member, *colon = memchr(member, ':', length), *why;

    if (length == 1 && *member == '*')
        return true;
    if (inet_pton(AF_INET, endpoint->host, &ignored) == 1 || strchr(endpoint->host, ':')) { /* must be equal */
        if (length == strlen(endpoint->host) && strncasecmp(member, endpoint->host, length) == 0)
            return true;
        return endpoint_parse(&named, member, length, endpoint->port, &why) && endpoint_equal(&named, endpoint);
    }
    if (colon) {
        uint16_t port;

        if (!endpoint_parse_port(&port, colon + 1, (size_t)(member + length - colon) - 1, &why) ||
            port != endpoint->port)
            return false;
        length = (size_t)(colon - member);
    }
    if (length > 2 && host[0] == '*' && host[1] == '.')
        host++, length--;
    return endpoint_host_within(endpoint->host, host, length);
}

bool proxy_environment_excludes(const struct endpoint *endpoint, const char *list)
{
    static const char separators[] = ", \t";

    for (list += strspn(list, separators); *list; list += strspn(list, separators)) {
        size_t length = strcspn(list, separators);

        if (no_proxy_member_names(list, length, endpoint))
            return true;
        list += length;
    }
    return false;
}
