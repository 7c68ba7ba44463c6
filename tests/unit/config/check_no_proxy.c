/* SPDX-License-Identifier: ISC */
#include "config/no_proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* no_proxy.tsv: host, port, list, yes or no. */
static void no_proxy_row(const struct unit_cell *cells, const char *where)
{
    struct endpoint place = {.port = (uint16_t)strtoul(cells[1].bytes, NULL, 10)};
    char *list = unit_exact(cells[2].bytes, cells[2].length + 1);

    snprintf(place.host, sizeof place.host, "%s", cells[0].bytes);
    ck_assert_msg(no_proxy_excludes(&place, list) == unit_cell_is(&cells[3], "yes"), "%s", where);
    free(list);
}

START_TEST(what_a_list_excludes)
{
    unit_table("no_proxy.tsv", 4, no_proxy_row);
}
END_TEST

START_TEST(members_that_stand_for_nothing)
{
    static const struct {
        const char *list, *useless; /* with blanks between */
    } rows[] = {
        {"", ""},
        {" , ,", ""},
        {"*, example.net,.example.net *.example.net:143 localhost intranet", ""},
        {"10.0.0.1 10.0.0.1:143 ::1 [::1] [::1]:143 2001:db8::1", ""},
        {"10.0.0.0/8 0.0.0.0/0 10.0.0.1/32 fd00::/8 [fd00::]/128 ::/0", ""},
        {"10.* 192.168.* 192.168.100.* 10.*.*.* 10.*.*", ""},
        {"** *. . *example.net mail.*.net example.*", "** *. . *example.net mail.*.net example.*"},
        {"10.0.0.0/33 fd00::/129 10.0.0.0/ 10.0.0.0/x /8 10/8 10.0.0.0/8:143 10.0.0.0/08888", "10.0.0.0/33 fd00::/129 "
         "10.0.0.0/ 10.0.0.0/x /8 10/8 10.0.0.0/8:143 10.0.0.0/08888"},
        {"10. 10.1 1 256.* 10.*.*.*.* 10.*. 10.*x *.* 1.2.3.4.* 10..* 10.*.1", "10. 10.1 1 256.* 10.*.*.*.* 10.*. "
         "10.*x *.* 1.2.3.4.* 10..* 10.*.1"},
        {"example.net:x, http://example.net <local> a;b example.net", "example.net:x http://example.net <local> a;b"},
        {"10.0.0.1-10.0.0.9,::g,[::1,[::1]x,example.net:", "10.0.0.1-10.0.0.9 ::g [::1 [::1]x example.net:"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *list = unit_exact(rows[i].list, strlen(rows[i].list) + 1), got[400] = "";
        const char *rest = list, *member;
        size_t length, at = 0;

        while ((member = no_proxy_next_useless(&rest, &length)) != NULL)
            at += (size_t)snprintf(got + at, sizeof got - at, "%s%.*s", at ? " " : "", (int)length, member);
        ck_assert_msg(strcmp(got, rows[i].useless) == 0, "row %zu: %s", i, got);
        ck_assert_ptr_null(no_proxy_next_useless(&rest, &length));
        free(list);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("no_proxy");

    tcase_add_test(cases, what_a_list_excludes);
    tcase_add_test(cases, members_that_stand_for_nothing);
    return unit_run();
}
