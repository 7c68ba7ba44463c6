/* SPDX-License-Identifier: ISC */
#include "relay/place.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

#define PLACE_BYTES_MAX 1024 /* that a place holds besides its transport; a waiting one may cost 4 KiB in all */

static struct registry *registry;
static struct wire *wire;
static struct place *place;
static struct address client, here;
static unsigned told;
static enum place_news news;
static struct transport *back;

static void on_told(void *arg, enum place_news what, struct transport *transport)
{
    (void)arg;
    told++;
    news = what;
    back = transport;
}

static enum registry_answer begin(const char *alpn)
{
    enum registry_answer answer;
    struct place_params params = {
        .registry = registry, .loop = stage_loop(), .transport = &wire->near, .user = "alice",
        .name = {.host = "home", .port = 143}, .token = "Reverse", .alpn = alpn, .told = on_told,
    };

    place = place_start(&params, &answer);
    ck_assert_int_eq(place != NULL, answer == REGISTRY_YES);
    return answer;
}

static void set_up(void)
{
    stage_set_up();
    registry = registry_new(stage_loop());
    wire = stage_new_wire();
    told = 0;
    back = NULL;
    place = NULL;
    ck_assert(address_from_literal(&client, "192.0.2.7", 50000));
    ck_assert(address_from_literal(&here, "192.0.2.1", 993));
}

static void tear_down(void)
{
    transport_close(place_free(place));
    transport_close(back);
    stage_settle();
    registry_free(registry);
    stage_tear_down();
}

/* Offers the place a client. */
static struct transport *give(void)
{
    struct registry_place *base = (struct registry_place *)(void *)place;

    return base->give(base, &client, &here);
}

START_TEST(it_is_given_to_a_client_with_a_101)
{
    ck_assert_int_eq(begin("h2"), REGISTRY_YES);
    stage_settle();
    ck_assert_ptr_eq(give(), &wire->near);
    back = &wire->near;
    ck_assert_str_eq(wire->heard, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: Reverse\r\n"
                     "Forwarded: for=\"192.0.2.7:50000\";by=\"192.0.2.1:993\"\r\nSelected-ALPN: h2\r\n\r\n");
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(news, PLACE_GIVEN);
    stage_advance(PLACE_BEAT_MS);
    ck_assert_uint_eq(told, 1);
    back = &wire->near;
}
END_TEST

START_TEST(its_heart_beats_after_50_s)
{
    ck_assert_int_eq(begin(""), REGISTRY_YES);
    stage_advance(PLACE_BEAT_MS - 1);
    ck_assert_uint_eq(told, 0);
    stage_advance(1);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(news, PLACE_WAITED);
    ck_assert_ptr_eq(back, &wire->near);
    ck_assert_uint_eq(wire->heard_length, 0); /* what to say is the owner's affair */
}
END_TEST

START_TEST(what_it_says_early_is_told)
{
    bool before = _i == 0;

    if (before)
        wire_say(wire, "x"); /* no event comes of that any more */
    ck_assert_int_eq(begin(""), REGISTRY_YES);
    if (before)
        stage_settle();
    else
        wire_say(wire, "x");
    ck_assert_int_eq(news, PLACE_SPOKE);
    ck_assert_ptr_eq(back, &wire->near);
}
END_TEST

START_TEST(its_end_is_told)
{
    ck_assert_int_eq(begin(""), REGISTRY_YES);
    if (_i == 0)
        wire_end(wire);
    else
        wire_break(wire, ECONNRESET);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(news, PLACE_GONE);
    ck_assert(_i == 0 ? wire->closed : wire->reset);
}
END_TEST

START_TEST(it_is_not_given_when_it_turns_out_to_be_gone)
{
    ck_assert_int_eq(begin(""), REGISTRY_YES);
    stage_settle();
    if (_i == 0)
        wire->broken = ECONNRESET;
    else if (_i == 1)
        wire->ended = true;
    else
        wire->room = 20;
    ck_assert_ptr_null(give());
    ck_assert_int_eq(news, PLACE_GONE);
    ck_assert(wire->reset);
}
END_TEST

START_TEST(one_that_may_not_wait_keeps_its_transport)
{
    struct registry_place other = {0};

    ck_assert_int_eq(registry_wait(registry, &other, "bob", &(struct endpoint){.host = "home", .port = 143}),
                     REGISTRY_YES);
    ck_assert_int_eq(begin(""), REGISTRY_TAKEN);
    ck_assert(wire_is_held(wire));
    registry_leave(registry, &other);
    back = &wire->near;
}
END_TEST

START_TEST(it_costs_little)
{
    size_t before = mallinfo2().uordblks, after;

    ck_assert_int_eq(begin("http%2F1.1"), REGISTRY_YES);
    after = mallinfo2().uordblks;
    ck_assert_uint_lt(after - before, PLACE_BYTES_MAX + 512); /* the name and the user are there once for all places */
    ck_assert_uint_eq(stage_timers(), 1);
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("place");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, it_is_given_to_a_client_with_a_101);
    tcase_add_test(tcase, its_heart_beats_after_50_s);
    tcase_add_loop_test(tcase, what_it_says_early_is_told, 0, 2);
    tcase_add_loop_test(tcase, its_end_is_told, 0, 2);
    tcase_add_loop_test(tcase, it_is_not_given_when_it_turns_out_to_be_gone, 0, 3);
    tcase_add_test(tcase, one_that_may_not_wait_keeps_its_transport);
    tcase_add_test(tcase, it_costs_little);
    return unit_run();
}
