/* SPDX-License-Identifier: ISC */
/* Finds out who sends a request to the relay: the value of Authorization or Proxy-Authorization, in the scheme Basic
 * (RFC 7617), against the users file.
 *
 *     start -> TRIAL (the password is compared with a hash) -> DELAY -> told
 *         \-> told at once: nothing sent, remembered as right, too many guesses
 *
 * A user who is not there costs what a wrong password costs, and both are told LOGIN_DELAY_MS after the start. */
#ifndef SALLYPORT_LOGIN_H
#define SALLYPORT_LOGIN_H

#include <stdint.h>

#include "base/loop.h"
#include "base/task.h"
#include "net/address.h"
#include "relay/relay_users.h"

#define LOGIN_DELAY_MS 1000 /* before a wrong password is answered */

struct relay_logins; /* what all of them share: passwords being compared, what is remembered, who guesses */
struct relay_login;

/* NULL: out of memory, or no random bytes. */
struct relay_logins *relay_logins_new(struct loop *loop);

/* No login may be left.  NULL is fine. */
void relay_logins_free(struct relay_logins *logins);

/* What came of it. */
enum login_verdict {
    LOGIN_USER,    /* OUTCOME_DONE: relay_login_user is who it is */
    LOGIN_NONE,    /* no credentials: ask for them (401, 407) */
    LOGIN_WRONG,   /* the same; the delay is over, and the log has its line */
    LOGIN_RESTS,   /* too many guesses from there: 429 with Retry-After */
    LOGIN_CROWDED, /* too many at once, or this machine lacks something: 503 with Retry-After */
};

/* All are borrowed until the login is freed, but for credentials, which are read during the call and are the caller's
 * to wipe, and name and address, which are copied. */
struct relay_login_params {
    struct relay_logins *logins;
    struct relay_users *users; /* the login takes a reference */
    const char *credentials;   /* NUL-terminated, or NULL: there are none */
    struct address address;    /* the client's; its port does not matter */
    const char *name;          /* for the log: "relay #12" */
    task_done_fn *done;        /* DONE; LOGIN_CROWDED: LOCAL; otherwise FORBIDDEN */
    void *arg;
};

/* NULL: out of memory.  To be freed by relay_login_free, at any time. */
struct relay_login *relay_login_start(const struct relay_login_params *params);
void relay_login_free(struct relay_login *login); /* NULL is fine */

/* Once told: */
enum login_verdict relay_login_verdict(const struct relay_login *login);

/* Who it is, or NULL.  Belongs to the users that the login was started with: take a reference to keep it. */
const struct relay_user *relay_login_user(const struct relay_login *login);

/* Seconds for Retry-After with LOGIN_RESTS and LOGIN_CROWDED; at least 1. */
uint32_t relay_login_retry_after(const struct relay_login *login);

#endif
