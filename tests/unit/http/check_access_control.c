/* SPDX-License-Identifier: ISC */
#include "http/access_control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* Columns of access-control.tsv: "judge", the fields of a head, an origin, what comes of it; or "origin", nothing, an
 * origin, "good" or "!" and the reason. */
enum { KIND, FIELDS, ORIGIN, RESULT, COLUMNS };

static const char *judge(const struct unit_cell *fields, const char *origin)
{
    static const char *const words[] = {"allowed", "refused", "absent", "unreadable"};
    static const char line[] = "HTTP/1.1 101 Switching Protocols\r\n", end[] = "\r\n\r\n";
    size_t length = sizeof line - 1 + fields->length + sizeof end - 1, used;
    char *text = malloc(length);
    enum access_control_result result;
    struct http_head head;
    const char *why = "no reason given";

    ck_assert_ptr_nonnull(text);
    memcpy(text, line, sizeof line - 1);
    memcpy(text + sizeof line - 1, fields->bytes, fields->length);
    memcpy(text + sizeof line - 1 + fields->length, end, sizeof end - 1);
    http_head_start(&head);
    ck_assert_msg(http_head_read(&head, text, length, &used, &why) == HTTP_HEAD_DONE, "%s", why);
    ck_assert_uint_eq(used, length);
    result = access_control_judge(&head, origin);
    free(text);
    return words[result];
}

static void read_row(const struct unit_cell *cells, const char *where)
{
    char *origin = unit_exact(cells[ORIGIN].bytes, cells[ORIGIN].length + 1), got[256] = "good";
    const char *why = "no reason given";

    if (unit_cell_is(&cells[KIND], "judge")) {
        snprintf(got, sizeof got, "%s", judge(&cells[FIELDS], origin));
    } else {
        ck_assert_msg(unit_cell_is(&cells[KIND], "origin"), "%s: kind", where);
        if (!access_control_origin_check(origin, &why))
            snprintf(got, sizeof got, "!%s", why);
    }
    ck_assert_msg(unit_cell_is(&cells[RESULT], got), "%s: %s", where, got);
    free(origin);
}

START_TEST(fields_and_origins)
{
    unit_table("access-control.tsv", COLUMNS, read_row);
}
END_TEST

/* A value that stands alone in memory, cut at every byte: it is never read behind its end, and what is cut within a
 * rule is unreadable. */
START_TEST(a_rule_that_is_cut_is_unreadable)
{
    static const char rule[] = "allow <http://*.example.com:80>";

    for (size_t length = 1; length < sizeof rule; length++) {
        char *value = unit_exact(rule, length);
        struct http_head head;

        http_head_start(&head);
        head.fields.at[0].name = (struct http_head_slice){"Access-Control", strlen("Access-Control")};
        head.fields.at[0].value = (struct http_head_slice){value, length};
        head.fields.count = 1;
        ck_assert_int_eq(access_control_judge(&head, "mail.example.com"),
                         length == sizeof rule - 1 ? ACCESS_CONTROL_ALLOWED : ACCESS_CONTROL_UNREADABLE);
        free(value);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("access_control");

    tcase_add_test(cases, fields_and_origins);
    tcase_add_test(cases, a_rule_that_is_cut_is_unreadable);
    return unit_run();
}
