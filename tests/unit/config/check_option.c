/* SPDX-License-Identifier: ISC */
#include "config/option.h"

#include <stdlib.h>
#include <string.h>

#include "config/settings.h"

#include "../unit.h"

/* What any section fills. */
union section {
    struct settings settings;
    struct proxy_config proxy;
    struct listener_config listener;
    unsigned char room[65536];
};

START_TEST(keys_are_unique_in_their_section_and_found)
{
    size_t rows = 0;

    for (; option_row(rows); rows++)
        continue;
    ck_assert_uint_ge(rows, 20);
    ck_assert_ptr_null(option_row(rows + 1));
    for (size_t i = 0; i < rows; i++) {
        const struct option_row *row = option_row(i);

        ck_assert_uint_eq(option_index(row), i);
        ck_assert_ptr_eq(option_find(row->section, row->rule.key), row);
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(option_row(j)->section != row->section || strcmp(option_row(j)->rule.key, row->rule.key) != 0,
                          "%s twice", row->rule.key);
    }
    ck_assert_ptr_null(option_find(OPTION_GLOBAL, "url"));
    ck_assert_ptr_null(option_find(OPTION_PROXY, "UR"));
    ck_assert_ptr_null(option_find(OPTION_PROXY, "URL"));
    ck_assert_ptr_null(option_find(OPTION_LISTENER, ""));
}
END_TEST

/* A key is lower case letters, digits and hyphens, has a line of help and a field of its own. */
START_TEST(rows_are_sane)
{
    for (size_t i = 0; option_row(i); i++) {
        const struct option_row *row = option_row(i);

        ck_assert_uint_gt(strlen(row->rule.key), 0);
        ck_assert_uint_eq(strspn(row->rule.key, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(row->rule.key));
        ck_assert_msg(row->help && *row->help && !strchr(row->help, '\n'), "%s", row->rule.key);
        ck_assert_uint_le(row->rule.least, row->rule.most);
        ck_assert(!(row->rule.flags & VALUE_REQUIRED) || !row->initial);
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(option_row(j)->section != row->section || option_row(j)->offset != row->offset,
                          "%s and %s fill one field", row->rule.key, option_row(j)->rule.key);
    }
}
END_TEST

static char *print(const struct option_row *row, const union section *base)
{
    char *text;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    ck_assert_ptr_nonnull(stream);
    value_print(&row->rule, option_field_const(row, base), stream);
    fclose(stream);
    return text;
}

static void set(const struct option_row *row, union section *base, const char *value)
{
    const char *why = "";

    ck_assert_msg(value_parse(&row->rule, NULL, option_field(row, base), value, &why), "%s: %s", row->rule.key, why);
}

/* Each default can be read, and what is printed of it is read as the same again. */
START_TEST(defaults_are_good_values)
{
    for (size_t i = 0; option_row(i); i++) {
        const struct option_row *row = option_row(i);
        union section *base = calloc(1, sizeof *base), *again = calloc(1, sizeof *again);

        if (row->initial) {
            const size_t mark = row->rule.flags & VALUE_OF_FILE ? 1 : 0; /* it is printed as a comment */
            size_t key = strlen(row->rule.key);
            char *whole, *text, *twice;

            set(row, base, row->initial);
            whole = print(row, base);
            ck_assert_uint_eq(strspn(whole, ";"), mark);
            text = whole + mark;
            ck_assert_msg(strncmp(text, row->rule.key, key) == 0 && strncmp(text + key, " = ", 3) == 0, "%s", text);
            text[strlen(text) - 1] = '\0';
            set(row, again, text + key + 3);
            twice = print(row, again);
            twice[strlen(twice) - 1] = '\0';
            ck_assert_str_eq(whole, twice);
            free(whole);
            free(twice);
        }
        value_release(&row->rule, option_field(row, base));
        value_release(&row->rule, option_field(row, again));
        free(base);
        free(again);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("option");

    tcase_add_test(cases, keys_are_unique_in_their_section_and_found);
    tcase_add_test(cases, rows_are_sane);
    tcase_add_test(cases, defaults_are_good_values);
    return unit_run();
}
