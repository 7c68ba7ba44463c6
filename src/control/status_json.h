/* The state of the running program, as JSON: listeners, sessions, proxies, redirects, questions.  sallyport(1)
 * describes the fields; they stay the same from one version to the next.  It changes nothing, except that redirects
 * that have ended are dropped. */
#ifndef SALLYPORT_STATUS_JSON_H
#define SALLYPORT_STATUS_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/tunnel.h"
#include "session/listener_set.h"
#include "session/session.h"

/* What is read; all borrowed. */
struct status_sources {
    const struct config *config;
    const struct listener_set *posts; /* the listeners; NULL while stopping */
    const struct sessions *sessions;
    const struct services *services;
    uint64_t started; /* ms of the loop's clock */
};

/* An object with everything, or only with the learned redirects and the open questions.  The caller owns it
 * (json_decref).  NULL: out of memory. */
json_t *status_json_all(const struct status_sources *sources);
json_t *status_json_redirects(const struct status_sources *sources);

#endif
