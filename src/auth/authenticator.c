#include "auth/authenticator.h"

#include <stdio.h>

#define BIT(scheme) (1u << (scheme))

static const enum challenge_scheme schemes_of[] = {
    [AUTH_ANY] = CHALLENGE_NONE,   [AUTH_BASIC] = CHALLENGE_BASIC,         [AUTH_DIGEST] = CHALLENGE_DIGEST,
    [AUTH_NTLM] = CHALLENGE_NTLM,  [AUTH_NEGOTIATE] = CHALLENGE_NEGOTIATE,
};

bool auth_needs_password(enum challenge_scheme scheme)
{
    return scheme == CHALLENGE_BASIC || scheme == CHALLENGE_DIGEST || scheme == CHALLENGE_NTLM;
}

void auth_start(struct auth *auth, const struct proxy_config *own, bool tls, bool has_user,
                enum challenge_scheme remembered)
{
    const unsigned by_password = BIT(CHALLENGE_BASIC) | BIT(CHALLENGE_DIGEST) | BIT(CHALLENGE_NTLM);

    *auth = (struct auth){.has_user = has_user, .readable = !tls};
    if (!own)
        return;
    auth->fixed = own->auth != AUTH_ANY;
    auth->usable = auth->fixed ? BIT(schemes_of[own->auth]) : by_password | BIT(CHALLENGE_NEGOTIATE);
    if (!has_user)
        auth->usable &= ~by_password;
    if (own->method != 0) /* the others are libcurl's, which knows one form of request */
        auth->usable &= BIT(CHALLENGE_BASIC);
    auth->scheme = auth->fixed ? schemes_of[own->auth] : remembered;
    auth->seen = remembered == CHALLENGE_NONE ? 0 : BIT(remembered);
    if (!(auth->usable & BIT(auth->scheme)))
        auth->scheme = CHALLENGE_NONE;
}

/* A password that anybody on the way can read goes out only when nothing else is offered, and never was: otherwise the
 * proxy, or somebody before it, could talk us out of a better scheme. */
static enum challenge_scheme choose(const struct auth *auth)
{
    unsigned usable = auth->usable;

    if (auth->readable && !auth->fixed && auth->seen != BIT(CHALLENGE_BASIC))
        usable &= ~BIT(CHALLENGE_BASIC);
    return challenge_choose(auth->offered, usable);
}

bool auth_unable(struct auth *auth)
{
    auth->usable &= ~BIT(auth->scheme);
    auth->scheme = CHALLENGE_NONE;
    if (auth->fixed)
        return false;
    if (auth->offered == 0)
        return true;
    auth->scheme = choose(auth);
    return auth->scheme != CHALLENGE_NONE;
}

bool auth_offered(struct auth *auth, unsigned offered, char *why, size_t size)
{
    const unsigned by_password = BIT(CHALLENGE_BASIC) | BIT(CHALLENGE_DIGEST) | BIT(CHALLENGE_NTLM);
    char list[64];

    auth->offered = offered;
    auth->seen |= offered;
    if (auth->scheme != CHALLENGE_NONE) /* it was tried, and could do nothing with this offer */
        auth->usable &= ~BIT(auth->scheme);
    auth->scheme = choose(auth);
    if (auth->scheme != CHALLENGE_NONE)
        return true;
    challenge_list(offered, list, sizeof list);
    if (offered == 0)
        snprintf(why, size, "it offers no scheme of authentication that is known here");
    else if (offered & by_password && !auth->has_user && !auth->fixed)
        snprintf(why, size, "it asks for %s: set user and a password", list);
    else if (offered & auth->usable)
        snprintf(why, size, "it offers %s; a readable password goes out only with auth = basic", list);
    else
        snprintf(why, size, "it offers %s, which %s", list,
                 auth->fixed ? "is not what auth says" : "cannot be used here");
    return false;
}
