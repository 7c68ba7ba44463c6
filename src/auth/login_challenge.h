/* SPDX-License-Identifier: ISC */
/* The challenge that a login answers.  A login with Digest may have it before anything is sent: from a 407 that its
 * owner got, or because an earlier login has left a nonce (nonces.h); and it leaves its own, or the one that the answer
 * names for the next time. */
#ifndef SALLYPORT_LOGIN_CHALLENGE_H
#define SALLYPORT_LOGIN_CHALLENGE_H

#include <curl/curl.h>
#include <stdbool.h>

#include "auth/challenge.h"
#include "auth/nonces.h"
#include "http/http_head.h"
#include "net/endpoint.h"

struct login_challenge {
    enum challenge_scheme scheme;
    struct nonces *nonces;  /* somebody else's */
    struct endpoint proxy;  /* to nonces */
    const char *names_next; /* the field of an answer that may name the next nonce; static */
    char *text;             /* the last one, as challenge_write writes it; NULL: none that can be answered */
    bool is_early;          /* libcurl, which begins without credentials, is to hear it before anything is sent */
    bool is_old;            /* the proxy may have forgotten its nonce, or called it used: what it says to a proof by it
                             * is no trial of the password */
};

/* method: of the request, METHOD_... */
void login_challenge_init(struct login_challenge *challenge, enum challenge_scheme scheme, struct nonces *nonces,
                          const struct endpoint *proxy, unsigned method);

/* With Digest: sets text, is_early and is_old from the owner's 407 (or NULL), else from what an earlier login of that
 * user has left.  *easy: the handle for libcurl to go on with, the caller's; NULL: a new one is to be made.  False: out
 * of memory, and *easy is NULL. */
bool login_challenge_begin(struct login_challenge *challenge, const struct http_head *head, const char *user,
                           CURL **easy);

/* Reads the one of a 407.  False: out of memory. */
bool login_challenge_read(struct login_challenge *challenge, const struct http_head *head);

/* With Digest: the answer (or NULL) takes the proof for good.  Leaves text, or the challenge with the next nonce, and
 * libcurl's handle, which is no longer the caller's, for the next login. */
void login_challenge_leave(struct login_challenge *challenge, const struct http_head *answer, const char *user,
                           CURL *easy);

/* With Digest: the password was refused, and no nonce is worth anything. */
void login_challenge_forget(struct login_challenge *challenge);

/* Frees the text.  May be called again. */
void login_challenge_clear(struct login_challenge *challenge);

#endif
