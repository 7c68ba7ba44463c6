/* SPDX-License-Identifier: ISC */
/* A c-ares channel on the loop: its sockets and its time-outs, and the system's settings for name look-ups
 * (resolv.conf, nsswitch.conf, the hosts file), which are read anew when one of those files has changed. */
#ifndef SALLYPORT_DNS_CHANNEL_H
#define SALLYPORT_DNS_CHANNEL_H

#include <ares.h>
#include <stddef.h>

#include "base/loop.h"

struct dns_channel;

/* The settings were read anew: all queries that were under way have ended with ARES_EDESTRUCTION, and what was
 * answered before belongs to the old settings.  It may start queries. */
typedef void dns_channel_renewed_fn(void *arg);

struct dns_channel_params {
    struct loop *loop;
    const char *resolv_conf; /* path, borrowed for the channel's life; the file need not be there */
    dns_channel_renewed_fn *renewed;
    void *arg;
};

/* NULL: out of memory, or c-ares cannot start; error, which has size bytes, says which. */
struct dns_channel *dns_channel_new(const struct dns_channel_params *params, char *error, size_t size);

/* Ends all queries with ARES_EDESTRUCTION.  NULL is fine. */
void dns_channel_free(struct dns_channel *channel);

/* What queries are started on, until the next call of dns_channel_follow or _renew, or turn of the loop; then call
 * dns_channel_asked. */
ares_channel dns_channel_handle(struct dns_channel *channel);
void dns_channel_asked(struct dns_channel *channel);

/* _follow reads the settings anew when a file has changed, as on a laptop in another network; a file that is gone
 * does not count.  It looks at most once in a second; while queries are under way, the channel does so by itself.
 * _renew reads them in any case.  Both call renewed from within; never call them from within a query's callback.  When
 * c-ares cannot start anew, the log says so and the old settings stay. */
void dns_channel_follow(struct dns_channel *channel);
void dns_channel_renew(struct dns_channel *channel);

#endif
