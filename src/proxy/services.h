/* What tunnels are opened with: one of each for the whole process. */
#ifndef SALLYPORT_SERVICES_H
#define SALLYPORT_SERVICES_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/curl_loop.h"
#include "auth/lockout.h"
#include "auth/password.h"
#include "base/loop.h"
#include "net/address.h"
#include "net/dialer.h"
#include "net/endpoint.h"
#include "net/resolver.h"
#include "proxy/health.h"
#include "redirect/questions.h"
#include "redirect/redirect_table.h"
#include "tls/tls_context.h"

struct pool;

struct services {
    struct loop *loop;
    struct resolver *resolver;
    struct curl_loop *curl_loop;
    struct dialer *dialer;
    struct tls_contexts *contexts;
    struct passwords *passwords;
    struct lockout *lockout;
    struct health *health;
    struct redirect_table *redirects;
    struct questions *questions;
    struct pool *pool; /* of connections made ahead of need, the daemon's; NULL: there is none */
    bool (*is_own)(void *arg, const struct address *address); /* whether we listen there; NULL: we listen nowhere */
    void *is_own_arg;
};

/* Why a proxy that a redirect named may not be at this address, or NULL: the rule of redirect_policy_forbids_address,
 * and that it is none of our own listeners.  */
const char *services_forbid(const struct services *services, bool sender_on_loopback, const struct address *address);

/* The same of a proxy as a redirect names it, as far as it is known where that is, as of an address and of localhost: a
 * name is looked up when it is dialed, by another proxy perhaps. */
const char *services_forbid_named(const struct services *services, bool sender_on_loopback,
                                  const struct endpoint *proxy);

/* Makes all of them.  False: nothing was made, error says why. */
bool services_init(struct services *services, char *error, size_t size);

/* Frees them, when no tunnel is left; what was deferred in the loop runs first.  Zeroed ones are fine. */
void services_release(struct services *services);

#endif
