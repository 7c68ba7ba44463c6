/* SPDX-License-Identifier: ISC */
#include "relay/kept.h"

#include <errno.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

static struct wire *client, *place;
static struct kept kept;

static void set_up(void)
{
    stage_set_up();
    memset(&kept, 0, sizeof kept);
    client = stage_new_wire();
    place = stage_new_wire();
}

static void tear_down(void)
{
    kept_drop(&kept);
    transport_close(&client->near);
    transport_close(&place->near);
    stage_tear_down();
}

START_TEST(what_is_said_is_passed_on_and_kept)
{
    wire_say(client, "one ");
    ck_assert_int_eq(kept_read(&kept, &client->near), KEPT_WELL);
    ck_assert_int_eq(kept_send(&kept, &place->near), KEPT_WELL);
    wire_say(client, "two");
    ck_assert_int_eq(kept_read(&kept, &client->near), KEPT_WELL);
    ck_assert_int_eq(kept_send(&kept, &place->near), KEPT_WELL);
    ck_assert_str_eq(place->heard, "one two");
    kept.sent = 0; /* to the next place */
    wire_clear(place);
    ck_assert_int_eq(kept_send(&kept, &place->near), KEPT_WELL);
    ck_assert_str_eq(place->heard, "one two");
}
END_TEST

START_TEST(no_more_is_kept_than_there_is_room_for)
{
    static char much[KEPT_MAX + 100];

    memset(much, 'm', sizeof much);
    wire_say_bytes(client, much, KEPT_MAX - 1);
    ck_assert_int_eq(kept_read(&kept, &client->near), KEPT_WELL);
    wire_say_bytes(client, much, 101);
    ck_assert_int_eq(kept_read(&kept, &client->near), KEPT_ENOUGH);
    ck_assert_uint_eq(kept.length, KEPT_MAX);
    ck_assert_int_eq(transport_recv(&client->near, much, sizeof much), 100); /* the rest is the pump's */
}
END_TEST

START_TEST(the_end_of_the_stream_stays_to_be_read)
{
    char byte;

    wire_say(client, "all");
    wire_end(client);
    ck_assert_int_eq(kept_read(&kept, &client->near), KEPT_ENOUGH);
    ck_assert_uint_eq(kept.length, 3);
    ck_assert_int_eq(transport_recv(&client->near, &byte, 1), TRANSPORT_EOF);
}
END_TEST

START_TEST(a_broken_side_is_told)
{
    wire_say(client, "x");
    ck_assert_int_eq(kept_read(&kept, &client->near), KEPT_WELL);
    wire_break(client, ECONNRESET);
    wire_break(place, EPIPE);
    ck_assert_int_eq(kept_read(&kept, &client->near), KEPT_BROKEN);
    ck_assert_int_eq(kept_send(&kept, &place->near), KEPT_BROKEN);
}
END_TEST

START_TEST(what_was_not_sent_comes_before_what_is_said_later)
{
    struct transport *left;
    char out[16] = "";

    place->room = 4;
    wire_say(client, "one two");
    ck_assert_int_eq(kept_read(&kept, &client->near), KEPT_WELL);
    ck_assert_int_eq(kept_send(&kept, &place->near), KEPT_WELL);
    ck_assert_uint_eq(kept.sent, 4);
    wire_say(client, " three");
    left = kept_put_back(&kept, &client->near);
    ck_assert_ptr_nonnull(left);
    ck_assert_int_eq(transport_recv(left, out, sizeof out), 3);
    ck_assert_str_eq(out, "two");
    ck_assert_int_eq(transport_recv(left, out, sizeof out), 6);
    ck_assert_ptr_null(kept.bytes);
    transport_close(left);
    client = stage_new_wire();
}
END_TEST

START_TEST(without_a_rest_the_client_stays_as_it_is)
{
    wire_say(client, "one");
    ck_assert_int_eq(kept_read(&kept, &client->near), KEPT_WELL);
    ck_assert_int_eq(kept_send(&kept, &place->near), KEPT_WELL);
    ck_assert_ptr_eq(kept_put_back(&kept, &client->near), &client->near);
    ck_assert_ptr_null(kept.bytes);
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("kept");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, what_is_said_is_passed_on_and_kept);
    tcase_add_test(tcase, no_more_is_kept_than_there_is_room_for);
    tcase_add_test(tcase, the_end_of_the_stream_stays_to_be_read);
    tcase_add_test(tcase, a_broken_side_is_told);
    tcase_add_test(tcase, what_was_not_sent_comes_before_what_is_said_later);
    tcase_add_test(tcase, without_a_rest_the_client_stays_as_it_is);
    return unit_run();
}
