#include "config/listening.h"

bool listening_at(const struct config *config, size_t i, struct listening *out)
{
    if (i < config->listener_count) {
        const struct listener_config *listener = &config->listeners[i];

        *out = (struct listening){listener->name, listener->line, &listener->listen, listener, NULL, NULL};
        return true;
    }
    i -= config->listener_count;
    if (i < config->relay_count) {
        const struct relay_config *relay = &config->relays[i];

        *out = (struct listening){relay->name, relay->line, &relay->listen, NULL, relay, NULL};
        return true;
    }
    i -= config->relay_count;
    if (i < config->public_count) {
        const struct public_config *port = &config->publics[i];

        *out = (struct listening){port->name, port->line, &port->listen, NULL, NULL, port};
        return true;
    }
    return false;
}

size_t listening_count(const struct config *config)
{
    return config->listener_count + config->relay_count + config->public_count;
}
