/* SPDX-License-Identifier: ISC */
#include "discover/found_servers.h"

#include <string.h>
#include <strings.h>

#include "config/places.h"

/* How good it is, the least being best. */
static unsigned rank(const struct found_server *server)
{
    return (server->foreign ? 4u : 0u) + (server->oauth_only ? 2u : 0u) + (server->tls == TLS_YES ? 0u : 1u);
}

static bool is_same(const struct found_server *a, const struct found_server *b)
{
    return a->protocol == b->protocol && a->tls == b->tls && a->place.port == b->place.port &&
           strcasecmp(a->place.host, b->place.host) == 0;
}

static void take_out(struct found_servers *found, size_t i)
{
    memmove(&found->at[i], &found->at[i + 1], (found->count - i - 1) * sizeof found->at[0]);
    found->count--;
}

/* Where it is to stand: behind those of its protocol that are as good. */
static size_t place_of(const struct found_servers *found, const struct found_server *server)
{
    size_t i = 0;

    while (i < found->count && (found->at[i].protocol != server->protocol || rank(&found->at[i]) <= rank(server)))
        i++;
    return i;
}

/* Makes room for one of a protocol at that place.  False: there is none, as it would be the worst. */
static bool make_room(struct found_servers *found, const struct protocol *protocol, size_t place)
{
    size_t count = 0, worst = 0;

    for (size_t i = 0; i < found->count; i++)
        if (found->at[i].protocol == protocol) {
            count++;
            worst = i;
        }
    if (count < FOUND_SERVERS_OF_ONE_MAX)
        return found->count < FOUND_SERVERS_MAX;
    if (place > worst)
        return false;
    take_out(found, worst);
    return true;
}

bool found_servers_add(struct found_servers *found, const struct found_server *server)
{
    size_t place;

    for (size_t i = 0; i < found->count; i++)
        if (is_same(&found->at[i], server)) {
            if (!found->at[i].foreign || server->foreign)
                return true;
            take_out(found, i); /* what says so now is to be believed */
            break;
        }
    place = place_of(found, server);
    if (!make_room(found, server->protocol, place))
        return false;
    memmove(&found->at[place + 1], &found->at[place], (found->count - place) * sizeof found->at[0]);
    found->at[place] = *server;
    found->count++;
    return true;
}

const char *found_servers_fault(const struct endpoint *place)
{
    if (strchr(place->host, ':') || endpoint_ends_in_number(place->host))
        return "an address in place of a name has no certificate";
    if (places_is_loopback(place))
        return "localhost is whatever machine asks for it";
    return NULL;
}

const struct found_server *found_servers_best(const struct found_servers *found, const struct protocol *protocol)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->at[i].protocol == protocol)
            return &found->at[i];
    return NULL;
}

const struct found_server *found_servers_of(const struct found_servers *found, const char *section)
{
    return found_servers_best(found, protocol_find(section, strlen(section)));
}

/* Whether the best one of that protocol needs no person's consent. */
static bool has(const struct found_servers *found, const char *section)
{
    const struct found_server *server = found_servers_of(found, section);

    return server && !server->foreign;
}

bool found_servers_suffice(const struct found_servers *found)
{
    return (has(found, "imap") || has(found, "pop3")) && has(found, "submission");
}
