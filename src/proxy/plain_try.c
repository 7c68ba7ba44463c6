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

/* Adds to failure, which stands, what the other request came to: with says that it was the one with Upgrade. */
static void add_words(struct failure *failure, bool with, const char *other)
{
    char what[sizeof failure->what];

    if (strcmp(failure->what, other) == 0)
        snprintf(what, sizeof what, "%.160s; the same without Upgrade (announce = none)", other);
    else
        snprintf(what, sizeof what, "%.100s; %s Upgrade (announce = none%s): %.80s", failure->what,
                 with ? "with" : "without", with ? " leaves it out" : "", other);
    memcpy(failure->what, what, sizeof what);
}

enum outcome plain_try_end(const struct plain_try *plain, enum outcome outcome, struct connect_response *response,
                           bool refused, struct failure *failure)
{
    struct failure second;

    if (plain->kind != PLAIN_TRY_CHECKS || outcome == OUTCOME_FORBIDDEN || refused ||
        (outcome == OUTCOME_DONE && (response->verdict == CONNECT_OPEN || response->verdict == CONNECT_REDIRECT)))
        return outcome;
    if (!plain->answered && outcome == OUTCOME_DONE) { /* the only answer there is */
        add_words(&response->failure, true, plain->first.failure.what);
        return OUTCOME_DONE;
    }
    second = outcome == OUTCOME_DONE ? response->failure : *failure;
    if (plain->answered) {
        *response = plain->first;
        add_words(&response->failure, false, second.what);
        return OUTCOME_DONE;
    }
    *failure = plain->first.failure;
    add_words(failure, false, second.what);
    return OUTCOME_PEER;
}
