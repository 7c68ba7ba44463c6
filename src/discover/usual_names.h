/* SPDX-License-Identifier: ISC */
/* Guesses the servers of a domain: the names that are usual, a row of a table each.  Those of a protocol are tried at
 * once, and the first in the order of the table that is proven is taken; no row is without TLS. */
#ifndef SALLYPORT_USUAL_NAMES_H
#define SALLYPORT_USUAL_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/task.h"
#include "base/trace.h"
#include "config/config.h"
#include "discover/found_servers.h"
#include "proxy/services.h"

#define USUAL_NAMES_AT_ONCE 8 /* rows of one protocol */

struct usual_names;

struct usual_names_params {
    const struct services *services;
    struct config *config;            /* borrowed until usual_names_free, as are proxy and domain */
    const struct proxy_config *proxy; /* a section of it; NULL: without a proxy */
    const char *domain;
    char *ca_file;                    /* borrowed, too; NULL: the system's authorities */
    struct found_servers *found;      /* borrowed, too; what is missing there is looked for, and added: a server for
                                       * reading mail, by POP3 if not by IMAP, and one for sending it */
    const char *source;               /* static; as in struct found_server */
    const char *step;                 /* static; how the trace calls it */
    uint32_t limit_ms;                /* for each */
    struct trace trace;
    task_done_fn *done;               /* DONE: all was tried that makes sense; perhaps nothing was found.  LOCAL:
                                       * memory */
    void *arg;
};

/* NULL: out of memory. */
struct usual_names *usual_names_start(const struct usual_names_params *params);
void usual_names_free(struct usual_names *names); /* NULL is fine, and so is a call from within done */

#endif
