/* SPDX-License-Identifier: ISC */
/* Opens one tunnel to a listener's target: asks one proxy after the other and follows redirects; then does TLS with the
 * target, if the listener wants that.  The result is a transport with the bytes that came after the answer, or one
 * failure.
 *
 *     FIND -> CHOOSE -> REQUEST -> [SECURE] -> OPEN
 *       ^       ^       | | ^ \-> [ASK] -> (REQUEST)
 *       |       '-------' | '---> FAILED
 *       '-----------------'
 *     next proxy, redirect, next SRV target: each counted, all bounded.  FIND is way.h. */
#ifndef SALLYPORT_TUNNEL_H
#define SALLYPORT_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/task.h"
#include "base/trace.h"
#include "config/config.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/services.h"

#define TUNNEL_NAME_MAX 72 /* bytes: a listener's name and a number */

struct tunnel;

struct tunnel_params {
    const struct services *services;
    struct config *config;                  /* a reference is taken */
    const struct listener_config *listener; /* of that config */
    const char *name;                       /* for the log; copied, cut to TUNNEL_NAME_MAX - 1 bytes */
    struct trace trace;
    task_done_fn *done;                     /* DONE: take the transport; anything else: the failure says why */
    void *arg;
};

/* Starts opening.  NULL: out of memory. */
struct tunnel *tunnel_open(const struct tunnel_params *params);

/* Ends it in any state; done will not be called any more.  NULL is fine, and so is a call from within done. */
void tunnel_free(struct tunnel *tunnel);

/* After DONE, once: the transport, and in *leftover (malloc'd, or NULL) the *length bytes that came after the answer;
 * the caller owns both. */
struct transport *tunnel_take(struct tunnel *tunnel, char **leftover, size_t *length);

/* After DONE: the proxy, NULL if the target was dialed directly; whether it switched (101); whether HTTP/2 was
 * spoken with it; how many redirects, learned or new, led there; the target.  Borrowed.  After a failure, too: the last
 * proxy, and the last target, which is NULL or has no host if none was found. */
const struct endpoint *tunnel_proxy(const struct tunnel *tunnel);
bool tunnel_switched(const struct tunnel *tunnel);
bool tunnel_over_h2(const struct tunnel *tunnel);
unsigned tunnel_redirects(const struct tunnel *tunnel);
const struct endpoint *tunnel_target(const struct tunnel *tunnel);

#endif
