/* SPDX-License-Identifier: ISC */
#include "relay/registry.h"

#include <stdio.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

#define CROWD 20

/* Places and clients that note what is done with them. */
struct place {
    struct registry_place base;
    bool given;
};

struct client {
    struct registry_client base;
    const struct place *met;
    unsigned full;
};

static struct registry *registry;
static struct place places[REGISTRY_MOST + 1];
static struct client clients[REGISTRY_MOST + 1];
static const struct endpoint home = {.host = "home", .port = 993}, news = {.host = "news", .port = 119};

static struct transport *give(struct registry_place *place, const struct address *for_, const struct address *by)
{
    (void)for_, (void)by;
    ((struct place *)(void *)place)->given = true;
    return NULL;
}

static void on_met(struct registry_client *base, struct registry_place *place)
{
    struct client *client = (struct client *)(void *)base;

    place->give(place, NULL, NULL);
    client->met = (struct place *)(void *)place;
}

static void on_full(struct registry_client *base)
{
    ((struct client *)(void *)base)->full++;
}

static void set_up(void)
{
    stage_set_up();
    memset(places, 0, sizeof places);
    memset(clients, 0, sizeof clients);
    for (size_t i = 0; i <= REGISTRY_MOST; i++) {
        places[i].base.give = give;
        clients[i].base.met = on_met;
        clients[i].base.full = on_full;
    }
    registry = registry_new(stage_loop());
    ck_assert_ptr_nonnull(registry);
}

static void tear_down(void)
{
    for (size_t i = 0; i <= REGISTRY_MOST; i++) {
        registry_leave(registry, &places[i].base);
        registry_hang_up(registry, &clients[i].base);
    }
    registry_free(registry);
    stage_tear_down();
}

static enum registry_answer wait_at(size_t i, const char *user, const struct endpoint *name)
{
    return registry_wait(registry, &places[i].base, user, name);
}

static enum registry_answer call(size_t i, const char *user, const struct endpoint *name)
{
    return registry_call(registry, &clients[i].base, user, name);
}

static void note_facts(void *arg, const struct registry_facts *facts)
{
    char *out = arg;

    snprintf(out + strlen(out), 200, "%s %s %zu %zu\n", facts->name, facts->user, facts->waiting, facts->sessions);
}

static void check_facts(const char *wanted)
{
    char out[1000] = "";

    registry_each(registry, note_facts, out);
    ck_assert_str_eq(out, wanted);
}

START_TEST(the_oldest_place_serves_the_oldest_client)
{
    ck_assert_int_eq(wait_at(0, "alice", &home), REGISTRY_YES);
    ck_assert_int_eq(wait_at(1, "alice", &home), REGISTRY_YES);
    ck_assert_int_eq(wait_at(2, "alice", &news), REGISTRY_YES);
    ck_assert_int_eq(call(0, NULL, &home), REGISTRY_YES);
    ck_assert_ptr_null(clients[0].met); /* not within the call */
    ck_assert_int_eq(call(1, "bob", &home), REGISTRY_YES);
    ck_assert_int_eq(call(2, "bob", &home), REGISTRY_YES);
    ck_assert_int_eq(call(3, "bob", &home), REGISTRY_YES);
    stage_settle();
    ck_assert_ptr_eq(clients[0].met, &places[0]);
    ck_assert_ptr_eq(clients[1].met, &places[1]);
    ck_assert_ptr_null(clients[2].met);
    ck_assert(!places[2].given); /* another name */
    ck_assert_int_eq(wait_at(3, "alice", &home), REGISTRY_YES);
    stage_settle();
    ck_assert_ptr_eq(clients[2].met, &places[3]);
    ck_assert_ptr_null(clients[3].met);
    check_facts("news:119 alice 1 0\nhome:993 alice 0 3\n");
}
END_TEST

START_TEST(a_place_that_leaves_serves_nobody)
{
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(wait_at(i, "alice", &home), REGISTRY_YES);
    ck_assert_int_eq(call(0, NULL, &home), REGISTRY_YES);
    registry_leave(registry, &places[0].base); /* before the end of the turn */
    registry_leave(registry, &places[2].base); /* the last one */
    registry_leave(registry, &places[2].base);
    ck_assert_int_eq(call(1, NULL, &home), REGISTRY_YES);
    stage_settle();
    ck_assert_ptr_eq(clients[0].met, &places[1]);
    ck_assert_ptr_null(clients[1].met);
}
END_TEST

START_TEST(a_client_that_hangs_up_takes_no_place)
{
    ck_assert_int_eq(wait_at(0, "alice", &home), REGISTRY_YES);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(call(i, NULL, &home), REGISTRY_YES);
    registry_hang_up(registry, &clients[0].base);
    registry_hang_up(registry, &clients[0].base);
    registry_hang_up(registry, &clients[2].base);
    stage_settle();
    ck_assert_ptr_eq(clients[1].met, &places[0]);
    ck_assert_ptr_null(clients[0].met);
    check_facts("home:993 alice 0 1\n");
    registry_hang_up(registry, &clients[1].base);
    check_facts("");
}
END_TEST

START_TEST(a_client_whose_place_was_gone_is_the_next_one)
{
    ck_assert_int_eq(wait_at(0, "alice", &home), REGISTRY_YES);
    ck_assert_int_eq(call(0, NULL, &home), REGISTRY_YES);
    ck_assert_int_eq(call(1, NULL, &home), REGISTRY_YES);
    stage_settle();
    ck_assert_ptr_eq(clients[0].met, &places[0]);
    registry_call_again(registry, &clients[0].base);
    check_facts("");
    ck_assert_int_eq(wait_at(1, "alice", &home), REGISTRY_YES);
    stage_settle();
    ck_assert_ptr_eq(clients[0].met, &places[1]);
    ck_assert_ptr_null(clients[1].met);
    check_facts("home:993 alice 0 1\n");
}
END_TEST

START_TEST(a_client_whose_place_was_gone_meets_the_newest)
{
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(wait_at(i, "alice", &home), REGISTRY_YES);
    ck_assert_int_eq(call(0, NULL, &home), REGISTRY_YES);
    stage_settle();
    ck_assert_ptr_eq(clients[0].met, &places[0]);
    registry_call_again(registry, &clients[0].base);
    ck_assert_int_eq(call(1, NULL, &home), REGISTRY_YES);
    stage_settle();
    ck_assert_ptr_eq(clients[0].met, &places[2]);
    ck_assert_ptr_eq(clients[1].met, &places[1]);
}
END_TEST

START_TEST(a_name_is_its_user_s_until_nobody_has_used_it_for_a_minute)
{
    ck_assert_int_eq(wait_at(0, "alice", &home), REGISTRY_YES);
    ck_assert_int_eq(wait_at(1, "bob", &home), REGISTRY_TAKEN);
    ck_assert_ptr_null(places[1].base.name);
    stage_advance(REGISTRY_MEMORY_MS * 2);
    ck_assert_int_eq(wait_at(1, "bob", &home), REGISTRY_TAKEN);
    registry_leave(registry, &places[0].base);
    stage_advance(REGISTRY_MEMORY_MS - 1);
    ck_assert_int_eq(wait_at(1, "bob", &home), REGISTRY_TAKEN);
    stage_advance(1);
    ck_assert_int_eq(wait_at(1, "bob", &home), REGISTRY_YES);
    ck_assert_int_eq(wait_at(0, "alice", &home), REGISTRY_TAKEN);
    ck_assert_int_eq(wait_at(0, "alice", &news), REGISTRY_YES);
}
END_TEST

START_TEST(a_session_keeps_the_name_for_its_user)
{
    ck_assert_int_eq(wait_at(0, "alice", &home), REGISTRY_YES);
    ck_assert_int_eq(call(0, NULL, &home), REGISTRY_YES);
    stage_advance(REGISTRY_MEMORY_MS * 2);
    ck_assert_int_eq(wait_at(1, "bob", &home), REGISTRY_TAKEN);
    registry_hang_up(registry, &clients[0].base);
    ck_assert_int_eq(wait_at(1, "bob", &home), REGISTRY_YES);
}
END_TEST

START_TEST(nobody_is_held_for_a_name_where_none_has_waited_for_a_minute)
{
    ck_assert_int_eq(call(0, NULL, &home), REGISTRY_NOBODY);
    ck_assert(!registry_knows(registry, &home));
    ck_assert_int_eq(wait_at(0, "alice", &home), REGISTRY_YES);
    ck_assert(registry_knows(registry, &home));
    ck_assert(!registry_knows(registry, &news));
    ck_assert_int_eq(call(0, NULL, &home), REGISTRY_YES);
    stage_settle();
    stage_advance(REGISTRY_MEMORY_MS - 1);
    ck_assert_int_eq(call(1, NULL, &home), REGISTRY_YES);
    ck_assert_int_eq(call(2, NULL, &news), REGISTRY_NOBODY);
    stage_advance(1);
    ck_assert_int_eq(call(2, NULL, &home), REGISTRY_NOBODY); /* though there is a session, and one is held */
    ck_assert(!registry_knows(registry, &home));
    ck_assert_ptr_null(clients[2].base.name);
}
END_TEST

START_TEST(a_user_has_so_many_places_and_others_have_theirs)
{
    for (size_t i = 0; i < REGISTRY_WAITING_MAX; i++)
        ck_assert_int_eq(wait_at(i, "alice", i % 2 ? &home : &news), REGISTRY_YES);
    ck_assert_int_eq(wait_at(CROWD, "alice", &home), REGISTRY_FULL);
    ck_assert_ptr_null(places[CROWD].base.name);
    ck_assert_int_eq(wait_at(CROWD, "bob", &(struct endpoint){.host = "b", .port = 1}), REGISTRY_YES);
    registry_leave(registry, &places[0].base);
    ck_assert_int_eq(wait_at(0, "alice", &home), REGISTRY_YES);
}
END_TEST

/* Lets a client of this user have a session at a place of alice's. */
static void begin_session(size_t i, const char *user)
{
    ck_assert_int_eq(wait_at(i, "alice", &home), REGISTRY_YES);
    ck_assert_int_eq(call(i, user, &home), REGISTRY_YES);
    stage_settle();
    ck_assert_ptr_eq(clients[i].met, &places[i]);
}

START_TEST(an_owner_has_so_many_sessions)
{
    for (size_t i = 0; i < REGISTRY_SESSIONS_MAX; i++)
        begin_session(i, i % 2 ? NULL : "bob");
    ck_assert_int_eq(wait_at(200, "alice", &home), REGISTRY_YES);
    ck_assert_int_eq(call(200, "carol", &home), REGISTRY_FULL);
    ck_assert_int_eq(call(200, NULL, &home), REGISTRY_FULL);
    registry_hang_up(registry, &clients[0].base);
    ck_assert_int_eq(call(200, "carol", &home), REGISTRY_YES);
    stage_settle();
    ck_assert_ptr_eq(clients[200].met, &places[200]);
}
END_TEST

START_TEST(one_s_own_session_counts_once)
{
    for (size_t i = 0; i < REGISTRY_SESSIONS_MAX; i++)
        begin_session(i, "alice");
    ck_assert_int_eq(call(200, "alice", &home), REGISTRY_FULL);
    for (size_t i = 0; i < REGISTRY_SESSIONS_MAX; i++)
        registry_hang_up(registry, &clients[i].base);
    begin_session(200, "alice");
}
END_TEST

START_TEST(a_client_s_user_has_so_many_sessions_and_those_who_are_held_count)
{
    ck_assert_int_eq(wait_at(0, "alice", &home), REGISTRY_YES);
    for (size_t i = 0; i < REGISTRY_SESSIONS_MAX; i++)
        ck_assert_int_eq(call(i, "bob", &home), REGISTRY_YES);
    ck_assert_int_eq(call(200, "bob", &home), REGISTRY_FULL);
    ck_assert_int_eq(call(200, "carol", &home), REGISTRY_YES);
    registry_hang_up(registry, &clients[5].base);
    ck_assert_int_eq(call(201, "bob", &home), REGISTRY_YES);
}
END_TEST

START_TEST(who_is_held_is_told_when_the_owner_has_no_session_left)
{
    for (size_t i = 0; i + 1 < REGISTRY_SESSIONS_MAX; i++)
        begin_session(i, NULL);
    ck_assert_int_eq(call(200, NULL, &home), REGISTRY_YES);
    ck_assert_int_eq(call(201, NULL, &home), REGISTRY_YES);
    ck_assert_int_eq(wait_at(200, "alice", &home), REGISTRY_YES);
    ck_assert_int_eq(wait_at(201, "alice", &home), REGISTRY_YES);
    stage_settle();
    ck_assert_ptr_eq(clients[200].met, &places[200]);
    ck_assert_ptr_null(clients[201].met);
    ck_assert_uint_eq(clients[201].full, 1);
    ck_assert_ptr_null(clients[201].base.name);
    ck_assert(!places[201].given); /* it goes on waiting */
    ck_assert_ptr_nonnull(places[201].base.name);
}
END_TEST

START_TEST(a_relay_holds_so_many_in_all)
{
    size_t places_there = 0, held = 0;
    char user[16];

    for (; places_there < REGISTRY_MOST - 10; places_there++) {
        snprintf(user, sizeof user, "u%zu", places_there / REGISTRY_WAITING_MAX);
        ck_assert_int_eq(wait_at(places_there, user, &(struct endpoint){
            .host = "x", .port = (uint16_t)(1 + places_there / REGISTRY_WAITING_MAX)}), REGISTRY_YES);
    }
    registry_leave(registry, &places[0].base);
    for (; held < 11; held++)
        ck_assert_int_eq(call(held, NULL, &(struct endpoint){.host = "x", .port = 2}), REGISTRY_YES);
    ck_assert_int_eq(call(200, NULL, &(struct endpoint){.host = "x", .port = 2}), REGISTRY_FULL);
    ck_assert_int_eq(wait_at(REGISTRY_MOST, "alice", &home), REGISTRY_FULL);
    stage_settle(); /* a session is one, where two were */
    ck_assert_int_eq(wait_at(REGISTRY_MOST, "alice", &home), REGISTRY_YES);
}
END_TEST

START_TEST(strangers_leave_room_for_users)
{
    ck_assert_int_eq(wait_at(0, "alice", &home), REGISTRY_YES);
    ck_assert_int_eq(call(REGISTRY_MOST, NULL, &home), REGISTRY_YES);
    stage_settle(); /* one in a session is none of them */
    for (size_t i = 0; i < REGISTRY_STRANGERS_MAX; i++)
        ck_assert_int_eq(call(i, NULL, &home), REGISTRY_YES);
    ck_assert_int_eq(call(REGISTRY_STRANGERS_MAX, NULL, &home), REGISTRY_FULL);
    ck_assert_int_eq(call(REGISTRY_STRANGERS_MAX, "bob", &home), REGISTRY_YES);
    ck_assert_int_eq(wait_at(1, "carol", &news), REGISTRY_YES);
    registry_hang_up(registry, &clients[0].base);
    ck_assert_int_eq(call(0, NULL, &home), REGISTRY_YES);
    ck_assert_int_eq(wait_at(2, "alice", &home), REGISTRY_YES);
    stage_settle(); /* and neither is one who has met a place */
    ck_assert_int_eq(call(REGISTRY_STRANGERS_MAX + 1, NULL, &home), REGISTRY_YES);
}
END_TEST

START_TEST(a_user_is_remembered_by_so_many_names)
{
    for (unsigned i = 0; i < REGISTRY_NAMES_MAX; i++) {
        ck_assert_int_eq(wait_at(0, "alice", &(struct endpoint){.host = "x", .port = (uint16_t)(1 + i)}), REGISTRY_YES);
        registry_leave(registry, &places[0].base);
    }
    ck_assert_int_eq(wait_at(0, "alice", &home), REGISTRY_FULL);
    ck_assert_int_eq(wait_at(0, "alice", &(struct endpoint){.host = "x", .port = 7}), REGISTRY_YES);
    ck_assert_int_eq(wait_at(1, "bob", &home), REGISTRY_YES);
    stage_advance(REGISTRY_MEMORY_MS);
    ck_assert_int_eq(wait_at(2, "alice", &news), REGISTRY_YES);
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("registry");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_oldest_place_serves_the_oldest_client);
    tcase_add_test(tcase, a_place_that_leaves_serves_nobody);
    tcase_add_test(tcase, a_client_that_hangs_up_takes_no_place);
    tcase_add_test(tcase, a_client_whose_place_was_gone_is_the_next_one);
    tcase_add_test(tcase, a_client_whose_place_was_gone_meets_the_newest);
    tcase_add_test(tcase, a_name_is_its_user_s_until_nobody_has_used_it_for_a_minute);
    tcase_add_test(tcase, a_session_keeps_the_name_for_its_user);
    tcase_add_test(tcase, nobody_is_held_for_a_name_where_none_has_waited_for_a_minute);
    tcase_add_test(tcase, a_user_has_so_many_places_and_others_have_theirs);
    tcase_add_test(tcase, an_owner_has_so_many_sessions);
    tcase_add_test(tcase, one_s_own_session_counts_once);
    tcase_add_test(tcase, a_client_s_user_has_so_many_sessions_and_those_who_are_held_count);
    tcase_add_test(tcase, who_is_held_is_told_when_the_owner_has_no_session_left);
    tcase_add_test(tcase, a_relay_holds_so_many_in_all);
    tcase_add_test(tcase, strangers_leave_room_for_users);
    tcase_add_test(tcase, a_user_is_remembered_by_so_many_names);
    return unit_run();
}
