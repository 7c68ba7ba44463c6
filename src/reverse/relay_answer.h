/* SPDX-License-Identifier: ISC */
/* Judges what a relay answers to the request of a waiting place: one table for every answer.  Pure.
 * draft-kazuho-httpbis-reverse-tunnel-00; that a heartbeat is a 204 is our own rule, because repeated interim answers
 * do not pass web servers that stand before a relay. */
#ifndef SALLYPORT_RELAY_ANSWER_H
#define SALLYPORT_RELAY_ANSWER_H

#include <stddef.h>
#include <time.h>

#include "base/failure.h"
#include "http/http_head.h"
#include "net/address.h"

enum relay_verdict {
    RELAY_INTERIM,   /* 1xx but 101: the request stands on */
    RELAY_SESSION,   /* 101: the bytes behind the head are a client's */
    RELAY_NONE_YET,  /* 204: nobody came; ask again */
    RELAY_DENIED,    /* 401: it wants a login, or refuses the one that it got */
    RELAY_FOREIGN,   /* a 2xx, or a 101 of another kind: not this protocol, so the configuration is wrong */
    RELAY_PERMANENT, /* it would say the same again: 3xx, which is never followed, and what is not below */
    RELAY_BACK_OFF,  /* trouble that passes: 408, 429, 5xx but 501 */
};

struct relay_answer {
    enum relay_verdict verdict;
    int retry_after;         /* seconds (http/retry_after.h), for NONE_YET and BACK_OFF; otherwise RETRY_AFTER_NONE */
    struct address from, on; /* SESSION: the client, and where it came to, as Forwarded says; the family of what it does
                              * not say usably is AF_UNSPEC */
};

/* Judges a complete head.  body: the body_length bytes that have arrived behind it; the log quotes them if it is an
 * error.  wall: time of day in seconds, for a Retry-After with a date.  Fills answer; and failure, unless the verdict
 * is INTERIM, SESSION or NONE_YET: class, what, brief and detail.  The caller adds the place. */
void relay_answer_judge(const struct http_head *head, const char *body, size_t body_length, time_t wall,
                        struct relay_answer *answer, struct failure *failure);

#endif
