/* SPDX-License-Identifier: ISC */
/* What tunnels are opened with: one of each for the whole process, owned by this struct except for pool. */
#ifndef SALLYPORT_SERVICES_H
#define SALLYPORT_SERVICES_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/curl_loop.h"
#include "auth/lockout.h"
#include "auth/nonces.h"
#include "auth/password.h"
#include "base/loop.h"
#include "finding/finder.h"
#include "net/address.h"
#include "net/dialer.h"
#include "net/endpoint.h"
#include "net/resolver.h"
#include "proxy/health.h"
#include "redirect/questions.h"
#include "redirect/redirect_table.h"
#include "tls/tls_context.h"

struct pool;
struct h2_pool;
struct notices;
struct probes;

struct services {
    struct loop *loop;
    struct resolver *resolver;
    struct curl_loop *curl_loop;
    struct dialer *dialer;
    struct tls_contexts *contexts;
    struct passwords *passwords;
    struct lockout *lockout;
    struct nonces *nonces;
    struct health *health;
    struct finder *finder;
    struct redirect_table *redirects;
    struct questions *questions;
    struct pool *pool; /* of connections made in advance, owned by the daemon; NULL: there is none */
    bool ahead_at_once; /* connections are made in advance all at once, and not one by one */
    struct probes *probes; /* of proxies that are doubtful, owned by the daemon; NULL: there are none */
    struct h2_pool *h2; /* HTTP/2 connections, owned by the daemon or by who tries; NULL: HTTP/1.1 alone is spoken */
    struct notices *notices; /* what the user is shown, owned by the daemon; NULL: nothing */
    bool (*is_own)(void *arg, const struct address *address); /* whether we listen there; NULL: we listen nowhere */
    void *is_own_arg;
};

/* Why a proxy may not be at this address, whoever names it: a connection to a listener of ours would be its next
 * client.  NULL: it may. */
const char *services_forbid_own(const struct services *services, const struct address *address);

/* Why a proxy that a redirect named may not be at this address; NULL: it may.  It must be allowed by
 * redirect_policy_forbids_address, and be none of our own listeners. */
const char *services_forbid(const struct services *services, bool sender_on_loopback, const struct address *address);

/* The same for a proxy as the redirect names it, if it is an address or localhost.  NULL for other names: they are
 * looked up when they are dialed, perhaps by another proxy. */
const char *services_forbid_named(const struct services *services, bool sender_on_loopback,
                                  const struct endpoint *proxy);

/* The proxy has refused the section's user and password, or ticket: it rests, the password is fetched anew, and the
 * user is shown a notice. */
void services_note_refusal(const struct services *services, const char *name, const struct proxy_config *section,
                           const struct endpoint *proxy, uint64_t now_ms, const struct failure *failure);

/* Makes all of them but pool, probes, h2 and notices.  False: nothing was made, and error (size bytes) says why. */
bool services_init(struct services *services, char *error, size_t size);

/* Frees them; no tunnel may be left.  What was deferred in the loop runs first.  A zeroed struct is fine. */
void services_release(struct services *services);

#endif
