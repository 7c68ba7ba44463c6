/* SPDX-License-Identifier: ISC */
#include "proxy/plain_try.h"

#include <stdio.h>
#include <string.h>

bool plain_try_begin(struct plain_try *plain, const struct connect_response *response, const struct failure *failure,
                     bool takes_upgrade)
{
    if (plain->kind != PLAIN_TRY_NONE)
        return false;
    if (response && response->verdict == CONNECT_RETRY_PLAIN)
        plain->kind = PLAIN_TRY_INSTEAD;
    else if (!takes_upgrade && (!response || response->upgrade_in_doubt))
        plain->kind = PLAIN_TRY_CHECKS;
    else
        return false;
    plain->answered = response;
    if (response)
        plain->first = *response;
    else
        plain->first.failure = *failure;
    return true;
}

const char *plain_try_reason(const struct plain_try *plain)
{
    return plain->first.failure.what;
}

bool plain_try_has_opened(const struct plain_try *plain, enum outcome outcome,
                          const struct connect_response *response)
{
    return plain->kind != PLAIN_TRY_NONE && outcome == OUTCOME_DONE && response->verdict == CONNECT_OPEN;
}

#define TEXT_MAX sizeof((struct failure *)0)->what /* the longer one of its two texts */

/* Adds to text, which has size bytes, what the other request came to: with says that it was the one with Upgrade. */
static void join(char *text, size_t size, bool with, const char *other)
{
    char joined[TEXT_MAX];

    if (strcmp(text, other) == 0)
        snprintf(joined, sizeof joined, "%.120s; the same without Upgrade (announce = none)", other);
    else
        snprintf(joined, sizeof joined, "%.90s; %s Upgrade (announce = none%s): %.70s", text,
                 with ? "with" : "without", with ? " leaves it out" : "", other);
    snprintf(text, size, "%s", joined);
}

/* Adds that to both texts of failure, which stands. */
static void add_words(struct failure *failure, bool with, const struct failure *other)
{
    if (failure->brief[0])
        join(failure->brief, sizeof failure->brief, with, other->brief[0] ? other->brief : other->what);
    join(failure->what, sizeof failure->what, with, other->what);
}

enum outcome plain_try_end(const struct plain_try *plain, enum outcome outcome, struct connect_response *response,
                           bool refused, struct failure *failure)
{
    struct failure second;

    if (plain->kind != PLAIN_TRY_CHECKS || outcome == OUTCOME_FORBIDDEN || refused ||
        (outcome == OUTCOME_DONE && (response->verdict == CONNECT_OPEN || response->verdict == CONNECT_REDIRECT)))
        return outcome;
    if (!plain->answered && outcome == OUTCOME_DONE) { /* the only answer there is */
        add_words(&response->failure, true, &plain->first.failure);
        return OUTCOME_DONE;
    }
    second = outcome == OUTCOME_DONE ? response->failure : *failure;
    if (plain->answered) {
        *response = plain->first;
        add_words(&response->failure, false, &second);
        return OUTCOME_DONE;
    }
    *failure = plain->first.failure;
    add_words(failure, false, &second);
    return OUTCOME_PEER;
}
