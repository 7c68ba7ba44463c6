/* SPDX-License-Identifier: ISC */
/* The connection that a request to a proxy holds while nothing is asked over it: it stands by until a login has its
 * ticket, or until another session has tried the password.  Meanwhile the proxy may end it.  What has ended by then is
 * given up; what ends just when it is used is followed by another one, as if it had been kept: it is a spare (spare.h),
 * has brought an answer before (reuse.h), or counts as one of the latter from then on.  Zeroed memory holds none. */
#ifndef SALLYPORT_STANDBY_H
#define SALLYPORT_STANDBY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/task.h"
#include "http/http_head.h"
#include "net/transport.h"
#include "proxy/reuse.h"
#include "proxy/spare.h"

struct standby {
    struct transport *transport; /* over which nothing was sent since it came here; its own.  NULL: none is held */
    struct spare spare;          /* whether the one in use came from the pool */
    struct reuse reuse;          /* whether it is another one that the proxy may have ended */
};

/* Takes over the one in use, over which a login has got its challenge: it is no spare any more. */
void standby_keep(struct standby *standby, struct transport *transport);

/* It has waited, and is to be used: whether it lasts.  False: there is none, any more.  limit_ms: as for
 * spare_patience. */
bool standby_lasts(struct standby *standby, uint32_t limit_ms);

/* The connection, for whom it is used by; the caller's.  NULL: none is held. */
struct transport *standby_take(struct standby *standby);

/* Whether the one in use may have been ended by the proxy before, and so has less patience until an answer comes
 * (spare_patience). */
bool standby_was_hurried(const struct standby *standby);

/* Whether another connection is looked for although the one that was in use, a spare, has brought an answer. */
bool standby_has_answered(const struct standby *standby);

/* A request over the one in use came to this outcome; all as for reuse_was_lost.  True, once: it is to be made over
 * another one, which is no spare. */
bool standby_was_lost(struct standby *standby, enum outcome outcome, bool cut_off, const struct http_head *head);

/* Closes what is held. */
void standby_close(struct standby *standby);

#endif
