/* SPDX-License-Identifier: ISC */
#include "finding/pac_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* Columns of pac-answer.tsv. */
enum { TEXT, RESULT, SKIPPED, COLUMNS };

/* The members as in the table's second column. */
static void write_members(const struct found *found, char *out, size_t size)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < found->count && at < size; i++) {
        const struct endpoint *proxy = &found->members[i].proxy;

        if (found->members[i].direct)
            at += (size_t)snprintf(out + at, size - at, "%sDIRECT", i > 0 ? " " : "");
        else
            at += (size_t)snprintf(out + at, size - at, "%s%s://%s:%u", i > 0 ? " " : "", endpoint_scheme(proxy),
                                   proxy->host, (unsigned)proxy->port);
    }
}

static void read_row(const struct unit_cell *cells, const char *where)
{
    char *text = unit_exact(cells[TEXT].bytes, cells[TEXT].length), got[512];
    const char *why = "no reason given";
    struct found found;

    memset(&found, 1, sizeof found);
    if (pac_answer_read(&found, text, cells[TEXT].length, &why))
        write_members(&found, got, sizeof got);
    else
        snprintf(got, sizeof got, "!%s", why);
    ck_assert_msg(unit_cell_is(&cells[RESULT], got), "%s: %s", where, got);
    ck_assert_msg(found.skipped == strtoul(cells[SKIPPED].bytes, NULL, 10), "%s: left out %zu", where, found.skipped);
    free(text);
}

START_TEST(words_and_urls)
{
    unit_table("pac-answer.tsv", COLUMNS, read_row);
}
END_TEST

/* Every beginning of a text is read without looking behind its end, and is either good or has a reason. */
static void read_every_beginning(const struct unit_cell *cells, const char *where)
{
    for (size_t length = 0; length <= cells[TEXT].length; length++) {
        char *text = unit_exact(cells[TEXT].bytes, length);
        const char *why = NULL;
        struct found found;

        if (pac_answer_read(&found, text, length, &why))
            ck_assert_msg(found.count > 0 && !why, "%s", where);
        else
            ck_assert_msg(found.count == 0 && why && *why, "%s", where);
        free(text);
    }
}

START_TEST(cut_anywhere)
{
    unit_table("pac-answer.tsv", COLUMNS, read_every_beginning);
}
END_TEST

START_TEST(no_more_members_than_there_is_room_for)
{
    char text[4096] = "SOCKS first:1;", got[2048];
    const char *why;
    struct found found;

    for (unsigned i = 0; i < FOUND_MAX + 5; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "PROXY p%u:80;", i);
    snprintf(text + strlen(text), sizeof text - strlen(text), "SOCKS last:1");
    ck_assert(pac_answer_read(&found, text, strlen(text), &why));
    ck_assert_uint_eq(found.count, FOUND_MAX);
    ck_assert_uint_eq(found.skipped, 1); /* what stands behind them is not read */
    write_members(&found, got, sizeof got);
    ck_assert_str_eq(strrchr(got, ' '), " http://p15:80");
}
END_TEST

START_TEST(what_was_said_is_told_in_print)
{
    static const char text[] = "\r\n PROXY a:1;\x07 SOCKS \"b\xfc\"\nDIRECT \n";
    char *many = malloc(100000);
    const char *why;
    struct found found;

    ck_assert(pac_answer_read(&found, text, sizeof text - 1, &why));
    ck_assert_str_eq(found.said, "PROXY a:1;\\x07 SOCKS \\\"b\\xfc\\\"; DIRECT");
    ck_assert(pac_answer_read(&found, "PROXY a:1;\r\n\r\nhttp://b:2 \n DIRECT", 33, &why));
    ck_assert_str_eq(found.said, "PROXY a:1; http://b:2; DIRECT");
    ck_assert(pac_answer_read(&found, "http://me:word@a:1\nhttp://b:2", 29, &why)); /* no log has a password */
    ck_assert_str_eq(found.said, "(not shown, as it may have a password)");
    ck_assert(!pac_answer_read(&found, " \n", 2, &why));
    ck_assert_str_eq(found.said, "");
    ck_assert_ptr_nonnull(many);
    memset(many, 'x', 100000);
    ck_assert(!pac_answer_read(&found, many, 100000, &why));
    ck_assert_uint_eq(strlen(found.said), FOUND_TEXT_MAX - 1);
    for (size_t i = 0; i < 100000; i += 2)
        memcpy(many + i, "x\n", 2);
    for (size_t first = 0; first < 3; first++) { /* wherever it is cut */
        ck_assert(!pac_answer_read(&found, memset(many, 'y', first), 100000, &why));
        ck_assert_uint_eq(strlen(found.said), FOUND_TEXT_MAX - 1);
    }
    free(many);
}
END_TEST

START_TEST(a_long_list_of_what_is_not_known_is_counted)
{
    char *text = malloc(80001);
    const char *why;
    struct found found;

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < 20000; i++)
        memcpy(text + 4 * i, "X a;", 5);
    ck_assert(!pac_answer_read(&found, text, 80000, &why));
    ck_assert_uint_eq(found.skipped, 20000);
    free(text);
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("pac_answer");

    tcase_add_test(tcase, words_and_urls);
    tcase_add_test(tcase, cut_anywhere);
    tcase_add_test(tcase, no_more_members_than_there_is_room_for);
    tcase_add_test(tcase, what_was_said_is_told_in_print);
    tcase_add_test(tcase, a_long_list_of_what_is_not_known_is_counted);
    return unit_run();
}
