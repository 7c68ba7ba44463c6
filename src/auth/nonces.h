/* SPDX-License-Identifier: ISC */
/* libcurl handles that know a nonce which a proxy has given them (RFC 7616, Digest), from one login to the next: with
 * one, the next login proves who we are in its first request.  The handle counts how often its nonce was used, so it
 * serves one login at a time, and proxies see the counts in order.  A resource of a proxy's (a path) has handles of its
 * own, for all targets: another path may belong to another realm; and so has what a proxy passes on to a server.  No
 * user or password is kept here. */
#ifndef SALLYPORT_NONCES_H
#define SALLYPORT_NONCES_H

#include <curl/curl.h>

#include "net/endpoint.h"

#define NONCES_MAX 16 /* handles in all, of about 10 KiB; when there is one more, the oldest is freed */

struct nonces;

struct nonces *nonces_new(void); /* NULL: out of memory */
void nonces_free(struct nonces *nonces); /* NULL is fine */

/* Takes the handle that was kept last for that proxy and user; the caller owns it now.  NULL: there is none. */
CURL *nonces_take(struct nonces *nonces, const struct endpoint *proxy, const char *user);

/* Keeps a handle that runs no transfer; it is ours from now on.  NULL is fine. */
void nonces_keep(struct nonces *nonces, const struct endpoint *proxy, const char *user, CURL *easy);

/* Frees those of a proxy, or all (NULL): it has refused a password, or the configuration was reloaded. */
void nonces_forget(struct nonces *nonces, const struct endpoint *proxy);

#endif
