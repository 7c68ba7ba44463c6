/* SPDX-License-Identifier: ISC */
/* One waiting place at a relay: a request that stands until a client comes for the server behind us, as often as it
 * takes.
 *
 *     started -> LOGIN -> [WAY] -> ASK -> over, with a client or a failure
 *                  ^  ^     ^       |
 *                  |  |     '- DENIED   401: once more, with other credentials
 *                  |  '-------------|   204: nobody yet, asked again at once after a heartbeat
 *                  '------ REST ----'   204 that came too soon
 *
 * LOGIN gets the credentials (admission.h).  WAY opens a tunnel to the relay, through whatever proxies the section
 * names; it is skipped while the connection of the last answer lasts, which is kept in DENIED and REST.
 *
 * A request that stands costs little: what was needed to ask is freed, and its one timer is set anew by each heartbeat
 * of the relay before it rings. */
#ifndef SALLYPORT_WAITING_PLACE_H
#define SALLYPORT_WAITING_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/task.h"
#include "base/trace.h"
#include "config/config.h"
#include "net/transport.h"
#include "proxy/services.h"
#include "reverse/admission.h"
#include "reverse/relay_answer.h"
#include "reverse/standing.h"

struct waiting_place;

struct waiting_place_params {
    const struct services *services;
    struct config *config;                /* a reference is taken */
    const struct reverse_config *section; /* of that config */
    struct relay_lesson *lesson;          /* must outlive it */
    struct trace trace;
    void (*on_event)(void *arg, enum standing_event event); /* may free the place */
    task_done_fn *done;                   /* DONE: a client has come, take it.  PEER: see waiting_place_answer.  LOCAL:
                                           * our own trouble, such as no password */
    void *arg;                            /* for both */
};

/* Starts.  NULL: out of memory. */
struct waiting_place *waiting_place_start(const struct waiting_place_params *params);

/* Whether it stands now, so that a client would find it. */
bool waiting_place_stands(const struct waiting_place *place);

/* After PEER: what the relay answered, borrowed; NULL: it did not, or could not be reached. */
const struct relay_answer *waiting_place_answer(const struct waiting_place *place);

/* After LOCAL and PEER: whether the password must rest, because it was refused now or before. */
bool waiting_place_is_denied(const struct waiting_place *place);

/* After DONE, once: the client's bytes, those that came with the answer first; the caller's from now on.  *from and *on
 * as in struct relay_answer.  NULL: out of memory, and the connection was closed. */
struct transport *waiting_place_take(struct waiting_place *place, struct address *from, struct address *on);

/* Ends it in any state; a connection that was not taken is closed.  NULL is fine, and so is a call from within done and
 * on_event. */
void waiting_place_free(struct waiting_place *place);

#endif
