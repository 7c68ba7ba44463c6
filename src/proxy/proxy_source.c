/* SPDX-License-Identifier: ISC */
#include "proxy/proxy_source.h"

#include <string.h>

#include "config/proxy_environment.h"

static bool lists(const struct proxy_config *section, const struct endpoint *proxy)
{
    for (size_t i = 0; i < section->urls.count; i++)
        if (endpoint_equal(&section->urls.at[i], proxy))
            return true;
    return false;
}

static bool is_in_environment(const struct listener_config *listener, const struct endpoint *proxy)
{
    enum places_source source = listener->proxy->urls.source;
    const char *url, *userinfo, *why;
    struct endpoint named;
    size_t length;

    if (source != PLACES_ENVIRONMENT && source != PLACES_SYSTEM)
        return false;
    url = proxy_environment_find(listener->scheme);
    return url && proxy_environment_parse(&named, url, strlen(url), &userinfo, &length, &why) &&
           endpoint_equal(&named, proxy);
}

bool proxy_source_names(const struct listener_config *listener, const struct endpoint *proxy)
{
    return listener->proxy && (lists(listener->proxy, proxy) || is_in_environment(listener, proxy));
}

const char *proxy_source_word(const struct config *config, const struct finder *finder, const struct endpoint *proxy)
{
    static const char *const words[] = {
        [PLACES_LISTED] = "file", [PLACES_ENVIRONMENT] = "environment", [PLACES_PAC] = "pac",
        [PLACES_SYSTEM] = "system", [PLACES_COMMAND] = "command",
    };
    const struct proxy_config *section;

    for (size_t i = 0; i < config->proxy_count; i++)
        if (lists(&config->proxies[i], proxy))
            return words[PLACES_LISTED];
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].proxy && is_in_environment(&config->listeners[i], proxy))
            return words[PLACES_ENVIRONMENT];
    section = finder ? finder_names(finder, proxy) : NULL;
    return section ? words[section->urls.source] : NULL;
}
