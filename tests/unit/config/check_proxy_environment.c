#include "config/proxy_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static void set(const char *name, const char *value)
{
    ck_assert_int_eq(setenv(name, value, 1), 0);
}

START_TEST(lower_case_before_upper_and_the_scheme_before_all)
{
    static const char *const names[] = {"ALL_PROXY", "all_proxy", "IMAP_PROXY", "imap_proxy"};

    for (size_t i = 0; i < 4; i++)
        unsetenv(names[i]);
    ck_assert_ptr_null(proxy_environment_find("imap"));
    for (size_t i = 0; i < 4; i++) {
        set(names[i], names[i]);
        ck_assert_str_eq(proxy_environment_find("imap"), names[i]);
    }
    ck_assert_str_eq(proxy_environment_find("smtp"), "all_proxy");
    for (size_t i = 4; i-- > 0;) { /* empty is unset */
        ck_assert_str_eq(proxy_environment_find("imap"), names[i]);
        set(names[i], "");
    }
    ck_assert_ptr_null(proxy_environment_find("imap"));
}
END_TEST

START_TEST(exceptions)
{
    unsetenv("no_proxy"), unsetenv("NO_PROXY");
    ck_assert_ptr_null(proxy_environment_no_proxy());
    set("NO_PROXY", "a");
    ck_assert_str_eq(proxy_environment_no_proxy(), "a");
    set("no_proxy", "b");
    ck_assert_str_eq(proxy_environment_no_proxy(), "b");
    set("no_proxy", "");
    ck_assert_str_eq(proxy_environment_no_proxy(), "a");
    set("NO_PROXY", "");
    ck_assert_ptr_null(proxy_environment_no_proxy());
}
END_TEST

START_TEST(a_scheme_of_any_length_does_no_harm)
{
    char scheme[1000];

    unsetenv("all_proxy"), unsetenv("ALL_PROXY");
    memset(scheme, 's', sizeof scheme - 1);
    scheme[sizeof scheme - 1] = '\0';
    ck_assert_ptr_null(proxy_environment_find(scheme));
    set("all_proxy", "http://p");
    ck_assert_str_eq(proxy_environment_find(scheme), "http://p");
    set("all_proxy", "");
}
END_TEST

/* no_proxy.tsv: host, port, list, yes or no. */
static void no_proxy_row(const struct unit_cell *cells, const char *where)
{
    struct endpoint place = {.port = (uint16_t)strtoul(cells[1].bytes, NULL, 10)};
    char *list = unit_exact(cells[2].bytes, cells[2].length + 1);

    snprintf(place.host, sizeof place.host, "%s", cells[0].bytes);
    ck_assert_msg(proxy_environment_excludes(&place, list) == unit_cell_is(&cells[3], "yes"), "%s", where);
    free(list);
}

START_TEST(no_proxy_lists)
{
    unit_table("no_proxy.tsv", 4, no_proxy_row);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("environment");

    tcase_add_test(cases, lower_case_before_upper_and_the_scheme_before_all);
    tcase_add_test(cases, exceptions);
    tcase_add_test(cases, a_scheme_of_any_length_does_no_harm);
    tcase_add_test(cases, no_proxy_lists);
    return unit_run();
}
