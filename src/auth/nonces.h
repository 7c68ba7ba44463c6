/* SPDX-License-Identifier: ISC */
/* The nonces that proxies have given us (RFC 7616, Digest), from one login to the next: with one, the next login proves
 * who we are in its first request.  How often a nonce was used is counted, so it serves one login at a time, and
 * proxies see the counts in order.  A resource of a proxy's (a path) has nonces of its own, for all targets: another
 * path may belong to another realm; and so has what a proxy passes on to a server.  No user or password is kept
 * here. */
#ifndef SALLYPORT_NONCES_H
#define SALLYPORT_NONCES_H

#include <curl/curl.h>
#include <stdbool.h>

#include "net/endpoint.h"

#define NONCES_MAX 16 /* in all, most with a handle of about 10 KiB; when there is one more, the oldest is freed */
#define NONCES_CHALLENGE_MAX 4096 /* bytes of a challenge that is kept; an honest one has some 200 */

struct nonce {
    CURL *easy;      /* the libcurl handle that has used it, and counts; NULL: it was not used yet */
    char *challenge; /* malloc'd: the Digest challenge that it is of, as challenge_write writes it; NULL: unknown */
};

/* NULL and NULL is fine. */
void nonce_free(struct nonce *nonce);

struct nonces;

struct nonces *nonces_new(void); /* NULL: out of memory */
void nonces_free(struct nonces *nonces); /* NULL is fine */

/* Takes the one that was kept last for that proxy and user; the caller owns it now.  NULL and NULL: there is none. */
struct nonce nonces_take(struct nonces *nonces, const struct endpoint *proxy, const char *user);

/* Keeps one whose handle runs no transfer; it is ours from now on.  A challenge that is too long is not kept, and NULL
 * and NULL is fine. */
void nonces_keep(struct nonces *nonces, const struct endpoint *proxy, const char *user, struct nonce nonce);

/* Whether this challenge, whose nonce a proxy has named for the next login, may be kept for it: it is not too long, and
 * was not named before, as far back as NONCES_MAX of them.  To be asked once: two logins that are named the same nonce
 * would both count its uses from 1. */
bool nonces_claim(struct nonces *nonces, const char *challenge);

/* Frees those of a proxy, or all (NULL): it has refused a password, or the configuration was reloaded. */
void nonces_forget(struct nonces *nonces, const struct endpoint *proxy);

#endif
