/* SPDX-License-Identifier: ISC */
/* In which form one session asks one proxy for a tunnel: at first by what the configuration says (request_form.h) and
 * what is remembered of the proxy; then, where the form may be the cause of a refusal, once more over HTTP/1.1
 * (version_try.h), without Upgrade (plain_try.h) or by connect-tcp (template_try.h), each at most once.  In the end
 * it decides which answer stands, and what is remembered.  No I/O; zeroed memory owns nothing. */
#ifndef SALLYPORT_FORM_CHOICE_H
#define SALLYPORT_FORM_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/task.h"
#include "base/trace.h"
#include "config/settings.h"
#include "http/connect_request.h"
#include "http/connect_response.h"
#include "net/endpoint.h"
#include "proxy/health.h"
#include "proxy/plain_try.h"
#include "proxy/request_form.h"
#include "proxy/template_try.h"
#include "proxy/version_try.h"

struct form_choice {
    struct health *health;             /* what is remembered; this and the next ones are borrowed */
    const char *name;                  /* the session's, for the log */
    const struct endpoint *proxy;      /* as the configuration or a redirect names it */
    const struct proxy_config *own;    /* its section, or NULL */
    struct connect_request *request;   /* is changed with the form */
    bool require_switch;
    bool only_1_1;                     /* there is nothing that keeps connections of HTTP/2 */
    struct trace trace;
    struct request_form form;          /* the present one; form.proxy: as which the proxy is known with it */
    unsigned announce;                 /* of the request by CONNECT, while it is asked by template */
    struct plain_try plain;
    struct template_try by_template;
    bool asks_by_template;             /* that try is made, or has opened */
    bool over_h2;                      /* set by the owner before it tells an outcome: the request went over HTTP/2 */
    enum h2_exchange_end h2_end;       /* the same, of one that did so and came to PEER */
    bool only_bound;                   /* the same, of one whose 407 offers only NTLM or Negotiate */
    struct version_try by_version;
};

/* Chooses the form of the first request, whose http2 says what is expected.  All members before form are set by the
 * caller.  False: out of memory. */
bool form_choice_start(struct form_choice *choice);

/* Which versions of HTTP are offered with the present form (enum proxy_http): what the section says, and with AUTO
 * what is remembered of the proxy.  It is PROXY_HTTP_1_1 for a proxy without a section or of the environment, for
 * SOCKS, where only_1_1 is set, for a form that HTTP/2 does not have, and where a switch is required. */
unsigned form_choice_http(const struct form_choice *choice);

/* The same before there is a request, by what the section says of the proxy and what is remembered of it.
 * PROXY_HTTP_1_1 also when out of memory. */
unsigned form_choice_http_ahead(struct health *health, const struct proxy_config *section,
                                const struct endpoint *proxy);

/* The request came to this outcome; to be told before the next two are called.  Where it was by the default template
 * and brought nothing, the first answer and its form are put back: returns the outcome that counts, and sets response.
 * asked: it was sent, and not the way to the proxy failed; refused: the proxy refused our credentials. */
enum outcome form_choice_hear(struct form_choice *choice, uint64_t now_ms, enum outcome outcome, bool asked,
                              struct connect_response *response, bool refused);

/* What counts is this outcome: response if it is DONE, else failure; cut_off: the proxy closed or reset the connection
 * in place of an answer.  True: ask once more, in the form that was chosen now; what the owner has set is reset. */
bool form_choice_again(struct form_choice *choice, uint64_t now_ms, enum outcome outcome, bool cut_off,
                       const struct connect_response *response, const struct failure *failure);

/* The outcome that stands when nothing more is asked: sets response (DONE) or failure (all others) accordingly. */
enum outcome form_choice_end(struct form_choice *choice, uint64_t now_ms, enum outcome outcome,
                             struct connect_response *response, bool refused, struct failure *failure);

/* Whether the proxy was asked before in another form, and what it said then stands. */
bool form_choice_was_answered(const struct form_choice *choice);

void form_choice_release(struct form_choice *choice);

#endif
