/* SPDX-License-Identifier: ISC */
#include "try_reverse.h"

#include <stdio.h>

#include "net/endpoint.h"
#include "reverse/waiting_place.h"
#include "try_steps.h"

#define LOOK_MS 1000u    /* between two looks at whether it rests */
#define RESTS_MOST 8u    /* looks: a relay that says once, too soon, that nobody came, is asked again within them */

struct trial {
    struct services *services;
    const struct reverse_config *section;
    struct waiting_place *place;
    struct try_steps steps;
    struct loop_timer look;
    unsigned rests; /* looks that found it resting after a 204 */
    bool worked;
};

static void end(struct trial *trial, bool worked)
{
    trial->worked = worked;
    loop_stop(trial->services->loop);
}

static void on_event(void *arg, enum standing_event event)
{
    struct trial *trial = arg;

    if (event != STANDING_STANDS)
        return;
    try_steps_show(&trial->steps, "waiting", "the relay has taken the request, and keeps it until a client comes");
    end(trial, true);
}

/* Nobody serves a client here: it sees a reset, and may come again when the daemon runs. */
static void on_place(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct trial *trial = arg;
    struct address from, on;

    if (outcome == OUTCOME_DONE) {
        transport_reset(waiting_place_take(trial->place, &from, &on));
        try_steps_show(&trial->steps, "client", "one has come at once, and was sent away");
    } else {
        try_steps_fail(failure);
    }
    end(trial, outcome == OUTCOME_DONE);
}

/* The place would ask again for ever. */
static void on_look(void *arg)
{
    struct trial *trial = arg;
    const struct relay_answer *answer = waiting_place_answer(trial->place);
    const struct endpoint *relay = &trial->section->relay.urls.at[0];
    char where[ENDPOINT_TEXT_MAX];
    struct failure failure;

    if (answer && answer->verdict == RELAY_NONE_YET && ++trial->rests >= RESTS_MOST) {
        failure_set(&failure, FAILURE_TEMPORARY, FAILURE_THEY "says at once that nobody has come (204), and lets no "
                    "request stand");
        failure_at(&failure, endpoint_scheme(relay), endpoint_format(relay, where));
        try_steps_fail(&failure);
        end(trial, false);
        return;
    }
    loop_timer_start(trial->services->loop, &trial->look, LOOK_MS, on_look, trial);
}

bool try_reverse(struct services *services, struct config *config, const struct reverse_config *section)
{
    struct relay_lesson lesson = {0};
    struct trial trial = {.services = services, .section = section};
    const struct waiting_place_params params = {
        .services = services,
        .config = config,
        .section = section,
        .lesson = &lesson,
        .trace = {try_steps_show, &trial.steps},
        .on_event = on_event,
        .done = on_place,
        .arg = &trial,
    };
    char url[ENDPOINT_URL_MAX];

    printf("%s at %s%s\n", section->name, endpoint_format_url(&section->relay.urls.at[0], url),
           section->relay.urls.paths[0]);
    fflush(stdout);
    try_steps_begin(&trial.steps, services->loop);
    trial.place = waiting_place_start(&params);
    if (trial.place) {
        loop_timer_start(services->loop, &trial.look, LOOK_MS, on_look, &trial);
        loop_run(services->loop);
    }
    loop_timer_stop(&trial.look);
    waiting_place_free(trial.place);
    printf("  %s\n", trial.worked ? "works" : "does not work");
    return trial.worked;
}
