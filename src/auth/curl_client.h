/* SPDX-License-Identifier: ISC */
/* libcurl as a client of one proxy, over a socket of ours.  libcurl implements Digest, NTLM, Negotiate and SOCKS5 on
 * it; it looks up no name, and connects to nothing else.  Where the proxy is asked for a resource of its own, it is a
 * server like any other, and libcurl its client: then it speaks of Authorization and 401 in place of
 * Proxy-Authorization and 407 (RFC 9110 section 11).
 *
 * It is the same where a proxy is asked for what a server has, to pass the request on: the credentials look the same
 * (RFC 9110 section 11.4), and the owner gives them the name.  libcurl's proof is then of verb and path, as that of any
 * web browser.  RFC 7616 section 3.4.6 would have the whole URL there, as the request has it, but proxies that look
 * take the path, and the servers behind them see no more of the URL. */
#ifndef SALLYPORT_CURL_CLIENT_H
#define SALLYPORT_CURL_CLIENT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "auth/challenge.h"
#include "auth/curl_loop.h"
#include "auth/curl_socket.h"
#include "base/loop.h"
#include "http/connect_request.h"
#include "net/endpoint.h"

struct curl_client_role;

struct curl_client {
    const struct curl_client_role *role; /* as what libcurl takes the other side */
    struct curl_loop *curl_loop;
    struct curl_loop_transfer transfer;
    CURL *easy;                  /* NULL: not started, or stopped */
    CURLSH *share;               /* a name cache of its own: it shares nothing, and nothing in it expires */
    struct curl_slist *names, *place;
    struct curl_socket socket;
    char error[CURL_ERROR_SIZE]; /* libcurl's error message, or "" */
    char reason[160];            /* why the Kerberos library gave no token, or "" */
    char *credentials;           /* of libcurl's last request: the value of Proxy-Authorization, or of Authorization, or
                                  * NULL; wiped */
    char *asked;                 /* the part of a request that has come so far, or NULL; wiped */
    size_t asked_length;
    char *told;                  /* an answer that is being sent to libcurl, or NULL */
    size_t told_at, told_end;
};

struct curl_client_params {
    struct curl_loop *curl_loop;
    const struct endpoint *proxy, *target; /* copied, as are the next four */
    const struct connect_request *resource; /* asks for a resource, and the proxy is a server to libcurl, whose proof is
                                            * of verb and path, byte for byte; the target is unused.  NULL: a CONNECT,
                                            * or SOCKS */
    enum challenge_scheme scheme;          /* CHALLENGE_NONE: SOCKS5 */
    const char *user, *password;           /* UTF-8, or NULL; libcurl's copies are wiped in the end */
    CURL *easy;                            /* a handle that curl_client_part gave back, which is the client's now; NULL:
                                            * a new one is made */
    void (*opened)(void *arg);             /* see curl_socket_set */
    curl_loop_done_fn *done;
    void *arg;
};

enum curl_client_result {
    CURL_CLIENT_STARTED,
    CURL_CLIENT_NO_MEMORY,
    CURL_CLIENT_NOT_BUILT_IN, /* this libcurl does not support the scheme */
    CURL_CLIENT_NOT_SAYABLE,  /* NTLM: user or password has a character that libcurl cannot send */
    CURL_CLIENT_NOT_PROVABLE, /* Digest: libcurl cannot prove the path of the resource as it is written */
    CURL_CLIENT_NOT_KEPT,     /* Likewise this libcurl, which writes its percent-encodings in capitals */
};

/* Why the scheme cannot be used: what follows its name in a sentence; static.  NULL: it has started, or there is no
 * memory. */
const char *curl_client_refusal(enum curl_client_result result);

/* Starts the transfer; calls neither opened nor done from within.  After any result the caller must call
 * curl_client_stop in the end. */
enum curl_client_result curl_client_start(struct curl_client *curl, const struct curl_client_params *params);

/* To be called each time after opened, outside of libcurl's callbacks: makes our end of the socket (socket.outer), in
 * place of an earlier one.  For a proxy that is once, for a server with each request.  False: see
 * curl_client_error. */
bool curl_client_enter(struct curl_client *curl, struct loop *loop);

enum curl_client_says {
    CURL_CLIENT_SILENT,
    CURL_CLIENT_ASKS,    /* a complete request has come: see credentials */
    CURL_CLIENT_RAMBLES, /* a request of CURL_CLIENT_REQUEST_MAX bytes or more, or out of memory */
};

#define CURL_CLIENT_REQUEST_MAX 131072 /* bytes; the largest tickets are half as long in base64 */

/* HTTP: reads libcurl's request, after sending libcurl what is left of an answer.  To be called each time after
 * curl_client_enter, then whenever socket.outer is ready, until it returns ASKS. */
enum curl_client_says curl_client_hear(struct curl_client *curl);

/* HTTP: whether libcurl's last request has credentials, and a secret in them: the first message of NTLM (type 1) has
 * none. */
bool curl_client_shows_secret(const struct curl_client *curl);

/* HTTP: answers libcurl's request with a 407 or 401 that has only this challenge (challenge_write); NULL: none.  To
 * libcurl a proxy's connection seems to stay open, and a server's to be closed; the owner handles the real one.
 * libcurl then sends another request, or ends.  Whether a second answer to Digest makes sense is for the owner to
 * decide: libcurl is told that it does.  False: out of memory. */
bool curl_client_challenge(struct curl_client *curl, const char *challenge);

/* Why the transfer ended by itself: the system's error, else libcurl's message, else the text for code. */
const char *curl_client_error(const struct curl_client *curl, CURLcode code);

/* HTTP: whether it ended because it has no answer to the last challenge, and not for a fault on the way to us. */
bool curl_client_has_no_answer(const struct curl_client *curl, CURLcode code);

/* Whether it ended for want of memory, descriptors or watches of ours: then the proxy has done nothing wrong. */
bool curl_client_failed_here(const struct curl_client *curl, CURLcode code);

/* As curl_client_stop, but returns the handle, which the caller owns: it has no user and no password, and knows the
 * nonce of a Digest challenge that it has answered.  NULL: it was not started. */
CURL *curl_client_part(struct curl_client *curl);

/* Ends the transfer and closes the socket.  May be called again.  One that was never started must be zeroed, with its
 * socket made by curl_socket_init. */
void curl_client_stop(struct curl_client *curl);

#endif
