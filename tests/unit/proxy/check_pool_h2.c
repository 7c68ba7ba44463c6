/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "played_h2.h"
#include "pool_setting.h"
#include "proxy/ahead.h"
#include "proxy/connector.h"
#include "proxy/detour.h"
#include "proxy/form_choice.h"
#include "proxy/h2_pool.h"

#include "../unit.h"

#define CHOICE "[proxy]\nurl = http://" A " http://" B "\nhttp = auto\npreconnect = 3\npreconnect-age = 40s\n" MAIL \
               "[smtp]\ntarget = mail.example.net\n"

static struct setting setting;
static struct h2_seat *seats[4];
static bool speaks_h2;          /* what the proxies choose */
static unsigned http;           /* what is offered */

bool __wrap_connector_speaks_h2(const struct connector *connector);
unsigned __wrap_form_choice_http_ahead(struct health *health, const struct proxy_config *section,
                                       const struct endpoint *proxy);

bool __wrap_connector_speaks_h2(const struct connector *connector)
{
    (void)connector;
    return speaks_h2;
}

unsigned __wrap_form_choice_http_ahead(struct health *health, const struct proxy_config *whose,
                                       const struct endpoint *proxy)
{
    ck_assert_ptr_eq(health, setting.services->health);
    ck_assert_ptr_eq(whose, section(&setting, 0));
    ck_assert(proxy == &whose->urls.at[0] || proxy == &whose->urls.at[1]);
    return http;
}

static void begin(const char *text, size_t most)
{
    struct config *config = unit_config(text);

    memset(seats, 0, sizeof seats);
    speaks_h2 = true;
    http = PROXY_HTTP_AUTO;
    played_set_up();
    set_up(&setting);
    setting.services->h2 = h2_pool_new(setting.services);
    ck_assert_ptr_nonnull(setting.services->h2);
    setting.config = config;
    h2_pool_keep(setting.services->h2, config);
    pool_keep(setting.pool, config, most);
    stage_settle();
}

static void end(void)
{
    for (size_t i = 0; i < 4; i++)
        h2_seat_free(seats[i]);
    pool_close(setting.pool);
    h2_pool_free(setting.services->h2);
    setting.services->h2 = NULL;
    played_tear_down();
    tear_down(&setting);
}

static void on_seat(void *arg)
{
    (void)arg;
}

/* A session of that listener takes a seat.  The connection's number; UINT32_MAX: it is to make one. */
static unsigned sit(unsigned i, unsigned listener, const struct endpoint *proxy)
{
    const struct h2_seat_params params = {.section = section(&setting, 0), .proxy = proxy, .done = on_seat,
                                          .listener = &setting.config->listeners[listener]};
    const struct h2_connection *connection;

    seats[i] = h2_pool_seat(setting.services->h2, &params);
    stage_settle();
    connection = h2_seat_connection(seats[i]);
    return connection ? (unsigned)played_by(connection)->serial - 1 : UINT32_MAX;
}

START_TEST(one_connection_does_for_all)
{
    begin(CHOICE, MANY);
    ck_assert_uint_eq(stage_dials(), 1);
    ck_assert_uint_eq(played_count(), 1);
    ck_assert_str_eq(played(0)->name, "http://" A);
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.a, NULL), 1);
    ck_assert_ptr_null(take(&setting, &setting.a)); /* it is none of HTTP/1.1 */
    played_settle(played(0), 100);
    stage_advance(RENEWED_FROM_MS - 1);
    ck_assert_uint_eq(stage_dials(), 1);
    ck_assert_uint_eq(pool_sums(setting.pool).taken, 0);
    end();
}
END_TEST

/* The one that can be connected to is at hand for sessions, be it that a listener has it. */
START_TEST(one_that_cannot_be_connected_to_is_put_off)
{
    struct route route;

    begin("[proxy]\nurl = http://" A " http://" B "\nhttp = auto\npreconnect = 1\n" MAIL, MANY);
    setting.services->pool = setting.pool;
    stage_address(A, STAGE_REFUSES);
    played_die(played(0), "closed");
    stage_advance(REFILL_REST_FIRST_MS);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(pool_ready(setting.pool, &setting.b, NULL), i == 0);
        route_through(&route, section(&setting, 0));
        detour_choose(&route, setting.services, section(&setting, 0));
        ck_assert(route.put_off[0]);
        ck_assert(!route.put_off[1]);
        if (i == 0)
            ck_assert_uint_eq(sit(0, 0, &setting.b), 1);
    }
    setting.services->pool = NULL;
    end();
}
END_TEST

START_TEST(where_the_proxy_chooses_http_1_1_all_are_made)
{
    begin("[proxy]\nurl = http://" NAMED "\nhttp = auto\npreconnect = 3\npreconnect-age = 40s\n" MAIL, MANY);
    ck_assert_uint_eq(stage_dials(), 0); /* it has no address so far */
    stage_name("proxy.example.net", "192.0.2.1");
    speaks_h2 = false;
    stage_advance(REFILL_REST_FIRST_MS);
    ck_assert_uint_eq(stage_dials(), 1);
    stage_advance(2 * PACE_MS);
    ck_assert_uint_eq(stage_dials(), 3);
    ck_assert_uint_eq(pool_ready(setting.pool, &section(&setting, 0)->urls.at[0], NULL), 3);
    check_taken(take(&setting, &section(&setting, 0)->urls.at[0]), 1);
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 4);
    ck_assert_uint_eq(pool_sums(setting.pool).taken, 1);
    ck_assert_uint_eq(played_count(), 0);
    end();
}
END_TEST

START_TEST(where_http_2_is_not_offered_all_are_made)
{
    begin(CHOICE, MANY);
    http = PROXY_HTTP_1_1; /* that was learned */
    speaks_h2 = false;
    played_die(played(0), "closed");
    stage_advance(REFILL_REST_FIRST_MS);
    stage_advance(REFILL_REST_FIRST_MS);
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.a, NULL) + pool_ready(setting.pool, &setting.b, NULL), 3);
    end();
}
END_TEST

/* Without the pool of HTTP/2, nobody asks what might be offered. */
START_TEST(without_a_place_for_them_there_are_none)
{
    struct config *config = unit_config(CHOICE);

    speaks_h2 = false;
    http = PROXY_HTTP_2;
    played_set_up();
    set_up(&setting);
    setting.config = config;
    pool_keep(setting.pool, config, MANY);
    stage_settle();
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.a, NULL), 3);
    ck_assert_uint_eq(stage_dials(), 3);
    tear_down(&setting);
}
END_TEST

START_TEST(another_is_made_while_a_listener_has_none_with_room)
{
    begin(CHOICE, MANY);
    played_settle(played(0), 1);
    ck_assert_uint_eq(sit(0, 0, &setting.a), 0);
    ck_assert_uint_eq(pool_sums(setting.pool).taken, 1);
    ck_assert_uint_eq(stage_dials(), 2); /* for imap, whose one is full, and for smtp */
    played_settle(played(1), 100);
    ck_assert_uint_eq(sit(1, 1, &setting.a), 1);
    ck_assert_uint_eq(stage_dials(), 3); /* for imap */
    played_settle(played(2), 100);
    ck_assert_uint_eq(sit(2, 0, &setting.a), 2);
    ck_assert_uint_eq(stage_dials(), 3); /* all have one */
    played_carry(played(1), 1, 0);
    stage_advance(10 * AGE_MS);
    ck_assert_uint_eq(stage_dials(), 3);
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.a, NULL), 0);
    h2_seat_free(seats[1]);
    seats[1] = NULL;
    played_carry(played(1), 0, 0);
    stage_advance(AGE_MS - 1);
    ck_assert_uint_eq(stage_dials(), 3);
    stage_advance(1); /* smtp's has been without tunnels for so long */
    ck_assert_uint_eq(stage_dials(), 4);
    end();
}
END_TEST

static unsigned told;

static void on_told(void *arg)
{
    ck_assert_ptr_null(h2_seat_connection(*(struct h2_seat **)arg));
    told++;
}

/* As for one that another session makes; and no longer than for that. */
START_TEST(who_comes_while_it_is_made_waits_for_it)
{
    struct h2_seat_params params = {.wait_ms = 1000000, .done = on_told, .arg = &seats[0]};

    begin("[proxy]\nurl = http://" A "\nhttp = auto\npreconnect = 3\npreconnect-age = 40s\n" MAIL, MANY);
    stage_address(A, STAGE_SILENT);
    played_die(played(0), "closed");
    stage_advance(REFILL_REST_FIRST_MS);
    ck_assert_uint_eq(stage_dials(), 2); /* it is being made again */
    params.section = section(&setting, 0);
    params.listener = &setting.config->listeners[0];
    params.proxy = &setting.a;
    told = 0;
    seats[0] = h2_pool_seat(setting.services->h2, &params);
    stage_settle();
    ck_assert_uint_eq(told, 0);
    stage_address(A, STAGE_REFUSES);
    stage_advance(setting.config->settings.connect_timeout); /* and has come to nothing */
    ck_assert_uint_eq(told, 1);
    end();
}
END_TEST

START_TEST(it_is_renewed_in_time)
{
    begin(CHOICE, MANY);
    stage_advance(RENEWED_FROM_MS - 1);
    ck_assert_uint_eq(stage_dials(), 1);
    ck_assert(played(0)->held);
    stage_advance(RENEWED_BY_MS - RENEWED_FROM_MS + 1);
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert(!played(0)->held); /* the successor is here */
    ck_assert(played(1)->held);
    for (unsigned i = 3; stage_time() < 10 * AGE_MS; i++) {
        stage_advance(AGE_MS);
        ck_assert_uint_ge(stage_dials(), i);
        ck_assert_uint_eq(pool_ready(setting.pool, &setting.a, NULL), 1);
    }
    ck_assert_uint_le(stage_dials(), 14);
    end();
}
END_TEST

/* Such as by Apache's KeepAliveTimeout. */
START_TEST(one_that_is_ended_soon_rests)
{
    static const unsigned rests[] = {5000, 10000, 20000, 40000};

    begin("[proxy]\nurl = http://" A "\nhttp = auto\npreconnect = 3\npreconnect-age = 40s\n" MAIL, MANY);
    for (unsigned i = 1; i <= 4; i++) {
        ck_assert_uint_eq(stage_dials(), i);
        played_settle(played(i - 1), 100);
        stage_advance(_i ? OUTLOOK_EARLY_MS - 1 : 0);
        if (_i)
            played_drain(played(i - 1));
        else
            played_die(played(i - 1), "closed");
        ck_assert_uint_eq(stage_dials(), i);
        stage_advance(rests[i - 1] - 1);
        ck_assert_uint_eq(stage_dials(), i);
        stage_advance(1);
    }
    ck_assert_int_eq(health_state(setting.services->health, &setting.a, loop_now(stage_loop())), HEALTH_UP);
    stage_advance(OUTLOOK_EARLY_MS);
    played_drain(played(4)); /* this one lived long enough */
    ck_assert_uint_eq(stage_dials(), 5);
    ck_assert_uint_eq(pool_next_try(setting.pool, &setting.a), loop_now(stage_loop()) + RETURN_MS);
    stage_advance(RETURN_MS);
    ck_assert_uint_eq(stage_dials(), 6);
    played_die(played(5), "closed"); /* behind the loss of all that there was */
    ck_assert_uint_eq(pool_next_try(setting.pool, &setting.a), loop_now(stage_loop()) + rests[OUTLOOK_ALL_LOST]);
    end();
}
END_TEST

/* A proxy that is started anew says GOAWAY to all that are connected, or breaks them: what a listener has lost is not
 * made again at once. */
START_TEST(one_that_served_is_replaced_at_leisure)
{
    begin("[proxy]\nurl = http://" A "\nhttp = auto\npreconnect = 3\npreconnect-age = 40s\n" MAIL, MANY);
    played_settle(played(0), 100);
    ck_assert_uint_eq(sit(0, 0, &setting.a), 0);
    ck_assert_uint_eq(stage_dials(), 1);
    if (_i)
        played_drain(played(0));
    else
        played_die(played(0), "closed");
    stage_advance(RETURN_MS - 1);
    ck_assert_uint_eq(stage_dials(), 1);
    stage_advance(1);
    ck_assert_uint_eq(stage_dials(), 2);
    end();
}
END_TEST

START_TEST(then_it_is_made_to_the_next_proxy)
{
    begin(CHOICE, MANY);
    played_die(played(0), "closed");
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert_str_eq(played(1)->name, "http://" B);
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.b, NULL), 1);
    stage_advance(REFILL_REST_FIRST_MS);
    ck_assert_str_eq(played(2)->name, "http://" A);
    ck_assert(!played(1)->held);
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.a, NULL), 1);
    end();
}
END_TEST

/* Those of HTTP/1.1 that were ready to another proxy are not needed any more. */
START_TEST(it_takes_the_place_of_others)
{
    begin(CHOICE, MANY);
    stage_address(A, STAGE_REFUSES);
    speaks_h2 = false;
    played_die(played(0), "closed");
    check_ready(&setting, 0, 3);
    stage_address(A, STAGE_CONNECTS);
    speaks_h2 = true;
    stage_advance(REFILL_REST_FIRST_MS);
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.a, NULL), 1);
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.b, NULL), 0);
    ck_assert_uint_eq(played_count(), 2);
    end();
}
END_TEST

START_TEST(there_are_never_more_than_most)
{
    begin(CHOICE, 1);
    ck_assert_uint_eq(played_count(), 1);
    stage_advance(RENEWED_BY_MS); /* no room for a successor */
    ck_assert_uint_eq(played_count(), 1);
    ck_assert(played(0)->held);
    stage_advance(AGE_MS - RENEWED_BY_MS);
    ck_assert(!played(0)->held);
    ck_assert_uint_eq(played_count(), 2);
    end();
}
END_TEST

START_TEST(where_one_does_for_all_there_is_room_for_no_more)
{
    struct config *config = unit_config("[proxy]\nurl = http://" A "\nhttp = 2\npreconnect = 30\n" MAIL);

    ck_assert_uint_eq(ahead_size(config), 2); /* and a successor */
    config_unref(config);
    config = unit_config("[proxy]\nurl = http://" A "\nhttp = 2\npreconnect = 0\n" MAIL);
    ck_assert_uint_eq(ahead_size(config), 0);
    config_unref(config);
    config = unit_config("[proxy]\nurl = https://" A "\nhttp = auto\npreconnect = 3\n" MAIL);
    ck_assert_uint_eq(ahead_size(config), 4); /* it may choose HTTP/1.1 */
    config_unref(config);
}
END_TEST

START_TEST(without_memory_it_rests)
{
    begin(CHOICE, MANY);
    played_lacks(true);
    played_die(played(0), "closed"); /* and none to B, either */
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.a, NULL) + pool_ready(setting.pool, &setting.b, NULL), 0);
    played_lacks(false);
    stage_advance(REFILL_REST_FIRST_MS - 1);
    ck_assert_uint_eq(played_count(), 1);
    stage_advance(1);
    ck_assert_uint_eq(played_count(), 2);
    end();
}
END_TEST

START_TEST(a_closed_pool_makes_none)
{
    begin(CHOICE, MANY);
    pool_close(setting.pool);
    played_die(played(0), "closed");
    stage_advance(10 * AGE_MS);
    ck_assert_uint_eq(stage_dials(), 1);
    end();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("pool_h2");

    tcase_add_test(cases, one_connection_does_for_all);
    tcase_add_test(cases, one_that_cannot_be_connected_to_is_put_off);
    tcase_add_test(cases, where_the_proxy_chooses_http_1_1_all_are_made);
    tcase_add_test(cases, where_http_2_is_not_offered_all_are_made);
    tcase_add_test(cases, without_a_place_for_them_there_are_none);
    tcase_add_test(cases, another_is_made_while_a_listener_has_none_with_room);
    tcase_add_test(cases, who_comes_while_it_is_made_waits_for_it);
    tcase_add_test(cases, it_is_renewed_in_time);
    tcase_add_loop_test(cases, one_that_is_ended_soon_rests, 0, 2);
    tcase_add_loop_test(cases, one_that_served_is_replaced_at_leisure, 0, 2);
    tcase_add_test(cases, then_it_is_made_to_the_next_proxy);
    tcase_add_test(cases, it_takes_the_place_of_others);
    tcase_add_test(cases, there_are_never_more_than_most);
    tcase_add_test(cases, where_one_does_for_all_there_is_room_for_no_more);
    tcase_add_test(cases, without_memory_it_rests);
    tcase_add_test(cases, a_closed_pool_makes_none);
    return unit_run();
}
