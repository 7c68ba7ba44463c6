/* SPDX-License-Identifier: ISC */
#include "setup/desktop_guess.h"

#include <stdio.h>

#include "finding/finder.h"
#include "setup/draft.h"

struct asking {
    struct loop *loop;
    bool answered;
};

static void on_found(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asking *asking = arg;

    (void)failure;
    asking->answered = outcome == OUTCOME_DONE;
    loop_stop(asking->loop);
}

/* The first proxy of an answer; a word that means none is no answer, and neither is one of the environment's. */
static bool take(const struct finding *finding, char url[ENDPOINT_URL_MAX])
{
    const struct found *found = finding_found(finding);

    for (size_t i = 0; !finding_is_environment(finding) && i < found->count; i++)
        if (!found->members[i].direct) {
            endpoint_format_url(&found->members[i].proxy, url);
            return true;
        }
    return false;
}

static bool ask(const struct services *services, struct config *config, const char *host, char url[ENDPOINT_URL_MAX])
{
    struct asking asking = {services->loop, false};
    struct endpoint target = {.port = DRAFT_PROBE_PORT};
    const struct finding_params params = {
        .finder = services->finder,
        .config = config,
        .section = &config->proxies[0],
        .scheme = "https",
        .target = &target,
        .done = on_found,
        .arg = &asking,
    };
    struct finding *finding;
    bool named;

    snprintf(target.host, sizeof target.host, "%s", host);
    finder_keep(services->finder, config);
    finding = finding_start(&params);
    named = finding && loop_run(services->loop) && asking.answered && take(finding, url);
    finding_free(finding);
    finder_keep(services->finder, NULL);
    return named;
}

bool desktop_guess_make(const struct services *services, const char *host, char url[ENDPOINT_URL_MAX])
{
    const struct draft draft = {.url = "system"};
    char error[DRAFT_ERROR_MAX];
    struct config *config = draft_config(&draft, NULL, host, error);
    bool named = config && ask(services, config, host, url);

    config_unref(config);
    return named;
}
