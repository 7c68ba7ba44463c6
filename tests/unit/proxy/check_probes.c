/* SPDX-License-Identifier: ISC */
#include "proxy/probes.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "probes_setting.h"

static const struct failure dead = {.what = "dead"};

/* --- what sessions find --- */

/* The first one to which it happens waits; nobody who comes later does, whether it rests or not. */
START_TEST(no_session_waits_for_a_proxy_known_to_be_dead)
{
    struct asked asked;

    set_up("url = http://a:3128 http://b:3128");
    stage_address(HOST_A, STAGE_SILENT);
    asked_start(&asked, services, config);
    stage_advance(LIMIT);
    wire_say(wire_to(B), "HTTP/1.1 200 x\r\n\r\n");
    asked_check_open(&asked, "b");
    asked_end(&asked);
    for (uint64_t rest = HEALTH_REST_FIRST_MS; rest < HEALTH_REST_MAX_MS; rest *= 2) {
        ck_assert_uint_eq(rest_of(0), rest);
        opens_at(B);
        ck_assert_uint_eq(stage_dials_open(), 0);
        stage_advance(rest);
        ck_assert_int_eq(state_of(0), HEALTH_DOUBTFUL);
        for (int i = 0; i < 3; i++) {
            opens_at(B);
            ck_assert_uint_eq(stage_dials_open(), 1); /* the probe, of which there is one */
            stage_advance(1000);
        }
        stage_advance(LIMIT - 3000);
        ck_assert_uint_eq(stage_dials_open(), 0);
    }
    ck_assert_uint_eq(rest_of(0), HEALTH_REST_MAX_MS);
    tear_down();
}
END_TEST

START_TEST(one_that_is_back_is_asked_by_the_next_session)
{
    set_up(_i == 0 ? "url = http://a:3128 http://b:3128" : "url = https://a:3128 http://b:3128");
    doubt(0, &dead);
    opens_at(B);
    ck_assert_int_eq(state_of(0), HEALTH_UP);
    ck_assert_uint_eq(stage_wires(), 2);
    for (unsigned i = 0; i < 2; i++) { /* the probe has come and gone without a byte */
        ck_assert(stage_wire(i)->closed);
        if (strcmp(stage_wire(i)->to, A) == 0)
            ck_assert_uint_eq(stage_wire(i)->heard_length, 0);
    }
    if (_i == 0)
        opens_at(A);
    tear_down();
}
END_TEST

START_TEST(where_none_comes_nothing_is_probed)
{
    set_up("url = http://a:3128 http://b:3128");
    doubt(0, &dead);
    opens_at(B);
    ck_assert_uint_eq(stage_dials(), 2);
    health_failed(services->health, NULL, url(0), loop_now(services->loop), &dead);
    ck_assert_uint_eq(stage_timers_running(), 0);
    stage_advance(HEALTH_DOUBT_MS);
    ck_assert_int_eq(state_of(0), HEALTH_DOUBTFUL);
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert_uint_eq(stage_timers_running(), 0);
    tear_down();
}
END_TEST

START_TEST(what_is_the_last_resort_is_asked_by_the_session)
{
    set_up("url = http://a:3128");
    doubt(0, &dead);
    opens_at(A);
    ck_assert_uint_eq(stage_dials(), 1);
    tear_down();
}
END_TEST

/* The session waits for the first of them, and who comes meanwhile has the other. */
START_TEST(where_all_are_doubtful_one_session_alone_waits)
{
    struct asked asked;

    set_up("url = http://a:3128 http://b:3128");
    stage_address(HOST_A, STAGE_SILENT);
    doubt(0, &dead);
    doubt(1, &dead);
    asked_start(&asked, services, config);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_int_eq(state_of(1), HEALTH_UP);
    opens_at(B);
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(it_is_not_waited_for_before_the_direct_way)
{
    struct asked asked;

    set_up("url = http://a:3128\nfallback = direct");
    stage_address(HOST_A, STAGE_SILENT);
    doubt(0, &dead);
    asked_start(&asked, services, config);
    asked_check_open(&asked, "direct");
    asked_end(&asked);
    ck_assert_uint_eq(stage_dials_open(), 1);
    stage_advance(LIMIT);
    ck_assert_uint_eq(rest_of(0), 2 * HEALTH_REST_FIRST_MS);
    tear_down();
}
END_TEST

/* They have answered, and the session asks them again as soon as it may. */
START_TEST(who_has_answered_is_not_probed)
{
    uint64_t now;

    set_up("url = http://a:3128 http://b:3128");
    now = loop_now(services->loop);
    if (_i == 0)
        health_sent_away(services->health, NULL, url(0), now, 2, &dead);
    else
        health_refused(services->health, NULL, url(0), now, &dead);
    opens_at(B);
    ck_assert_uint_eq(stage_dials(), 1);
    stage_advance(HEALTH_REST_FIRST_MS);
    opens_at(A);
    ck_assert_uint_eq(stage_dials(), 2);
    tear_down();
}
END_TEST

/* --- how one ends --- */

START_TEST(it_ends_with_its_network_or_configuration)
{
    set_up("url = http://a:3128 http://b:3128");
    stage_address(HOST_A, STAGE_SILENT);
    doubt(0, &dead);
    opens_at(B);
    ck_assert_uint_eq(stage_dials_open(), 1);
    probes_end(services->probes);
    ck_assert_uint_eq(stage_dials_open(), 0);
    ck_assert_uint_eq(stage_timers_running(), 0);
    stage_advance(LIMIT);
    ck_assert_int_eq(state_of(0), HEALTH_DOUBTFUL);
    opens_at(B);
    ck_assert_uint_eq(stage_dials_open(), 1);
    probes_close(services->probes);
    ck_assert_uint_eq(stage_dials_open(), 0);
    opens_at(B);
    ck_assert_uint_eq(stage_dials_open(), 0); /* there is none any more */
    tear_down();
}
END_TEST

START_TEST(one_under_way_ends_with_all_of_them)
{
    set_up("url = http://a:3128 http://b:3128");
    stage_address(HOST_A, STAGE_SILENT);
    doubt(0, &dead);
    opens_at(B);
    ck_assert_uint_eq(stage_dials_open(), 1);
    tear_down(); /* which fails if anything is left */
}
END_TEST

/* A session has had an answer of it meanwhile, or has failed, too. */
START_TEST(what_a_session_has_learned_counts_for_more)
{
    set_up("url = http://a:3128 http://b:3128");
    stage_address(HOST_A, STAGE_SILENT);
    doubt(0, &dead);
    opens_at(B);
    ck_assert_uint_eq(stage_dials_open(), 1);
    if (_i == 0)
        health_worked(services->health, url(0), loop_now(services->loop));
    else
        health_failed(services->health, NULL, url(0), loop_now(services->loop) + LIMIT - 1, &dead);
    stage_address(HOST_A, _i == 2 ? STAGE_CONNECTS : STAGE_SILENT);
    if (_i == 2)
        stage_answer_dial();
    stage_advance(LIMIT);
    ck_assert_uint_eq(stage_dials_open(), 0);
    ck_assert_int_eq(state_of(0), _i == 0 ? HEALTH_UP : HEALTH_RESTING);
    ck_assert_uint_eq(rest_of(0), _i == 0 ? 0 : 2 * HEALTH_REST_FIRST_MS - 1);
    tear_down();
}
END_TEST

/* Of our own trouble nothing is learned. */
START_TEST(without_descriptors_it_stays_doubtful)
{
    set_up("url = http://a:3128 http://b:3128");
    stage_address(HOST_A, STAGE_LOCAL);
    doubt(0, &dead);
    opens_at(B);
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert_int_eq(state_of(0), HEALTH_DOUBTFUL);
    tear_down();
}
END_TEST

START_TEST(a_name_that_is_not_found_is_a_failure)
{
    set_up("url = http://a:3128 http://b:3128");
    doubt(0, &dead);
    if (_i == 0)
        stage_name("a", "!no such name");
    else
        stage_name("a", "");
    opens_at(B);
    stage_advance(_i == 0 ? 0 : config->settings.resolve_timeout);
    ck_assert_uint_eq(rest_of(0), 2 * HEALTH_REST_FIRST_MS);
    ck_assert_uint_eq(stage_lookups_open(), 0);
    ck_assert_uint_eq(stage_dials(), 1);
    tear_down();
}
END_TEST

/* --- where none may be made --- */

static bool is_first(void *arg, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];

    (void)arg;
    return strcmp(address_format(address, text), A) == 0;
}

/* That somebody listens there, we know. */
START_TEST(a_listener_of_ours_is_not_connected_to)
{
    set_up("url = http://a:3128 http://b:3128");
    services->is_own = is_first;
    doubt(0, &dead);
    opens_at(B);
    ck_assert_uint_eq(stage_lookups(), 2);
    ck_assert_int_eq(state_of(0), HEALTH_UP);
    ck_assert_uint_eq(stage_dials(), 1);
    tear_down();
}
END_TEST

/* What may not be asked where a proxy was found (0.0.0.0 is this machine) may where the configuration names it. */
START_TEST(one_that_was_found_may_not_be_everywhere)
{
    struct route route;
    const struct endpoint *next;
    struct failure failure;

    set_up("url = http://a:3128 http://b:3128");
    stage_name("a", "0.0.0.0");
    doubt(0, &dead);
    route_begin(&route, &config->proxies[0]);
    route_add(&route, url(0));
    route_add(&route, url(1));
    route.found = _i == 0;
    ck_assert_int_eq(route_next(&route, services->health, loop_now(services->loop), &next, &failure), ROUTE_PROXY);
    probes_begin(services->probes, &route, &config->proxies[0], &config->settings);
    stage_settle();
    ck_assert_int_eq(state_of(0), _i == 0 ? HEALTH_DOUBTFUL : HEALTH_RESTING);
    ck_assert_uint_eq(stage_dials(), _i == 0 ? 0 : 1);
    tear_down();
}
END_TEST

/* Those for which there is no room have their turn when there is. */
START_TEST(there_is_a_most_at_a_time)
{
    char text[1000] = "url =";
    struct asked asked;

    for (unsigned i = 0; i < PROBES_MAX + 2; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), " http://192.0.2.%u:3128", 20 + i);
    snprintf(text + strlen(text), sizeof text - strlen(text), " http://b:3128");
    set_up(text);
    for (unsigned i = 0; i < PROBES_MAX + 2; i++) {
        snprintf(text, sizeof text, "192.0.2.%u", 20 + i);
        stage_address(text, STAGE_SILENT);
        doubt(i, &dead);
    }
    for (int i = 0; i < 2; i++) {
        asked_start(&asked, services, config);
        ck_assert_uint_eq(stage_dials_open(), PROBES_MAX);
        asked_end(&asked);
    }
    stage_advance(LIMIT);
    asked_start(&asked, services, config);
    ck_assert_uint_eq(stage_dials_open(), 2);
    asked_end(&asked);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("probes");

    tcase_add_test(cases, no_session_waits_for_a_proxy_known_to_be_dead);
    tcase_add_loop_test(cases, one_that_is_back_is_asked_by_the_next_session, 0, 2);
    tcase_add_test(cases, where_none_comes_nothing_is_probed);
    tcase_add_test(cases, what_is_the_last_resort_is_asked_by_the_session);
    tcase_add_test(cases, where_all_are_doubtful_one_session_alone_waits);
    tcase_add_test(cases, it_is_not_waited_for_before_the_direct_way);
    tcase_add_loop_test(cases, who_has_answered_is_not_probed, 0, 2);
    tcase_add_test(cases, it_ends_with_its_network_or_configuration);
    tcase_add_test(cases, one_under_way_ends_with_all_of_them);
    tcase_add_loop_test(cases, what_a_session_has_learned_counts_for_more, 0, 3);
    tcase_add_test(cases, without_descriptors_it_stays_doubtful);
    tcase_add_loop_test(cases, a_name_that_is_not_found_is_a_failure, 0, 2);
    tcase_add_test(cases, a_listener_of_ours_is_not_connected_to);
    tcase_add_loop_test(cases, one_that_was_found_may_not_be_everywhere, 0, 2);
    tcase_add_test(cases, there_is_a_most_at_a_time);
    return unit_run();
}
