/* SPDX-License-Identifier: ISC */
#include "proxy/version_try.h"

#include <stddef.h>

/* Why it is HTTP/1.1 from now on; NULL: there is no such reason. */
static const char *reason_for_good(enum outcome outcome, const struct connect_response *response,
                                   enum h2_exchange_end end, bool only_bound)
{
    if (outcome == OUTCOME_DONE && response->denied && only_bound)
        return "it offers only logins that HTTP/2 does not have, NTLM or Negotiate";
    if (outcome != OUTCOME_PEER)
        return NULL;
    if (end == H2_EXCHANGE_NEEDS_1_1)
        return "it requires HTTP/1.1";
    return end == H2_EXCHANGE_NO_CONNECT ? "it does not know extended CONNECT, by which connect-tcp is asked for in "
                                           "HTTP/2" : NULL;
}

bool version_try_begin(struct version_try *try, enum outcome outcome, const struct connect_response *response,
                       enum h2_exchange_end end, bool only_bound, enum version_lesson known)
{
    const char *reason = reason_for_good(outcome, response, end, only_bound);

    if (try->asks)
        return false;
    if (!reason && (outcome != OUTCOME_DONE || !response->version_in_doubt || known == VERSION_2))
        return false;
    try->asks = true;
    try->for_good = reason != NULL;
    try->reason = reason;
    if (!reason)
        try->first = *response;
    return true;
}

const char *version_try_reason(const struct version_try *try)
{
    return try->for_good ? try->reason : try->first.failure.what;
}

enum version_lesson version_try_lesson(const struct version_try *try, enum outcome outcome,
                                       const struct connect_response *response, bool over_h2,
                                       enum version_lesson known)
{
    bool open = outcome == OUTCOME_DONE && response->verdict == CONNECT_OPEN;

    if (over_h2)
        return open ? VERSION_2 : VERSION_UNKNOWN;
    if (try->asks && try->for_good)
        return VERSION_1_1;
    return try->asks && open && known != VERSION_2 ? VERSION_1_1 : VERSION_UNKNOWN;
}

bool version_try_first_stands(const struct version_try *try, enum outcome outcome)
{
    return try->asks && !try->for_good && outcome == OUTCOME_PEER;
}
