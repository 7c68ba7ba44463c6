/* SPDX-License-Identifier: ISC */
#include "config/config_secrets.h"

#include <string.h>

#include "base/secrets.h"
#include "config/listening.h"

/* What is done with each text.  False: out of memory. */
struct treatment {
    bool (*secret)(const char *bytes, size_t length);
    bool (*word)(const char *word);
};

static bool treat_header(const char *header, const struct treatment *treatment)
{
    const char *value = header + strcspn(header, ":");

    value += strspn(value, ": \t");
    return treatment->secret(value, strlen(value));
}

static bool treat_places(const struct value_places *places, const struct treatment *treatment)
{
    bool good = true;

    for (size_t i = 0; i < places->count; i++)
        good &= treatment->word(places->at[i].host);
    return good;
}

/* A [proxy], or what a [reverse] says to its relay. */
static bool treat_proxy(const struct proxy_config *proxy, const struct treatment *treatment)
{
    bool good = true;

    if (proxy->password) /* its base64 is registered only while it is in use: see auth/authenticator.c */
        good &= treatment->secret(proxy->password, strlen(proxy->password));
    for (size_t i = 0; i < proxy->headers.count; i++)
        good &= treat_header(proxy->headers.at[i], treatment);
    for (size_t i = 0; i < proxy->trusted.count; i++)
        good &= treatment->word(proxy->trusted.at[i]);
    good &= treatment->word(proxy->urls.asked);
    return treat_places(&proxy->urls, treatment) && good;
}

static bool treat(const struct config *config, const struct treatment *treatment)
{
    struct listening listening;
    bool good = true;

    for (size_t i = 0; i < config->proxy_count; i++)
        good &= treat_proxy(&config->proxies[i], treatment);
    for (size_t i = 0; i < config->listener_count; i++)
        good &= treatment->word(config->listeners[i].target.place.host);
    for (size_t i = 0; i < config->reverse_count; i++) {
        const struct reverse_config *reverse = &config->reverses[i];

        good &= treat_proxy(&reverse->relay, treatment);
        good &= treatment->word(reverse->name);
        good &= treatment->word(reverse->home.target.place.host);
    }
    for (size_t i = 0; i < config->public_count; i++)
        good &= treatment->word(config->publics[i].registered.host);
    for (size_t i = 0; listening_at(config, i, &listening); i++) {
        good &= treatment->word(listening.name);
        good &= treat_places(listening.places, treatment);
    }
    return good;
}

bool config_secrets_hold(const struct config *config)
{
    static const struct treatment hold = {secrets_hold, secrets_show};

    return treat(config, &hold);
}

static bool drop_secret(const char *bytes, size_t length)
{
    secrets_drop(bytes, length);
    return true;
}

static bool hide_word(const char *word)
{
    secrets_hide(word);
    return true;
}

void config_secrets_drop(const struct config *config)
{
    static const struct treatment drop = {drop_secret, hide_word};

    treat(config, &drop);
}
