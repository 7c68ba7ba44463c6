/* SPDX-License-Identifier: ISC */
#include "auth/nonces.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct endpoint proxy;
    char *user;
    struct nonce nonce;
};

struct nonces {
    struct entry entries[NONCES_MAX]; /* the oldest first */
    size_t count;
    char *named[NONCES_MAX];          /* the last challenges that were claimed, or NULL; a ring */
    size_t next_named;
};

void nonce_free(struct nonce *nonce)
{
    curl_easy_cleanup(nonce->easy);
    free(nonce->challenge);
}

struct nonces *nonces_new(void)
{
    return calloc(1, sizeof(struct nonces));
}

/* Removes an entry, whose nonce is the caller's now. */
static struct nonce pull(struct nonces *nonces, size_t at)
{
    struct nonce nonce = nonces->entries[at].nonce;

    free(nonces->entries[at].user);
    nonces->count--;
    memmove(&nonces->entries[at], &nonces->entries[at + 1], (nonces->count - at) * sizeof nonces->entries[0]);
    return nonce;
}

static void forget(struct nonces *nonces, size_t at)
{
    struct nonce nonce = pull(nonces, at);

    nonce_free(&nonce);
}

struct nonce nonces_take(struct nonces *nonces, const struct endpoint *proxy, const char *user)
{
    for (size_t i = nonces->count; i-- > 0;)
        if (endpoint_equal(&nonces->entries[i].proxy, proxy) && strcmp(nonces->entries[i].user, user) == 0)
            return pull(nonces, i);
    return (struct nonce){NULL, NULL};
}

static bool is_too_long(const char *challenge)
{
    return strlen(challenge) > NONCES_CHALLENGE_MAX;
}

void nonces_keep(struct nonces *nonces, const struct endpoint *proxy, const char *user, struct nonce nonce)
{
    char *copy;

    if (nonce.challenge && is_too_long(nonce.challenge)) {
        free(nonce.challenge);
        nonce.challenge = NULL;
    }
    copy = nonce.easy || nonce.challenge ? strdup(user) : NULL;
    if (!copy) {
        nonce_free(&nonce);
        return;
    }
    if (nonces->count == NONCES_MAX)
        forget(nonces, 0);
    nonces->entries[nonces->count++] = (struct entry){*proxy, copy, nonce};
}

bool nonces_claim(struct nonces *nonces, const char *challenge)
{
    char *copy;

    for (size_t i = 0; i < NONCES_MAX; i++)
        if (nonces->named[i] && strcmp(nonces->named[i], challenge) == 0)
            return false;
    copy = is_too_long(challenge) ? NULL : strdup(challenge);
    if (!copy)
        return false;
    free(nonces->named[nonces->next_named]);
    nonces->named[nonces->next_named] = copy;
    nonces->next_named = (nonces->next_named + 1) % NONCES_MAX;
    return true;
}

void nonces_forget(struct nonces *nonces, const struct endpoint *proxy)
{
    for (size_t i = nonces->count; i-- > 0;)
        if (!proxy || endpoint_equal(&nonces->entries[i].proxy, proxy))
            forget(nonces, i);
}

void nonces_free(struct nonces *nonces)
{
    if (!nonces)
        return;
    nonces_forget(nonces, NULL);
    for (size_t i = 0; i < NONCES_MAX; i++)
        free(nonces->named[i]);
    free(nonces);
}
