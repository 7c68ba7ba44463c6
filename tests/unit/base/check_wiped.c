/* SPDX-License-Identifier: ISC */
#include "base/wiped.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* --- each block that is given back passes through here (-Wl,--wrap=free) --- */

#define AHEAD_MAX 16 /* bytes that may stand before what is given out */

void __real_free(void *block);
void __wrap_free(void *block);

static const char *awaited;
static size_t seen;
static bool clean;

void __wrap_free(void *block)
{
    const char *at = awaited;

    if (block && at && at - AHEAD_MAX <= (const char *)block && at >= (const char *)block) {
        awaited = NULL; /* check itself gives back blocks, too */
        seen++;
        for (size_t i = 0; i < 40; i++)
            clean &= at[i] == '\0';
    }
    __real_free(block);
}

static char *secret_block(void)
{
    char *block = wiped_alloc(40);

    ck_assert_ptr_nonnull(block);
    memset(block, 's', 40);
    awaited = block;
    seen = 0;
    clean = true;
    return block;
}

START_TEST(what_is_freed_is_wiped)
{
    wiped_free(secret_block());
    ck_assert_uint_eq(seen, 1);
    ck_assert(clean);
    wiped_free(NULL);
}
END_TEST

START_TEST(what_grows_or_shrinks_leaves_nothing_behind)
{
    static const size_t sizes[] = {4000, 8, 0};
    char *block = wiped_realloc(secret_block(), sizes[_i]);

    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq(seen, 1);
    ck_assert(clean);
    for (size_t i = 0; i < 40 && i < sizes[_i]; i++)
        ck_assert_int_eq(block[i], 's');
    wiped_free(block);
    block = wiped_realloc(NULL, 5);
    ck_assert_ptr_nonnull(block);
    wiped_free(block);
}
END_TEST

START_TEST(what_is_made_is_as_asked_for)
{
    static const char none[40];
    char *block = wiped_alloc_zeroed(5, 8), *text = wiped_copy("secret"), *part = wiped_copy_part("secret", 3);

    ck_assert_int_eq(memcmp(block, none, sizeof none), 0);
    ck_assert_str_eq(text, "secret");
    ck_assert_str_eq(part, "sec");
    wiped_free(part);
    part = wiped_copy_part("se", 3);
    ck_assert_str_eq(part, "se");
#ifndef __SANITIZE_ADDRESS__ /* which ends the program there */
    ck_assert_ptr_null(wiped_alloc_zeroed(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(wiped_alloc(SIZE_MAX));
#endif
    wiped_free(part);
    wiped_free(text);
    wiped_free(block);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("wiped");

    tcase_add_test(cases, what_is_freed_is_wiped);
    tcase_add_loop_test(cases, what_grows_or_shrinks_leaves_nothing_behind, 0, 3);
    tcase_add_test(cases, what_is_made_is_as_asked_for);
    return unit_run();
}
