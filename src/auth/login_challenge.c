/* SPDX-License-Identifier: ISC */
#include "auth/login_challenge.h"

#include <stdlib.h>

#include "http/connect_request.h"

void login_challenge_init(struct login_challenge *challenge, enum challenge_scheme scheme, struct nonces *nonces,
                          const struct endpoint *proxy, unsigned method)
{
    bool of_proxy = connect_request_denial(method) == 407;

    *challenge = (struct login_challenge){
        .scheme = scheme,
        .nonces = nonces,
        .proxy = *proxy,
        .names_next = of_proxy ? "Proxy-Authentication-Info" : "Authentication-Info",
    };
    if (of_proxy && connect_request_has_path(method)) /* it is asked for what a server behind it has: to libcurl it is
                                                       * a server here, and a proxy where it makes tunnels */
        challenge->proxy.resource = endpoint_resource("http://");
}

bool login_challenge_read(struct login_challenge *challenge, const struct http_head *head)
{
    login_challenge_clear(challenge);
    return challenge_write(head, challenge->scheme, &challenge->text);
}

bool login_challenge_begin(struct login_challenge *challenge, const struct http_head *head, const char *user,
                           CURL **easy)
{
    struct nonce known;

    *easy = NULL;
    if (challenge->scheme != CHALLENGE_DIGEST)
        return true;
    if (head) {
        challenge->is_early = true;
        return login_challenge_read(challenge, head);
    }
    known = nonces_take(challenge->nonces, &challenge->proxy, user);
    challenge->text = known.challenge;
    challenge->is_early = known.challenge && !known.easy;
    challenge->is_old = known.challenge || known.easy;
    *easy = known.easy;
    return true;
}

/* The challenge with the nonce that the answer names for the next login, malloc'd.  NULL: it names none, or one that is
 * somebody else's. */
static char *read_next(struct login_challenge *challenge, const struct http_head *answer)
{
    char *next = NULL;

    if (answer && challenge->text)
        (void)challenge_write_next(challenge->text, answer, challenge->names_next, &next); /* else it is asked for */
    if (next && nonces_claim(challenge->nonces, next))
        return next;
    free(next);
    return NULL;
}

void login_challenge_leave(struct login_challenge *challenge, const struct http_head *answer, const char *user,
                           CURL *easy)
{
    char *next = read_next(challenge, answer);
    struct nonce left = {easy, challenge->text};

    challenge->text = NULL;
    if (next) {
        nonce_free(&left);
        left = (struct nonce){NULL, next};
    }
    nonces_keep(challenge->nonces, &challenge->proxy, user, left);
}

void login_challenge_forget(struct login_challenge *challenge)
{
    nonces_forget(challenge->nonces, &challenge->proxy);
}

void login_challenge_clear(struct login_challenge *challenge)
{
    free(challenge->text);
    challenge->text = NULL;
}
