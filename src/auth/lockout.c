#include "auth/lockout.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_BYTES 32 /* of SHA-256 */

struct refusal {
    unsigned char digest[DIGEST_BYTES];
    uint64_t until;       /* ms: not sent before; 0: it may be */
    uint64_t trial_until; /* ms: a session tries it; 0: none does */
    uint64_t touched;     /* ms */
    bool good;            /* it was accepted */
    unsigned count;       /* of refusals in a row */
};

struct refusals {
    unsigned char salt[DIGEST_BYTES]; /* of this process: the digests say nothing elsewhere */
    size_t count;
    struct refusal at[REFUSALS_MAX];
};

struct refusals *refusals_new(void)
{
    struct refusals *refusals = calloc(1, sizeof *refusals);

    if (refusals && RAND_bytes(refusals->salt, sizeof refusals->salt) != 1) {
        free(refusals);
        refusals = NULL;
    }
    return refusals;
}

void refusals_free(struct refusals *refusals)
{
    free(refusals);
}

/* The end of the user is marked, so that no other pair has the same bytes.  False: out of memory. */
static bool make_digest(const struct refusals *refusals, const char *user, const char *password,
                        unsigned char digest[DIGEST_BYTES])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool made = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(hash, refusals->salt, sizeof refusals->salt) == 1 &&
                EVP_DigestUpdate(hash, user, strlen(user) + 1) == 1 &&
                EVP_DigestUpdate(hash, password, strlen(password)) == 1 && EVP_DigestFinal_ex(hash, digest, NULL) == 1;

    EVP_MD_CTX_free(hash);
    return made;
}

/* Its place; refusals->count when it has none. */
static size_t find(const struct refusals *refusals, const unsigned char digest[DIGEST_BYTES])
{
    size_t i = 0;

    while (i < refusals->count && memcmp(refusals->at[i].digest, digest, DIGEST_BYTES) != 0)
        i++;
    return i;
}

uint64_t refusals_left(const struct refusals *refusals, const char *user, const char *password, uint64_t now_ms)
{
    unsigned char digest[DIGEST_BYTES];
    size_t i;

    if (refusals->count == 0 || !make_digest(refusals, user, password, digest))
        return 0;
    i = find(refusals, digest);
    return i < refusals->count && refusals->at[i].until > now_ms ? refusals->at[i].until - now_ms : 0;
}

static size_t oldest(const struct refusals *refusals)
{
    size_t found = 0;

    for (size_t i = 1; i < refusals->count; i++)
        if (refusals->at[i].touched < refusals->at[found].touched)
            found = i;
    return found;
}

/* The pair's entry, made when it has none.  NULL: out of memory. */
static struct refusal *touch(struct refusals *refusals, const char *user, const char *password, uint64_t now_ms)
{
    unsigned char digest[DIGEST_BYTES];
    size_t i;

    if (!make_digest(refusals, user, password, digest))
        return NULL;
    i = find(refusals, digest);
    if (i == refusals->count) {
        if (refusals->count == REFUSALS_MAX)
            i = oldest(refusals);
        else
            refusals->count++;
        memset(&refusals->at[i], 0, sizeof refusals->at[i]);
        memcpy(refusals->at[i].digest, digest, DIGEST_BYTES);
    }
    refusals->at[i].touched = now_ms;
    return &refusals->at[i];
}

bool refusals_try(struct refusals *refusals, const char *user, const char *password, uint64_t now_ms)
{
    struct refusal *refusal = touch(refusals, user, password, now_ms);

    if (!refusal || refusal->good)
        return true;
    if (refusal->trial_until > now_ms)
        return false;
    refusal->trial_until = now_ms + REFUSALS_TRIAL_MS;
    return true;
}

void refusals_leave(struct refusals *refusals, const char *user, const char *password)
{
    unsigned char digest[DIGEST_BYTES];
    size_t i;

    if (!make_digest(refusals, user, password, digest))
        return;
    i = find(refusals, digest);
    if (i < refusals->count)
        refusals->at[i].trial_until = 0;
}

void refusals_note(struct refusals *refusals, const char *user, const char *password, uint64_t now_ms)
{
    struct refusal *refusal = touch(refusals, user, password, now_ms);
    uint64_t rest = REFUSALS_REST_FIRST_MS;

    if (!refusal)
        return;
    refusal->good = false;
    refusal->trial_until = 0;
    if (refusal->until > now_ms) /* sessions that were refused together count as one */
        return;
    for (unsigned k = 0; k < refusal->count && rest < REFUSALS_REST_MAX_MS; k++)
        rest *= 2;
    refusal->count++;
    refusal->until = now_ms + (rest < REFUSALS_REST_MAX_MS ? rest : REFUSALS_REST_MAX_MS);
}

void refusals_accept(struct refusals *refusals, const char *user, const char *password, uint64_t now_ms)
{
    struct refusal *refusal = touch(refusals, user, password, now_ms);

    if (!refusal)
        return;
    refusal->good = true;
    refusal->trial_until = refusal->until = 0;
    refusal->count = 0;
}

void refusals_forget(struct refusals *refusals)
{
    refusals->count = 0;
}
