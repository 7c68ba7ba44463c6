/* Asks one HTTP proxy for one tunnel where more than a single request is needed: it wants Digest, NTLM or Negotiate.
 *
 * libcurl knows what to say (curl_client.h); the connections are the owner's, made as all others: TLS, a proxy before
 * the proxy.  libcurl only says what the credentials are: each request is an exchange of our own, the same but for
 * Proxy-Authorization as without a login, and each answer is judged as always; libcurl is told of the challenges alone.
 *
 *     started -> PREPARE -> CONNECT -> ASK -> over
 *                  ^  \        ^       ^|
 *                  |   `-> DRAIN -------'|
 *                  `------- 407 ---------'
 *
 * The page of a 407 is passed over and the connection used again where it lasts; otherwise another one is asked for.
 * The number of answers, and of bytes before the last, is bounded.
 *
 * Blocking: with Negotiate the Kerberos library may ask a KDC for a ticket for this proxy, in this thread, and all
 * waits until the KDC answers or the library gives up (seconds).  It does so once in a ticket's life and proxy; with
 * the ticket in the user's cache it does not block.  Nothing is cached here: a ticket got after our start is used. */
#ifndef SALLYPORT_HTTP_LOGIN_H
#define SALLYPORT_HTTP_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/challenge.h"
#include "auth/curl_loop.h"
#include "base/task.h"
#include "base/trace.h"
#include "http/connect_request.h"
#include "http/connect_response.h"
#include "http/http_head.h"
#include "net/endpoint.h"
#include "net/transport.h"

#define HTTP_LOGIN_HEADS_MAX 6        /* 407s of a proxy: NTLM and Negotiate need 1 or 2 */
#define HTTP_LOGIN_DIGEST_HEADS_MAX 2 /* the challenge, and one nonce that had grown stale: two proofs */

struct http_login;

struct http_login_params {
    struct loop *loop;
    struct curl_loop *curl_loop;
    const struct endpoint *proxy;          /* copied; Kerberos knows it as HTTP/host */
    const struct connect_request *request; /* copied; what it points to, but the target, stays the owner's; method must
                                            * be `connect`; credentials are unused */
    bool require_switch;                   /* 2xx is a failure */
    enum challenge_scheme scheme;          /* CHALLENGE_DIGEST, _NTLM or _NEGOTIATE */
    const char *user, *password;           /* copied, wiped in the end; both NULL: none (Negotiate).  NTLM takes
                                            * DOMAIN\user, too */
    uint32_t limit_ms;                     /* for all that is said over one connection */
    struct trace trace;                    /* of the last request and its reply */
    void (*connect)(void *arg);            /* it wants a fresh connection to the proxy: answer with http_login_connect,
                                            * now or later */
    task_done_fn *done;                    /* DONE: the proxy's last word, see http_login_response.  PEER: it closed, is
                                            * silent or is no proxy.  LOCAL: our own trouble, out of descriptors or
                                            * memory, or a scheme that cannot start here */
    void *arg;                             /* for both */
};

/* Starts.  Neither connect nor done is called from within this call.  NULL: out of memory. */
struct http_login *http_login_start(const struct http_login_params *params);

/* Hands over a connection to the proxy that nothing was sent on; it is the login's now, whatever comes. */
void http_login_connect(struct http_login *login, struct transport *transport);

/* After DONE: what the answer means, as connect_response_judge has it, and its head; borrowed.  denied says that the
 * proxy refused the credentials or would not have any. */
const struct connect_response *http_login_response(const struct http_login *login);
const struct http_head *http_login_head(const struct http_login *login);

/* After LOCAL: whether the scheme cannot start here (no ticket, no such scheme in libcurl); nothing was sent. */
bool http_login_is_unable(const struct http_login *login);

/* After PEER: as exchange_was_cut_off, for the last request. */
bool http_login_was_cut_off(const struct http_login *login);

/* Whether something made from the password or the ticket went out, so that a refusal is a refusal of it.  Not so when
 * the proxy's answers never led there. */
bool http_login_credentials_were_sent(const struct http_login *login);

/* After DONE with a verdict of OPEN, once: the connection and the (malloc'd) bytes that came behind the answer, both
 * the caller's now.  An end of the proxy's stream that was already seen is seen again. */
struct transport *http_login_take(struct http_login *login, char **leftover, size_t *length);

/* Ends it, whatever the state; a connection that was not taken is closed.  NULL is fine, and so is a call from within
 * connect and done. */
void http_login_free(struct http_login *login);

#endif
