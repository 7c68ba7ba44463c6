/* SPDX-License-Identifier: ISC */
#include "control/columns.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static const struct column columns[] = {{"NAME", false, true}, {"N", true, false}, {"PLACE", false, true}};

static char *printed(const struct columns *table, size_t width)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    columns_print(table, out, width);
    fclose(out);
    return text;
}

/* Fails unless the table, given so much width, looks like this. */
static void looks(const struct columns *table, size_t width, const char *wanted)
{
    char *text = printed(table, width);

    ck_assert_str_eq(text, wanted);
    free(text);
}

static struct columns *new_table(const struct column *titles, size_t count)
{
    struct columns *table = columns_new(titles, count);

    ck_assert_ptr_nonnull(table);
    return table;
}

static struct columns *example(void)
{
    struct columns *table = new_table(columns, 3);

    columns_add(table, (const char *const[]){"imap", "7", "mail.example.net"});
    columns_add(table, (const char *const[]){"imap/with-a-long-name", "12345", "[::1]:1143"});
    return table;
}

/* --- as wide as need be --- */

START_TEST(columns_are_as_wide_as_their_widest_cell)
{
    struct columns *table = example();

    looks(table, 0, "NAME                       N  PLACE\n"
                    "imap                       7  mail.example.net\n"
                    "imap/with-a-long-name  12345  [::1]:1143\n");
    columns_free(table);
}
END_TEST

START_TEST(a_title_may_be_the_widest_cell)
{
    static const struct column titles[] = {{"A LONG TITLE", false, false}, {"ANOTHER", true, false}, {"C", true, true}};
    struct columns *table = new_table(titles, 3);

    columns_add(table, (const char *const[]){"a", "b", "c"});
    columns_add(table, (const char *const[]){"", "", "long"});
    looks(table, 0, "A LONG TITLE  ANOTHER     C\n"
                    "a                   b     c\n"
                    "                       long\n");
    columns_free(table);
}
END_TEST

START_TEST(nothing_is_filled_up_behind_the_last_cell)
{
    struct columns *table = new_table(columns, 3);

    columns_add(table, (const char *const[]){"a", "1", "the longest of all"});
    columns_add(table, (const char *const[]){"b", "2", "short"});
    looks(table, 0, "NAME  N  PLACE\na     1  the longest of all\nb     2  short\n");
    columns_free(table);
}
END_TEST

START_TEST(rows_stay_in_their_order_and_are_copied)
{
    struct columns *table = new_table(columns, 3);
    char cell[2] = "a";

    for (char c = 'a'; c < 'f'; c++) {
        cell[0] = c;
        columns_add(table, (const char *const[]){cell, cell, cell});
    }
    cell[0] = 'x';
    for (int twice = 0; twice < 2; twice++) /* printing changes nothing */
        looks(table, 0, "NAME  N  PLACE\na     a  a\nb     b  b\nc     c  c\nd     d  d\ne     e  e\n");
    columns_free(table);
}
END_TEST

START_TEST(a_table_may_have_one_column_and_has_at_most_eight)
{
    static const struct column titles[COLUMNS_MAX] = {{"A", false, false}, {"B", false, false}, {"C", false, false},
                                                      {"D", false, false}, {"E", false, false}, {"F", false, false},
                                                      {"G", false, false}, {"H", true, false}};
    struct columns *table = new_table(titles, 1);

    ck_assert_uint_eq(COLUMNS_MAX, 8);
    columns_add(table, (const char *const[]){"one"});
    looks(table, 0, "A\none\n");
    columns_free(table);
    table = new_table(titles, COLUMNS_MAX);
    columns_add(table, (const char *const[]){"1", "2", "3", "4", "5", "6", "7", "10"});
    looks(table, 0, "A  B  C  D  E  F  G   H\n1  2  3  4  5  6  7  10\n");
    columns_free(table);
}
END_TEST

/* --- cut where it must be --- */

START_TEST(the_widest_column_that_may_is_cut_first)
{
    struct columns *table = example();

    looks(table, 42, "NAME                   N  PLACE\n"
                     "imap                   7  mail.example.net\n"
                     "imap/wi...ng-name  12345  [::1]:1143\n");
    columns_free(table);
}
END_TEST

START_TEST(no_line_is_wider_than_it_may_be_and_none_is_cut_without_need)
{
    struct columns *table = example();

    for (size_t width = 41; width < 60; width++) {
        char *text = printed(table, width), *rest = text, *line;

        ck_assert((strstr(text, "...") == NULL) == (width >= 46));
        while ((line = strsep(&rest, "\n")))
            ck_assert_msg(strlen(line) <= width, "%zu: %s", width, line);
        free(text);
    }
    columns_free(table);
}
END_TEST

/* Three columns, of which two may be cut: the least that a line needs is 16 + 2 + 4 + 2 + 16. */
static struct columns *stubborn(void)
{
    static const struct column titles[] = {{"GIVES", false, true}, {"KEEP", false, false}, {"GIVES TOO", true, true}};
    struct columns *table = new_table(titles, 3);

    columns_add(table, (const char *const[]){"0123456789abcdef", "all!", "0123456789abcdefg"});
    columns_add(table, (const char *const[]){"0123456789abcdefg", "", "0123456789abcdef"});
    columns_add(table, (const char *const[]){"", "", "7"});
    return table;
}

START_TEST(a_column_that_gives_keeps_sixteen_and_the_others_keep_all)
{
    struct columns *table = stubborn();

    ck_assert_uint_eq(COLUMNS_NARROWEST, 16);
    looks(table, 40, "GIVES             KEEP         GIVES TOO\n"
                     "0123456789abcdef  all!  0123456...bcdefg\n"
                     "0123456...bcdefg        0123456789abcdef\n"
                     "                                       7\n");
    columns_free(table);
}
END_TEST

/* No terminal has to fold a line. */
START_TEST(what_is_too_wide_all_the_same_becomes_a_list)
{
    struct columns *table = stubborn();

    looks(table, 39, "GIVES 0123456789abcdef\n"
                     "  KEEP       all!\n"
                     "  GIVES TOO  0123456789abcdefg\n"
                     "GIVES 0123456789abcdefg\n"
                     "  GIVES TOO  0123456789abcdef\n"
                     "  GIVES TOO  7\n");
    looks(table, 1, "GIVES 0123456789abcdef\n" /* it is made for terminals of forty columns */
                    "  KEEP       all!\n"
                    "  GIVES TOO  0123456...bcdefg\n"
                    "GIVES 0123456789abcdefg\n"
                    "  GIVES TOO  0123456789abcdef\n"
                    "  GIVES TOO  7\n");
    columns_free(table);
}
END_TEST

START_TEST(no_line_is_wider_than_forty)
{
    static const struct column titles[] = {{"SESSION", false, true}, {"AGE", true, false}, {"IN", true, false},
                                           {"OUT", true, false}, {"SWITCHED", false, false}, {"PROXY", false, true}};
    struct columns *table = new_table(titles, 6);
    char *text, *rest, *line;

    columns_add(table, (const char *const[]){"imap/a-name-that-has-more-than-forty-columns #12345", "23h59m",
                                             "1023 KiB", "1023 KiB", "yes",
                                             "http://a-proxy-with-a-name-of-many-words.example.net:3128"});
    text = rest = printed(table, 40);
    while ((line = strsep(&rest, "\n")))
        ck_assert_msg(strlen(line) <= 40, "%s", line);
    free(text);
    columns_free(table);
}
END_TEST

START_TEST(two_that_give_come_to_the_same_width)
{
    static const struct column titles[] = {{"A", false, true}, {"B", false, true}};
    struct columns *table = new_table(titles, 2);

    columns_add(table, (const char *const[]){"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbb"});
    looks(table, 42, "A                     B\naaaaaaaaa...aaaaaaaa  bbbbbbbbbbbbbbbbbbbb\n");
    looks(table, 34, "A                 B\naaaaaaa...aaaaaa  bbbbbbb...bbbbbb\n");
    columns_free(table);
}
END_TEST

START_TEST(a_title_is_cut_like_a_cell)
{
    static const struct column titles[] = {{"A LONG TITLE INDEED", false, true}};
    struct columns *table = new_table(titles, 1);

    columns_add(table, (const char *const[]){"a"});
    looks(table, 16, "A LONG ...INDEED\na\n");
    columns_free(table);
}
END_TEST

/* --- what may be in a cell --- */

START_TEST(what_is_not_printable_is_escaped)
{
    struct columns *table = new_table(columns, 3);

    columns_add(table, (const char *const[]){"a\033[2J\n", "\"\\", "\xff\x7f\r\t"});
    looks(table, 0, "NAME         N  PLACE\na\\x1b[2J\\n  \"\\  \\xff\\x7f\\r\\t\n");
    columns_free(table);
}
END_TEST

START_TEST(a_cell_without_end_is_cut_at_a_bound)
{
    struct columns *table = new_table(columns, 3);
    char *text, *longest = calloc(1, 100001);

    ck_assert_ptr_nonnull(longest);
    memset(longest, 27, 100000);
    columns_add(table, (const char *const[]){longest, longest, longest});
    text = printed(table, 0);
    ck_assert_uint_lt(strlen(text), 2 * 3 * 1210);
    ck_assert_uint_gt(strlen(text), 3 * 1100);
    for (const char *c = text; *c; c++)
        ck_assert(*c == '\n' || (*c >= ' ' && *c <= '~'));
    free(text);
    text = printed(table, 80);
    ck_assert_ptr_null(strchr(text, '\033'));
    ck_assert_ptr_nonnull(strstr(text, "NAME \\x1b\\x1b"));
    free(text);
    free(longest);
    columns_free(table);
}
END_TEST

START_TEST(a_table_without_rows_is_nothing)
{
    struct columns *table = new_table(columns, 3);

    looks(table, 80, "");
    looks(table, 0, "");
    columns_free(table);
}
END_TEST

START_TEST(no_table_is_fine)
{
    looks(NULL, 80, "");
    columns_add(NULL, (const char *const[]){"a", "b", "c"});
    columns_free(NULL);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("columns");

    tcase_add_test(cases, columns_are_as_wide_as_their_widest_cell);
    tcase_add_test(cases, a_title_may_be_the_widest_cell);
    tcase_add_test(cases, nothing_is_filled_up_behind_the_last_cell);
    tcase_add_test(cases, rows_stay_in_their_order_and_are_copied);
    tcase_add_test(cases, a_table_may_have_one_column_and_has_at_most_eight);
    tcase_add_test(cases, the_widest_column_that_may_is_cut_first);
    tcase_add_test(cases, no_line_is_wider_than_it_may_be_and_none_is_cut_without_need);
    tcase_add_test(cases, a_column_that_gives_keeps_sixteen_and_the_others_keep_all);
    tcase_add_test(cases, what_is_too_wide_all_the_same_becomes_a_list);
    tcase_add_test(cases, no_line_is_wider_than_forty);
    tcase_add_test(cases, two_that_give_come_to_the_same_width);
    tcase_add_test(cases, a_title_is_cut_like_a_cell);
    tcase_add_test(cases, what_is_not_printable_is_escaped);
    tcase_add_test(cases, a_cell_without_end_is_cut_at_a_bound);
    tcase_add_test(cases, a_table_without_rows_is_nothing);
    tcase_add_test(cases, no_table_is_fine);
    return unit_run();
}
