/* SPDX-License-Identifier: ISC */
/* The state of the running program, as JSON: listeners, reverse sections, relays, sessions, proxies, redirects,
 * questions.  sallyport(1) describes the fields; they stay the same from one version to the next.  It changes nothing,
 * except that redirects that have ended are dropped. */
#ifndef SALLYPORT_STATUS_JSON_H
#define SALLYPORT_STATUS_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "proxy/tunnel.h"
#include "relay/relay_set.h"
#include "reverse/reverse_set.h"
#include "session/listener_set.h"
#include "session/session.h"

/* What is read; all borrowed. */
struct status_sources {
    const struct config *config;
    const struct listener_set *posts; /* the listeners; NULL while stopping */
    const struct sessions *sessions;
    const struct reverse_set *reverses; /* NULL: there are no reverse sections */
    const struct relay_set *relays;     /* NULL: there are no relays */
    const struct services *services;
    const struct netwatch *network;     /* NULL: changes of it are not noticed */
    uint64_t started; /* ms of the loop's clock */
};

/* An object with everything but the sessions, or only with the learned redirects and the open questions.  The caller
 * owns it (json_decref).  NULL: out of memory. */
json_t *status_json_frame(const struct status_sources *sources);
json_t *status_json_redirects(const struct status_sources *sources);

/* An array of at most `most` sessions, of which there may be thousands; *below is as in sessions_some.  The caller owns
 * it.  NULL: out of memory. */
json_t *status_json_sessions(const struct status_sources *sources, uint64_t *below, size_t most);

/* Both write the whole as text, in pieces: first the frame, then sessions until *below, SESSIONS_NEWEST at first, is 0.
 * False: out of memory. */
bool status_json_write_frame(const struct status_sources *sources, FILE *out);
bool status_json_write_sessions(const struct status_sources *sources, uint64_t *below, size_t most, FILE *out);

#endif
