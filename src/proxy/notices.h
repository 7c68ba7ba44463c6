/* SPDX-License-Identifier: ISC */
/* What is shown to a user who does not read the log (`notify-command`): that a password was refused, that no tunnel can
 * be had through a section's proxies and when one can again, and that a redirect's question waits for an answer.  Each
 * is told once, until it changes; how often and by what is notifier.h.  The daemon alone has notices: every function
 * but notices_set takes NULL, and then does nothing, as it does while they are off. */
#ifndef SALLYPORT_NOTICES_H
#define SALLYPORT_NOTICES_H

#include <stdint.h>

#include "base/failure.h"
#include "base/loop.h"
#include "config/settings.h"
#include "net/endpoint.h"
#include "proxy/health.h"
#include "proxy/route.h"

#define NOTICES_TROUBLES_MAX 16 /* of one kind at one time, sections, proxies or questions; then the oldest is
                                 * forgotten */

struct notices;

struct notices *notices_new(struct loop *loop); /* NULL: out of memory; they are off */
void notices_free(struct notices *notices);

/* command: the key's value: a command, or "none", or "auto": notify-send where a display is there, which the
 * environment says.  Copied.  Refused passwords are forgotten, since they may be right now; if they are off, all that
 * is amiss, which nobody will have been told when they are on again. */
void notices_set(struct notices *notices, const char *command);

/* A proxy or relay refuses our user and password, or ticket; and it does so no more. */
void notices_refused(struct notices *notices, const struct endpoint *proxy, const struct failure *failure);
void notices_accepted(struct notices *notices, const struct endpoint *proxy);

/* A tunnel of this listener found no way on its route: if none of the section's proxies is up, the user is told, with
 * the failure of the last. */
void notices_no_way(struct notices *notices, const struct listener_config *listener, const struct route *route,
                    const struct health *health, uint64_t now_ms, const struct failure *failure);

/* A proxy that the listener asked for a tunnel has answered, and did not refuse our password; proxy is NULL where the
 * target itself was reached without one. */
void notices_answered(struct notices *notices, const struct listener_config *listener, const struct endpoint *proxy);

/* A questions_stands_fn of redirect/questions.h, whose arg is the notices. */
void notices_question(void *arg, unsigned id, const char *text);

#endif
