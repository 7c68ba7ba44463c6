/* SPDX-License-Identifier: ISC */
/* Whether a proxy that refuses a tunnel over HTTP/2 is asked once more over HTTP/1.1, and what is remembered of it.
 * Pure. */
#ifndef SALLYPORT_VERSION_TRY_H
#define SALLYPORT_VERSION_TRY_H

#include <stdbool.h>

#include "base/task.h"
#include "http/connect_response.h"
#include "http/h2_exchange.h"

/* What a failure says to who has set http = 2 where HTTP/2 is the trouble. */
#define VERSION_ONLY_2 "http = 2 is set, where http = auto goes on in HTTP/1.1"

/* What is known of the versions of one proxy. */
enum version_lesson {
    VERSION_UNKNOWN,
    VERSION_1_1,     /* HTTP/1.1 from now on */
    VERSION_2,       /* it has opened a tunnel over HTTP/2: what it refuses, it means so */
};

/* Zeroed memory has tried nothing. */
struct version_try {
    bool asks;          /* it is being asked once more, over HTTP/1.1 */
    bool for_good;      /* for a reason that holds from now on */
    const char *reason; /* that one, static; NULL: none */
    struct connect_response first; /* otherwise: the answer that is in doubt */
};

/* A request over HTTP/2 came to this outcome.  True: ask over HTTP/1.1 now.  For good: HTTP/1.1 is required, it knows
 * no extended CONNECT, or it offers only NTLM and Negotiate (only_bound).  Else, once: an answer that may be due to the
 * version (version_in_doubt) of a proxy that has not opened a tunnel over HTTP/2 (known); it is kept. */
bool version_try_begin(struct version_try *try, enum outcome outcome, const struct connect_response *response,
                       enum h2_exchange_end end, bool only_bound, enum version_lesson known);

/* After begin: why it is asked over HTTP/1.1, in words; borrowed. */
const char *version_try_reason(const struct version_try *try);

/* What is learned from the outcome of the request that counted: over_h2 or not.  UNKNOWN: nothing.  One that has
 * meanwhile opened a tunnel over HTTP/2 for others (known) is not taken off it for an answer in doubt. */
enum version_lesson version_try_lesson(const struct version_try *try, enum outcome outcome,
                                       const struct connect_response *response, bool over_h2,
                                       enum version_lesson known);

/* Whether the answer in doubt stands: over HTTP/1.1 there was none, as with a proxy that speaks HTTP/2 alone. */
bool version_try_first_stands(const struct version_try *try, enum outcome outcome);

#endif
