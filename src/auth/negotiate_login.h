/* SPDX-License-Identifier: ISC */
/* Asks one HTTP proxy for one tunnel with Digest, NTLM or Negotiate (Kerberos), which may need more than one request.
 * Where it is asked for a resource, it is with Digest alone; and where that is its own, 407 means 401 below, and
 * Proxy-Authorization means Authorization.
 *
 * libcurl makes the credentials (curl_client.h) and nothing else.  The owner makes the connections, as always: with
 * TLS, or through another proxy.  Each request is an exchange of our own, the same as without a login but for
 * Proxy-Authorization, and each answer is judged as always; libcurl only sees the challenges.
 *
 *     started -> PREPARE -> CONNECT -> ASK -> over
 *                  ^  \        ^       ^|
 *                  |   `-> DRAIN -------'|
 *                  `------- 407 ---------'
 *
 * It may begin with a 407 that the owner got to a request without credentials (`first`), which is as good as one of
 * its own.  With Digest that challenge is played to libcurl before anything is sent, and none is needed when an
 * earlier login has left a nonce, its own or one that the answer named for the next (login_challenge.h): so it takes
 * two requests the first time, and then one.
 *
 * Where a request has two readers (a server, and the proxy before it, which is asked for the server's resource), each
 * has a login of its own.  The proxy's is as above, and each of its requests carries the server's credentials along
 * (origin_credentials).  The server's has no requests at all (owner_asks): it makes credentials, and judges the answer
 * that the owner brings.  So each answers its own challenges only, and each is bounded by itself.
 *
 * The body of a 407 is skipped, and the connection used again if it stays open; otherwise another one is asked for.
 * Credentials that may not go out yet leave it to the owner (kept), who gives it back, or another one, when they may.
 * NTLM and Negotiate authenticate one connection: in the middle of them (bound) there is no other, so it is used until
 * it really ends, whatever the 407 says of its own end and of the connection's.  A body without a known end is over
 * when nothing more comes for a moment.  The number of answers, and of bytes before the last one, is bounded.
 *
 * A connection that stays open after a 407 may still end with the next request on it.  That one goes out once more,
 * over another connection, and nobody knows whether the proxy has seen it.  It may have counted a proof of Digest, and
 * call its nonce used; so one further 407 says nothing against the password, and is answered.  The next proof that is
 * lost ends the login: a proxy that closes in place of a 407 would get one after the other.
 *
 * Blocking: with Negotiate the Kerberos library may ask a KDC for a ticket for this proxy, in this thread, and the
 * whole process waits until the KDC answers or the library gives up (seconds).  It does so once per proxy and life of
 * a ticket; with the ticket in the user's cache it does not block.  Nothing is cached here: a ticket that came after
 * our start is used. */
#ifndef SALLYPORT_NEGOTIATE_LOGIN_H
#define SALLYPORT_NEGOTIATE_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/authenticator.h"
#include "auth/challenge.h"
#include "auth/curl_loop.h"
#include "auth/nonces.h"
#include "base/task.h"
#include "base/trace.h"
#include "http/connect_request.h"
#include "http/connect_response.h"
#include "http/exchange.h"
#include "http/http_head.h"
#include "net/endpoint.h"
#include "net/transport.h"

#define NEGOTIATE_LOGIN_HEADS_MAX 6        /* 407s of one proxy: NTLM and Negotiate need 1 or 2 */
#define NEGOTIATE_LOGIN_DIGEST_HEADS_MAX 4 /* the challenge, and some for stale nonces, which say nothing against the
                                            * password; a proxy that gives no other is broken */

struct negotiate_login;

struct negotiate_login_params {
    struct loop *loop;
    struct curl_loop *curl_loop;
    struct nonces *nonces;                 /* what earlier logins left */
    struct exchange *first;                /* done, with a 407 of this proxy; the login's from now on.  NULL: none */
    bool owner_asks;                       /* Digest: the owner sends the requests and reads the answers */
    const struct connect_response *response; /* then these two are for first: the last answer, which was denied; */
    const struct http_head *head;          /* borrowed until the login asks for the next one, or ends.  NULL: none */
    const struct endpoint *proxy;          /* copied; its name in Kerberos is HTTP/host */
    const struct connect_request *request; /* copied, with the target; what else it points to stays the owner's;
                                            * method must go with the scheme (scheme_choice_possible), and credentials
                                            * are unused */
    bool require_switch;                   /* 2xx is a failure */
    enum challenge_scheme scheme;          /* CHALLENGE_DIGEST, _NTLM or _NEGOTIATE */
    struct authenticator *authenticator;   /* says whether they may be sent over the connection of a 407, as the owner
                                            * asks it before any other; borrowed.  NULL: they may */
    const char *user, *password;           /* copied, wiped in the end; both NULL: none (Negotiate).  NTLM also takes
                                            * DOMAIN\user */
    uint32_t limit_ms;                     /* milliseconds for the whole login, but for the time in which it waits for
                                            * a connection: making those has limits of its own */
    struct trace trace;                    /* of the last request and its reply */
    void (*connect)(void *arg);            /* it needs a new connection to the proxy: answer with
                                            * negotiate_login_connect, now or later; or it may not send over the one
                                            * that it has (negotiate_login_kept).  If the owner asks: it is to do so
                                            * now, and to answer with negotiate_login_hear */
    task_done_fn *done;                    /* DONE: the proxy's final answer, see negotiate_login_response.  PEER: it
                                            * closed, is silent or is no proxy.  LOCAL: our own trouble: no
                                            * descriptors or memory left, or a scheme that cannot start here */
    void *arg;                             /* for both */
};

/* Starts.  Neither connect nor done is called from within this call.  NULL: out of memory; first was freed. */
struct negotiate_login *negotiate_login_start(const struct negotiate_login_params *params);

/* Within connect: the connection over which the credentials may not go out yet, and which is the caller's from now on,
 * to be handed over again when they may, if it lasts.  NULL: there is none. */
struct transport *negotiate_login_kept(struct negotiate_login *login);

/* Within connect: whether a proof of Digest has been lost with its connection.  It goes out once more, and no more, so
 * that a connection that may be dead would not do. */
bool negotiate_login_repeats(const struct negotiate_login *login);

/* Hands over a connection to the proxy, over which nothing was sent, or the one that it had kept.  The login owns it
 * from now on, whatever its state. */
void negotiate_login_connect(struct negotiate_login *login, struct transport *transport);

/* If the owner asks: the value for Authorization in its next request, borrowed until negotiate_login_hear; NULL: none.
 * again: that request goes out once more, and nobody knows whether the server has seen it.  One that counts may then
 * call the credentials used, which says nothing against the password. */
const char *negotiate_login_credentials(const struct negotiate_login *login);
void negotiate_login_again(struct negotiate_login *login);

/* The answer to the owner's request has come; it is borrowed as above.  done or connect will be called, perhaps from
 * within. */
void negotiate_login_hear(struct negotiate_login *login, const struct connect_response *response,
                          const struct http_head *head);

/* After DONE: what the answer means (connect_response_judge), and its head, NULL without an answer; both are borrowed.
 * denied: the proxy refused the credentials, or would not take any. */
const struct connect_response *negotiate_login_response(const struct negotiate_login *login);
const struct http_head *negotiate_login_head(const struct negotiate_login *login);

/* After LOCAL: whether the scheme cannot start here (no ticket, no such scheme in libcurl, a name that NTLM cannot
 * say, a path that Digest cannot prove); nothing was sent. */
bool negotiate_login_is_unable(const struct negotiate_login *login);

/* After DONE with a 407, and when the scheme is unable: frees the login, but not the exchange with the last 407, for
 * the next login to begin with (`first`); the caller owns it.  NULL: there was none, or the owner asked. */
struct exchange *negotiate_login_end(struct negotiate_login *login);

/* After PEER: exchange_was_cut_off of the last request. */
bool negotiate_login_was_cut_off(const struct negotiate_login *login);

/* Whether something made from the password or the ticket was sent, so that a refusal means that the proxy refused it.
 * False when the proxy's answers never got that far, or were about a nonce of an earlier login. */
bool negotiate_login_credentials_were_sent(const struct negotiate_login *login);

/* After DONE with a verdict of OPEN, once: the connection, and in *leftover (malloc'd) the *length bytes that came
 * after the answer; the caller owns both.  End of stream that was already seen will be seen again. */
struct transport *negotiate_login_take(struct negotiate_login *login, char **leftover, size_t *length);

/* Ends it in any state; a connection that was not taken is closed.  NULL is fine, and so is a call from within
 * connect and done. */
void negotiate_login_free(struct negotiate_login *login);

#endif
