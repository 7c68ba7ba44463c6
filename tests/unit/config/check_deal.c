/* SPDX-License-Identifier: ISC */
#include "config/deal.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"

#define USERS 10000
#define PROXIES 4
#define LISTED "http://p0:1 http://p1:1 https://p2:1/{target_host}/{target_port}/ http://p3:1"

/* The places of this list. */
static void read_list(struct value_places *places, const char *text)
{
    const struct value_rule rule = {"url", &value_urls, 0, 0, NULL, 0};
    const char *why = "";

    memset(places, 0, sizeof *places);
    ck_assert_msg(value_parse(&rule, NULL, places, text, &why), "%s", why);
}

static void release(struct value_places *places)
{
    const struct value_rule rule = {"url", &value_urls, 0, 0, NULL, 0};

    value_release(&rule, places);
}

/* A user's order, as the digits of the hosts. */
static const char *order_of(const char *text, unsigned user, char out[PROXIES + 1])
{
    struct value_places places;
    char machine[33];

    snprintf(machine, sizeof machine, "%032x", user);
    read_list(&places, text);
    deal_places(&places, deal_seed(machine, 1000));
    for (size_t i = 0; i < places.count; i++) {
        out[i] = places.at[i].host[1];
        ck_assert_int_eq(places.paths[i] != NULL, out[i] == '2'); /* it goes with its place */
    }
    out[places.count] = '\0';
    release(&places);
    return out;
}

/* By chance, one is off by more than 6 of a hundred in one of 10^5 choices of hosts. */
START_TEST(all_are_used_alike_and_so_are_those_behind_one_that_fails)
{
    unsigned first[PROXIES] = {0}, second[PROXIES][PROXIES] = {{0}};

    for (unsigned user = 0; user < USERS; user++) {
        char order[PROXIES + 1];

        order_of(LISTED, user, order);
        ck_assert_uint_eq(strlen(order), PROXIES);
        first[order[0] - '0']++;
        second[order[0] - '0'][order[1] - '0']++;
    }
    for (unsigned i = 0; i < PROXIES; i++) {
        ck_assert_uint_gt(first[i], USERS / PROXIES * 94 / 100);
        ck_assert_uint_lt(first[i], USERS / PROXIES * 106 / 100);
        for (unsigned k = 0; k < PROXIES; k++) {
            ck_assert(k != i || second[i][k] == 0);
            ck_assert(k == i || second[i][k] > first[i] / 3 * 85 / 100);
            ck_assert(k == i || second[i][k] < first[i] / 3 * 115 / 100);
        }
    }
}
END_TEST

START_TEST(an_order_does_not_depend_on_how_they_are_listed)
{
    for (unsigned user = 0; user < 100; user++) {
        char order[PROXIES + 1], other[PROXIES + 1], fewer[PROXIES + 1], *gone;

        order_of(LISTED, user, order);
        ck_assert_str_eq(order_of(LISTED, user, other), order);
        ck_assert_str_eq(order_of("http://P3:1 http://p1:1 http://p0:1 https://p2:1/{target_host}/{target_port}/", user,
                                  other), order);
        gone = strchr(order, '1'); /* without one, the others keep theirs */
        memmove(gone, gone + 1, strlen(gone));
        ck_assert_str_eq(order_of("http://p0:1 https://p2:1/{target_host}/{target_port}/ http://p3:1", user, fewer),
                         order);
    }
}
END_TEST

START_TEST(each_user_of_a_machine_has_another_seed)
{
    ck_assert_uint_eq(deal_seed("m", 1000), deal_seed("m", 1000));
    ck_assert_uint_ne(deal_seed("m", 1000), deal_seed("m", 1001));
    ck_assert_uint_ne(deal_seed("m", 1000), deal_seed("n", 1000));
    ck_assert_uint_ne(deal_seed("", 0), deal_seed("", 1));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("deal");

    tcase_add_test(cases, all_are_used_alike_and_so_are_those_behind_one_that_fails);
    tcase_add_test(cases, an_order_does_not_depend_on_how_they_are_listed);
    tcase_add_test(cases, each_user_of_a_machine_has_another_seed);
    return unit_run();
}
