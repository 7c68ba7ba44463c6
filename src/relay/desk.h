/* SPDX-License-Identifier: ISC */
/* What the connections to one [relay] section have in common.  Its owner is struct visits (visits.h); a visit reads it
 * and keeps first and count. */
#ifndef SALLYPORT_DESK_H
#define SALLYPORT_DESK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "config/config.h"
#include "relay/login.h"
#include "relay/meeting.h"
#include "relay/relay_users.h"
#include "session/session.h"
#include "tls/tls_server_context.h"

struct visit;

struct desk {
    struct loop *loop;
    struct sessions *sessions;       /* gives the numbers of the log's lines */
    struct relay_logins *logins;
    struct meetings *meetings;
    void (*ended)(void *arg);        /* called at the end of each connection and each session; or NULL */
    void *arg;
    struct config *config;           /* these four hold from the next request on */
    const struct relay_config *relay;
    struct relay_users *users;
    struct tls_server_context *tls;  /* NULL: no TLS */
    struct visit *first;             /* the newest */
    size_t count;                    /* visits */
    bool closing;                    /* every answer is the last of its connection */
};

#endif
