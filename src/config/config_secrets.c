#include "config/config_secrets.h"

#include <string.h>

#include "base/secrets.h"

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

static bool treat(const struct config *config, const struct treatment *treatment)
{
    bool good = true;

    for (size_t i = 0; i < config->proxy_count; i++) {
        const struct proxy_config *proxy = &config->proxies[i];

        if (proxy->password) /* its base64 is registered only while it is in use: see auth/authenticator.c */
            good &= treatment->secret(proxy->password, strlen(proxy->password));
        for (size_t j = 0; j < proxy->headers.count; j++)
            good &= treat_header(proxy->headers.at[j], treatment);
        good &= treat_places(&proxy->urls, treatment);
    }
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener_config *listener = &config->listeners[i];

        good &= treatment->word(listener->name);
        good &= treatment->word(listener->target.place.host);
        good &= treat_places(&listener->listen, treatment);
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
