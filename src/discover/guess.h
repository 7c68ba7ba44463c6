/* SPDX-License-Identifier: ISC */
/* One guess where a mail server may be, proven or not: by a real tunnel, TLS with a certificate for that name, and a
 * greeting that welcomes us.
 *
 *     started -> OPENING -> [GREETING] -> over */
#ifndef SALLYPORT_GUESS_H
#define SALLYPORT_GUESS_H

#include <stdint.h>

#include "base/task.h"
#include "config/config.h"
#include "net/endpoint.h"
#include "proxy/services.h"

struct guess;

struct guess_params {
    const struct services *services;
    struct config *config;            /* a reference is taken */
    const struct proxy_config *proxy; /* a section of it; NULL: without a proxy */
    const struct protocol *protocol;
    struct endpoint place;
    enum listener_tls tls;            /* TLS_YES or TLS_STARTTLS */
    char *ca_file;                    /* borrowed until guess_free; NULL: the system's authorities */
    uint32_t limit_ms;                /* for all of it */
    task_done_fn *done;               /* DONE: there is such a server.  PEER: there is none, or it cannot be reached.
                                       * LOCAL: memory */
    void *arg;
};

/* NULL: out of memory. */
struct guess *guess_start(const struct guess_params *params);
void guess_free(struct guess *guess); /* NULL is fine, and so is a call from within done */

#endif
