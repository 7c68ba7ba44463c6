/* SPDX-License-Identifier: ISC */
#include "base/scratch.h"

#include <stdint.h>
#include <string.h>

#include "../unit.h"

START_TEST(each_is_a_whole_buffer_of_its_own)
{
    char *all[SCRATCH_KEPT + 2];
    const size_t count = sizeof all / sizeof all[0];

    for (size_t i = 0; i < count; i++) {
        all[i] = scratch_take();
        ck_assert_ptr_nonnull(all[i]);
        memset(all[i], (int)i, SCRATCH_BYTES);
    }
    for (size_t i = 0; i < count; i++)
        ck_assert(all[i][0] == (char)i && all[i][SCRATCH_BYTES - 1] == (char)i);
    for (size_t i = 0; i < count; i++)
        scratch_give(all[i]);
}
END_TEST

START_TEST(one_that_was_given_back_is_taken_again)
{
    void *one = scratch_take(), *other = scratch_take();

    scratch_give(one);
    ck_assert_ptr_eq(scratch_take(), one);
    scratch_give(one);
    scratch_give(other);
    scratch_give(NULL);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("scratch");

    tcase_add_test(cases, each_is_a_whole_buffer_of_its_own);
    tcase_add_test(cases, one_that_was_given_back_is_taken_again);
    return unit_run();
}
