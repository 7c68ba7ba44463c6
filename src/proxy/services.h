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
#include "net/resolver.h"
#include "proxy/health.h"
#include "redirect/consent.h"
#include "redirect/redirect_table.h"
#include "tls/tls_context.h"

struct stock;

struct means {
    struct loop *loop;
    struct resolver *resolver;
    struct multi *multi;
    struct dialer *dialer;
    struct trusts *trusts;
    struct secrets *secrets;
    struct refusals *refusals;
    struct health *health;
    struct redirects *redirects;
    struct questions *questions;
    struct stock *stock; /* of connections made ahead of need, the daemon's; NULL: there is none */
    bool (*is_own)(void *arg, const struct address *address); /* whether we listen there; NULL: we listen nowhere */
    void *is_own_arg;
};

/* Why a proxy that a redirect named may not be at this address, or NULL: the rule of redirect_forbids_address, and that
 * it is none of our own listeners. */
const char *means_forbid(const struct means *means, bool sender_on_loopback, const struct address *address);

/* Makes all of them.  False: nothing was made, error says why. */
bool means_init(struct means *means, char *error, size_t size);

/* Frees them, when no tunnel is left; what was deferred in the loop runs first.  Zeroed ones are fine. */
void means_release(struct means *means);

#endif
