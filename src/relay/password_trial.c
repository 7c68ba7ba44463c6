/* SPDX-License-Identifier: ISC */
#include "relay/password_trial.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_BYTES 32 /* of SHA-256 */

/* One who asks. */
struct password_trial {
    struct password_trial *next, **back; /* among those who wait for the same; back is NULL once it was told */
    struct work *work;
    crypt_child_done_fn *done;
    void *arg;
};

/* A comparison, waiting or under way. */
struct work {
    struct work *next;
    struct password_trials *trials;
    unsigned char digest[DIGEST_BYTES];
    char *password, *hash;           /* NULL once the child has them */
    struct crypt_child *child;       /* NULL: it waits */
    struct password_trial *askers;
    struct deferred lost;            /* no child could be started: told at the end of the turn */
    bool is_lost;
};

struct remembered {
    unsigned char digest[DIGEST_BYTES];
    uint64_t used; /* greater: later */
};

struct password_trials {
    struct loop *loop;
    unsigned char key[DIGEST_BYTES]; /* random: the digests are of no use to another process */
    struct work *first, **end;
    size_t waiting, running;
    uint64_t uses;
    size_t count;
    struct remembered at[PASSWORD_REMEMBERED_MAX]; /* count of them; the others were never written */
};

static void start_some(struct password_trials *trials);

/* What will be remembered is not zeroed here, so that its pages cost no memory before they are used. */
struct password_trials *password_trials_new(struct loop *loop)
{
    struct password_trials *trials = malloc(sizeof *trials);

    if (trials)
        memset(trials, 0, offsetof(struct password_trials, at));
    if (trials && RAND_bytes(trials->key, sizeof trials->key) != 1) {
        free(trials);
        trials = NULL;
    }
    if (trials) {
        trials->loop = loop;
        trials->end = &trials->first;
    }
    return trials;
}

/* --- what is remembered --- */

/* The NUL behind the hash is in it, so that no other pair has the same bytes.  False: out of memory. */
static bool make_digest(const struct password_trials *trials, const char *password, const char *hash,
                        unsigned char digest[DIGEST_BYTES])
{
    size_t hash_length = strlen(hash) + 1, length = strlen(password);
    unsigned char *both = malloc(hash_length + length);
    unsigned written = 0;
    bool made;

    if (!both)
        return false;
    memcpy(both, hash, hash_length);
    memcpy(both + hash_length, password, length);
    made = HMAC(EVP_sha256(), trials->key, sizeof trials->key, both, hash_length + length, digest, &written) != NULL;
    explicit_bzero(both, hash_length + length);
    free(both);
    return made && written == DIGEST_BYTES;
}

static struct remembered *recall(struct password_trials *trials, const unsigned char digest[DIGEST_BYTES])
{
    for (size_t i = 0; i < trials->count; i++)
        if (memcmp(trials->at[i].digest, digest, DIGEST_BYTES) == 0)
            return &trials->at[i];
    return NULL;
}

bool password_trials_know(struct password_trials *trials, const char *password, const char *hash)
{
    unsigned char digest[DIGEST_BYTES];
    struct remembered *found = make_digest(trials, password, hash, digest) ? recall(trials, digest) : NULL;

    if (found)
        found->used = ++trials->uses;
    return found != NULL;
}

static void remember(struct password_trials *trials, const unsigned char digest[DIGEST_BYTES])
{
    struct remembered *place = recall(trials, digest);

    if (!place && trials->count < PASSWORD_REMEMBERED_MAX)
        place = &trials->at[trials->count++];
    if (!place) {
        place = &trials->at[0];
        for (size_t i = 1; i < trials->count; i++)
            if (trials->at[i].used < place->used)
                place = &trials->at[i];
    }
    memcpy(place->digest, digest, DIGEST_BYTES);
    place->used = ++trials->uses;
}

/* --- comparisons --- */

static void wipe(char **text)
{
    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

/* Takes it out of the list and frees it.  Nobody asks for it any more. */
static void drop(struct work *work)
{
    struct password_trials *trials = work->trials;
    struct work **at = &trials->first;

    while (*at != work)
        at = &(*at)->next;
    *at = work->next;
    if (trials->end == &work->next)
        trials->end = at;
    if (work->child)
        trials->running--;
    else if (!work->is_lost)
        trials->waiting--;
    loop_undefer(trials->loop, &work->lost);
    wipe(&work->password);
    wipe(&work->hash);
    free(work);
}

static void leave(struct password_trial *trial)
{
    *trial->back = trial->next;
    if (trial->next)
        trial->next->back = trial->back;
    trial->back = NULL;
}

/* Tells all who asked.  Each call may cancel others of them, or start new trials. */
static void tell(struct work *work, enum crypt_result result)
{
    while (work->askers) {
        struct password_trial *trial = work->askers, told = *trial;

        leave(trial);
        free(trial);
        told.done(told.arg, result);
    }
}

static void on_compared(void *arg, enum crypt_result result)
{
    struct work *work = arg;
    struct password_trials *trials = work->trials;

    if (result == CRYPT_RIGHT)
        remember(trials, work->digest);
    tell(work, result);
    drop(work);
    start_some(trials);
}

static void on_lost(struct deferred *lost)
{
    struct work *work = (struct work *)((char *)lost - offsetof(struct work, lost));

    tell(work, CRYPT_LOST);
    drop(work);
}

static void start_one(struct work *work)
{
    struct password_trials *trials = work->trials;

    trials->waiting--;
    work->child = crypt_child_start(trials->loop, work->password, work->hash, PASSWORD_TRIAL_MS, on_compared, work);
    wipe(&work->password);
    wipe(&work->hash);
    if (work->child) {
        trials->running++;
    } else {
        work->is_lost = true;
        loop_defer(trials->loop, &work->lost, on_lost);
    }
}

static void start_some(struct password_trials *trials)
{
    for (struct work *work = trials->first; work && trials->running < PASSWORD_TRIALS_MAX; work = work->next)
        if (!work->child && !work->is_lost)
            start_one(work);
}

void password_trials_free(struct password_trials *trials)
{
    if (!trials)
        return;
    while (trials->first) {
        struct work *work = trials->first;

        while (work->askers) {
            struct password_trial *trial = work->askers;

            leave(trial);
            free(trial);
        }
        crypt_child_cancel(work->child);
        drop(work);
    }
    explicit_bzero(trials, sizeof *trials);
    free(trials);
}

static struct work *find(const struct password_trials *trials, const unsigned char digest[DIGEST_BYTES])
{
    for (struct work *work = trials->first; work; work = work->next)
        if (memcmp(work->digest, digest, DIGEST_BYTES) == 0)
            return work;
    return NULL;
}

/* Puts it at the end of the queue.  NULL: out of memory, or the queue is full. */
static struct work *queue(struct password_trials *trials, const char *password, const char *hash,
                          const unsigned char digest[DIGEST_BYTES])
{
    struct work *work = trials->waiting < PASSWORD_QUEUE_MAX ? calloc(1, sizeof *work) : NULL;

    if (!work)
        return NULL;
    work->trials = trials;
    memcpy(work->digest, digest, DIGEST_BYTES);
    work->password = strdup(password);
    work->hash = strdup(hash);
    *trials->end = work;
    trials->end = &work->next;
    trials->waiting++;
    if (work->password && work->hash)
        return work;
    drop(work);
    return NULL;
}

struct password_trial *password_trial_start(struct password_trials *trials, const char *password, const char *hash,
                                            crypt_child_done_fn *done, void *arg)
{
    unsigned char digest[DIGEST_BYTES];
    struct work *work = make_digest(trials, password, hash, digest) ? find(trials, digest) : NULL;
    struct password_trial *trial = calloc(1, sizeof *trial);

    if (trial && !work)
        work = queue(trials, password, hash, digest);
    if (!trial || !work) {
        free(trial);
        return NULL;
    }
    trial->work = work;
    trial->done = done;
    trial->arg = arg;
    trial->next = work->askers;
    trial->back = &work->askers;
    if (trial->next)
        trial->next->back = &trial->next;
    work->askers = trial;
    start_some(trials);
    return trial;
}

bool password_trial_cancel(struct password_trial *trial)
{
    struct work *work = trial ? trial->work : NULL;
    bool goes_on = work && work->child; /* its answer may be asked for again */

    if (!trial)
        return false;
    leave(trial);
    free(trial);
    if (!work->askers && !work->child && !work->is_lost)
        drop(work);
    return goes_on;
}
