/* SPDX-License-Identifier: ISC */
#include "config/origins.h"

#include <string.h>

#include "../unit.h"

START_TEST(each_section_has_its_lines)
{
    struct origins *origins = NULL;
    int set_at[OPTION_ROWS_MAX] = {0};

    ck_assert_ptr_null(origins_of(origins, OPTION_PROXY, 0));
    for (int i = 1; i <= 3; i++) {
        set_at[0] = set_at[OPTION_ROWS_MAX - 1] = i;
        ck_assert(origins_add(&origins, i == 2 ? OPTION_GLOBAL : OPTION_PROXY, set_at));
    }
    ck_assert_int_eq(origins_of(origins, OPTION_PROXY, 0)[0], 1);
    ck_assert_int_eq(origins_of(origins, OPTION_PROXY, 1)[OPTION_ROWS_MAX - 1], 3);
    ck_assert_int_eq(origins_of(origins, OPTION_GLOBAL, 0)[0], 2);
    ck_assert_ptr_null(origins_of(origins, OPTION_PROXY, 2));
    ck_assert_ptr_null(origins_of(origins, OPTION_RELAY, 0));
    origins_free(origins);
    origins_free(NULL);
}
END_TEST

int main(void)
{
    tcase_add_test(unit_case("origins"), each_section_has_its_lines);
    return unit_run();
}
