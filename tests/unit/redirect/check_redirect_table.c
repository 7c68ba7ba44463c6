/* SPDX-License-Identifier: ISC */
#include "redirect/redirect_table.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define START 1000000 /* ms */
#define LIFETIME(...) ((struct setproxy_lifetime){__VA_ARGS__})

static const struct endpoint a = {.host = "a.example.net", .port = 3128}, b = {.host = "b.example.net", .port = 3128},
                             c = {.host = "c.example.org", .port = 3128};

static struct scope_url url_of(const char *text)
{
    struct scope_url url;

    ck_assert_msg(scope_url_parse(&url, text), "%s", text);
    return url;
}

/* What a proxy said: use this one for this scope and so long. */
static struct setproxy said(const struct endpoint *proxy, const char *scope, struct setproxy_lifetime lifetime)
{
    struct setproxy result = {.action = SETPROXY_SET, .proxy = *proxy, .lifetime = lifetime};

    ck_assert_msg(scope_parse(&result.scope, scope, strlen(scope), false), "%s", scope);
    result.wider = result.scope.kind != SCOPE_EXACT;
    return result;
}

#define EXACT "imap://mail.example.net/"
#define MAIL "imap://mail.example.net:143/"

static struct redirect_table *table;
static struct redirect_entry got;

static void learn(const struct endpoint *sender, const struct endpoint *proxy, const char *scope,
                  struct setproxy_lifetime lifetime, uint64_t at)
{
    struct setproxy what = said(proxy, scope, lifetime);

    redirect_table_learn(table, sender, false, &what, at);
}

/* Where a request for the URL at that sender goes: the host of the proxy, "" when nothing was learned. */
static const char *use(const struct endpoint *sender, const char *url, uint64_t at)
{
    struct scope_url asked = url_of(url);

    memset(&got, 0, sizeof got);
    return redirect_table_use(table, sender, &asked, at, &got) ? got.direct ? "direct" : got.proxy.host : "";
}

static bool names(const struct endpoint *sender, uint64_t at)
{
    return redirect_table_names(table, sender, at);
}

static bool holds(const struct endpoint *sender, const char *url, uint64_t at)
{
    struct scope_url asked = url_of(url);

    return redirect_table_holds(table, sender, &asked, at);
}

static void setup(void)
{
    table = redirect_table_new();
    ck_assert_ptr_nonnull(table);
}

static void teardown(void)
{
    redirect_table_free(table);
    redirect_table_free(NULL);
}

START_TEST(an_empty_table_leads_nowhere)
{
    ck_assert_uint_eq(redirect_table_count(table), 0);
    ck_assert_str_eq(use(&a, MAIL, START), "");
    ck_assert_ptr_null(redirect_table_at(table, 0, START));
    redirect_table_drop(table, 0);
    redirect_table_drop(table, 7);
    redirect_table_clear(table);
}
END_TEST

START_TEST(to_look_is_not_to_use)
{
    ck_assert(!holds(&a, MAIL, START));
    ck_assert(!names(&a, START));
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60, .hits = 3), START);
    for (unsigned i = 0; i < 5; i++)
        ck_assert(holds(&a, MAIL, START + 59999));
    ck_assert(!holds(&b, MAIL, START));
    ck_assert(!holds(&a, "imap://other.example.net:143/", START));
    ck_assert(!holds(&a, MAIL, START + 60000));
    ck_assert(names(&a, START + 59999));
    ck_assert(!names(&b, START));
    ck_assert(!names(&a, START + 60000));
    for (unsigned i = 0; i < 2; i++)
        ck_assert_str_eq(use(&a, MAIL, START), "b.example.net");
    ck_assert(!holds(&a, MAIL, START)); /* that was the last hit */
    ck_assert(!names(&a, START));
}
END_TEST

START_TEST(once_is_not_kept)
{
    struct setproxy what = said(&b, EXACT, LIFETIME(.once = true, .seconds = 60, .hits = 3));

    ck_assert_uint_eq(redirect_table_learn(table, &a, false, &what, START), 0);
    ck_assert_uint_eq(redirect_table_count(table), 0);
    what.lifetime = LIFETIME(.seconds = 60);
    what.action = SETPROXY_IPL;
    ck_assert_uint_eq(redirect_table_learn(table, &a, false, &what, START), 0);
    ck_assert_uint_eq(redirect_table_count(table), 0);
}
END_TEST

START_TEST(once_leaves_what_was_learned_before)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    learn(&a, &c, EXACT, LIFETIME(.once = true), START + 1);
    ck_assert_str_eq(use(&a, MAIL, START + 2), "b.example.net");
}
END_TEST

START_TEST(hits_are_counted_and_the_retry_is_the_first)
{
    for (uint32_t hits = 2; hits < 6; hits++) {
        learn(&a, &b, EXACT, LIFETIME(.hits = hits), START);
        for (uint32_t i = 1; i < hits; i++) {
            ck_assert_str_eq(use(&a, MAIL, START + i * 1000000), "b.example.net");
            ck_assert_uint_eq(got.hits, i + 1);
        }
        ck_assert_msg(*use(&a, MAIL, START) == '\0', "hit %u of %u", hits + 1, hits);
        ck_assert_uint_eq(redirect_table_count(table), 0);
    }
}
END_TEST

START_TEST(one_hit_is_the_retry_alone_and_takes_the_old_ones_place)
{
    struct setproxy what = said(&c, EXACT, LIFETIME(.hits = 1));

    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    ck_assert_uint_eq(redirect_table_learn(table, &a, false, &what, START), 0);
    ck_assert_str_eq(use(&a, MAIL, START), "");
}
END_TEST

START_TEST(seconds_run_out)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    ck_assert_str_eq(use(&a, MAIL, START), "b.example.net");
    ck_assert_str_eq(use(&a, MAIL, START + 59999), "b.example.net");
    ck_assert_str_eq(use(&a, MAIL, START + 60000), "");
    ck_assert_str_eq(use(&a, MAIL, START + 59999), "b.example.net"); /* to use it does not make it longer or shorter */
    ck_assert_ptr_nonnull(redirect_table_at(table, 0, START + 59999));
    ck_assert_ptr_null(redirect_table_at(table, 0, START + 60000));
    ck_assert_uint_eq(redirect_table_count(table), 0);
}
END_TEST

START_TEST(of_hits_and_seconds_whichever_ends_first)
{
    learn(&a, &b, EXACT, LIFETIME(.hits = 3, .seconds = 10), START);
    ck_assert_str_eq(use(&a, MAIL, START + 1000), "b.example.net");
    ck_assert_str_eq(use(&a, MAIL, START + 10000), "");
    learn(&a, &b, EXACT, LIFETIME(.hits = 2, .seconds = 10), START + 10000);
    ck_assert_str_eq(use(&a, MAIL, START + 10001), "b.example.net");
    ck_assert_str_eq(use(&a, MAIL, START + 10002), "");
}
END_TEST

START_TEST(for_ever_has_no_end)
{
    learn(&a, &b, EXACT, LIFETIME(.once = false), START);
    for (uint64_t at = START; at < START * UINT64_C(1000000000); at *= 10)
        ck_assert_str_eq(use(&a, MAIL, at), "b.example.net");
    ck_assert_uint_eq(got.hits_left, 0);
    ck_assert_uint_eq(got.ends_at, 0);
    ck_assert_uint_gt(got.hits, 5);
}
END_TEST

START_TEST(the_longest_time_does_not_wrap)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = UINT32_MAX), START);
    ck_assert_str_eq(use(&a, MAIL, START + UINT64_C(1000) * UINT32_MAX - 1), "b.example.net");
    ck_assert_str_eq(use(&a, MAIL, START + UINT64_C(1000) * UINT32_MAX), "");
}
END_TEST

START_TEST(only_for_the_one_who_sent_it)
{
    struct endpoint other = a;

    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    ck_assert_str_eq(use(&b, MAIL, START), "");
    other.port = 3129;
    ck_assert_str_eq(use(&other, MAIL, START), "");
    other = a;
    other.tls = true;
    ck_assert_str_eq(use(&other, MAIL, START), "");
    other = a;
    memcpy(other.host, "A.EXAMPLE", 9);
    ck_assert_str_eq(use(&other, MAIL, START), "b.example.net");
}
END_TEST

START_TEST(only_for_what_it_covers)
{
    learn(&a, &b, "imap://*.example.net/", LIFETIME(.hits = 3), START);
    ck_assert_str_eq(use(&a, "imap://badexample.net:143/", START), "");
    ck_assert_str_eq(use(&a, "nntp://news.example.net:119/", START), "");
    ck_assert_str_eq(use(&a, "imap://mail.example.net:143/", START), "b.example.net"); /* those were no hits */
    ck_assert_str_eq(use(&a, "imap://example.net:143/", START), "b.example.net");
    ck_assert_str_eq(use(&a, "imap://mail.example.net:143/", START), "");
}
END_TEST

START_TEST(a_chain_is_two_entries)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    learn(&b, &c, EXACT, LIFETIME(.seconds = 60), START);
    ck_assert_str_eq(use(&a, MAIL, START), "b.example.net");
    ck_assert_str_eq(use(&b, MAIL, START), "c.example.org");
    ck_assert_str_eq(use(&c, MAIL, START), "");
    ck_assert_uint_eq(redirect_table_count(table), 2);
}
END_TEST

START_TEST(the_newer_replaces_the_same_senders_same_scope)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    learn(&a, &c, "IMAP://MAIL.example.net:143/*", LIFETIME(.hits = 2), START);
    ck_assert_uint_eq(redirect_table_count(table), 1);
    ck_assert_str_eq(use(&a, MAIL, START), "c.example.org");
    ck_assert_str_eq(use(&a, MAIL, START), ""); /* and the old one does not come back */
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    learn(&b, &c, EXACT, LIFETIME(.seconds = 60), START); /* another sender */
    learn(&a, &c, "imap://", LIFETIME(.seconds = 60), START); /* another scope */
    ck_assert_uint_eq(redirect_table_count(table), 3);
}
END_TEST

/* All cover MAIL; from the widest to the narrowest. */
static const char *const widths[] = {"*", "imap://", "imap://*.net/", "imap://*.example.net/",
                                     "imap://*.mail.example.net/", "*://mail.example.net/", EXACT};
#define WIDTHS (sizeof widths / sizeof widths[0])

static struct endpoint numbered(size_t i)
{
    struct endpoint place = {.port = 1};

    snprintf(place.host, sizeof place.host, "p%zu.example.net", i);
    return place;
}

START_TEST(the_most_specific_wins_whatever_came_first)
{
    for (size_t i = 0; i < WIDTHS; i++) {
        for (size_t k = 0; k < WIDTHS; k++) {
            struct endpoint first = numbered(i), second = numbered(k);

            if (i == k)
                continue;
            learn(&a, &first, widths[i], LIFETIME(.seconds = 60), START);
            learn(&a, &second, widths[k], LIFETIME(.seconds = 60), START + 1);
            ck_assert_msg(strcmp(use(&a, MAIL, START + 2), i > k ? first.host : second.host) == 0, "%s and %s",
                          widths[i], widths[k]);
            redirect_table_clear(table);
        }
    }
}
END_TEST

START_TEST(the_next_specific_when_one_has_ended)
{
    for (size_t i = 0; i < WIDTHS; i++) {
        struct endpoint proxy = numbered(i);

        learn(&a, &proxy, widths[i], LIFETIME(.seconds = (uint32_t)(100 - i)), START);
    }
    for (size_t i = WIDTHS; i > 0; i--) {
        struct endpoint proxy = numbered(i - 1);

        ck_assert_str_eq(use(&a, MAIL, START + (100 - i) * 1000 + 999), proxy.host);
    }
    ck_assert_str_eq(use(&a, MAIL, START + 100000), "");
}
END_TEST

START_TEST(of_equally_specific_ones_the_newest)
{
    learn(&a, &b, "*://mail.example.net/", LIFETIME(.seconds = 60), START);
    learn(&a, &c, "*://mail.example.net:143/", LIFETIME(.seconds = 60), START);
    ck_assert_str_eq(use(&a, MAIL, START), "c.example.org");
    learn(&a, &b, "*://mail.example.net/", LIFETIME(.seconds = 60), START);
    ck_assert_str_eq(use(&a, MAIL, START), "b.example.net");
}
END_TEST

START_TEST(direct_is_kept_as_such)
{
    struct setproxy what = said(&b, EXACT, LIFETIME(.seconds = 60));

    what.action = SETPROXY_DIRECT;
    ck_assert_uint_ne(redirect_table_learn(table, &a, false, &what, START), 0);
    ck_assert_str_eq(use(&a, MAIL, START), "direct");
}
END_TEST

START_TEST(where_the_sender_was_is_kept)
{
    struct setproxy what = said(&b, EXACT, LIFETIME(.seconds = 60));

    redirect_table_learn(table, &a, true, &what, START);
    use(&a, MAIL, START);
    ck_assert(got.sender_on_loopback);
    redirect_table_learn(table, &a, false, &what, START);
    use(&a, MAIL, START);
    ck_assert(!got.sender_on_loopback);
}
END_TEST

START_TEST(one_is_dropped_by_its_id)
{
    struct setproxy what = said(&b, EXACT, LIFETIME(.seconds = 60)), wide = said(&c, "*", LIFETIME(.seconds = 60));
    unsigned first = redirect_table_learn(table, &a, false, &what, START),
             second = redirect_table_learn(table, &a, false, &wide, START);

    ck_assert_uint_ne(first, second);
    ck_assert_str_eq(use(&a, MAIL, START), "b.example.net");
    ck_assert_uint_eq(got.id, first);
    redirect_table_drop(table, first);
    ck_assert_str_eq(use(&a, MAIL, START), "c.example.org");
    redirect_table_drop(table, first);
    ck_assert_uint_eq(redirect_table_count(table), 1);
    redirect_table_drop(table, second);
    ck_assert_str_eq(use(&a, MAIL, START), "");
    ck_assert_uint_gt(redirect_table_learn(table, &a, false, &what, START), second); /* an id is never given twice */
}
END_TEST

START_TEST(those_behind_a_dropped_one_are_found_where_they_are_now)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    learn(&b, &c, EXACT, LIFETIME(.seconds = 60), START);
    learn(&c, &b, EXACT, LIFETIME(.seconds = 60), START);
    ck_assert_str_eq(use(&c, MAIL, START), "b.example.net");
    redirect_table_drop(table, redirect_table_at(table, 0, START)->id);
    ck_assert_str_eq(use(&c, MAIL, START), "b.example.net");
    ck_assert_uint_eq(redirect_table_at(table, 1, START)->hits, 3);
    ck_assert_str_eq(use(&b, MAIL, START), "c.example.org");
    ck_assert_uint_eq(redirect_table_at(table, 0, START)->hits, 2);
}
END_TEST

static bool is_kept(void *arg, const struct endpoint *sender)
{
    return endpoint_equal(arg, sender);
}

START_TEST(those_of_senders_that_are_kept_stay)
{
    struct endpoint keep = b;

    for (size_t i = 0; i < WIDTHS; i++) {
        learn(&a, &c, widths[i], LIFETIME(.seconds = 60), START);
        learn(&b, &c, widths[i], LIFETIME(.seconds = 60), START);
    }
    redirect_table_keep(table, is_kept, &keep);
    ck_assert_uint_eq(redirect_table_count(table), WIDTHS);
    ck_assert_str_eq(use(&a, MAIL, START), "");
    ck_assert_str_eq(use(&b, MAIL, START), "c.example.org");
    keep = a;
    redirect_table_keep(table, is_kept, &keep);
    ck_assert_uint_eq(redirect_table_count(table), 0);
}
END_TEST

START_TEST(all_are_forgotten_at_most_once_a_minute)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = 600), START);
    ck_assert(redirect_table_forget(table, START));
    ck_assert_uint_eq(redirect_table_count(table), 0);
    learn(&a, &b, EXACT, LIFETIME(.seconds = 600), START);
    ck_assert(!redirect_table_forget(table, START + 59999));
    ck_assert_str_eq(use(&a, MAIL, START + 59999), "b.example.net");
    ck_assert(redirect_table_forget(table, START + 60000));
    ck_assert_str_eq(use(&a, MAIL, START + 60000), "");
    ck_assert(!redirect_table_forget(table, START + 60001)); /* even if there is nothing to forget */
    /* the user may do so whenever he likes */
    learn(&a, &b, EXACT, LIFETIME(.seconds = 600), START);
    redirect_table_clear(table);
    ck_assert_uint_eq(redirect_table_count(table), 0);
}
END_TEST

START_TEST(when_full_the_one_used_longest_ago_gives_way)
{
    for (size_t i = 0; i < REDIRECT_ENTRIES_MAX; i++) {
        struct endpoint sender = numbered(i);

        learn(&sender, &b, EXACT, LIFETIME(.once = false), START + i);
    }
    ck_assert_uint_eq(redirect_table_count(table), REDIRECT_ENTRIES_MAX);
    for (size_t i = 0; i < REDIRECT_ENTRIES_MAX; i++) {
        struct endpoint sender = numbered(i);

        if (i != 500)
            ck_assert_str_eq(use(&sender, MAIL, START + 10000 + i), "b.example.net");
    }
    learn(&a, &c, EXACT, LIFETIME(.once = false), START + 20000);
    ck_assert_uint_eq(redirect_table_count(table), REDIRECT_ENTRIES_MAX);
    for (size_t i = 0; i < REDIRECT_ENTRIES_MAX; i++) {
        struct endpoint sender = numbered(i);

        ck_assert_msg(strcmp(use(&sender, MAIL, START + 30000), i == 500 ? "" : "b.example.net") == 0, "%zu", i);
    }
    ck_assert_str_eq(use(&a, MAIL, START + 30000), "c.example.org");
    /* to learn the same again takes nobody's place */
    learn(&a, &b, EXACT, LIFETIME(.once = false), START + 40000);
    ck_assert_uint_eq(redirect_table_count(table), REDIRECT_ENTRIES_MAX);
    for (size_t i = 0; i < 10 * REDIRECT_ENTRIES_MAX; i++) { /* ten thousand more */
        struct endpoint sender = numbered(i + 100000);

        learn(&sender, &b, EXACT, LIFETIME(.seconds = 600), START + 50000 + i);
    }
    ck_assert_uint_eq(redirect_table_count(table), REDIRECT_ENTRIES_MAX);
}
END_TEST

START_TEST(they_are_listed_from_the_oldest_without_those_that_have_ended)
{
    for (size_t i = 0; i < 10; i++) {
        struct endpoint sender = numbered(i);

        learn(&sender, &b, EXACT, LIFETIME(.seconds = i % 2 ? 60 : 600), START);
    }
    for (size_t i = 0; i < 5; i++) {
        const struct redirect_entry *entry = redirect_table_at(table, i, START + 60000);
        struct endpoint sender = numbered(2 * i);

        ck_assert_ptr_nonnull(entry);
        ck_assert_str_eq(entry->sender.host, sender.host);
        ck_assert_uint_eq(entry->ends_at, START + 600000);
    }
    ck_assert_ptr_null(redirect_table_at(table, 5, START + 60000));
}
END_TEST

static unsigned changes;

static void on_changed(void *arg)
{
    ck_assert_ptr_eq(arg, &changes);
    changes++;
}

START_TEST(who_watches_is_told_of_each_that_comes_or_goes)
{
    changes = 0;
    redirect_table_watch(table, on_changed, &changes);
    learn(&a, &b, EXACT, LIFETIME(.hits = 2), START);
    ck_assert_uint_eq(changes, 1);
    ck_assert_str_eq(use(&a, MAIL, START), b.host); /* the last hit */
    ck_assert_uint_eq(changes, 2);
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    redirect_table_drop(table, redirect_table_at(table, 0, START)->id);
    ck_assert_uint_eq(changes, 4);
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    ck_assert(redirect_table_forget(table, START));
    ck_assert_uint_eq(changes, 6);
    redirect_table_watch(table, NULL, NULL);
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    ck_assert_uint_eq(changes, 6);
}
END_TEST

START_TEST(the_next_that_ends_by_time_is_told)
{
    ck_assert_uint_eq(redirect_table_next_end(table, START), 0);
    learn(&a, &b, EXACT, LIFETIME(.hits = 2), START);
    ck_assert_uint_eq(redirect_table_next_end(table, START), 0);
    learn(&b, &c, EXACT, LIFETIME(.seconds = 60), START);
    learn(&c, &b, EXACT, LIFETIME(.seconds = 30), START);
    ck_assert_uint_eq(redirect_table_next_end(table, START), START + 30000);
    ck_assert_uint_eq(redirect_table_next_end(table, START + 30000), START + 60000);
    ck_assert_uint_eq(redirect_table_next_end(table, START + 60000), 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("redirect");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, an_empty_table_leads_nowhere);
    tcase_add_test(cases, to_look_is_not_to_use);
    tcase_add_test(cases, once_is_not_kept);
    tcase_add_test(cases, once_leaves_what_was_learned_before);
    tcase_add_test(cases, hits_are_counted_and_the_retry_is_the_first);
    tcase_add_test(cases, one_hit_is_the_retry_alone_and_takes_the_old_ones_place);
    tcase_add_test(cases, seconds_run_out);
    tcase_add_test(cases, of_hits_and_seconds_whichever_ends_first);
    tcase_add_test(cases, for_ever_has_no_end);
    tcase_add_test(cases, the_longest_time_does_not_wrap);
    tcase_add_test(cases, only_for_the_one_who_sent_it);
    tcase_add_test(cases, only_for_what_it_covers);
    tcase_add_test(cases, a_chain_is_two_entries);
    tcase_add_test(cases, the_newer_replaces_the_same_senders_same_scope);
    tcase_add_test(cases, the_most_specific_wins_whatever_came_first);
    tcase_add_test(cases, the_next_specific_when_one_has_ended);
    tcase_add_test(cases, of_equally_specific_ones_the_newest);
    tcase_add_test(cases, direct_is_kept_as_such);
    tcase_add_test(cases, where_the_sender_was_is_kept);
    tcase_add_test(cases, one_is_dropped_by_its_id);
    tcase_add_test(cases, those_behind_a_dropped_one_are_found_where_they_are_now);
    tcase_add_test(cases, those_of_senders_that_are_kept_stay);
    tcase_add_test(cases, all_are_forgotten_at_most_once_a_minute);
    tcase_add_test(cases, when_full_the_one_used_longest_ago_gives_way);
    tcase_add_test(cases, who_watches_is_told_of_each_that_comes_or_goes);
    tcase_add_test(cases, the_next_that_ends_by_time_is_told);
    tcase_add_test(cases, they_are_listed_from_the_oldest_without_those_that_have_ended);
    return unit_run();
}
