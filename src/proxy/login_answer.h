/* SPDX-License-Identifier: ISC */
/* What a proxy's answer says about our credentials: whether it asks for some, refuses them or takes them.  It tells the
 * authenticator and what is remembered of the proxy, and adds words to a failure.  No I/O. */
#ifndef SALLYPORT_LOGIN_ANSWER_H
#define SALLYPORT_LOGIN_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/authenticator.h"
#include "http/connect_response.h"
#include "http/http_head.h"
#include "net/endpoint.h"
#include "proxy/health.h"

/* The answer came to a request of this authenticator's. */
struct login_answer {
    struct authenticator *authenticator;
    struct health *health;
    const struct endpoint *proxy;  /* as which it is remembered */
    uint64_t now_ms;
    const struct http_head *head;  /* NULL: SOCKS */
    bool may_log_in;               /* an answer that asks for credentials can be given some */
    bool sent;                     /* ours were sent */
    bool shared;                   /* it came over a connection that others share (HTTP/2) */
};

/* True: the proxy asks for credentials, and the authenticator has begun its next round.  False: the answer is final.
 * *refused: the proxy refused ours.  response: the judged answer. */
bool login_answer_goes_on(const struct login_answer *answer, struct connect_response *response, bool *refused);

/* To be asked before that: whether it came over a shared connection and asks for credentials that all authenticate a
 * connection (NTLM, Negotiate), so that the proxy is to be asked over HTTP/1.1. */
bool login_answer_binds(const struct login_answer *answer, const struct connect_response *response);

#endif
