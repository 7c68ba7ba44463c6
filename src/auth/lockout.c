/* SPDX-License-Identifier: ISC */
#include "auth/lockout.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_BYTES 32 /* of SHA-256 */

struct refusal {
    unsigned char digest[DIGEST_BYTES];
    uint64_t until;       /* ms: not sent before then; 0: it may be sent */
    uint64_t trial;       /* the number of the trial that is under way; 0: none is */
    uint64_t trial_until; /* ms: it is waited for until then at most */
    const void *session;  /* whose it is; only compared */
    unsigned holders;     /* parts of that session that have not left it */
    uint64_t touched;     /* ms: when it was last used */
    bool good;            /* it was accepted */
    unsigned count;       /* refusals in a row */
};

struct lockout {
    unsigned char salt[DIGEST_BYTES]; /* random, so that the digests are of no use outside of this process */
    TAILQ_HEAD(, lockout_waiter) waiters;
    uint64_t trials; /* that there were: the number of the last one */
    size_t count;
    struct refusal at[LOCKOUT_MAX];
};

struct lockout *lockout_new(void)
{
    struct lockout *lockout = calloc(1, sizeof *lockout);

    if (lockout && RAND_bytes(lockout->salt, sizeof lockout->salt) != 1) {
        free(lockout);
        lockout = NULL;
    }
    if (lockout)
        TAILQ_INIT(&lockout->waiters);
    return lockout;
}

void lockout_free(struct lockout *lockout)
{
    free(lockout);
}

/* The NUL after the user is hashed too, so that no other pair has the same bytes.  False: out of memory. */
static bool make_digest(const struct lockout *lockout, const char *user, const char *password,
                        unsigned char digest[DIGEST_BYTES])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool made = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(hash, lockout->salt, sizeof lockout->salt) == 1 &&
                EVP_DigestUpdate(hash, user, strlen(user) + 1) == 1 &&
                EVP_DigestUpdate(hash, password, strlen(password)) == 1 && EVP_DigestFinal_ex(hash, digest, NULL) == 1;

    EVP_MD_CTX_free(hash);
    return made;
}

/* The pair's index; lockout->count: it has none. */
static size_t find(const struct lockout *lockout, const unsigned char digest[DIGEST_BYTES])
{
    size_t i = 0;

    while (i < lockout->count && memcmp(lockout->at[i].digest, digest, DIGEST_BYTES) != 0)
        i++;
    return i;
}

uint64_t lockout_left(const struct lockout *lockout, const char *user, const char *password, uint64_t now_ms)
{
    unsigned char digest[DIGEST_BYTES];
    size_t i;

    if (lockout->count == 0 || !make_digest(lockout, user, password, digest))
        return 0;
    i = find(lockout, digest);
    return i < lockout->count && lockout->at[i].until > now_ms ? lockout->at[i].until - now_ms : 0;
}

static size_t oldest(const struct lockout *lockout)
{
    size_t found = 0;

    for (size_t i = 1; i < lockout->count; i++)
        if (lockout->at[i].touched < lockout->at[found].touched)
            found = i;
    return found;
}

/* The pair's entry, made if it has none.  NULL: out of memory. */
static struct refusal *touch(struct lockout *lockout, const char *user, const char *password, uint64_t now_ms)
{
    unsigned char digest[DIGEST_BYTES];
    size_t i;

    if (!make_digest(lockout, user, password, digest))
        return NULL;
    i = find(lockout, digest);
    if (i == lockout->count) {
        if (lockout->count == LOCKOUT_MAX)
            i = oldest(lockout);
        else
            lockout->count++;
        memset(&lockout->at[i], 0, sizeof lockout->at[i]);
        memcpy(lockout->at[i].digest, digest, DIGEST_BYTES);
    }
    lockout->at[i].touched = now_ms;
    return &lockout->at[i];
}

bool lockout_try(struct lockout *lockout, struct lockout_trial *trial, const char *user, const char *password,
                 uint64_t now_ms)
{
    struct refusal *refusal = touch(lockout, user, password, now_ms);

    if (!refusal || refusal->good)
        return true;
    if (refusal->trial == 0 || refusal->trial_until <= now_ms) {
        refusal->trial = ++lockout->trials;
        refusal->trial_until = now_ms + LOCKOUT_TRIAL_MS;
        refusal->session = trial->session;
        refusal->holders = 0;
    } else if (refusal->session != trial->session) {
        return false;
    }
    if (trial->number != refusal->trial)
        refusal->holders++;
    trial->number = refusal->trial;
    return true;
}

void lockout_await(struct lockout *lockout, struct lockout_waiter *waiter, void (*over)(void *arg), void *arg)
{
    if (!waiter->over)
        TAILQ_INSERT_TAIL(&lockout->waiters, waiter, all);
    waiter->over = over;
    waiter->arg = arg;
}

void lockout_unawait(struct lockout *lockout, struct lockout_waiter *waiter)
{
    if (waiter->over)
        TAILQ_REMOVE(&lockout->waiters, waiter, all);
    waiter->over = NULL;
}

/* The pair's trial is over, if there was one. */
static void end_trial(struct lockout *lockout, struct refusal *refusal)
{
    struct lockout_waiter *waiter;

    refusal->trial = 0;
    while ((waiter = TAILQ_FIRST(&lockout->waiters))) {
        void (*over)(void *arg) = waiter->over;

        lockout_unawait(lockout, waiter);
        over(waiter->arg);
    }
}

void lockout_leave(struct lockout *lockout, struct lockout_trial *trial)
{
    size_t i = 0;

    while (i < lockout->count && lockout->at[i].trial != trial->number)
        i++;
    if (trial->number > 0 && i < lockout->count && --lockout->at[i].holders == 0)
        end_trial(lockout, &lockout->at[i]);
    trial->number = 0;
}

void lockout_note(struct lockout *lockout, const char *user, const char *password, uint64_t now_ms)
{
    struct refusal *refusal = touch(lockout, user, password, now_ms);
    uint64_t rest = LOCKOUT_REST_FIRST_MS;

    if (!refusal)
        return;
    refusal->good = false;
    if (refusal->until <= now_ms) { /* sessions that were refused together count as one */
        for (unsigned k = 0; k < refusal->count && rest < LOCKOUT_REST_MAX_MS; k++)
            rest *= 2;
        refusal->count++;
        refusal->until = now_ms + (rest < LOCKOUT_REST_MAX_MS ? rest : LOCKOUT_REST_MAX_MS);
    }
    end_trial(lockout, refusal);
}

void lockout_accept(struct lockout *lockout, const char *user, const char *password, uint64_t now_ms)
{
    struct refusal *refusal = touch(lockout, user, password, now_ms);

    if (!refusal)
        return;
    refusal->good = true;
    refusal->until = 0;
    refusal->count = 0;
    end_trial(lockout, refusal);
}

void lockout_forget(struct lockout *lockout)
{
    size_t kept = 0;

    for (size_t i = 0; i < lockout->count; i++)
        if (lockout->at[i].trial > 0) {
            lockout->at[kept] = lockout->at[i];
            lockout->at[kept].until = 0;
            lockout->at[kept].count = 0;
            kept++;
        }
    lockout->count = kept;
}
