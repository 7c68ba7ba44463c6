/* SPDX-License-Identifier: ISC */
#include "relay/meeting.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "hall.h"
#include "relay/kept.h"

static struct hall hall;

#define PUBLIC "[public imap]\nlisten = 127.0.0.1:10143\nname = home:143\nallow = everyone\nprotocol = imap\n"

static void set_up(void)
{
    hall_set_up(&hall, PUBLIC);
}

static void tear_down(void)
{
    hall_tear_down(&hall);
}

/* Whether a place has been handed a client, and what it has got behind the 101. */
static const char *got(const struct wire *place)
{
    const char *head = strstr(place->heard, "HTTP/1.1 101 "), *end = head ? strstr(head, "\r\n\r\n") : NULL;

    return end ? end + 4 : "(no client)";
}

/* --- how it is served --- */

START_TEST(bytes_go_both_ways_and_the_log_says_how_many)
{
    struct wire *place = hall_wait(&hall), *client;

    given_forget_log();
    client = hall_come_public(&hall, "192.0.2.9");
    ck_assert_str_eq(client->heard, "");
    given_check_log("info public/imap #2 open name=home:143 from=192.0.2.9:50000 ms=0\n");
    wire_say(place, "* OK ready\r\n");
    ck_assert_str_eq(client->heard, "* OK ready\r\n");
    wire_say(client, "a1 LOGOUT\r\n");
    ck_assert_str_eq(got(place), "a1 LOGOUT\r\n");
    stage_advance(3000);
    wire_end(client);
    ck_assert(place->shut);
    ck_assert(wire_is_held(client) && wire_is_held(place));
    wire_say(place, "* BYE\r\n");
    ck_assert_str_eq(client->heard, "* OK ready\r\n* BYE\r\n");
    wire_end(place);
    ck_assert(client->closed && place->closed);
    given_check_log("info public/imap #2 closed in=11 out=19 seconds=3 by=client\n");
    hall_check_names(&hall, "");
    ck_assert_uint_eq(visits_count(hall.visits), 0);
}
END_TEST

START_TEST(a_private_client_is_named_in_the_log)
{
    struct wire *place = hall_wait(&hall);

    given_forget_log();
    hall_call(&hall);
    given_check_log("info relay #2 open name=home:143 from=192.0.2.7:50000 user=\"bob\" ms=0\n");
    wire_say(place, "* OK\r\n");
    wire_break(place, ECONNRESET);
    given_check_log("info relay #2 closed in=0 out=6 seconds=0 by=place error=\"Connection reset by peer\"\n");
}
END_TEST

START_TEST(what_the_client_says_first_belongs_to_the_tunnel)
{
    struct wire *place = hall_wait(&hall), *client = hall_come(&hall, "192.0.2.7");

    wire_say(client, HALL_CONNECT "one ");
    ck_assert_str_eq(got(place), "one ");
    wire_say(client, "two ");
    ck_assert_str_eq(got(place), "one two ");
    wire_say(place, "* OK\r\n");
    wire_say(client, "three");
    ck_assert_str_eq(got(place), "one two three");
    ck_assert_str_eq(client->heard, HALL_OPEN "* OK\r\n");
}
END_TEST

START_TEST(what_was_said_while_the_client_was_held_belongs_to_the_tunnel)
{
    struct wire *place = hall_wait(&hall), *client = hall_come(&hall, "192.0.2.7");

    wire_end(place);
    wire_say(client, HALL_CONNECT "one ");
    wire_say(client, "two");
    place = hall_wait(&hall);
    ck_assert_str_eq(got(place), "one two");
}
END_TEST

START_TEST(a_place_without_room_gets_all_in_the_end)
{
    struct wire *place = hall_wait(&hall), *client;

    place->room = 400;
    client = hall_call(&hall);
    place->room = 3;
    wire_say(client, "0123456789");
    ck_assert_str_eq(got(place), "012");
    wire_say(place, "* OK\r\n"); /* it speaks while there is a rest */
    wire_say(client, "abc");
    ck_assert_str_eq(client->heard, HALL_OPEN "* OK\r\n");
    wire_give_room(place, SIZE_MAX);
    ck_assert_str_eq(got(place), "0123456789abc");
    wire_end(client);
    ck_assert(place->shut);
}
END_TEST

START_TEST(a_client_that_says_much_before_its_place_speaks_is_piped)
{
    struct wire *place = hall_wait(&hall), *client = hall_call(&hall);
    static char much[KEPT_MAX + 500];

    memset(much, 'm', sizeof much - 1);
    wire_say(client, much);
    ck_assert_uint_eq(strlen(got(place)), sizeof much - 1);
    wire_end(place);
    ck_assert(client->shut); /* no other place can get all of it */
}
END_TEST

START_TEST(a_client_that_ends_before_its_place_speaks_is_answered)
{
    struct wire *place = hall_wait(&hall), *client = hall_call(&hall);

    wire_say(client, "a1 LOGOUT\r\n");
    wire_end(client);
    ck_assert(place->shut);
    wire_say(place, "* OK\r\n* BYE\r\n");
    wire_end(place);
    ck_assert_str_eq(client->heard, HALL_OPEN "* OK\r\n* BYE\r\n");
    ck_assert(client->closed && place->closed);
}
END_TEST

START_TEST(a_reset_is_passed_on)
{
    bool before = _i & 1, client_breaks = _i & 2;
    struct wire *place = hall_wait(&hall), *client = hall_call(&hall);

    if (!before)
        wire_say(place, "* OK\r\n");
    if (client_breaks)
        wire_break(client, ECONNRESET);
    else if (!before)
        wire_break(place, ECONNRESET);
    else
        return;
    ck_assert(client->reset && place->reset);
    hall_check_names(&hall, "");
}
END_TEST

/* --- a place that was gone --- */

START_TEST(the_next_place_serves_a_client_whose_place_has_ended)
{
    bool reset = _i == 1;
    struct wire *dead = hall_wait(&hall), *next = hall_wait(&hall), *client = hall_come(&hall, "192.0.2.7");

    wire_say(client, HALL_CONNECT "hello ");
    wire_say(client, "world");
    ck_assert_str_eq(got(dead), "hello world");
    ck_assert_str_eq(got(next), "(no client)");
    given_forget_log();
    if (reset)
        wire_break(dead, ECONNRESET);
    else
        wire_end(dead);
    ck_assert(!wire_is_held(dead));
    ck_assert_str_eq(got(next), "hello world");
    ck_assert_str_eq(client->heard, HALL_OPEN); /* once */
    given_check_log("info relay #3 a place at home:143 has ended before its first byte\n"
                    "info relay #3 open name=home:143 from=192.0.2.7:50000 user=\"bob\" ms=0 again=yes\n");
    wire_say(next, "* OK\r\n");
    ck_assert_str_eq(client->heard, HALL_OPEN "* OK\r\n");
}
END_TEST

/* What the client has said may have had its effect. */
START_TEST(a_place_that_spoke_and_broke_is_not_replaced)
{
    struct wire *place = hall_wait(&hall), *next = hall_wait(&hall), *client;

    place->room = 400;
    client = hall_call(&hall);
    place->room = 3;
    wire_say(client, "0123456789");
    place->broken = EPIPE;
    place->readable = true;
    wire_say(place, "* BYE\r\n");
    ck_assert_str_eq(got(next), "(no client)");
    ck_assert(!wire_is_held(place));
    ck_assert(!wire_is_held(client));
}
END_TEST

START_TEST(only_one_more_place_is_tried)
{
    struct wire *first = hall_wait(&hall), *second = hall_wait(&hall), *third = hall_wait(&hall);
    struct wire *client = hall_call(&hall);

    wire_end(first);
    wire_end(third); /* the newest, of those that are left */
    ck_assert(client->reset);
    ck_assert_str_eq(got(second), "(no client)");
    hall_check_names(&hall, "home:143 alice 1 0\n");
}
END_TEST

START_TEST(a_public_client_is_then_told_in_its_protocol)
{
    struct wire *first = hall_wait(&hall), *second = hall_wait(&hall), *client = hall_come_public(&hall, "192.0.2.9");

    wire_end(first);
    wire_end(second);
    ck_assert_int_eq(strncmp(client->heard, "* BYE ", 6), 0);
    ck_assert(client->shut);
}
END_TEST

START_TEST(the_next_place_may_come_later)
{
    struct wire *first = hall_wait(&hall), *client = hall_call(&hall), *second;

    wire_end(first);
    ck_assert(wire_is_held(client));
    stage_advance(MEETING_HOLD_MS - 1);
    second = hall_wait(&hall);
    ck_assert_str_eq(got(second), "");
    wire_end(second);
    ck_assert(client->reset);
}
END_TEST

START_TEST(a_path_that_is_dead_is_noticed_soon)
{
    struct wire *place = hall_wait(&hall);

    hall_call(&hall);
    ck_assert_uint_eq(place->patience, MEETING_PATIENCE_MS);
    wire_say(place, "* OK\r\n");
    ck_assert_uint_eq(place->patience, hall.config->settings.keepalive);
}
END_TEST

START_TEST(a_place_that_has_ended_unnoticed_is_passed_over)
{
    struct wire *dead = hall_wait(&hall), *good = hall_wait(&hall), *full = hall_wait(&hall), *client;

    dead->broken = ECONNRESET; /* no event has come of it */
    full->room = 10;           /* it takes no whole head */
    client = hall_call(&hall);
    ck_assert(dead->reset && full->reset);
    ck_assert_str_eq(got(good), "");
    ck_assert_str_eq(client->heard, HALL_OPEN);
    wire_end(good);
    ck_assert(wire_is_held(client)); /* that was the first that was tried */
}
END_TEST

/* --- public clients without a place --- */

START_TEST(a_public_client_is_refused_in_its_protocol_at_once_if_nobody_ever_waited)
{
    struct wire *client = hall_come_public(&hall, "192.0.2.9");

    ck_assert_str_eq(client->heard, "* BYE [UNAVAILABLE] sallyport: nobody serves home:143 at this time\r\n");
    ck_assert(client->shut && wire_is_held(client));
    given_check_log("warning public/imap #1 refused from=192.0.2.9:50000 class=temporary "
                    "reason=\"nobody serves home:143 at this time\"\n");
    wire_end(client);
    ck_assert(client->closed);
}
END_TEST

START_TEST(strangers_that_are_refused_do_not_fill_the_log)
{
    for (unsigned i = 0; i < 500; i++)
        ck_assert_int_eq(strncmp(hall_come_public(&hall, "192.0.2.9")->heard, "* BYE ", 6), 0);
    given_check_log("warning public/imap #1 refused from=192.0.2.9:50000 class=temporary "
                    "reason=\"nobody serves home:143 at this time\"\n");
    stage_advance(10000);
    given_forget_log();
    hall_come_public(&hall, "192.0.2.8");
    given_check_log("warning public/imap #501 refused from=192.0.2.8:50000 class=temporary "
                    "reason=\"nobody serves home:143 at this time\" others=499\n");
}
END_TEST

START_TEST(users_that_are_refused_all_have_their_line)
{
    hall_wait(&hall);
    wire_end(stage_wire(stage_wires() - 1));
    stage_advance(60000); /* nobody serves the name any more */
    for (unsigned i = 0; i < 2; i++) {
        given_forget_log();
        hall_check_status(hall_call(&hall), "", 503);
        given_check_log(i == 0 ? "warning relay #2 refused from=192.0.2.7:50000 user=\"bob\" class=temporary "
                                 "reason=\"nobody serves home:143 at this time\"\n"
                               : "warning relay #3 refused from=192.0.2.7:50000 user=\"bob\" class=temporary "
                                 "reason=\"nobody serves home:143 at this time\"\n");
    }
}
END_TEST

START_TEST(a_public_client_is_held_and_then_refused)
{
    struct wire *place = hall_wait(&hall), *client;

    wire_end(place);
    client = hall_come_public(&hall, "192.0.2.9");
    stage_advance(MEETING_HOLD_MS - 1);
    ck_assert_str_eq(client->heard, "");
    stage_advance(1);
    ck_assert_int_eq(strncmp(client->heard, "* BYE ", 6), 0);
    stage_advance(2000);
    ck_assert(client->closed);
}
END_TEST

START_TEST(a_public_client_that_speaks_tls_is_reset)
{
    struct wire *place = hall_wait(&hall), *client;

    wire_end(place);
    client = hall_come_public(&hall, "192.0.2.9");
    wire_say(client, "\x16\x03\x01");
    stage_advance(MEETING_HOLD_MS);
    ck_assert(client->reset);
}
END_TEST

START_TEST(a_client_that_goes_while_it_is_held_takes_no_place)
{
    struct wire *place = hall_wait(&hall), *ends, *breaks, *private;

    wire_end(place);
    ends = hall_come_public(&hall, "192.0.2.9");
    breaks = hall_come_public(&hall, "192.0.2.9");
    private = hall_call(&hall);
    wire_end(ends);
    wire_break(breaks, ECONNRESET);
    wire_end(private);
    ck_assert(ends->reset && breaks->reset && private->reset);
    place = hall_wait(&hall);
    ck_assert_str_eq(got(place), "(no client)");
}
END_TEST

/* --- many --- */

START_TEST(a_thousand_clients_and_two_places_at_a_time)
{
    struct wire *first = hall_wait(&hall), *second = hall_wait(&hall);
    unsigned served = 0, refused = 0, from;

    from = stage_wires();
    for (unsigned i = 0; i < 1000; i++)
        hall_come_public(&hall, "192.0.2.9");
    ck_assert_str_eq(got(first), "");
    ck_assert_str_eq(got(second), "");
    for (unsigned i = 0; i < 18; i++)
        ck_assert_str_eq(got(hall_wait(&hall)), "");
    hall_check_names(&hall, "home:143 alice 0 20\n");
    stage_advance(MEETING_HOLD_MS);
    for (unsigned i = from; i < from + 1000; i++)
        if (strncmp(stage_wire(i)->heard, "* BYE ", 6) == 0)
            refused++;
        else
            served += wire_is_held(stage_wire(i));
    ck_assert_uint_eq(served, 20);
    ck_assert_uint_eq(refused, 980);
    stage_advance(2000);
    ck_assert_uint_eq(visits_count(hall.visits), 40);
}
END_TEST

START_TEST(past_100_sessions_of_a_user_clients_are_refused)
{
    struct wire *client;

    for (unsigned i = 0; i < REGISTRY_SESSIONS_MAX; i++) {
        hall_wait(&hall);
        wire_say(stage_wire(stage_wires() - 1), "");
        hall_come_public(&hall, "192.0.2.9");
    }
    hall_wait(&hall);
    client = hall_call(&hall);
    hall_check_status(client, "", 429);
    client = hall_come_public(&hall, "192.0.2.9");
    ck_assert_str_eq(client->heard,
                     "* BYE [UNAVAILABLE] sallyport: home:143 has as many sessions as it may have\r\n");
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("meeting");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, bytes_go_both_ways_and_the_log_says_how_many);
    tcase_add_test(tcase, a_private_client_is_named_in_the_log);
    tcase_add_test(tcase, what_the_client_says_first_belongs_to_the_tunnel);
    tcase_add_test(tcase, what_was_said_while_the_client_was_held_belongs_to_the_tunnel);
    tcase_add_test(tcase, a_place_without_room_gets_all_in_the_end);
    tcase_add_test(tcase, a_client_that_says_much_before_its_place_speaks_is_piped);
    tcase_add_test(tcase, a_client_that_ends_before_its_place_speaks_is_answered);
    tcase_add_loop_test(tcase, a_reset_is_passed_on, 0, 4);
    tcase_add_loop_test(tcase, the_next_place_serves_a_client_whose_place_has_ended, 0, 2);
    tcase_add_test(tcase, a_place_that_spoke_and_broke_is_not_replaced);
    tcase_add_test(tcase, only_one_more_place_is_tried);
    tcase_add_test(tcase, a_public_client_is_then_told_in_its_protocol);
    tcase_add_test(tcase, the_next_place_may_come_later);
    tcase_add_test(tcase, a_path_that_is_dead_is_noticed_soon);
    tcase_add_test(tcase, a_place_that_has_ended_unnoticed_is_passed_over);
    tcase_add_test(tcase, a_public_client_is_refused_in_its_protocol_at_once_if_nobody_ever_waited);
    tcase_add_test(tcase, strangers_that_are_refused_do_not_fill_the_log);
    tcase_add_test(tcase, users_that_are_refused_all_have_their_line);
    tcase_add_test(tcase, a_public_client_is_held_and_then_refused);
    tcase_add_test(tcase, a_public_client_that_speaks_tls_is_reset);
    tcase_add_test(tcase, a_client_that_goes_while_it_is_held_takes_no_place);
    tcase_add_test(tcase, a_thousand_clients_and_two_places_at_a_time);
    tcase_add_test(tcase, past_100_sessions_of_a_user_clients_are_refused);
    return unit_run();
}
