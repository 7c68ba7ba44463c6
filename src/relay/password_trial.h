/* SPDX-License-Identifier: ISC */
/* Passwords that are compared with hashes: at most PASSWORD_TRIALS_MAX at once, each in a child process, the others in
 * a queue; who asks for what is asked already waits for the same answer.  What was right is remembered by a keyed
 * digest of password and hash, so that it costs one child process: it stays right for as long as the hash is the one in
 * the file, whatever is reloaded. */
#ifndef SALLYPORT_PASSWORD_TRIAL_H
#define SALLYPORT_PASSWORD_TRIAL_H

#include <stdbool.h>

#include "base/loop.h"
#include "relay/crypt_child.h"

#define PASSWORD_TRIALS_MAX 2         /* a relay is a small machine, and sessions have to go on */
#define PASSWORD_QUEUE_MAX 64         /* some seconds of work */
#define PASSWORD_TRIAL_MS 10000       /* a hash that takes longer is not waited for */
#define PASSWORD_REMEMBERED_MAX 1024  /* in 40 KiB; the one not used for the longest time goes */

struct password_trials; /* one for the process */
struct password_trial;

/* NULL: out of memory, or no random bytes. */
struct password_trials *password_trials_new(struct loop *loop);

/* Ends those that are left; done is not called any more.  NULL is fine. */
void password_trials_free(struct password_trials *trials);

/* Whether this password is remembered as right for this hash. */
bool password_trials_know(struct password_trials *trials, const char *password, const char *hash);

/* Compares them.  Both are copied, and the password's copy is wiped as soon as it is not needed.  Calls done exactly
 * once, never from within this call, unless it is cancelled before.  NULL: out of memory, or too many wait already. */
struct password_trial *password_trial_start(struct password_trials *trials, const char *password, const char *hash,
                                            crypt_child_done_fn *done, void *arg);

/* done will not be called; others who wait for the same get their answer.  NULL is fine; not once done was called.
 * Returns whether the comparison is under way: it goes on, and what is right is remembered. */
bool password_trial_cancel(struct password_trial *trial);

#endif
