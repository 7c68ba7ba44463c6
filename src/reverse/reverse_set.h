/* SPDX-License-Identifier: ISC */
/* All reverse tunnels of the daemon: for each section of the configuration its waiting places, and the sessions that
 * they bring.  A section keeps as many requests standing as `waiting` says, and fewer when `sessions` are nearly
 * reached, or what all sections together may have, so that these are never exceeded. */
#ifndef SALLYPORT_REVERSE_SET_H
#define SALLYPORT_REVERSE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "config/config.h"
#include "proxy/services.h"
#include "session/session.h"

#define REVERSE_SET_AGAIN_MS 600000u /* a relay whose answer is final is asked again after so long: somebody may have
                                      * put it right */

struct reverse_set;

/* Called when a client has become a session. */
typedef void reverse_set_began_fn(void *arg);

/* services and sessions are borrowed and must outlive it; began may be NULL.  NULL: out of memory. */
struct reverse_set *reverse_set_new(const struct services *services, struct sessions *sessions,
                                    reverse_set_began_fn *began, void *arg);

/* Takes over the sections of a configuration, at the start and after a reload; a reference is taken.  A section that
 * has not changed keeps its places, or replaces those that lead through a proxy; of one that has, and of one that is
 * gone, the places are closed before others are asked for.  Sessions go on.  most: sessions that all sections together
 * may have; the first of the configuration are served first.  False: out of memory, nothing has changed. */
bool reverse_set_keep(struct reverse_set *set, struct config *config, size_t most);

/* The network has changed, or the machine has slept: rests are over, and requests that stand are replaced, since the
 * relay may never learn that they are gone.  For NETWATCH_GRACE_MS failures do not make the rests longer. */
void reverse_set_renew(struct reverse_set *set);

/* The daemon is being stopped: all places are closed at once; sessions go on. */
void reverse_set_close(struct reverse_set *set);

/* Sessions must have ended before it.  NULL is fine. */
void reverse_set_free(struct reverse_set *set);

/* A section as status shows it; texts are borrowed for the call. */
struct reverse_facts {
    const char *name;          /* "reverse/home" */
    const char *relay;         /* URL */
    unsigned waiting;          /* places that stand */
    size_t sessions;
    const char *last_error;    /* why the last place failed, until one stands again; "": nothing is wrong */
    uint64_t since_ms_ago;     /* how long it is so: places stand, or this error lasts */
};

/* Calls see for each section, in the order of the configuration. */
void reverse_set_each(const struct reverse_set *set, void (*see)(void *arg, const struct reverse_facts *facts),
                      void *arg);

#endif
