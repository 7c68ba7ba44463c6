/* SPDX-License-Identifier: ISC */
#include "auth/scheme_choice.h"

#include <stdio.h>
#include <string.h>

#define BIT(scheme) (1u << (scheme))

static const enum challenge_scheme schemes_of[] = {
    [AUTH_ANY] = CHALLENGE_NONE,   [AUTH_BASIC] = CHALLENGE_BASIC,         [AUTH_DIGEST] = CHALLENGE_DIGEST,
    [AUTH_NTLM] = CHALLENGE_NTLM,  [AUTH_NEGOTIATE] = CHALLENGE_NEGOTIATE,
};

unsigned scheme_choice_possible(unsigned method)
{
    switch (method) {
    case METHOD_CONNECT: return CHALLENGE_ALL;
    case METHOD_TCPCONNECTION: case METHOD_TCPCONNECTION_ABSOLUTE: case METHOD_CONNECT_TCP: case METHOD_REVERSE:
        return BIT(CHALLENGE_BASIC) | BIT(CHALLENGE_DIGEST);
    default: return BIT(CHALLENGE_BASIC);
    }
}

bool scheme_choice_can_begin(enum challenge_scheme scheme, unsigned method, bool has_user, struct failure *why)
{
    if (!(scheme_choice_possible(method) & BIT(scheme)))
        failure_set(why, FAILURE_PERMANENT, "method %s and authentication by %s do not go together",
                    connect_request_name(method), challenge_words[scheme]);
    else if (scheme < CHALLENGE_NTLM)
        failure_set(why, FAILURE_PERMANENT, "no dialogue for %s", challenge_words[scheme]);
    else if (!has_user && scheme != CHALLENGE_NEGOTIATE)
        failure_set(why, FAILURE_PERMANENT, "it wants %s: set user and a password", challenge_words[scheme]);
    else
        return true;
    return false;
}

bool scheme_choice_needs_password(enum challenge_scheme scheme)
{
    return scheme == CHALLENGE_BASIC || scheme == CHALLENGE_DIGEST || scheme == CHALLENGE_NTLM;
}

/* Whether Basic may be used: a password that others can read is sent only to a proxy that offers nothing else and never
 * has.  Otherwise the proxy, or somebody on the way, could talk us out of a better scheme. */
static bool may_use_basic(const struct scheme_choice *choice)
{
    return !choice->readable || choice->fixed || choice->seen == BIT(CHALLENGE_BASIC);
}

void scheme_choice_start(struct scheme_choice *choice, const struct proxy_config *own, unsigned method, bool tls,
                         bool has_user, enum challenge_scheme remembered, unsigned ever_offered)
{
    const unsigned by_password = BIT(CHALLENGE_BASIC) | BIT(CHALLENGE_DIGEST) | BIT(CHALLENGE_NTLM);

    *choice = (struct scheme_choice){.has_user = has_user, .readable = !tls || (own && !own->verify),
                                     .method = method};
    if (!own)
        return;
    choice->stranger = own->auth == AUTH_NONE;
    choice->fixed = own->auth != AUTH_ANY && !choice->stranger;
    choice->usable = choice->fixed ? BIT(schemes_of[own->auth])
                     : choice->stranger ? by_password : by_password | BIT(CHALLENGE_NEGOTIATE);
    if (!has_user)
        choice->usable &= ~by_password;
    choice->usable &= scheme_choice_possible(method);
    choice->scheme = choice->fixed ? schemes_of[own->auth] : remembered;
    choice->seen = ever_offered | (remembered == CHALLENGE_NONE ? 0 : BIT(remembered));
    if (!(choice->usable & BIT(choice->scheme)) || (choice->scheme == CHALLENGE_BASIC && !may_use_basic(choice)))
        choice->scheme = CHALLENGE_NONE;
}

static enum challenge_scheme choose(const struct scheme_choice *choice)
{
    unsigned usable = choice->usable;

    if (!may_use_basic(choice))
        usable &= ~BIT(CHALLENGE_BASIC);
    if (choice->shared && choice->offered & usable & ~CHALLENGE_BOUND)
        usable &= ~CHALLENGE_BOUND;
    return challenge_choose(choice->offered, usable);
}

bool scheme_choice_unable(struct scheme_choice *choice)
{
    choice->usable &= ~BIT(choice->scheme);
    choice->scheme = CHALLENGE_NONE;
    if (choice->fixed)
        return false;
    if (choice->offered == 0)
        return true;
    choice->scheme = choose(choice);
    return choice->scheme != CHALLENGE_NONE;
}

/* Why nothing of what is offered can be used. */
static void explain(const struct scheme_choice *choice, char *why, size_t size)
{
    const unsigned by_password = BIT(CHALLENGE_BASIC) | BIT(CHALLENGE_DIGEST) | BIT(CHALLENGE_NTLM);
    const unsigned possible = scheme_choice_possible(choice->method);
    const char *form = connect_request_name(choice->method);
    char list[CHALLENGE_LIST_MAX];

    challenge_list(choice->offered, list, sizeof list);
    if (choice->offered == 0)
        snprintf(why, size, "it offers no scheme of authentication that is known here");
    else if (choice->method == METHOD_TCPCONNECTION_ABSOLUTE && !(choice->offered & possible))
        snprintf(why, size, "it offers %s, and with form = absolute only Basic and Digest can be used", list);
    else if (connect_request_token(choice->method) && !(choice->offered & possible))
        snprintf(why, size, "it offers %s, usable with CONNECT but not with %.*s", list, (int)strcspn(form, "/"), form);
    else if (choice->stranger && !choice->has_user)
        snprintf(why, size, "it asks for %s, and only hosts in trusted get credentials", list);
    else if (choice->offered & by_password && !choice->has_user && !choice->fixed)
        snprintf(why, size, "it asks for %s: set user and a password", list);
    else if (choice->offered & choice->usable)
        snprintf(why, size, "it offers %s; a readable password goes out only with auth = basic", list);
    else
        snprintf(why, size, "it offers %s, which %s", list,
                 choice->fixed ? "is not what auth says" : "cannot be used here");
}

bool scheme_choice_offered(struct scheme_choice *choice, unsigned offered, char *why, size_t size)
{
    choice->offered = offered;
    choice->seen |= offered;
    if (choice->scheme != CHALLENGE_NONE) /* it was tried, and could not use this offer */
        choice->usable &= ~BIT(choice->scheme);
    choice->scheme = choose(choice);
    if (choice->scheme == CHALLENGE_NONE)
        explain(choice, why, size);
    return choice->scheme != CHALLENGE_NONE;
}
