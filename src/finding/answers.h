/* SPDX-License-Identifier: ISC */
/* What was found for targets, kept for the next session to them: by host and port, FINDING_KEPT_MAX at most, for
 * FINDING_KEPT_MS.  One such store belongs to each section. */
#ifndef SALLYPORT_ANSWERS_H
#define SALLYPORT_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "finding/found.h"
#include "net/endpoint.h"

#define FINDING_KEPT_MAX 512     /* answers; then the oldest is forgotten.  A configuration has fewer targets */
#define FINDING_KEPT_MS 300000u  /* beside network and file an answer stands on what changes without a word: the clock,
                                  * which a file may look at, the address of a name, the desktop's settings */

struct answers;

struct answers *answers_new(void); /* NULL: out of memory */
void answers_free(struct answers *answers); /* NULL is fine */

/* Looks an answer up; host in any case.  False: there is none, or it is too old, and found is not written.  now_ms: the
 * loop's clock. */
bool answers_find(const struct answers *answers, const struct endpoint *target, uint64_t now_ms, struct found *found);

/* Keeps an answer, in place of one that is there for the same target.  Without memory it is not kept. */
void answers_keep(struct answers *answers, const struct endpoint *target, uint64_t now_ms, const struct found *found);

/* Forgets them all. */
void answers_forget(struct answers *answers);

/* Whether one of them has this proxy, the old ones too. */
bool answers_name(const struct answers *answers, const struct endpoint *proxy);

/* How many there are, the old ones too. */
size_t answers_count(const struct answers *answers);

#endif
