/* Which users with which passwords a proxy has refused, so that they are not sent again and again until the account is
 * locked: whichever session it is, and whichever proxy of several that know the same account.  Only digests are kept.
 * No socket; the clock is passed in, in milliseconds of any monotonic clock. */
#ifndef SALLYPORT_LOCKOUT_H
#define SALLYPORT_LOCKOUT_H

#include <stdbool.h>
#include <stdint.h>

#define LOCKOUT_REST_FIRST_MS 30000u /* not sent for so long after the first refusal; each further one doubles it */
#define LOCKOUT_REST_MAX_MS 300000u
#define LOCKOUT_MAX 16               /* pairs remembered; the one touched longest ago gives way */

#define LOCKOUT_TRIAL_MS 60000u      /* a session that tries a pair and says nothing for so long is not waited for */

struct lockout;

/* NULL: out of memory, or of randomness. */
struct lockout *lockout_new(void);
void lockout_free(struct lockout *lockout); /* NULL is fine */

/* Milliseconds for which this pair is not to be sent; 0: it may be. */
uint64_t lockout_left(const struct lockout *lockout, const char *user, const char *password, uint64_t now_ms);

/* A pair of which nothing is known is tried by one session first.  True: it may be sent; this session then says what
 * became of it.  False: another one tries it; ask again soon. */
bool lockout_try(struct lockout *lockout, const char *user, const char *password, uint64_t now_ms);

/* Nothing came of the trial. */
void lockout_leave(struct lockout *lockout, const char *user, const char *password);

/* The pair was refused. */
void lockout_note(struct lockout *lockout, const char *user, const char *password, uint64_t now_ms);

/* The pair is good: what was held against it is forgotten, and it needs no trial any more. */
void lockout_accept(struct lockout *lockout, const char *user, const char *password, uint64_t now_ms);

/* Forgets everything: the configuration was read anew. */
void lockout_forget(struct lockout *lockout);

#endif
