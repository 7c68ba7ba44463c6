/* SPDX-License-Identifier: ISC */
#include "proxy/refill.h"

#include "../unit.h"

#define LEAST 0u
#define MIDDLE 0x80000000u
#define MOST UINT32_MAX
#define AGE 48000u

START_TEST(a_rest_doubles_up_to_a_minute)
{
    static const uint32_t rests[] = {5000, 10000, 20000, 40000, 60000, 60000};

    for (unsigned i = 0; i < sizeof rests / sizeof rests[0]; i++) {
        ck_assert_uint_eq(refill_rest(i + 1, MIDDLE), rests[i]);
        ck_assert_uint_eq(refill_rest(i + 1, LEAST), rests[i] / 2);
        ck_assert_uint_eq(refill_rest(i + 1, MOST), rests[i] / 2 * 3 - 1);
    }
    ck_assert_uint_eq(refill_rest(UINT32_MAX, MIDDLE), REFILL_REST_MOST_MS);
}
END_TEST

START_TEST(a_return_is_any_time_within_35_seconds)
{
    ck_assert_uint_eq(refill_return(AGE, LEAST), 0);
    ck_assert_uint_eq(refill_return(AGE, MIDDLE), 17500);
    ck_assert_uint_eq(refill_return(AGE, MOST), 34999);
    ck_assert_uint_eq(refill_return(3600000, MOST), 34999);
    ck_assert_uint_eq(refill_return(1000, MOST), 749);
}
END_TEST

START_TEST(the_pace_is_that_of_renewals)
{
    ck_assert_uint_eq(refill_pace(AGE, 3, MIDDLE), 13000);
    ck_assert_uint_eq(refill_pace(AGE, 3, LEAST), 6500);
    ck_assert_uint_eq(refill_pace(AGE, 3, MOST), 19499);
    ck_assert_uint_eq(refill_pace(AGE, 1, MIDDLE), 35000);
    ck_assert_uint_eq(refill_pace(3600000, 64, MIDDLE), 35000);
    ck_assert_uint_gt(refill_pace(1000, 64, LEAST), 0);
}
END_TEST

START_TEST(a_renewal_is_in_the_last_quarter)
{
    ck_assert_uint_eq(refill_renewal(AGE, LEAST), AGE / 4 * 3);
    ck_assert_uint_eq(refill_renewal(AGE, MOST), AGE / 8 * 7);
    ck_assert_uint_eq(refill_renewal(AGE, MIDDLE), AGE / 16 * 13);
    ck_assert_uint_eq(refill_renewal(3600000, MOST), 3600000 / 8 * 7);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("refill");

    tcase_add_test(cases, a_rest_doubles_up_to_a_minute);
    tcase_add_test(cases, a_return_is_any_time_within_35_seconds);
    tcase_add_test(cases, the_pace_is_that_of_renewals);
    tcase_add_test(cases, a_renewal_is_in_the_last_quarter);
    return unit_run();
}
