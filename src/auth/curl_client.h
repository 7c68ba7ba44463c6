/* libcurl as a client that speaks to one proxy, over a socket of ours: it knows what to say in Digest, NTLM, Negotiate
 * and SOCKS5, and is given no other way to the world.  It looks no name up, and dials nowhere. */
#ifndef SALLYPORT_CURL_CLIENT_H
#define SALLYPORT_CURL_CLIENT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "auth/challenge.h"
#include "auth/curl_loop.h"
#include "auth/curl_socket.h"
#include "base/loop.h"
#include "http/http_head.h"
#include "net/endpoint.h"

struct curl_client {
    struct curl_loop *curl_loop;
    struct curl_loop_transfer transfer;
    CURL *easy;                  /* NULL: not speaking, or no more */
    CURLSH *share;               /* a name cache of its own: nothing stays behind, nothing expires meanwhile */
    struct curl_slist *names, *place;
    struct curl_socket socket;
    char error[CURL_ERROR_SIZE]; /* libcurl's words, or "" */
    char reason[160];            /* why the Kerberos library has no token, or "" */
    char *credentials;           /* of its last request: a value for Proxy-Authorization, or NULL; wiped */
    char *asked;                 /* a request that is not complete yet, or NULL; wiped */
    size_t asked_length;
    char *told;                  /* an answer on its way to libcurl, or NULL */
    size_t told_at, told_end;
};

struct curl_client_params {
    struct curl_loop *curl_loop;
    const struct endpoint *proxy, *target; /* copied, and so are the next three */
    enum challenge_scheme scheme;          /* CHALLENGE_NONE: SOCKS5 */
    const char *user, *password;           /* or NULL; libcurl's copies are wiped in the end */
    void (*opened)(void *arg);             /* as curl_socket_set has it */
    curl_loop_done_fn *done;
    void *arg;
};

enum curl_client_result { CURL_CLIENT_STARTED, CURL_CLIENT_NO_MEMORY, CURL_CLIENT_NOT_BUILT_IN };

/* Starts to speak; neither opened nor done is called from within this call.  NOT_BUILT_IN: this libcurl does not know
 * the scheme.  Whatever the result, curl_client_stop is due in the end. */
enum curl_client_result curl_client_start(struct curl_client *curl, const struct curl_client_params *params);

/* Behind opened, and outside of libcurl's callbacks: makes the socket's outer end.  False: see curl_client_error. */
bool curl_client_enter(struct curl_client *curl, struct loop *loop);

enum curl_client_says {
    CURL_CLIENT_SILENT,
    CURL_CLIENT_ASKS,    /* a whole request: see credentials */
    CURL_CLIENT_RAMBLES, /* more than CURL_CLIENT_REQUEST_MAX bytes of one, or out of memory */
};

#define CURL_CLIENT_REQUEST_MAX 131072 /* the largest tickets are half as long in base64 */

/* HTTP: what comes from the outer end, and what is left of an answer to it.  To be called at first and whenever that
 * end is ready, until it asks. */
enum curl_client_says curl_client_hear(struct curl_client *curl);

/* HTTP: answers its request by a 407 with the challenges of head, and by nothing else of it.  The connection seems to
 * last: which one does is not libcurl's affair.  It asks again, or ends.  False: out of memory. */
bool curl_client_challenge(struct curl_client *curl, const struct http_head *head);

/* Why it has come to an end by itself: its own words, the system's, or those for the code. */
const char *curl_client_error(const struct curl_client *curl, CURLcode code);

/* Ends it, and the socket.  A stopped one is fine; one that was never started must be zeroed and its socket made by
 * curl_socket_init. */
void curl_client_stop(struct curl_client *curl);

#endif
