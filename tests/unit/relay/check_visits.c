/* SPDX-License-Identifier: ISC */
#include "relay/visits.h"

#include <stdio.h>
#include <string.h>

#include "relay/visit.h"

#include "../unit.h"
#include "hall.h"

static struct hall hall;

static void set_up(void)
{
    hall_set_up(&hall, "[public imap]\nlisten = 127.0.0.1:10143\nname = HOME:143\nallow = everyone\n");
}

static void tear_down(void)
{
    hall_tear_down(&hall);
}

START_TEST(connections_are_counted_and_each_end_is_told)
{
    struct wire *silent = hall_come(&hall, "192.0.2.7"), *place = hall_wait(&hall), *client = hall_call(&hall);

    ck_assert_uint_eq(visits_count(hall.visits), 3);
    wire_end(silent);
    ck_assert_uint_eq(visits_count(hall.visits), 2);
    wire_say(place, "x");
    hall.ended = 0;
    wire_end(place);
    wire_end(client);
    ck_assert_uint_eq(visits_count(hall.visits), 0);
    ck_assert_uint_eq(hall.ended, 1);
}
END_TEST

START_TEST(a_public_port_leads_to_its_name_in_any_case)
{
    struct wire *place = hall_wait(&hall);

    hall_come_public(&hall, "192.0.2.9");
    ck_assert_ptr_nonnull(strstr(place->heard, "\r\nForwarded: for=\"192.0.2.9:50000\";by=\"203.0.113.5:8443\"\r\n"));
}
END_TEST

START_TEST(the_oldest_stranger_makes_room_but_no_user)
{
    struct wire *place = hall_wait(&hall), *oldest = hall_come(&hall, "192.0.2.7"), *second;

    second = hall_come(&hall, "192.0.2.8");
    for (unsigned i = 0; i < VISITS_STRANGERS_MAX - 2; i++)
        hall_come(&hall, "192.0.2.9");
    ck_assert(wire_is_held(oldest));
    hall_come(&hall, "192.0.2.10");
    ck_assert(oldest->reset);
    ck_assert(wire_is_held(second) && wire_is_held(place));
}
END_TEST

/* What bob may not, on a connection that stays open. */
#define HALL_REFUSED HALL_GET HALL_SWITCH "Authorization: " HALL_BOB "\r\n\r\n"

START_TEST(who_has_a_password_keeps_nobody_out_either)
{
    struct wire *place = hall_wait(&hall), *first = hall_come(&hall, "192.0.2.7"), *second, *stranger;

    stranger = hall_come(&hall, "192.0.2.8");
    hall_check_status(first, HALL_REFUSED, 403);
    stage_advance(1);
    second = hall_come(&hall, "192.0.2.7");
    hall_check_status(second, HALL_REFUSED, 403);
    stage_advance(1);
    for (unsigned i = 0; i < VISITS_IDLE_MAX - 2; i++)
        hall_check_status(hall_come(&hall, "192.0.2.7"), HALL_REFUSED, 403);
    hall_check_status(first, HALL_REFUSED, 403); /* it is not idle */
    ck_assert(wire_is_held(first) && wire_is_held(second));
    hall_come(&hall, "192.0.2.10");
    ck_assert(second->reset);
    ck_assert(wire_is_held(first) && wire_is_held(stranger) && wire_is_held(place));
}
END_TEST

START_TEST(a_stop_ends_all_but_sessions)
{
    struct wire *taken = hall_wait(&hall), *served = hall_call(&hall), *place = hall_wait(&hall);
    struct wire *silent = hall_come(&hall, "192.0.2.7"), *busy = hall_come(&hall, "192.0.2.7"), *held, *public_held;
    struct wire *asks = hall_come(&hall, "192.0.2.11");

    wire_say(busy, "GET");
    wire_say(asks, HALL_GET HALL_SWITCH "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n\r\n");
    wire_end(place);
    held = hall_call(&hall);
    public_held = hall_come_public(&hall, "192.0.2.9");
    place = hall_come(&hall, "198.51.100.1");
    wire_say(place, "GET /.well-known/reverse/tcp/home/993/ HTTP/1.1\r\nHost: relay.example\r\n" HALL_SWITCH
             "Authorization: " HALL_ALICE "\r\n\r\n");
    visits_close(hall.visits);
    stage_settle();
    ck_assert(silent->closed && place->closed);
    hall_check_status(busy, "", 503);
    hall_check_status(held, "", 503);
    hall_check_status(asks, "", 503);
    ck_assert(busy->shut && held->shut && asks->shut);
    ck_assert(public_held->shut || public_held->reset);
    wire_say(taken, "* OK\r\n");
    ck_assert_str_eq(served->heard, HALL_OPEN "* OK\r\n");
    stage_advance(2000);
    ck_assert_uint_eq(visits_count(hall.visits), 2);
    visits_wind_down(hall.visits);
    ck_assert_uint_eq(visits_count(hall.visits), 2); /* something has moved */
    stage_advance(SESSIONS_QUIET_MS);
    visits_wind_down(hall.visits);
    ck_assert(served->reset && taken->reset);
    ck_assert_uint_eq(visits_count(hall.visits), 0);
}
END_TEST

/* The users file has this line now. */
static void read_anew(const char *text)
{
    FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    struct relay_users *users = relay_users_parse(stream, "users", NULL, NULL);

    fclose(stream);
    ck_assert_ptr_nonnull(users);
    visits_keep(hall.visits, hall.config, &hall.config->relays[0], users, NULL);
    relay_users_unref(users);
}

START_TEST(what_was_read_anew_holds_from_the_next_request_on)
{
    struct wire *place = hall_wait(&hall);

    read_anew("alice:$6$x:register=home:143\n");
    hall_check_names(&hall, "home:143 alice 1 0\n");
    stage_advance(50000);
    hall_check_status(place, "", 204);
    read_anew("bob:!$6$x:register=home:143\n");
    wire_say(place, HALL_REGISTER);
    stage_advance(LOGIN_DELAY_MS);
    hall_check_status(place, "", 401);
    hall_check_names(&hall, "");
}
END_TEST

/* Another one is there, who was; the name is not; he is locked out. */
static const char *const taken_out[] = {
    "carol:$6$x:register=home:143\n", "alice:$6$x:register=home:993\n", "alice:!$6$x:register=home:143\n",
};

START_TEST(who_is_taken_out_waits_no_longer_but_sessions_go_on)
{
    struct wire *taken = hall_wait(&hall), *served = hall_call(&hall), *place = hall_wait(&hall), *other;

    wire_say(taken, "* OK\r\n");
    other = hall_wait(&hall);
    given_forget_log();
    read_anew(taken_out[_i]);
    stage_settle();
    given_check_log("info relay user \"alice\" may not register home:143 any more\n");
    hall_check_status(place, "", 403);
    hall_check_status(other, "", 403);
    ck_assert(place->shut && other->shut);
    wire_say(served, "a1 LOGOUT\r\n");
    wire_say(taken, "* BYE\r\n");
    ck_assert_str_eq(served->heard, HALL_OPEN "* OK\r\n* BYE\r\n");
    hall_check_names(&hall, "home:143 alice 0 1\n");
}
END_TEST

START_TEST(the_name_of_who_is_taken_out_is_free)
{
    struct wire *carol;

    hall_wait(&hall);
    read_anew("carol:$6$x:register=home:143\n");
    carol = hall_come(&hall, "192.0.2.12");
    wire_say(carol, HALL_GET HALL_SWITCH "Authorization: " HALL_CAROL "\r\n\r\n");
    hall_check_names(&hall, "home:143 carol 1 0\n");
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("visits");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, connections_are_counted_and_each_end_is_told);
    tcase_add_test(tcase, a_public_port_leads_to_its_name_in_any_case);
    tcase_add_test(tcase, the_oldest_stranger_makes_room_but_no_user);
    tcase_add_test(tcase, who_has_a_password_keeps_nobody_out_either);
    tcase_add_test(tcase, a_stop_ends_all_but_sessions);
    tcase_add_test(tcase, what_was_read_anew_holds_from_the_next_request_on);
    tcase_add_loop_test(tcase, who_is_taken_out_waits_no_longer_but_sessions_go_on, 0,
                        sizeof taken_out / sizeof taken_out[0]);
    tcase_add_test(tcase, the_name_of_who_is_taken_out_is_free);
    return unit_run();
}
