#include "proxy/standing.h"

#include "base/log.h"

void standing_failed(const struct services *services, const char *name, const struct endpoint *proxy,
                     const struct failure *failure)
{
    uint64_t rest = health_failed(services->health, proxy, loop_now(services->loop), failure->what);
    char where[ENDPOINT_URL_MAX];

    if (rest > 0)
        log_message(LEVEL_WARNING, name, "%s rests for %u s: %s", endpoint_format_url(proxy, where),
                    (unsigned)((rest + 999) / 1000), failure->what);
}

void standing_sent_away(const struct services *services, const char *name, const struct endpoint *proxy,
                        unsigned seconds, const struct failure *failure)
{
    char where[ENDPOINT_URL_MAX];

    health_sent_away(services->health, proxy, loop_now(services->loop), seconds, failure->what);
    log_message(LEVEL_WARNING, name, "%s asks to be left alone for %u s: %s", endpoint_format_url(proxy, where),
                seconds, failure->what);
}

void standing_worked(const struct services *services, const struct endpoint *proxy)
{
    health_worked(services->health, proxy, loop_now(services->loop));
}

void standing_plain(const struct services *services, const char *name, const struct endpoint *proxy)
{
    char where[ENDPOINT_URL_MAX];

    health_set_plain(services->health, proxy, loop_now(services->loop));
    log_message(LEVEL_INFO, name, "%s takes requests without Upgrade only; it gets no other from now on",
                endpoint_format_url(proxy, where));
}
