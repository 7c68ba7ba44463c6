/* SPDX-License-Identifier: ISC */
/* The one try without Upgrade that a proxy gets when it has refused a request with Upgrade: some proxies refuse it
 * (403) or break on it (500, a close) where they open a plain tunnel.  It keeps what came first, decides whether the
 * try is worth it, and in the end which of the two failures stands.  Pure; zeroed memory has tried nothing. */
#ifndef SALLYPORT_PLAIN_TRY_H
#define SALLYPORT_PLAIN_TRY_H

#include <stdbool.h>

#include "base/failure.h"
#include "base/task.h"
#include "http/connect_response.h"

struct plain_try {
    enum { PLAIN_TRY_NONE,    /* so far there was no reason for one */
           PLAIN_TRY_INSTEAD, /* the first answer was about the form of the request: the second one counts */
           PLAIN_TRY_CHECKS   /* the first answer may be about Upgrade: it stands unless the second request opens */
    } kind;
    bool answered;                 /* the first request was; otherwise the connection was cut off */
    struct connect_response first; /* its answer; when there was none, only the failure is set */
};

/* A request with Upgrade failed: response is its answer, NULL when the connection was cut off, and then failure says
 * so.  takes_upgrade: the proxy has opened tunnels with Upgrade, so that only what is about the form of a request is
 * doubted.  True: ask once more without; what came first is kept. */
bool plain_try_begin(struct plain_try *plain, const struct connect_response *response, const struct failure *failure,
                     bool takes_upgrade);

/* After begin: what the first request came to, in words; borrowed. */
const char *plain_try_reason(const struct plain_try *plain);

/* Whether there was a plain request, and it opened the tunnel. */
bool plain_try_has_opened(const struct plain_try *plain, enum outcome outcome,
                          const struct connect_response *response);

/* The request has come to an outcome: returns the one that stands and sets response (DONE) or failure (all others)
 * accordingly, with words about both requests.  Without a plain try nothing changes.  A redirect, a refusal of our
 * credentials (refused) and a forbidden address always stand: these are to be heeded whatever was before. */
enum outcome plain_try_end(const struct plain_try *plain, enum outcome outcome, struct connect_response *response,
                           bool refused, struct failure *failure);

#endif
