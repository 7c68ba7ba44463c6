/* SPDX-License-Identifier: ISC */
#include "proxy/login_answer.h"

#include "auth/challenge.h"

/* The proxy asks for credentials, and none were sent. */
static bool on_challenge(const struct login_answer *answer, struct failure *failure)
{
    unsigned offered = challenge_offered(answer->head);
    char why[160];

    health_note_offer(answer->health, answer->proxy, answer->now_ms, offered);
    if (authenticator_challenge(answer->authenticator, offered, answer->shared, why, sizeof why))
        return true;
    failure_add(failure, why);
    failure_brief(failure, failure->status, "%s wants a login: %s", authenticator_peer(answer->authenticator), why);
    return false;
}

static void tell_refusal(const struct login_answer *answer, struct failure *failure)
{
    failure_add(failure, "user and password, or ticket, were refused");
    failure_brief(failure, failure->status, "%s refused the %s", authenticator_peer(answer->authenticator),
                  authenticator_password(answer->authenticator) ? "password" : "ticket");
    failure->cause = CAUSE_LOGIN_REFUSED;
}

bool login_answer_binds(const struct login_answer *answer, const struct connect_response *response)
{
    return answer->shared && !answer->sent && response->denied &&
           challenge_binds_connection(challenge_offered(answer->head));
}

bool login_answer_goes_on(const struct login_answer *answer, struct connect_response *response, bool *refused)
{
    enum challenge_scheme lesson = authenticator_lesson(answer->authenticator);

    *refused = response->denied && answer->sent;
    if (response->denied && !answer->sent && answer->may_log_in)
        return on_challenge(answer, &response->failure);
    if (*refused)
        tell_refusal(answer, &response->failure);
    if (answer->sent)
        authenticator_note(answer->authenticator, *refused);
    if (*refused)
        health_set_scheme(answer->health, answer->proxy, answer->now_ms, CHALLENGE_NONE);
    else if (lesson != CHALLENGE_NONE)
        health_set_scheme(answer->health, answer->proxy, answer->now_ms, lesson);
    return false;
}
