/* SPDX-License-Identifier: ISC */
#include "setup/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

START_TEST(it_opens_and_closes)
{
    int before = unit_descriptors();
    struct desk desk = {.page = {stdout, stdout}};

    for (int i = 0; i < 2; i++) {
        ck_assert(desk_open(&desk));
        ck_assert_ptr_nonnull(desk.services.h2);
        ck_assert_ptr_eq(desk.interview.loop, desk.services.loop);
        ck_assert_ptr_eq(desk.interview.page, &desk.page);
        desk_close(&desk);
        ck_assert_ptr_null(desk.interview.loop);
        desk_close(&desk);
    }
    ck_assert_int_eq(unit_descriptors(), before);
}
END_TEST

START_TEST(a_password_is_wiped)
{
    static const char zeros[QUESTION_ANSWER_MAX + 1];
    static struct desk desk;

    ck_assert_ptr_null(desk_password(&desk));
    snprintf(desk.password, sizeof desk.password, "open sesame");
    ck_assert_str_eq(desk_password(&desk), "open sesame");
    desk_wipe(&desk);
    ck_assert_ptr_null(desk_password(&desk));
    ck_assert_int_eq(memcmp(desk.password, zeros, sizeof zeros), 0);
}
END_TEST

START_TEST(steps_are_shown)
{
    char *text = NULL;
    size_t length;
    struct desk desk = {.page = {open_memstream(&text, &length), NULL}};

    desk_show(&desk, "reply", "HTTP/1.1 200 OK");
    fclose(desk.page.out);
    ck_assert_str_eq(text, "  reply         HTTP/1.1 200 OK\n");
    free(text);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("desk");

    tcase_add_test(cases, it_opens_and_closes);
    tcase_add_test(cases, a_password_is_wiped);
    tcase_add_test(cases, steps_are_shown);
    return unit_run();
}
