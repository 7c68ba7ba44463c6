/* SPDX-License-Identifier: ISC */
#include "config/listening.h"

#include "net/machine.h"

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

/* A valid configuration has only localhost and address literals here. */
static bool is_met_at(const struct endpoint *place, const struct address *address)
{
    static const char *const localhost[] = {"127.0.0.1", "::1"};
    struct address own;

    if (address_from_literal(&own, place->host, place->port))
        return machine_gets(&own, address);
    for (size_t i = 0; i < 2; i++)
        if (address_from_literal(&own, localhost[i], place->port) && machine_gets(&own, address))
            return true;
    return false;
}

bool listening_on(const struct config *config, const struct address *address)
{
    struct listening listening;

    for (size_t i = 0; listening_at(config, i, &listening); i++)
        for (size_t k = 0; k < listening.places->count; k++)
            if (is_met_at(&listening.places->at[k], address))
                return true;
    return false;
}

bool listening_names_port(const struct config *config, uint16_t port)
{
    struct listening listening;

    for (size_t i = 0; listening_at(config, i, &listening); i++)
        for (size_t k = 0; k < listening.places->count; k++)
            if (listening.places->at[k].port == port)
                return true;
    return false;
}
