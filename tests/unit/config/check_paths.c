/* SPDX-License-Identifier: ISC */
#include "config/paths.h"

#include <string.h>

#include "../unit.h"

static const struct value_rule rule = {.key = "path", .kind = &value_paths, .flags = VALUE_REPEATS};

static struct value_paths paths;

static bool add(const char *value, const char **why)
{
    return value_parse(&rule, NULL, &paths, value, why);
}

static void tear_down(void)
{
    value_release(&rule, &paths);
}

/* A path is found as it stands, byte by byte: no other way of writing it leads there. */
START_TEST(a_path_leads_to_a_name)
{
    const char *why = "";

    ck_assert(add("/mail/imap = home:143", &why) && add("/mail/IMAP=other:993", &why));
    ck_assert_str_eq(paths_find(&paths, "/mail/imap", strlen("/mail/imap"))->host, "home");
    ck_assert_uint_eq(paths_find(&paths, "/mail/imap", strlen("/mail/imap"))->port, 143);
    ck_assert_str_eq(paths_find(&paths, "/mail/IMAP", strlen("/mail/IMAP"))->host, "other");
    ck_assert_ptr_null(paths_find(&paths, "/mail/imap/", strlen("/mail/imap/")));
    ck_assert_ptr_null(paths_find(&paths, "/mail/ima%70", strlen("/mail/ima%70")));
    ck_assert_ptr_null(paths_find(&paths, "/mail", strlen("/mail")));
    ck_assert_ptr_null(paths_find(&paths, "", strlen("")));
}
END_TEST

START_TEST(there_are_at_most_32)
{
    const char *why = "";
    char text[32];

    for (int i = 0; i < VALUE_LIST_MAX; i++) {
        snprintf(text, sizeof text, "/%d = home:%d", i, i + 1);
        ck_assert_msg(add(text, &why), "%s", why);
    }
    ck_assert(!add("/more = home:1", &why));
    ck_assert_str_eq(why, "more than 32 paths");
    ck_assert_uint_eq(paths_find(&paths, "/31", strlen("/31"))->port, 32);
}
END_TEST

START_TEST(nothing_is_left_when_it_is_released)
{
    static const struct value_paths zero;
    const char *why = "";

    ck_assert(add("/a = home:1", &why));
    ck_assert(!add("/a = home:2", &why));
    value_release(&rule, &paths);
    ck_assert_int_eq(memcmp(&paths, &zero, sizeof paths), 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("paths");

    tcase_add_checked_fixture(cases, tear_down, tear_down);
    tcase_add_test(cases, a_path_leads_to_a_name);
    tcase_add_test(cases, there_are_at_most_32);
    tcase_add_test(cases, nothing_is_left_when_it_is_released);
    return unit_run();
}
