/* SPDX-License-Identifier: ISC */
/* Counts wrong passwords by the address that they come from, and lets an address rest that has sent too many.  Of IPv6,
 * the first 64 bits are one address: whoever has one of them has all.  On loopback, where a web server may stand before
 * the relay and everybody has its address, the name of the user counts with it, so that a guesser of one shuts out
 * nobody else.  No socket; the caller passes the time, in milliseconds of any monotonic clock. */
#ifndef SALLYPORT_GUESSES_H
#define SALLYPORT_GUESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"

#define GUESSES_ALLOWED 5           /* wrong passwords within the window: more than a person mistypes */
#define GUESSES_WINDOW_MS 60000u
#define GUESSES_REST_FIRST_MS 60000u /* the first rest; each further one doubles it */
#define GUESSES_REST_MAX_MS 600000u
#define GUESSES_WAIT_MS 1000u       /* while other trials of the same address are under way */
#define GUESSES_FORGET_MS 3600000u  /* after so long without a wrong one, an address begins anew */
#define GUESSES_RECALLED 5          /* passwords a window that are looked up all the same where none may be tried */
#define GUESSES_MAX 1024            /* addresses remembered, in some 50 KiB; the one that matters least is dropped */

struct guesses;

/* NULL: out of memory. */
struct guesses *guesses_new(void);
void guesses_free(struct guesses *guesses); /* NULL is fine */

/* Asks to try a password from this address.  0: it may be tried; then call guesses_end.  Otherwise the milliseconds for
 * which it may not: the address rests, or has as many trials under way as it has guesses left. */
uint64_t guesses_begin(struct guesses *guesses, const struct address *address, const char *user, uint64_t now_ms);

/* Whether a password from this address may be compared with those that are remembered as right.  That is no trial and
 * costs nothing, so that one who shares the address with a guesser is let in; but it tells a guesser as much as a trial
 * does.  false: guesses_begin has turned away GUESSES_RECALLED from there within the window. */
bool guesses_may_recall(struct guesses *guesses, const struct address *address, const char *user, uint64_t now_ms);

enum guess { GUESS_WRONG, GUESS_NONE };

/* How the trial ended; GUESS_NONE: the password was right, or there is no result.  A right one makes nothing good: who
 * has a user could guess for ever in between.  Returns the milliseconds for which the address rests from now on;
 * 0: it does not. */
uint64_t guesses_end(struct guesses *guesses, const struct address *address, const char *user, enum guess guess,
                     uint64_t now_ms);

#endif
