/* What is remembered of each proxy: whether it rests after a failure, whether it chokes on Upgrade, how it wants us to
 * authenticate.  It knows no clock: now_ms is the time in milliseconds of any monotonic clock.  The log is told of each
 * change for the worse; name is the session's, for the log, or NULL.  Proxies and failures are copied. */
#ifndef SALLYPORT_HEALTH_H
#define SALLYPORT_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/challenge.h"
#include "base/failure.h"
#include "net/endpoint.h"

#define HEALTH_REST_FIRST_MS 2000u    /* the first failure; each further one in a row doubles it */
#define HEALTH_REST_MAX_MS 300000u
#define HEALTH_ENTRIES_MAX 256        /* the one touched longest ago gives way */

struct health;

enum health_state {
    HEALTH_UP,
    HEALTH_RESTING, /* it failed a while ago: asked only when nothing better is left */
    HEALTH_AWAY,    /* it told us with Retry-After to stay away: not asked at all */
};

struct health *health_new(void);
void health_free(struct health *health);

enum health_state health_state(const struct health *health, const struct endpoint *proxy, uint64_t now_ms);

/* Milliseconds until it is asked again; 0 when it is up.  *why is then what made it rest (owned by health). */
uint64_t health_rest_left(const struct health *health, const struct endpoint *proxy, uint64_t now_ms,
                          const char **why);

/* Shows each proxy that there is something to tell of: left_ms and why as health_rest_left gives them (when it is up:
 * the last error, or ""). */
void health_each(const struct health *health, uint64_t now_ms,
                 void (*see)(void *arg, const struct endpoint *proxy, enum health_state state, uint64_t left_ms,
                             const char *why),
                 void *arg);

/* It could not be reached, is no proxy, or refused our credentials: it rests, longer with each time.  While it rests,
 * another failure changes nothing. */
void health_failed(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms,
                   const struct failure *failure);

/* It asked to be left alone for that many seconds. */
void health_sent_away(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms,
                      unsigned seconds, const struct failure *failure);

/* It answered. */
void health_worked(struct health *health, const struct endpoint *proxy, uint64_t now_ms);

/* Forgets everything: the configuration was read anew, and the user expects a fresh start. */
void health_forget(struct health *health);

/* It took a request without Upgrade after it had choked on one with. */
void health_set_plain(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms);
bool health_is_plain(const struct health *health, const struct endpoint *proxy);

/* The scheme of authentication that worked last, chosen among what it offered; NONE: not known. */
void health_set_scheme(struct health *health, const struct endpoint *proxy, uint64_t now_ms,
                       enum challenge_scheme scheme);
enum challenge_scheme health_scheme(const struct health *health, const struct endpoint *proxy);

#endif
