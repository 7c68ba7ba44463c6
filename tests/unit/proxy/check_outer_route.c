/* SPDX-License-Identifier: ISC */
#include "proxy/outer_route.h"

#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "proxy/health.h"
#include "proxy/probes.h"

#define NOW 1000000

static struct services *services;
static struct config *config;
static struct outer_route route;

/* The way leads through o or o2. */
static void set_up(void)
{
    services = stage_set_up();
    config = unit_config("[proxy]\nurl = http://o:8080 http://o2:8080\n[imap]\ntarget = mail.example.net\n");
    outer_route_start(&route, services, "test", &config->settings, &config->proxies[0]);
}

static void tear_down(void)
{
    config_unref(config);
    stage_tear_down();
}

static void choose_at(const char *host, uint64_t now)
{
    struct failure failure = {0};
    enum outcome outcome;

    ck_assert(outer_route_next(&route, now, &outcome, &failure));
    ck_assert_str_eq(route.before->host, host);
}

static void choose(const char *host)
{
    choose_at(host, NOW);
}

static enum health_state state(const struct endpoint *proxy)
{
    return health_state(services->health, proxy, NOW);
}

/* What the first one came to, and what follows. */
static const struct {
    bool answered, refused;
    enum outcome outcome;            /* of a request without an answer */
    struct connect_response response;
    bool goes_on;
    enum health_state state;
    enum outcome ends;
    bool itself;
    const char *what;
} rows[] = {
    {false, false, OUTCOME_PEER, {.retry_after = -1, .failure.what = "dead"}, true, HEALTH_RESTING, 0, false, NULL},
    {false, false, OUTCOME_LOCAL, {.retry_after = -1, .failure.what = "no memory"}, false, HEALTH_UP, OUTCOME_LOCAL,
     true, "cannot be reached through http://o:8080: no memory"},
    {false, false, OUTCOME_FORBIDDEN, {.retry_after = -1, .failure.what = "no"}, false, HEALTH_UP, OUTCOME_LOCAL, true,
     "cannot be reached through http://o:8080: no"},
    {true, false, OUTCOME_DONE, {.retry_after = -1, .busy = true, .failure.what = "503"}, true, HEALTH_UP, 0, false,
     NULL},
    {true, false, OUTCOME_DONE, {.retry_after = 60, .busy = true, .failure.what = "503"}, true, HEALTH_AWAY, 0, false,
     NULL},
    {true, false, OUTCOME_DONE, {.retry_after = -1, .failure.what = "403"}, false, HEALTH_UP, OUTCOME_PEER, true,
     "cannot be reached through http://o:8080: 403"},
    {true, false, OUTCOME_DONE, {.retry_after = -1, .target_trouble = true, .failure.what = "504"}, false, HEALTH_UP,
     OUTCOME_PEER, false, "cannot be reached through http://o:8080: 504"},
    {true, true, OUTCOME_DONE, {.retry_after = -1, .denied = true, .failure.what = "407"}, false, HEALTH_RESTING,
     OUTCOME_LOCAL, true, "cannot be reached through http://o:8080: 407"},
};

START_TEST(what_came_of_it_decides_who_is_next)
{
    struct failure failure = rows[_i].response.failure;
    enum outcome outcome = rows[_i].outcome;

    set_up();
    choose("o");
    ck_assert(outer_route_goes_on(&route, NOW, rows[_i].answered ? &rows[_i].response : NULL, rows[_i].refused,
                                  &outcome, &failure) == rows[_i].goes_on);
    ck_assert_int_eq(state(&config->proxies[0].urls.at[0]), rows[_i].state);
    if (rows[_i].goes_on) {
        choose("o2");
        ck_assert(!outer_route_next(&route, NOW, &outcome, &failure)); /* there is no third one */
        ck_assert_int_eq(outcome, OUTCOME_PEER);
        ck_assert(route.failed_itself);
    } else {
        ck_assert_int_eq(outcome, rows[_i].ends);
        ck_assert(route.failed_itself == rows[_i].itself);
        ck_assert_str_eq(failure.what, rows[_i].what);
    }
    tear_down();
}
END_TEST

START_TEST(one_that_works_is_well)
{
    const struct failure dead = {.what = "dead"};

    set_up();
    choose("o");
    health_failed(services->health, NULL, route.before, NOW, &dead);
    outer_route_worked(&route, NOW);
    ck_assert_int_eq(state(route.before), HEALTH_UP);
    tear_down();
}
END_TEST

/* Whatever it says of the proxy behind. */
START_TEST(one_that_answers_is_well)
{
    const struct connect_response response = {.retry_after = -1, .target_trouble = true, .failure.what = "504"};
    struct failure failure = {.what = "dead"};
    enum outcome outcome = OUTCOME_DONE;

    set_up();
    for (unsigned i = 0; i < 2; i++)
        health_failed(services->health, NULL, &config->proxies[0].urls.at[i], NOW - HEALTH_REST_FIRST_MS, &failure);
    choose("o");
    ck_assert_int_eq(state(route.before), HEALTH_DOUBTFUL);
    ck_assert(!outer_route_goes_on(&route, NOW, &response, false, &outcome, &failure));
    ck_assert_int_eq(state(route.before), HEALTH_UP);
    tear_down();
}
END_TEST

START_TEST(those_that_want_to_be_left_alone_are)
{
    struct failure failure = {.what = "503"};
    enum outcome outcome;

    set_up();
    for (unsigned i = 0; i < 2; i++)
        health_sent_away(services->health, NULL, &config->proxies[0].urls.at[i], NOW, 60, &failure);
    ck_assert(!outer_route_next(&route, NOW, &outcome, &failure));
    ck_assert_int_eq(outcome, OUTCOME_LOCAL);
    ck_assert_ptr_nonnull(strstr(failure.what, "left alone"));
    tear_down();
}
END_TEST

START_TEST(one_that_is_doubtful_is_probed_and_not_asked)
{
    const struct failure dead = {.what = "dead"};

    set_up();
    services->probes = probes_new(services);
    health_failed(services->health, NULL, &config->proxies[0].urls.at[0], loop_now(stage_loop()), &dead);
    stage_advance(HEALTH_REST_FIRST_MS);
    stage_name("o", "192.0.2.1");
    stage_address("192.0.2.1:8080", STAGE_SILENT);
    choose_at("o2", loop_now(stage_loop()));
    stage_settle();
    ck_assert_uint_eq(stage_dials_open(), 1);
    probes_free(services->probes);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("outer_route");

    tcase_add_loop_test(cases, what_came_of_it_decides_who_is_next, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(cases, one_that_works_is_well);
    tcase_add_test(cases, one_that_answers_is_well);
    tcase_add_test(cases, those_that_want_to_be_left_alone_are);
    tcase_add_test(cases, one_that_is_doubtful_is_probed_and_not_asked);
    return unit_run();
}
