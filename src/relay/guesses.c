/* SPDX-License-Identifier: ISC */
#include "relay/guesses.h"

#include <stdlib.h>
#include <string.h>

#define KEY_USER_MAX 64 /* bytes of a user's name that tell one from another */

/* Whom guesses are counted for.  All bytes are compared: what is not used is zero. */
struct key {
    bool six;
    unsigned char network[8];    /* an IPv4 address, or the first half of one of IPv6 */
    char user[KEY_USER_MAX];     /* only on loopback */
};

struct guesser {
    struct key key;
    unsigned trials;             /* under way */
    unsigned wrong;              /* since window_from */
    uint64_t window_from;        /* ms */
    uint64_t rests_until;        /* ms; 0: it has not rested yet */
    unsigned rests;              /* how many there were */
    unsigned turned;             /* away without a trial, since turned_from */
    uint64_t turned_from;        /* ms */
    uint64_t touched;            /* ms: the last wrong one, or the last trial begun */
};

struct guesses {
    size_t count;
    struct guesser at[GUESSES_MAX];
};

struct guesses *guesses_new(void)
{
    return calloc(1, sizeof(struct guesses));
}

void guesses_free(struct guesses *guesses)
{
    free(guesses);
}

static void make_key(struct key *key, const struct address *address, const char *user)
{
    size_t length = strlen(user);

    memset(key, 0, sizeof *key);
    if (address->any.sa_family == AF_INET) {
        memcpy(key->network, &address->v4.sin_addr, sizeof address->v4.sin_addr);
    } else if (IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr)) {
        memcpy(key->network, &address->v6.sin6_addr.s6_addr[12], 4);
    } else {
        key->six = true;
        memcpy(key->network, &address->v6.sin6_addr, sizeof key->network);
    }
    if (address_is_loopback(address))
        memcpy(key->user, user, length < sizeof key->user ? length : sizeof key->user);
}

/* Whether what is known of a guesser has no effect any more. */
static bool is_over(const struct guesser *guesser, uint64_t now_ms)
{
    return guesser->trials == 0 && guesser->touched + GUESSES_FORGET_MS <= now_ms;
}

/* Which of two guessers is dropped for a third one: none with a trial under way, rather one that does not rest, and of
 * those the one that was heard of before the other. */
static bool matters_less(const struct guesser *a, const struct guesser *b, uint64_t now_ms)
{
    bool a_rests = a->rests_until > now_ms, b_rests = b->rests_until > now_ms;

    if ((a->trials > 0) != (b->trials > 0))
        return a->trials == 0;
    if (a_rests != b_rests)
        return !a_rests;
    return a->touched < b->touched;
}

static struct guesser *find(struct guesses *guesses, const struct key *key)
{
    for (size_t i = 0; i < guesses->count; i++)
        if (memcmp(&guesses->at[i].key, key, sizeof *key) == 0)
            return &guesses->at[i];
    return NULL;
}

/* The guesser with this key, made anew if there is none, or if the one there is over. */
static struct guesser *touch(struct guesses *guesses, const struct key *key, uint64_t now_ms)
{
    struct guesser *found = find(guesses, key);

    if (found && !is_over(found, now_ms))
        return found;
    if (!found && guesses->count < GUESSES_MAX)
        found = &guesses->at[guesses->count++];
    if (!found) {
        found = &guesses->at[0];
        for (size_t i = 1; i < GUESSES_MAX; i++)
            if (matters_less(&guesses->at[i], found, now_ms))
                found = &guesses->at[i];
    }
    memset(found, 0, sizeof *found);
    found->key = *key;
    return found;
}

/* Returns wait, for which the password may not be tried. */
static uint64_t turn_away(struct guesser *guesser, uint64_t wait, uint64_t now_ms)
{
    if (guesser->turned_from + GUESSES_WINDOW_MS <= now_ms)
        guesser->turned = 0;
    if (guesser->turned == 0)
        guesser->turned_from = now_ms;
    if (guesser->turned < GUESSES_RECALLED)
        guesser->turned++;
    return wait;
}

bool guesses_may_recall(struct guesses *guesses, const struct address *address, const char *user, uint64_t now_ms)
{
    const struct guesser *guesser;
    struct key key;

    make_key(&key, address, user);
    guesser = find(guesses, &key);
    return !guesser || guesser->turned < GUESSES_RECALLED || guesser->turned_from + GUESSES_WINDOW_MS <= now_ms;
}

uint64_t guesses_begin(struct guesses *guesses, const struct address *address, const char *user, uint64_t now_ms)
{
    struct guesser *guesser;
    struct key key;

    make_key(&key, address, user);
    guesser = touch(guesses, &key, now_ms);
    if (guesser->rests_until > now_ms)
        return turn_away(guesser, guesser->rests_until - now_ms, now_ms);
    if (guesser->window_from + GUESSES_WINDOW_MS <= now_ms)
        guesser->wrong = 0;
    if (guesser->wrong + guesser->trials >= GUESSES_ALLOWED)
        return turn_away(guesser, GUESSES_WAIT_MS, now_ms);
    guesser->trials++;
    guesser->touched = now_ms;
    return 0;
}

/* Begins a rest, if there were too many wrong ones. */
static void count_wrong(struct guesser *guesser, uint64_t now_ms)
{
    uint64_t rest = GUESSES_REST_FIRST_MS;

    if (guesser->wrong++ == 0)
        guesser->window_from = now_ms;
    guesser->touched = now_ms;
    if (guesser->wrong < GUESSES_ALLOWED)
        return;
    for (unsigned i = 0; i < guesser->rests && rest < GUESSES_REST_MAX_MS; i++)
        rest *= 2;
    guesser->rests++;
    guesser->wrong = 0;
    guesser->rests_until = now_ms + (rest < GUESSES_REST_MAX_MS ? rest : GUESSES_REST_MAX_MS);
}

uint64_t guesses_end(struct guesses *guesses, const struct address *address, const char *user, enum guess guess,
                     uint64_t now_ms)
{
    struct guesser *guesser;
    struct key key;

    make_key(&key, address, user);
    guesser = find(guesses, &key);
    if (!guesser) /* it was dropped for another one */
        return 0;
    if (guesser->trials > 0)
        guesser->trials--;
    if (guess == GUESS_WRONG) {
        if (guesser->window_from + GUESSES_WINDOW_MS <= now_ms)
            guesser->wrong = 0;
        count_wrong(guesser, now_ms);
    }
    return guesser->rests_until > now_ms ? guesser->rests_until - now_ms : 0;
}
