/* SPDX-License-Identifier: ISC */
#include "auth/nonces.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct endpoint proxy;
    char *user;
    CURL *easy;
};

struct nonces {
    struct entry entries[NONCES_MAX]; /* the oldest first */
    size_t count;
};

struct nonces *nonces_new(void)
{
    return calloc(1, sizeof(struct nonces));
}

/* Removes an entry, whose handle is the caller's now. */
static CURL *pull(struct nonces *nonces, size_t at)
{
    CURL *easy = nonces->entries[at].easy;

    free(nonces->entries[at].user);
    nonces->count--;
    memmove(&nonces->entries[at], &nonces->entries[at + 1], (nonces->count - at) * sizeof nonces->entries[0]);
    return easy;
}

CURL *nonces_take(struct nonces *nonces, const struct endpoint *proxy, const char *user)
{
    for (size_t i = nonces->count; i-- > 0;)
        if (endpoint_equal(&nonces->entries[i].proxy, proxy) && strcmp(nonces->entries[i].user, user) == 0)
            return pull(nonces, i);
    return NULL;
}

void nonces_keep(struct nonces *nonces, const struct endpoint *proxy, const char *user, CURL *easy)
{
    char *copy = easy ? strdup(user) : NULL;

    if (!copy) {
        curl_easy_cleanup(easy);
        return;
    }
    if (nonces->count == NONCES_MAX)
        curl_easy_cleanup(pull(nonces, 0));
    nonces->entries[nonces->count++] = (struct entry){*proxy, copy, easy};
}

void nonces_forget(struct nonces *nonces, const struct endpoint *proxy)
{
    for (size_t i = nonces->count; i-- > 0;)
        if (!proxy || endpoint_equal(&nonces->entries[i].proxy, proxy))
            curl_easy_cleanup(pull(nonces, i));
}

void nonces_free(struct nonces *nonces)
{
    if (nonces)
        nonces_forget(nonces, NULL);
    free(nonces);
}
