/* SPDX-License-Identifier: ISC */
/* The places that a listener's `target` stands for: the configured one, or those of an SRV record (RFC 6186) in the
 * order in which they are tried. */
#ifndef SALLYPORT_TARGETS_H
#define SALLYPORT_TARGETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/task.h"
#include "config/settings.h"
#include "net/endpoint.h"
#include "net/resolver.h"

struct targets;

/* Starts to find them, within limit_ms milliseconds; listener is borrowed until targets_free.  done is told DONE: at
 * least one place was found.  PEER: there is none, or the name servers do not answer.  LOCAL: our own trouble.  NULL:
 * out of memory. */
struct targets *targets_find(struct loop *loop, struct resolver *resolver, const struct listener_config *listener,
                             uint32_t limit_ms, task_done_fn *done, void *arg);

/* Copies the next place.  False: all were taken, or none was found. */
bool targets_next(struct targets *targets, struct endpoint *place);

/* Ends it; it will not call back any more.  NULL is fine, and so is a call from within done. */
void targets_free(struct targets *targets);

#endif
