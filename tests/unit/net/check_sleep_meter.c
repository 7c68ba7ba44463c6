/* SPDX-License-Identifier: ISC */
#include "net/sleep_meter.h"

#include "../unit.h"

/* Looks at two clocks, one after the other. */
START_TEST(only_a_sleep_is_one)
{
    static const struct {
        int64_t awake_ms, all_ms;
        bool slept;
    } looks[] = {
        {5000, 1005000, false},             /* both have begun at another time */
        {6000, 1006000, false},             /* awake */
        {6000, 1006000, false},
        {3606000, 4606000, false},
        {3606000, 4606999, false},          /* too short, or nothing but two readings */
        {3606000, 4607998, false},          /* again, and the two do not add up */
        {3606000, 4608998, true},
        {3606000, 4608998, false},          /* told once */
        {3607000, 4610997, false},
        {3608000, 90000000, true},          /* a night */
        {3609000, 50000000, false},         /* set back: no sleep */
        {3610000, 50001000, false},
        {3611000, 50003000, true},          /* and from there on as before */
    };
    struct sleep_meter meter;

    sleep_meter_start(&meter, 1000, 1001000);
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
        ck_assert_msg(sleep_meter_look(&meter, looks[i].awake_ms, looks[i].all_ms) == looks[i].slept, "%zu", i);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("sleep meter");

    tcase_add_test(cases, only_a_sleep_is_one);
    return unit_run();
}
