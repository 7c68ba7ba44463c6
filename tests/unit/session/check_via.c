/* SPDX-License-Identifier: ISC */
#include "session/via.h"

#include <stddef.h>

#include "../unit.h"

START_TEST(consecutive_users_share_a_text)
{
    struct via *latest = NULL, *one = via_share(&latest, "http://a:1"), *two = via_share(&latest, "http://a:1");
    struct via *three = via_share(&latest, "http://b:1"), *four = via_share(&latest, "http://a:1");

    ck_assert_ptr_nonnull(one);
    ck_assert_ptr_eq(one, two);
    ck_assert_ptr_ne(one, three);
    ck_assert_ptr_ne(one, four); /* only the latest is remembered */
    ck_assert_ptr_eq(latest, four);
    via_leave(one);
    ck_assert_str_eq(via_text(two), "http://a:1");
    ck_assert_str_eq(via_text(three), "http://b:1");
    via_leave(two), via_leave(three), via_leave(four);
    ck_assert_str_eq(via_text(latest), "http://a:1"); /* it is a user too */
    via_leave(latest);
}
END_TEST

START_TEST(nothing_has_no_text)
{
    ck_assert_str_eq(via_text(NULL), "");
    via_leave(NULL);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("via");

    tcase_add_test(cases, consecutive_users_share_a_text);
    tcase_add_test(cases, nothing_has_no_text);
    return unit_run();
}
