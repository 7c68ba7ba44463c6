#include "proxy/outlook.h"

#include "../unit.h"

static const struct outlook_wish five = {.places = 5}, choice = {.places = 5, .may_be_h2 = true},
                                 wanted = {.places = 5, .may_be_h2 = true, .one_of_h2 = true};

START_TEST(without_trouble_all_are_made)
{
    struct outlook outlook = {0};

    ck_assert_uint_eq(outlook_full(&outlook, &five), 5);
    ck_assert_uint_eq(outlook_now(&outlook, &five), 5);
    ck_assert(!outlook_is_bleak(&outlook, 5));
    outlook_made(&outlook, 5, false);
    ck_assert_uint_eq(outlook_now(&outlook, &five), 5);
}
END_TEST

START_TEST(where_none_is_ready_a_failure_empties_all_places)
{
    struct outlook outlook = {0};

    outlook_failed(&outlook, 5, false);
    ck_assert(outlook_is_bleak(&outlook, 5));
    ck_assert_uint_eq(outlook_now(&outlook, &five), 0);
    outlook_retry(&outlook);
    ck_assert(!outlook_is_bleak(&outlook, 5));
    ck_assert_uint_eq(outlook_now(&outlook, &five), 1); /* one is tried */
    ck_assert_uint_eq(outlook_full(&outlook, &five), 5);
    outlook_failed(&outlook, 5, false);
    outlook_made(&outlook, 5, false); /* an earlier one */
    ck_assert_uint_eq(outlook_now(&outlook, &five), 1);
    outlook_retry(&outlook);
    ck_assert_uint_eq(outlook_now(&outlook, &five), 5);
}
END_TEST

START_TEST(where_others_are_ready_it_empties_one)
{
    struct outlook outlook = {0};

    outlook_failed(&outlook, 5, true);
    outlook_failed(&outlook, 5, true);
    ck_assert_uint_eq(outlook_now(&outlook, &five), 3);
    ck_assert(!outlook_is_bleak(&outlook, 5));
    for (unsigned i = 0; i < 4; i++)
        outlook_failed(&outlook, 5, true);
    ck_assert(outlook_is_bleak(&outlook, 5));
    ck_assert_uint_eq(outlook_now(&outlook, &five), 0);
}
END_TEST

START_TEST(one_tells_the_version)
{
    struct outlook outlook = {0};

    ck_assert_uint_eq(outlook_now(&outlook, &choice), 1);
    ck_assert_uint_eq(outlook_full(&outlook, &choice), 1);
    outlook_made(&outlook, 5, false);
    ck_assert_uint_eq(outlook_now(&outlook, &choice), 5);
    outlook_made(&outlook, 5, true);
    ck_assert_uint_eq(outlook_now(&outlook, &choice), 0); /* none is wanted */
    ck_assert_uint_eq(outlook_full(&outlook, &choice), 0);
    ck_assert_uint_eq(outlook_now(&outlook, &wanted), 1);
    ck_assert_uint_eq(outlook_full(&outlook, &wanted), 1);
    ck_assert_uint_eq(outlook_now(&outlook, &five), 5); /* HTTP/2 is not offered any more */
}
END_TEST

START_TEST(one_of_http_2_that_fails_rests_too)
{
    struct outlook outlook = {0};

    outlook_made(&outlook, 5, true);
    outlook_failed(&outlook, 5, false);
    ck_assert(outlook_is_bleak(&outlook, 5));
    ck_assert_uint_eq(outlook_now(&outlook, &wanted), 0);
    outlook_retry(&outlook);
    ck_assert_uint_eq(outlook_now(&outlook, &wanted), 1);
    outlook_failed(&outlook, 5, false);
    outlook_made(&outlook, 5, true);
    ck_assert_uint_eq(outlook_now(&outlook, &wanted), 1); /* there are no other places that might fail */
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("outlook");

    tcase_add_test(cases, without_trouble_all_are_made);
    tcase_add_test(cases, where_none_is_ready_a_failure_empties_all_places);
    tcase_add_test(cases, where_others_are_ready_it_empties_one);
    tcase_add_test(cases, one_tells_the_version);
    tcase_add_test(cases, one_of_http_2_that_fails_rests_too);
    return unit_run();
}
