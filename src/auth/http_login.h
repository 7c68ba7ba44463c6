/* Asks one proxy for one tunnel where more than a single request is needed: an HTTP proxy that wants Digest, NTLM or
 * Negotiate, or a SOCKS5 proxy that resolves the target's name itself.
 *
 * libcurl knows what to say (curl_client.h); the connections are the owner's, made as all others: TLS, a proxy before
 * the proxy.  With HTTP, libcurl only says what the credentials are: each request is our own handshake's, the same but
 * for Proxy-Authorization as without a login, and each answer is judged as always; libcurl is told of the challenges
 * alone.  SOCKS5 it speaks itself, over a bridge.
 *
 *     start -> WANTS_CONNECTION -> http_login_connect -> ANSWERED -> http_login_take
 *         \-> UNABLE   ^-----------------'    \-> BROKEN
 *
 * The page of a 407 is passed over and the connection used again where it lasts; otherwise another one is asked for.
 * There is no timer here: the owner has one, and frees the login.  The number of answers, and of bytes before the last,
 * is bounded.
 *
 * Blocking: with Negotiate the Kerberos library may ask a KDC for a ticket for this proxy, in this thread, and all
 * waits until the KDC answers or the library gives up (seconds).  It does so once in a ticket's life and proxy; with
 * the ticket in the user's cache it does not block.  Nothing is cached here: a ticket got after our start is used. */
#ifndef SALLYPORT_HTTP_LOGIN_H
#define SALLYPORT_HTTP_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/challenge.h"
#include "auth/curl_loop.h"
#include "base/failure.h"
#include "base/loop.h"
#include "http/connect_request.h"
#include "http/connect_response.h"
#include "http/http_head.h"
#include "net/endpoint.h"
#include "net/transport.h"

#define HTTP_LOGIN_HEADS_MAX 6        /* 407s of a proxy: NTLM and Negotiate need 1 or 2 */
#define HTTP_LOGIN_DIGEST_HEADS_MAX 2 /* the challenge, and one nonce that had grown stale: two proofs */

struct http_login;

enum http_login_event {
    HTTP_LOGIN_WANTS_CONNECTION, /* a fresh connection to the proxy: answer with http_login_connect, now or later */
    HTTP_LOGIN_ANSWERED,         /* the proxy's last word: see http_login_response */
    HTTP_LOGIN_UNABLE,           /* the scheme cannot start here, nothing was sent: see http_login_failure */
    HTTP_LOGIN_BROKEN,           /* the proxy closed, or is no proxy: see http_login_failure */
    HTTP_LOGIN_OURSELVES,        /* our own trouble, out of descriptors or memory: see http_login_failure */
};

typedef void http_login_event_fn(void *arg, enum http_login_event event);

struct http_login_params {
    struct loop *loop;
    struct curl_loop *curl_loop;
    const struct endpoint *proxy;         /* copied; Kerberos knows it as HTTP/host */
    bool socks;                           /* it speaks SOCKS5: scheme and all of request but its target are unused */
    const struct connect_request *request; /* copied; what it points to, but the target, stays the owner's; method must
                                             be `connect`; credentials are unused */
    bool require_switch;                  /* 2xx is a failure */
    enum challenge_scheme scheme;         /* CHALLENGE_DIGEST, _NTLM or _NEGOTIATE */
    const char *user, *password;          /* copied, wiped in the end; both NULL: none (SOCKS5, Negotiate).  NTLM
                                             takes DOMAIN\user, too */
    http_login_event_fn *on_event;
    void *arg;
};

/* Starts.  on_event is never called from within this call or http_login_connect, and not any more after an event other
 * than WANTS_CONNECTION.  NULL: out of memory. */
struct http_login *http_login_start(const struct http_login_params *params);

/* Hands over a connection to the proxy that nothing was sent on; it is the login's now, whatever comes. */
void http_login_connect(struct http_login *login, struct transport *transport);

/* After ANSWERED: what the answer means, as connect_response_judge has it.  denied says that the proxy refused the
 * credentials or would not have any.  A SOCKS5 proxy's answer is put into the same terms: OPEN without switched, or
 * FAILED.  */
const struct connect_response *http_login_response(const struct http_login *login);

/* After ANSWERED: the head of the answer, borrowed, until http_login_take; NULL with SOCKS5. */
const struct http_head *http_login_head(const struct http_login *login);

/* After UNABLE and BROKEN: class and what; where is the owner's to add. */
const struct failure *http_login_failure(const struct http_login *login);

/* Whether something made from the password or the ticket went out, so that a refusal is a refusal of it.  Not so when
 * the proxy's answers never led there.  (A SOCKS5 proxy that was offered a user may have let us in without: that counts
 * as sent, too.) */
bool http_login_credentials_were_sent(const struct http_login *login);

/* The first line of the request, and of the last answer ("" before it, and with SOCKS5), for people. */
const char *http_login_request_line(const struct http_login *login, char *out, size_t size);
const char *http_login_status_line(const struct http_login *login, char *out, size_t size);

/* After ANSWERED with a verdict of OPEN, once: the connection and the (malloc'd) bytes that came behind the answer,
 * both the caller's now.  An end of the proxy's stream that was already seen is seen again. */
struct transport *http_login_take(struct http_login *login, char **leftover, size_t *length);

/* Ends it, whatever the state; a connection that was not taken is closed.  NULL is fine, and so is a call from within
 * on_event. */
void http_login_free(struct http_login *login);

#endif
