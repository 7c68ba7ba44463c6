/* SPDX-License-Identifier: ISC */
/* Starts the parts of a request to a proxy (proxy_request.h), each with what the request itself was started with.  All
 * that they are passed is borrowed until they are freed, unless it says otherwise. */
#ifndef SALLYPORT_REQUEST_PARTS_H
#define SALLYPORT_REQUEST_PARTS_H

#include <stdbool.h>

#include "auth/authenticator.h"
#include "auth/negotiate_login.h"
#include "base/task.h"
#include "http/connect_response.h"
#include "http/exchange.h"
#include "http/http_head.h"
#include "net/transport.h"
#include "proxy/form_choice.h"
#include "proxy/h2_share.h"
#include "proxy/login_answer.h"
#include "proxy/proxy_request_params.h"

/* Whose a trial of the password is: the session, or this request if that is all the session asks. */
const void *request_parts_session(const struct proxy_request_params *request);

/* How it is asked: sets choice, to be released with form_choice_release, which changes request->request.  False: out of
 * memory. */
bool request_parts_form(struct proxy_request_params *request, struct form_choice *choice);

/* Who decides on the credentials, for the present form.  NULL: out of memory. */
struct authenticator *request_parts_authenticator(const struct proxy_request_params *request,
                                                  const struct form_choice *choice, task_done_fn *done, void *arg);

/* The login for the scheme that was decided on.  first: the exchange with the challenge, the login's from now on, also
 * when NULL is returned; NULL: response and head are that challenge, or head is NULL, too.  connect: see
 * negotiate_login_params.  NULL: out of memory. */
struct negotiate_login *request_parts_login(const struct proxy_request_params *request,
                                            const struct form_choice *choice, struct authenticator *authenticator,
                                            struct exchange *first, const struct connect_response *response,
                                            const struct http_head *head, void (*connect)(void *arg),
                                            task_done_fn *done, void *arg);

/* What the next request proves who we are with, borrowed from either; NULL: nothing.  Both may be NULL. */
const char *request_parts_credentials(const struct authenticator *authenticator, const struct negotiate_login *login);

/* What its answer says of that is read from this; the last three are those of struct login_answer. */
struct login_answer request_parts_answer(const struct proxy_request_params *request, const struct form_choice *choice,
                                         struct authenticator *authenticator, const struct http_head *head, bool sent,
                                         bool shared);

/* What carries the request: a stream of the connection that share has, else the transport, which is the exchange's from
 * now on.  overtaken: see h2_exchange_start.  NULL: out of memory; the transport was closed. */
struct exchange *request_parts_exchange(const struct proxy_request_params *request,
                                        const struct authenticator *authenticator, struct h2_share *share,
                                        struct transport *transport, void (*overtaken)(void *arg), task_done_fn *done,
                                        void *arg);

#endif
