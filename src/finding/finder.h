/* SPDX-License-Identifier: ISC */
/* Finds the proxies for a target where a section does not name them (places_are_found): asks its PAC file, the
 * desktop's settings or a program.  Answers are kept per section, host and port until the network or the file
 * changes (finding/answers.h).  An error is a failure, never "direct". */
#ifndef SALLYPORT_FINDER_H
#define SALLYPORT_FINDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/curl_loop.h"
#include "base/failure.h"
#include "base/loop.h"
#include "base/task.h"
#include "config/config.h"
#include "finding/found.h"
#include "net/endpoint.h"
#include "net/resolver.h"

struct finder;
struct finding; /* one caller's search */

/* NULL: out of memory. */
struct finder *finder_new(struct loop *loop, struct resolver *resolver, struct curl_loop *curl_loop);
void finder_free(struct finder *finder); /* no search may be left; NULL is fine */

/* A configuration is loaded: its sections are asked anew.  Takes a reference.  NULL: none is kept. */
void finder_keep(struct finder *finder, struct config *config);

struct finding_params {
    struct finder *finder;
    struct config *config;              /* a reference is taken */
    const struct proxy_config *section; /* of it: places_are_found */
    const char *scheme;                 /* the listener's, for SYSTEM, which asks the environment first */
    const struct endpoint *target;      /* copied */
    task_done_fn *done;                 /* DONE: finding_found.  PEER: the source fails or says nothing of use, LOCAL:
                                         * our own trouble; the failure says where and what to do */
    void *arg;
};

/* Starts.  An answer that is kept is told as soon as the loop turns.  NULL: out of memory. */
struct finding *finding_start(const struct finding_params *params);
void finding_free(struct finding *finding); /* NULL is fine, and so is a call from within done */

/* After DONE: what was found, borrowed; the question ("https://host:port/"), borrowed; whether the answer was kept from
 * before; SYSTEM: whether the environment answers, which is then asked as for PLACES_ENVIRONMENT (found is empty). */
const struct found *finding_found(const struct finding *finding);
const char *finding_question(const struct finding *finding);
bool finding_was_kept(const struct finding *finding);
bool finding_is_environment(const struct finding *finding);

/* Whether a found proxy gets the section's credentials: its host is in `trusted`, as a name (any case), an address, or
 * a name below "*.domain". */
bool finder_trusts(const struct proxy_config *section, const struct endpoint *proxy);

/* The network is another one: kept answers are forgotten, PAC files are read again, helpers may be started. */
void finder_renew(struct finder *finder);

/* The section of which an answer that is kept has this proxy; NULL: there is none.  For people: it looks at them
 * all. */
const struct proxy_config *finder_names(const struct finder *finder, const struct endpoint *proxy);

/* For people: calls see for each section whose proxies are found, in the order of the configuration that is kept. */
struct finder_facts {
    const struct proxy_config *section;
    const char *place;    /* the PAC file, the program, or "" for the desktop's settings */
    int64_t age_ms;       /* of the PAC file's text; -1: none, or it is no PAC file */
    size_t kept;          /* answers */
    bool helper_runs;
    const char *error;    /* the last one since the last answer, or "" */
};
void finder_each(const struct finder *finder, void (*see)(void *arg, const struct finder_facts *facts), void *arg);

#endif
