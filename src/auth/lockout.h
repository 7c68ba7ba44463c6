/* SPDX-License-Identifier: ISC */
/* Remembers which pairs of user and password proxies have refused, so that no session sends them again and again
 * until the account is locked.  It is not kept by proxy: several proxies may know the same account.  Only digests are
 * kept.  No socket; the caller passes the time, in milliseconds of any monotonic clock. */
#ifndef SALLYPORT_LOCKOUT_H
#define SALLYPORT_LOCKOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define LOCKOUT_REST_FIRST_MS 30000u /* the wait after the first refusal of a pair; each further one doubles it */
#define LOCKOUT_REST_MAX_MS 300000u
#define LOCKOUT_MAX 16               /* pairs remembered; the one not used for the longest time is dropped */

#define LOCKOUT_TRIAL_MS 60000u      /* a trial without a result for so long is not waited for any more */

struct lockout;

/* NULL: out of memory, or no random bytes. */
struct lockout *lockout_new(void);
void lockout_free(struct lockout *lockout); /* NULL is fine */

/* Milliseconds for which this pair must not be sent; 0: it may be. */
uint64_t lockout_left(const struct lockout *lockout, const char *user, const char *password, uint64_t now_ms);

/* The part that one sender has in its session's trial of a pair.  A session may send a pair from several places, such
 * as to a proxy and to the one before it: all of them try it together, and none waits for the other. */
struct lockout_trial {
    const void *session; /* the same for all of one session, and for nobody else; it is only compared */
    uint64_t number;     /* zeroed: it has a part in none; the rest is lockout.c's */
};

/* Asks to send a pair; one that was not accepted yet is tried by one session first.  True: it may be sent; then call
 * lockout_note, lockout_accept or lockout_leave.  False: another session tries it; ask again when that is over, or
 * LOCKOUT_TRIAL_MS have passed.  Who has a part in the trial may ask again. */
bool lockout_try(struct lockout *lockout, struct lockout_trial *trial, const char *user, const char *password,
                 uint64_t now_ms);

/* Embedded in whoever waits for another session's trial; zeroed memory waits for none. */
struct lockout_waiter {
    TAILQ_ENTRY(lockout_waiter) all;
    void (*over)(void *arg); /* NULL: it does not wait */
    void *arg;
};

/* Calls over once, when a trial of any pair is over, from within the call that says so: it must not ask from there.
 * unawait takes that back; one that does not wait is fine. */
void lockout_await(struct lockout *lockout, struct lockout_waiter *waiter, void (*over)(void *arg), void *arg);
void lockout_unawait(struct lockout *lockout, struct lockout_waiter *waiter);

/* The sender has no part in the trial any more.  With the last one of its session the trial ends without a result.  A
 * trial that is over, or that another session has taken over after LOCKOUT_TRIAL_MS, is not touched. */
void lockout_leave(struct lockout *lockout, struct lockout_trial *trial);

/* The pair was refused. */
void lockout_note(struct lockout *lockout, const char *user, const char *password, uint64_t now_ms);

/* The pair was accepted: its refusals are forgotten, and it needs no trial any more. */
void lockout_accept(struct lockout *lockout, const char *user, const char *password, uint64_t now_ms);

/* Forgets what was refused and what was accepted: the configuration was reloaded.  A trial that is under way goes on,
 * and is waited for: it says the same of the same pair. */
void lockout_forget(struct lockout *lockout);

#endif
