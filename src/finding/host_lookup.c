/* SPDX-License-Identifier: ISC */
#include "finding/host_lookup.h"

#include <stdio.h>
#include <string.h>

static bool has_four(const struct address_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i].any.sa_family == AF_INET)
            return true;
    return false;
}

static void tell(struct host_lookup *host_lookup)
{
    host_lookup_stop(host_lookup);
    host_lookup->told(host_lookup->arg, &host_lookup->found, host_lookup->doubtful && !has_four(&host_lookup->found));
}

static void on_turn(struct deferred *turn)
{
    tell((struct host_lookup *)((char *)turn - offsetof(struct host_lookup, turn)));
}

static void on_limit(void *arg)
{
    struct host_lookup *host_lookup = arg;

    host_lookup->doubtful = true;
    tell(host_lookup);
}

/* False: no look-up can be started. */
static bool ask(struct host_lookup *host_lookup, enum resolver_wish wish, resolver_addresses_fn *on_found)
{
    host_lookup->lookup = resolver_find_addresses(host_lookup->resolver, host_lookup->host, wish, on_found,
                                                  host_lookup);
    return host_lookup->lookup != NULL;
}

/* The first look-up ends as soon as one family has answered, for a name server that leaves questions for IPv6 without
 * an answer is nothing rare.  If it was the wrong one, the other is waited for. */
static void on_found(void *arg, const struct address_list *addresses, const char *error)
{
    struct host_lookup *host_lookup = arg;

    host_lookup->lookup = NULL;
    if (addresses)
        host_lookup->found = *addresses;
    host_lookup->doubtful = error && !resolver_error_is_answer(error);
    if (addresses && !has_four(addresses) && !host_lookup->for_both) {
        host_lookup->for_both = true;
        if (ask(host_lookup, RESOLVER_BOTH, on_found))
            return;
        host_lookup->doubtful = true;
    }
    tell(host_lookup);
}

/* Whether it is a host as people write them, without a port or brackets; and no longer than one. */
static bool is_host(const char *text)
{
    struct endpoint place;
    struct address literal;
    const char *why;

    return address_from_literal(&literal, text, 0) ||
           (!strchr(text, ':') && endpoint_parse(&place, text, strlen(text), 1, &why) && strcmp(place.host, text) == 0);
}

void host_lookup_start(struct host_lookup *host_lookup, struct loop *loop, struct resolver *resolver, const char *host,
                       uint64_t limit_ms, host_lookup_fn *told, void *arg)
{
    bool fit = strlen(host) <= ENDPOINT_HOST_MAX && is_host(host);

    memset(host_lookup, 0, sizeof *host_lookup);
    host_lookup->loop = loop;
    host_lookup->resolver = resolver;
    host_lookup->told = told;
    host_lookup->arg = arg;
    if (fit) {
        snprintf(host_lookup->host, sizeof host_lookup->host, "%s", host);
        host_lookup->doubtful = !ask(host_lookup, RESOLVER_SOON, on_found);
    }
    if (host_lookup->lookup)
        loop_timer_start(loop, &host_lookup->limit, limit_ms, on_limit, host_lookup);
    else
        loop_defer(loop, &host_lookup->turn, on_turn);
}

void host_lookup_stop(struct host_lookup *host_lookup)
{
    if (!host_lookup->loop)
        return;
    lookup_cancel(host_lookup->lookup);
    host_lookup->lookup = NULL;
    loop_timer_stop(&host_lookup->limit);
    loop_undefer(host_lookup->loop, &host_lookup->turn);
}
