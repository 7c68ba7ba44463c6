/* SPDX-License-Identifier: ISC */
#include "setup/proxy_trial.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/challenge.h"
#include "net/endpoint.h"
#include "proxy/tunnel.h"

struct proxy_trial {
    struct proxy_trial_params params;
    struct tunnel *tunnel;
    bool answered; /* somebody has answered in HTTP */
    bool denied;   /* the last answer was a 407 */
};

/* Passes the steps on, and sees an answer among them ("HTTP/1.1 407 Who are you"). */
static void on_step(void *arg, const char *step, const char *text)
{
    struct proxy_trial *trial = arg;

    if (strcmp(step, "reply") == 0) {
        trial->answered = true;
        trial->denied = strstr(text, " 407") != NULL;
    }
    trace_step(&trial->params.trace, step, "%s", text);
}

/* Whether a user and a password would help where there is no ticket, which the proxy likes best. */
static bool takes_password(const struct proxy_trial *trial, const struct failure *failure)
{
    char url[sizeof failure->scheme + sizeof failure->where + 3];
    struct endpoint proxy;
    const char *why;

    snprintf(url, sizeof url, "%s://%s", failure->scheme, failure->where);
    return endpoint_parse_url(&proxy, url, strlen(url), &why) &&
           health_offers(trial->params.services->health, &proxy) & ~(1u << CHALLENGE_NEGOTIATE);
}

/* Who says 407 has seen no credentials that it likes.  If none could be sent, the failure is our own, and has no status
 * of an answer; a login page in the proxy's place has one. */
static enum proxy_verdict judge(const struct proxy_trial *trial, const struct failure *failure)
{
    const struct proxy_config *section = trial->params.listener->proxy;
    const bool has_user = section && section->user;

    if (failure->status == 407 || failure->status == 401)
        return has_user ? PROXY_REFUSES_LOGIN : PROXY_WANTS_LOGIN;
    if (trial->denied && has_user && section->password_command && takes_password(trial, failure))
        return PROXY_LACKS_PASSWORD;
    if (trial->denied)
        return !has_user && takes_password(trial, failure) ? PROXY_WANTS_LOGIN : PROXY_FAILS;
    return trial->answered && failure->status == 0 ? PROXY_ANSWERS : PROXY_FAILS;
}

static void on_tunnel(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_trial *trial = arg;
    enum proxy_verdict verdict = PROXY_LEADS;

    if (outcome != OUTCOME_DONE)
        verdict = outcome == OUTCOME_LOCAL ? PROXY_FAILS : judge(trial, failure);
    trial->params.done(trial->params.arg, verdict, failure);
}

struct proxy_trial *proxy_trial_start(const struct proxy_trial_params *params)
{
    struct proxy_trial *trial = calloc(1, sizeof *trial);
    const struct tunnel_params opening = {
        .services = params->services,
        .config = params->config,
        .listener = params->listener,
        .name = "setup",
        .trace = {on_step, trial},
        .done = on_tunnel,
        .arg = trial,
    };

    if (!trial)
        return NULL;
    trial->params = *params;
    config_ref(params->config);
    trial->tunnel = tunnel_open(&opening);
    if (trial->tunnel)
        return trial;
    proxy_trial_free(trial);
    return NULL;
}

void proxy_trial_free(struct proxy_trial *trial)
{
    if (!trial)
        return;
    tunnel_free(trial->tunnel);
    config_unref(trial->params.config);
    free(trial);
}
