/* What can be told of the running program, gathered once, as JSON: listeners, sessions, proxies, redirects, questions.
 * The names of the fields are told in sallyport(1) and stay as they are from one version to the next.  Reads what it is
 * shown and changes nothing, but for dropping redirects that have ended. */
#ifndef SALLYPORT_STATUS_JSON_H
#define SALLYPORT_STATUS_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/tunnel.h"
#include "session/listener_set.h"
#include "session/session.h"

/* Where it is read from; all borrowed. */
struct status_sources {
    const struct config *config;
    const struct listener_set *posts; /* NULL while stopping */
    const struct sessions *sessions;
    const struct services *services;
    uint64_t started; /* ms of the loop's clock */
};

/* An object with everything, or with the learned redirects and the open questions only.  The caller's, to be given back
 * with json_decref.  NULL: out of memory. */
json_t *status_json_all(const struct status_sources *sources);
json_t *status_json_redirects(const struct status_sources *sources);

#endif
