/* SPDX-License-Identifier: ISC */
#include "finding/answers.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../unit.h"

#define LOOKUPS 200000u
#define LOOKUP_NS_MAX 20000 /* it is to be less than 1000; sanitizers and valgrind are slow */

static struct answers *answers;

static void set_up(void)
{
    answers = answers_new();
    ck_assert_ptr_nonnull(answers);
}

static void tear_down(void)
{
    answers_free(answers);
    answers_free(NULL);
}

static struct endpoint target(const char *host, uint16_t port)
{
    struct endpoint made = {.port = port};

    snprintf(made.host, sizeof made.host, "%s", host);
    return made;
}

/* An answer with that many members; the last one is "direct". */
static struct found answer(size_t members, const char *said)
{
    struct found made = {.count = members, .skipped = members + 1};

    for (size_t i = 0; i < members; i++)
        made.members[i].proxy = target("proxy.test", (uint16_t)(3128 + i));
    made.members[members - 1].direct = true;
    snprintf(made.said, sizeof made.said, "%s", said);
    return made;
}

static void keep(const char *host, uint16_t port, uint64_t now, const char *said)
{
    const struct endpoint about = target(host, port);
    const struct found found = answer(1, said);

    answers_keep(answers, &about, now, &found);
}

/* What is kept for a target; "" for nothing. */
static const char *kept(const char *host, uint16_t port, uint64_t now)
{
    const struct endpoint about = target(host, port);
    static struct found found;

    memset(&found, 0, sizeof found);
    return answers_find(answers, &about, now, &found) ? found.said : "";
}

START_TEST(the_whole_answer_comes_back)
{
    const struct endpoint about = target("mail.test", 993);
    struct found found;

    for (size_t members = 1; members <= FOUND_MAX; members++) {
        const struct found made = answer(members, "PROXY proxy.test:3128; DIRECT");

        answers_keep(answers, &about, 5, &made);
        memset(&found, 0xee, sizeof found);
        ck_assert(answers_find(answers, &about, 5, &found));
        ck_assert_uint_eq(found.count, members);
        ck_assert_uint_eq(found.skipped, members + 1);
        ck_assert_str_eq(found.said, made.said);
        for (size_t i = 0; i < members; i++) {
            ck_assert_int_eq(found.members[i].direct, i + 1 == members);
            ck_assert(endpoint_equal(&found.members[i].proxy, &made.members[i].proxy));
        }
    }
    ck_assert_uint_eq(answers_count(answers), 1);
}
END_TEST

START_TEST(host_and_port_make_the_target)
{
    keep("mail.test", 993, 1, "one");
    keep("mail.test", 465, 1, "two");
    keep("news.test", 993, 1, "three");
    keep("mail.test", 993 + 256, 1, "four"); /* in the same chain */
    ck_assert_str_eq(kept("mail.test", 993, 1), "one");
    ck_assert_str_eq(kept("MAIL.Test", 993, 1), "one");
    ck_assert_str_eq(kept("mail.test", 465, 1), "two");
    ck_assert_str_eq(kept("mail.test", 993 + 256, 1), "four");
    ck_assert_str_eq(kept("news.test", 993, 1), "three");
    ck_assert_str_eq(kept("news.test", 465, 1), "");
    ck_assert_str_eq(kept("ews.test", 993, 1), "");
}
END_TEST

START_TEST(one_that_is_old_is_none)
{
    keep("mail.test", 993, 1000, "one");
    ck_assert_str_eq(kept("mail.test", 993, 1000 + FINDING_KEPT_MS - 1), "one");
    ck_assert_str_eq(kept("mail.test", 993, 1000 + FINDING_KEPT_MS), "");
    keep("mail.test", 993, 1000 + FINDING_KEPT_MS, "two");
    ck_assert_str_eq(kept("mail.test", 993, 1000 + FINDING_KEPT_MS), "two");
    ck_assert_uint_eq(answers_count(answers), 1);
}
END_TEST

START_TEST(of_too_many_the_oldest_is_forgotten)
{
    char host[32];

    for (unsigned i = 0; i < FINDING_KEPT_MAX + 10; i++) {
        snprintf(host, sizeof host, "host%u.test", i);
        keep(host, 143, 1, host);
    }
    ck_assert_uint_eq(answers_count(answers), FINDING_KEPT_MAX);
    for (unsigned i = 0; i < FINDING_KEPT_MAX + 10; i++) {
        snprintf(host, sizeof host, "host%u.test", i);
        ck_assert_str_eq(kept(host, 143, 1), i < 10 ? "" : host);
    }
    keep("host10.test", 143, 1, "anew"); /* in place of itself */
    ck_assert_uint_eq(answers_count(answers), FINDING_KEPT_MAX);
    keep("more.test", 143, 1, "more");
    ck_assert_str_eq(kept("host10.test", 143, 1), "anew");
    ck_assert_str_eq(kept("host11.test", 143, 1), "");
}
END_TEST

START_TEST(all_are_forgotten)
{
    keep("mail.test", 993, 1, "one");
    keep("news.test", 563, 1, "two");
    answers_forget(answers);
    ck_assert_uint_eq(answers_count(answers), 0);
    ck_assert_str_eq(kept("mail.test", 993, 1), "");
    ck_assert_str_eq(kept("news.test", 563, 1), "");
    keep("mail.test", 993, 1, "three");
    ck_assert_str_eq(kept("mail.test", 993, 1), "three");
}
END_TEST

START_TEST(proxies_of_what_is_kept_are_named)
{
    const struct endpoint first = target("mail.test", 993), second = target("news.test", 563);
    const struct endpoint one = target("Proxy.Test", 3128), last = target("proxy.test", 3129);
    const struct endpoint direct = target("proxy.test", 3130), other = target("other.test", 3128);
    struct found found = answer(1, "DIRECT");

    ck_assert(!answers_name(answers, &one));
    answers_keep(answers, &first, 1, &found);
    ck_assert(!answers_name(answers, &one)); /* a way without a proxy has none */
    found = answer(3, "PROXY proxy.test:3128; PROXY proxy.test:3129; DIRECT");
    answers_keep(answers, &second, 1, &found);
    ck_assert(answers_name(answers, &one));
    ck_assert(answers_name(answers, &last));
    ck_assert(!answers_name(answers, &direct));
    ck_assert(!answers_name(answers, &other));
    found.count = 1;
    answers_keep(answers, &second, 2, &found);
    ck_assert(answers_name(answers, &one));
    ck_assert(!answers_name(answers, &last)); /* is behind the end */
    answers_forget(answers);
    ck_assert(!answers_name(answers, &one));
}
END_TEST

/* The time of the processor counts, so that a machine that is busy with other things does not. */
START_TEST(a_look_is_no_search)
{
    const struct endpoint about = target("host300.example.test", 143);
    char host[32];
    struct found found;
    unsigned hits = 0;
    clock_t before;
    double each;

    for (unsigned i = 0; i < FINDING_KEPT_MAX; i++) {
        snprintf(host, sizeof host, "host%u.example.test", i);
        keep(host, 143, 1, host);
    }
    before = clock();
    for (unsigned i = 0; i < LOOKUPS; i++)
        hits += answers_find(answers, &about, 1, &found);
    each = (double)(clock() - before) * 1e9 / CLOCKS_PER_SEC / LOOKUPS;
    ck_assert_uint_eq(hits, LOOKUPS);
    ck_assert_msg(each < LOOKUP_NS_MAX, "%.0f ns", each);
    printf("a look costs %.0f ns\n", each);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("answers");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, the_whole_answer_comes_back);
    tcase_add_test(cases, host_and_port_make_the_target);
    tcase_add_test(cases, one_that_is_old_is_none);
    tcase_add_test(cases, of_too_many_the_oldest_is_forgotten);
    tcase_add_test(cases, all_are_forgotten);
    tcase_add_test(cases, proxies_of_what_is_kept_are_named);
    tcase_add_test(cases, a_look_is_no_search);
    return unit_run();
}
