/* SPDX-License-Identifier: ISC */
#include "proxy/pool.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "pool_setting.h"
#include "proxy/ahead.h"
#include "proxy/idle.h"

/* --- how many --- */

static const char *const askless[] = {
    "[proxy]\nurl = http://" A "\n" MAIL,
    "[proxy]\nurl = http://" A "\npreconnect = 0\n" MAIL,
    "[proxy]\nurl = http://" A "\n[proxy spare]\nurl = http://" B "\npreconnect = 5\n" MAIL, /* no listener has it */
    "[proxy]\nurl = http://" A "\npreconnect = 5\n[imap]\ntarget = mail.example.net\nproxy = direct\n",
};

START_TEST(nothing_is_kept_that_nobody_asks_for)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, askless[_i], MANY);
    ck_assert_uint_eq(ahead_size(setting.config), 0);
    stage_advance(600000);
    for (size_t i = 0; i < setting.config->proxy_count; i++) {
        bool on_loopback;

        ck_assert_ptr_null(pool_take(setting.pool, &section(&setting, i)->urls.at[0], section(&setting, i),
                                     &on_loopback));
    }
    stage_advance(600000);
    ck_assert_uint_eq(stage_lookups(), 0);
    ck_assert_uint_eq(stage_dials(), 0);
    check_ready(&setting, 0, 0);
    tear_down(&setting);
}
END_TEST

START_TEST(as_many_are_made_as_asked_for)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    ck_assert_uint_eq(stage_dials(), 0); /* not from within the call */
    stage_settle();
    check_ready(&setting, 3, 0);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_str_eq(stage_wire(i)->to, A);
    stage_advance(RENEWED_FROM_MS - 1);
    ck_assert_uint_eq(stage_dials(), 3);
    check_ready(&setting, 3, 0);
    tear_down(&setting);
}
END_TEST

/* As users have it: what many do at one time is no storm. */
START_TEST(the_first_is_made_at_once_and_the_others_follow)
{
    struct setting setting;

    set_up(&setting);
    setting.services->ahead_at_once = false;
    for (unsigned round = 0; round < 2; round++) { /* and again behind a reload */
        keep(&setting, THREE, MANY);
        stage_settle();
        check_three_follow(&setting);
    }
    transport_close(&take(&setting, &setting.a)->near);
    stage_settle();
    check_ready(&setting, 3, 0); /* one that was taken is made again at once */
    tear_down(&setting);
}
END_TEST

START_TEST(one_that_others_are_reached_through_is_kept_too)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, "[proxy outer]\nurl = http://" B "\npreconnect = 2\n[proxy]\nurl = http://" A "\nvia = outer\n" MAIL,
         MANY);
    stage_settle();
    check_ready(&setting, 0, 2);
    tear_down(&setting);
}
END_TEST

START_TEST(a_proxy_of_two_sections_counts_for_both)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, "[proxy]\nurl = http://" A "\npreconnect = 2\n[proxy b]\nurl = http://" A "\npreconnect = 3\n" MAIL
         "[smtp]\ntarget = mail.example.net\nproxy = b\n", MANY);
    stage_settle();
    check_ready(&setting, 5, 0);
    pool_note_stale(setting.pool, &setting.a, section(&setting, 1));
    check_ready(&setting, 2, 0); /* the other's stay */
    stage_settle();
    check_ready(&setting, 5, 0);
    tear_down(&setting);
}
END_TEST

/* Two sections that ask for so many, the most there may be, and what each gets: four fifths of that are shared out by
 * what was asked for, and nobody who asked gets none for that. */
struct share {
    unsigned ask_a, ask_b, most, get_a, get_b;
};

static const struct share shares[] = {
    {10, 0, 100, 10, 0}, {10, 0, 13, 10, 0}, {10, 0, 12, 9, 0},   {10, 0, 5, 4, 0}, {1, 0, 1, 1, 0},
    {2, 0, 2, 1, 0},     {64, 0, 81, 64, 0}, {10, 30, 20, 4, 12}, {1, 63, 8, 1, 5}, {2, 62, 8, 1, 5},
    {3, 3, 1, 1, 0},     {3, 3, 0, 0, 0},
};

/* At no time, renewals included. */
START_TEST(there_are_never_more_than_most)
{
    const struct share *share = &shares[_i];
    struct setting setting;
    char text[400];

    snprintf(text, sizeof text, "[proxy]\nurl = http://" A "\npreconnect = %u\n[proxy b]\nurl = http://" B
             "\npreconnect = %u\n" MAIL "[smtp]\ntarget = mail.example.net\nproxy = b\n", share->ask_a, share->ask_b);
    set_up(&setting);
    keep(&setting, text, share->most);
    stage_settle();
    check_ready(&setting, share->get_a, share->get_b);
    while (stage_time() < 120000) {
        stage_advance(500);
        ck_assert_uint_le(held(), share->most);
        ck_assert_uint_eq(pool_ready(setting.pool, &setting.a, NULL) + pool_ready(setting.pool, &setting.b, NULL),
                          share->get_a + share->get_b);
    }
    ck_assert_uint_ge(stage_dials(), 2 * (share->get_a + share->get_b)); /* all were renewed, with room or not */
    tear_down(&setting);
}
END_TEST

struct size {
    const char *text;
    unsigned size;
};

static const struct size sizes[] = {
    {"[proxy]\nurl = http://" A "\npreconnect = 1\n" MAIL, 2},
    {THREE, 4},
    {"[proxy]\nurl = http://" A "\npreconnect = 4\n" MAIL "[smtp]\ntarget = mail.example.net\n", 6},
    {"[proxy]\nurl = http://" A "\npreconnect = 64\n" MAIL, 81},
    {"[proxy]\nurl = http://" A "\npreconnect = 4\n[proxy b]\nurl = http://" A "\npreconnect = 8\n" MAIL
     "[smtp]\ntarget = mail.example.net\nproxy = b\n[proxy c]\nurl = http://" A "\npreconnect = 9\n", 17},
};

/* With that many, all that are asked for are made. */
START_TEST(its_size_has_room_for_successors)
{
    struct setting setting;
    size_t asked = 0;

    set_up(&setting);
    keep(&setting, sizes[_i].text, sizes[_i].size);
    ck_assert_uint_eq(ahead_size(setting.config), sizes[_i].size);
    for (size_t i = 0; i < setting.config->listener_count; i++)
        if (i == 0 || setting.config->listeners[i].proxy != setting.config->listeners[0].proxy)
            asked += setting.config->listeners[i].proxy->preconnect;
    stage_settle();
    check_ready(&setting, (unsigned)asked, 0);
    tear_down(&setting);
}
END_TEST

/* --- taking --- */

START_TEST(one_that_is_taken_is_replaced)
{
    struct setting setting;
    struct wire *taken[5];

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_settle();
    for (unsigned i = 0; i < 5; i++) {
        taken[i] = take(&setting, &setting.a);
        ck_assert_ptr_nonnull(taken[i]);
        ck_assert_uint_eq(stage_dials(), 3 + i);
        check_ready(&setting, 2, 0);
        stage_settle();
        ck_assert_uint_eq(stage_dials(), 4 + i);
        check_ready(&setting, 3, 0);
        for (unsigned k = 0; k < i; k++)
            ck_assert_ptr_ne(taken[i], taken[k]);
    }
    wire_say(taken[0], "HTTP"); /* that is the taker's affair */
    stage_advance(2 * AGE_MS);
    pool_close(setting.pool);
    stage_settle();
    for (unsigned i = 0; i < 5; i++) {
        ck_assert(wire_is_held(taken[i]));
        transport_close(&taken[i]->near);
    }
    ck_assert_uint_eq(held(), 0);
    ck_assert_uint_eq(pool_sums(setting.pool).taken, 5);
    ck_assert_uint_eq(pool_sums(setting.pool).stale, 0);
    tear_down(&setting);
}
END_TEST

START_TEST(when_all_are_taken_there_is_none_and_nobody_waits)
{
    struct setting setting;
    struct wire *wire;
    unsigned taken = 0;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    ck_assert_ptr_null(take(&setting, &setting.a)); /* not ready yet */
    stage_settle();
    stage_address(A, STAGE_SILENT);
    for (; (wire = take(&setting, &setting.a)); taken++)
        transport_close(&wire->near);
    ck_assert_uint_eq(taken, 3);
    stage_settle();
    ck_assert_uint_eq(stage_dials_open(), 3);
    ck_assert_ptr_null(take(&setting, &setting.a)); /* they are under way */
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 6);
    ck_assert_uint_eq(pool_sums(setting.pool).taken, 3);
    tear_down(&setting);
}
END_TEST

START_TEST(the_youngest_that_has_settled_is_given_or_else_the_first)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY); /* 0, 1, 2 */
    stage_advance(IDLE_SETTLED_MS - 1);
    check_taken(take(&setting, &setting.a), 0);
    stage_settle();              /* 3 comes */
    stage_advance(1);
    check_taken(take(&setting, &setting.a), 2);
    stage_settle();              /* 4 */
    stage_advance(IDLE_SETTLED_MS - 2);
    check_taken(take(&setting, &setting.a), 1);
    stage_settle();              /* 5; none has settled of 3, 4, 5 */
    check_taken(take(&setting, &setting.a), 3);
    stage_advance(2);            /* 6; of 4, 5 and 6 it is 4 */
    check_taken(take(&setting, &setting.a), 4);
    tear_down(&setting);
}
END_TEST

START_TEST(it_is_given_to_who_asks_for_that_proxy_of_that_section)
{
    struct setting setting;
    struct endpoint same = {.host = "Proxy.EXAMPLE.net", .port = 3128}, other[] = {same, same, same};
    const struct proxy_config copy = {.preconnect = 3};
    bool on_loopback;

    other[0].port = 3129;
    other[1].tls = true;
    snprintf(other[2].host, sizeof other[2].host, "proxy.example.org");
    set_up(&setting);
    stage_name("proxy.example.net", "192.0.2.1");
    keep(&setting, "[proxy]\nurl = http://" NAMED "\npreconnect = 1\n" MAIL, MANY);
    stage_settle();
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_null(take(&setting, &other[i]));
    ck_assert_ptr_null(pool_take(setting.pool, &same, &copy, &on_loopback));
    ck_assert_uint_eq(pool_sums(setting.pool).taken, 0);
    check_taken(take(&setting, &same), 0);
    tear_down(&setting);
}
END_TEST

START_TEST(it_is_told_which_lead_to_this_machine)
{
    static const char *const places[] = {"192.0.2.1", "127.0.0.1"};
    struct setting setting;
    struct transport *transport;
    bool on_loopback = _i == 0;

    set_up(&setting);
    stage_name("proxy.example.net", places[_i]);
    stage_address("127.0.0.1", STAGE_CONNECTS);
    keep(&setting, "[proxy]\nurl = http://" NAMED "\npreconnect = 1\n" MAIL, MANY);
    stage_settle();
    transport = pool_take(setting.pool, &section(&setting, 0)->urls.at[0], section(&setting, 0), &on_loopback);
    ck_assert_ptr_nonnull(transport);
    ck_assert_int_eq(on_loopback, _i == 1);
    transport_close(transport);
    tear_down(&setting);
}
END_TEST

/* --- age --- */

/* There are always three, none of them is old, and those that were made together do not grow old together. */
START_TEST(each_is_renewed_in_time)
{
    struct setting setting;
    uint64_t births[64] = {0};
    unsigned known = 3, together = 0;

    set_up(&setting);
    stage_chance(0);
    keep(&setting, THREE, MANY);
    stage_advance(RENEWED_FROM_MS - 1);
    ck_assert_uint_eq(stage_dials(), 3);
    while (stage_time() < 4 * AGE_MS) {
        stage_advance(100);
        check_ready(&setting, 3, 0);
        ck_assert_uint_eq(held(), 3);
        together += stage_wires() - known > 1;
        for (; known < stage_wires(); known++)
            births[known] = stage_time();
        for (unsigned i = 0; i < known; i++)
            if (wire_is_held(stage_wire(i)))
                ck_assert_uint_le(stage_time() - births[i], RENEWED_BY_MS);
    }
    ck_assert_uint_ge(known, 3 * 5); /* after 35 s at the latest */
    ck_assert_uint_le(known, 3 * 6); /* after 30 s at the earliest */
    ck_assert_uint_le(together, 2);  /* by chance */
    tear_down(&setting);
}
END_TEST

/* Its successor hangs; whether it is taken meanwhile. */
START_TEST(an_old_one_serves_until_it_is_of_age)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, "[sallyport]\nconnect-timeout = 1m\n" THREE, MANY);
    stage_settle();
    stage_address(A, STAGE_SILENT);
    stage_advance(RENEWED_BY_MS);
    ck_assert_uint_eq(stage_dials_open(), 3);
    check_ready(&setting, 3, 0);
    stage_advance(AGE_MS - RENEWED_BY_MS - 1);
    check_ready(&setting, 3, 0);
    if (_i == 1) {
        check_taken(take(&setting, &setting.a), 2);
        stage_settle();
        ck_assert_uint_eq(stage_dials(), 6); /* its successor is on its way already */
    }
    stage_advance(1);
    ck_assert_uint_eq(stage_time(), AGE_MS);
    check_ready(&setting, 0, 0);
    ck_assert_uint_eq(held(), 0);
    ck_assert_uint_eq(stage_dials(), 6);
    tear_down(&setting);
}
END_TEST

/* One address is silent; the other is known only when that is sure, 3 s later.  By then it is 3 s old. */
START_TEST(one_that_takes_too_long_to_make_is_not_kept)
{
    static const char *const ages[] = {"3s", "4s"};
    struct setting setting;
    char text[200];

    snprintf(text, sizeof text, "[sallyport]\nconnect-timeout = 3s\n[proxy]\nurl = http://" NAMED
             "\npreconnect = 1\npreconnect-age = %s\n" MAIL, ages[_i]);
    set_up(&setting);
    stage_name("proxy.example.net", "192.0.2.8");
    stage_address("192.0.2.8", STAGE_SILENT);
    keep(&setting, text, MANY);
    stage_advance(2999);
    ck_assert_uint_eq(stage_dials(), 1);
    stage_name("proxy.example.net", "192.0.2.8 192.0.2.1");
    stage_advance(1);
    ck_assert_uint_eq(stage_wires(), 1);
    ck_assert_str_eq(stage_wire(0)->to, A);
    ck_assert_int_eq(wire_is_held(stage_wire(0)), _i == 1);
    ck_assert_uint_eq(pool_ready(setting.pool, &section(&setting, 0)->urls.at[0], NULL), _i);
    if (_i == 0) {
        stage_advance(REFILL_REST_FIRST_MS - 1);
        ck_assert_uint_eq(stage_dials(), 2);
        stage_advance(1);
        ck_assert_uint_eq(stage_dials(), 3);
    }
    tear_down(&setting);
}
END_TEST

/* --- its end, and another configuration --- */

START_TEST(another_configuration_begins_anew)
{
    struct setting setting;
    struct config *first;
    bool on_loopback;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_settle();
    stage_address(A, STAGE_SILENT);
    check_taken(take(&setting, &setting.a), 0);
    stage_settle(); /* two are ready, and one is under way */
    first = config_ref(setting.config);
    ck_assert_uint_eq(first->references, 3);
    keep(&setting, "[proxy]\nurl = http://" B "\npreconnect = 2\n" MAIL, MANY);
    ck_assert_uint_eq(first->references, 1);
    ck_assert_uint_eq(held(), 0);
    ck_assert_uint_eq(stage_dials_open(), 0);
    ck_assert_ptr_null(pool_take(setting.pool, &setting.a, &first->proxies[0], &on_loopback));
    pool_renew(setting.pool, &setting.a, &first->proxies[0]); /* a session of before may come with any of these */
    pool_note_stale(setting.pool, &setting.a, &first->proxies[0]);
    stage_settle();
    check_ready(&setting, 0, 2);
    ck_assert_ptr_null(pool_take(setting.pool, &setting.b, &first->proxies[0], &on_loopback));
    check_taken(take(&setting, &setting.b), 3);
    ck_assert_uint_eq(pool_sums(setting.pool).taken, 2); /* since the start */
    ck_assert_uint_eq(pool_sums(setting.pool).stale, 1);
    config_unref(first);
    tear_down(&setting);
}
END_TEST

START_TEST(the_same_configuration_may_be_kept_again)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_settle();
    pool_keep(setting.pool, setting.config, 2); /* now there is room for one */
    ck_assert_uint_eq(setting.config->references, 2);
    ck_assert_uint_eq(held(), 0);
    stage_settle();
    check_ready(&setting, 1, 0);
    ck_assert_uint_eq(stage_wires(), 4);
    tear_down(&setting);
}
END_TEST

/* What there is of connections when the end comes. */
enum state { BEGUN, RESOLVING, DIALING, IN_TLS, READY, OLD, TAKEN, ENDED, RESTING, STATES };

static void bring_to(struct setting *setting, enum state state)
{
    const char *text = state == IN_TLS ? "[proxy]\nurl = https://" A "\npreconnect = 3\n" MAIL
                       : state == RESOLVING ? "[proxy]\nurl = http://" NAMED "\npreconnect = 3\n" MAIL : THREE;

    stage_name("proxy.example.net", "");
    if (state == DIALING || state == RESTING)
        stage_address(A, state == DIALING ? STAGE_SILENT : STAGE_REFUSES);
    keep(setting, text, MANY);
    if (state == BEGUN)
        return;
    stage_settle();
    ck_assert_uint_eq(stage_lookups_open(), state == RESOLVING ? 3 : 0);
    ck_assert_uint_eq(stage_dials_open(), state == DIALING ? 3 : 0);
    ck_assert_uint_eq(held(), state == RESOLVING || state == DIALING || state == RESTING ? 0 : 3);
    ck_assert_uint_eq(pool_ready(setting->pool, &setting->a, NULL), held() && state != IN_TLS ? 3 : 0);
    if (state == IN_TLS)
        ck_assert_uint_gt(stage_wire(2)->heard_length, 0); /* TLS has begun */
    if (state == OLD) {
        stage_address(A, STAGE_SILENT);
        pool_renew(setting->pool, &setting->a, section(setting, 0));
        stage_settle();
        ck_assert_uint_eq(stage_dials_open(), 3);
    }
    if (state == TAKEN) /* what comes of it is for the end of the turn */
        check_taken(take(setting, &setting->a), 0);
    if (state == ENDED)
        wire_end(stage_wire(1));
}

/* By pool_free, pool_close, and a configuration that asks for none. */
START_TEST(it_can_be_ended_whatever_is_under_way)
{
    struct setting setting;
    enum state state = (enum state)(_i % STATES);
    unsigned dials;

    set_up(&setting);
    bring_to(&setting, state);
    dials = stage_dials();
    if (_i / STATES == 0) {
        pool_free(setting.pool);
        setting.pool = NULL;
    } else if (_i / STATES == 1) {
        pool_close(setting.pool);
        ck_assert_ptr_null(take(&setting, &setting.a));
    } else {
        keep(&setting, askless[0], MANY);
    }
    ck_assert_uint_eq(setting.config->references, setting.pool && _i / STATES == 2 ? 2 : 1);
    ck_assert_uint_eq(held(), 0);
    ck_assert_uint_eq(stage_lookups_open(), 0);
    ck_assert_uint_eq(stage_dials_open(), 0);
    stage_address(A, STAGE_CONNECTS);
    stage_name("proxy.example.net", "192.0.2.1");
    stage_advance(2 * AGE_MS);
    ck_assert_uint_eq(stage_dials(), dials);
    ck_assert_uint_eq(held(), 0);
    if (setting.pool) {
        ck_assert_ptr_null(take(&setting, &setting.a));
        check_ready(&setting, 0, 0);
        pool_close(setting.pool); /* once more */
    }
    tear_down(&setting);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("pool");

    tcase_add_loop_test(cases, nothing_is_kept_that_nobody_asks_for, 0, sizeof askless / sizeof askless[0]);
    tcase_add_test(cases, as_many_are_made_as_asked_for);
    tcase_add_test(cases, the_first_is_made_at_once_and_the_others_follow);
    tcase_add_test(cases, one_that_others_are_reached_through_is_kept_too);
    tcase_add_test(cases, a_proxy_of_two_sections_counts_for_both);
    tcase_add_loop_test(cases, there_are_never_more_than_most, 0, sizeof shares / sizeof shares[0]);
    tcase_add_loop_test(cases, its_size_has_room_for_successors, 0, sizeof sizes / sizeof sizes[0]);
    tcase_add_test(cases, one_that_is_taken_is_replaced);
    tcase_add_test(cases, when_all_are_taken_there_is_none_and_nobody_waits);
    tcase_add_test(cases, the_youngest_that_has_settled_is_given_or_else_the_first);
    tcase_add_test(cases, it_is_given_to_who_asks_for_that_proxy_of_that_section);
    tcase_add_loop_test(cases, it_is_told_which_lead_to_this_machine, 0, 2);
    tcase_add_test(cases, each_is_renewed_in_time);
    tcase_add_loop_test(cases, an_old_one_serves_until_it_is_of_age, 0, 2);
    tcase_add_loop_test(cases, one_that_takes_too_long_to_make_is_not_kept, 0, 2);
    tcase_add_test(cases, another_configuration_begins_anew);
    tcase_add_test(cases, the_same_configuration_may_be_kept_again);
    tcase_add_loop_test(cases, it_can_be_ended_whatever_is_under_way, 0, 3 * STATES);
    return unit_run();
}
