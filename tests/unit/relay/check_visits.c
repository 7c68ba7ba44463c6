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

START_TEST(what_was_read_anew_holds_from_the_next_request_on)
{
    struct wire *place = hall_wait(&hall);
    static const char text[] = "bob:!$6$x:register=home:143\n";
    FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    struct relay_users *users = relay_users_parse(stream, "users", NULL, NULL);

    fclose(stream);
    ck_assert_ptr_nonnull(users);
    visits_keep(hall.visits, hall.config, &hall.config->relays[0], users, NULL);
    relay_users_unref(users);
    hall_check_names(&hall, "home:143 alice 1 0\n");
    stage_advance(50000);
    hall_check_status(place, "", 204);
    wire_say(place, HALL_REGISTER);
    stage_advance(LOGIN_DELAY_MS);
    hall_check_status(place, "", 401);
    hall_check_names(&hall, "");
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("visits");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, connections_are_counted_and_each_end_is_told);
    tcase_add_test(tcase, a_public_port_leads_to_its_name_in_any_case);
    tcase_add_test(tcase, the_oldest_stranger_makes_room_but_no_user);
    tcase_add_test(tcase, a_stop_ends_all_but_sessions);
    tcase_add_test(tcase, what_was_read_anew_holds_from_the_next_request_on);
    return unit_run();
}
