/* SPDX-License-Identifier: ISC */
/* What is remembered of each proxy: whether it rests (back-off after a failure), whether it takes Upgrade or
 * fails on it, and which authentication scheme worked.  The caller passes the time: now_ms, in milliseconds of any
 * monotonic clock.
 * Each change for the worse is logged; name is the session's, or NULL.  Proxies and failures are copied. */
#ifndef SALLYPORT_HEALTH_H
#define SALLYPORT_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/challenge.h"
#include "base/failure.h"
#include "net/endpoint.h"
#include "proxy/template_try.h"
#include "proxy/version_try.h"

#define HEALTH_REST_FIRST_MS 2000u    /* the back-off after the first failure; each further one in a row doubles it */
#define HEALTH_REST_MAX_MS 300000u
#define HEALTH_DOUBT_MS 1800000u /* who has failed longer ago may have done so once, and been well ever since; of one
                                  * that was silent it counts from the first failure, since it may be well and have no
                                  * answer to a probe */
#define HEALTH_ENTRIES_MAX 256        /* then the one not written for the longest time is replaced, and one that has
                                       * offered a scheme only if all have */

struct health;

enum health_state {
    HEALTH_UP,
    HEALTH_DOUBTFUL, /* it could not be reached, or was silent, has rested, and for HEALTH_DOUBT_MS nobody knows whether
                      * it can be now, or is still: passed over while another one can be asked, and probed meanwhile
                      * (probes.h) */
    HEALTH_RESTING, /* it failed a while ago: asked only if none is left that is up or doubtful */
    HEALTH_AWAY,    /* it sent Retry-After: not asked at all until then */
};

struct health *health_new(void); /* NULL: out of memory */
void health_free(struct health *health); /* NULL is fine */

enum health_state health_state(const struct health *health, const struct endpoint *proxy, uint64_t now_ms);

/* Milliseconds until it may be asked again, and in *why the reason (borrowed until the next change); 0: it does not
 * rest, and *why is untouched. */
uint64_t health_rest_left(const struct health *health, const struct endpoint *proxy, uint64_t now_ms,
                          const char **why);

/* Whether it rests although it can be reached: it sent Retry-After, or refused our credentials. */
bool health_rests_by_answer(const struct health *health, const struct endpoint *proxy, uint64_t now_ms);

/* Calls see for each proxy that has an entry: left_ms and why as in health_rest_left; of one that does not
 * rest, why is the last error, or "".  age_ms: how long ago that was. */
void health_each(const struct health *health, uint64_t now_ms,
                 void (*see)(void *arg, const struct endpoint *proxy, enum health_state state, uint64_t left_ms,
                             const char *why, uint64_t age_ms),
                 void *arg);

/* It could not be reached, says nothing, or is no proxy: it rests, longer each time, and is doubtful then.  While it
 * rests, another failure changes nothing.  For a while after health_renew it does not rest. */
void health_failed(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms,
                   const struct failure *failure);

/* It refused our credentials: it rests likewise, whatever network we are in, and is up then. */
void health_refused(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms,
                    const struct failure *failure);

/* It asked for no requests for that many seconds (Retry-After). */
void health_sent_away(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms,
                      unsigned seconds, const struct failure *failure);

/* Whether it did so, and has answered nobody since, nor failed: when that time is over, nobody knows whether it takes
 * all again. */
bool health_was_sent_away(const struct health *health, const struct endpoint *proxy);

/* Calls changed, from within the call that brings it about, when health_was_sent_away says something else of a proxy
 * than before, or a doubtful one is up (but not that its doubt has ended with time); it must change nothing here.  One
 * at a time is told; NULL: nobody. */
void health_watch(struct health *health, void (*changed)(void *arg), void *arg);

/* Whether one of the failures for which it rests or is doubtful was its silence: it was connected to, and did not
 * answer in time (CAUSE_SILENCE).  The system takes connections for a process that hangs, too.  A SOCKS proxy never
 * was: there is nothing that it could be asked in place of a tunnel (probes.h). */
bool health_was_silent(const struct health *health, const struct endpoint *proxy);

/* A doubtful one was connected to: it is up, unless it was silent.  As it was not asked for a tunnel, the failures
 * before still count until it answers: if it fails once more, it rests for longer than the last time. */
void health_reached(struct health *health, const struct endpoint *proxy, uint64_t now_ms);

/* A doubtful one did something when it was asked, if not for a tunnel: it is up likewise, also if it was silent. */
void health_heard(struct health *health, const struct endpoint *proxy, uint64_t now_ms);

/* It answered a request for a tunnel. */
void health_worked(struct health *health, const struct endpoint *proxy, uint64_t now_ms);

/* The network is another one: who could not be reached may be now, and does not rest any more.  Failures do not count
 * for NETWATCH_GRACE_MS, until all of the network is there. */
void health_renew(struct health *health, uint64_t now_ms);

/* Forgets everything: the configuration was reloaded, and the user expects a fresh start. */
void health_forget(struct health *health);

/* It accepted a request without Upgrade after it had failed on one with it. */
void health_set_plain(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms);
bool health_is_plain(const struct health *health, const struct endpoint *proxy);

/* It opened a tunnel to a request with Upgrade: what it refuses from then on, it means so. */
void health_note_upgrade(struct health *health, const struct endpoint *proxy, uint64_t now_ms);
bool health_takes_upgrade(const struct health *health, const struct endpoint *proxy);

/* What the default template did where CONNECT was refused.  That it opens is logged, once. */
void health_set_template(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms,
                         enum template_lesson lesson);
enum template_lesson health_template(const struct health *health, const struct endpoint *proxy);

/* Which version of HTTP is spoken with it from now on (version_try.h): one of two, UNKNOWN is what it was before.
 * That it is HTTP/1.1 is logged, once, with why (printable; not read for HTTP/2), and only health_forget undoes it. */
void health_set_version(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms,
                        enum version_lesson lesson, const char *why);
enum version_lesson health_version(const struct health *health, const struct endpoint *proxy);

/* The authentication scheme that worked last, of those that it offered; NONE: not known. */
void health_set_scheme(struct health *health, const struct endpoint *proxy, uint64_t now_ms,
                       enum challenge_scheme scheme);
enum challenge_scheme health_scheme(const struct health *health, const struct endpoint *proxy);

/* Which schemes the proxy has ever offered, as bits (challenge_offered): each offer is added, and none is forgotten
 * before health_forget, so that nobody talks us out of a better scheme by one forged refusal.  What it has offered for
 * one resource, or for CONNECT, counts for all. */
void health_note_offer(struct health *health, const struct endpoint *proxy, uint64_t now_ms, unsigned offered);
unsigned health_offers(const struct health *health, const struct endpoint *proxy);

#endif
