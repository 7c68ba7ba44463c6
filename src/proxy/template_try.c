/* SPDX-License-Identifier: ISC */
#include "proxy/template_try.h"

bool template_try_begin(struct template_try *try, const struct connect_response *response,
                        enum template_lesson lesson)
{
    if (try->begun || !response->wants_template || lesson == TEMPLATE_FAILS)
        return false;
    try->begun = true;
    try->first = *response;
    return true;
}

/* Whether it was an answer to the form of the request, and neither to who asks, when, or for what. */
static bool is_about_form(const struct connect_response *response)
{
    return response->verdict == CONNECT_FAILED && !response->denied && !response->busy && !response->target_trouble;
}

enum template_lesson template_try_lesson(const struct template_try *try, enum outcome outcome, bool asked,
                                         const struct connect_response *response)
{
    if (!try->begun || outcome == OUTCOME_LOCAL || outcome == OUTCOME_FORBIDDEN)
        return TEMPLATE_UNKNOWN;
    if (outcome == OUTCOME_PEER)
        return asked ? TEMPLATE_FAILS : TEMPLATE_UNKNOWN;
    if (response->verdict == CONNECT_OPEN || response->verdict == CONNECT_REDIRECT)
        return TEMPLATE_OPENS;
    return is_about_form(response) ? TEMPLATE_FAILS : TEMPLATE_UNKNOWN;
}

bool template_try_has_failed(const struct template_try *try, enum outcome outcome,
                             const struct connect_response *response, bool refused)
{
    if (!try->begun || refused || outcome == OUTCOME_LOCAL || outcome == OUTCOME_FORBIDDEN)
        return false;
    if (outcome == OUTCOME_PEER)
        return true;
    return is_about_form(response) || (response->verdict == CONNECT_FAILED && !try->first.names_template);
}
