/* SPDX-License-Identifier: ISC */
#include "config/inifile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* What a reader was told: "LINE [header]", "LINE key=value", "LINE +key=value" for what goes on, "LINE !fault"; a '|'
 * between them. */
struct told {
    char text[40000];
    size_t length;
};

static void add(struct told *told, int line, const char *mark, const char *text, const char *value)
{
    told->length += (size_t)snprintf(told->text + told->length, sizeof told->text - told->length,
                                         "%s%d %s%s%s%s", told->length ? "|" : "", line, mark, text, value ? "=" : "",
                                     value ? value : "");
    ck_assert_uint_lt(told->length, sizeof told->text);
}

static void on_section(void *arg, int line, const char *header)
{
    add(arg, line, "", header, NULL);
}

static void on_key(void *arg, int line, const char *key, const char *value, bool continues)
{
    add(arg, line, continues ? "+" : "", key, value);
}

static void on_fault(void *arg, int line, const char *text)
{
    add(arg, line, "!", text, NULL);
}

static const char *read_bytes(const char *bytes, size_t length, struct told *told)
{
    const struct inifile_reader reader = {on_section, on_key, on_fault, told};
    char *copy = unit_exact(bytes, length);
    FILE *stream = fmemopen(copy, length, "r");

    ck_assert_ptr_nonnull(stream);
    memset(told, 0, sizeof *told);
    ck_assert(inifile_read(stream, &reader));
    fclose(stream);
    free(copy);
    return told->text;
}

/* inifile.tsv: the file, what is told. */
static void table_row(const struct unit_cell *cells, const char *where)
{
    struct told told;

    ck_assert_msg(unit_cell_is(&cells[1], read_bytes(cells[0].bytes, cells[0].length, &told)), "%s: %s", where,
                  told.text);
}

START_TEST(lines_of_each_sort)
{
    unit_table("inifile.tsv", 2, table_row);
}
END_TEST

/* Each byte in the middle of a value is in the value, or the line is refused. */
START_TEST(no_byte_of_a_value_is_lost)
{
    for (int byte = 0; byte < 256; byte++) {
        char text[] = "a = x y\n", expected[32];
        struct told told;

        text[5] = (char)byte;
        if (byte == '\n')
            continue;
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            snprintf(expected, sizeof expected, "1 !the line has a control byte");
        else
            snprintf(expected, sizeof expected, "1 a=x%cy", byte);
        ck_assert_str_eq(read_bytes(text, sizeof text - 1, &told), expected);
    }
}
END_TEST

/* Each byte in each place of a line: the line behind it is read all the same. */
START_TEST(no_line_harms_the_next)
{
    static const char line[] = " a = b";

    for (size_t at = 0; at < sizeof line - 1; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[64];
            size_t length = sizeof line - 1;
            struct told told;

            if (byte == '\n')
                continue;
            memcpy(text, line, length);
            text[at] = (char)byte;
            length += (size_t)snprintf(text + length, sizeof text - length, "\nkey = value\n");
            read_bytes(text, length, &told);
            ck_assert_msg(strstr(told.text, "2 key=value") != NULL, "byte %d at %zu: %s", byte, at, told.text);
        }
    }
}
END_TEST

/* What a value of any length and of awkward bytes is: each piece that inih gets of it begins and ends with any of
 * them. */
START_TEST(values_are_whole_up_to_their_limit)
{
    static const size_t lengths[][2] = {{1, 400}, {INIFILE_VALUE_MAX - 100, INIFILE_VALUE_MAX + 3}};
    static char text[INIFILE_LINE_MAX + 16], expected[INIFILE_LINE_MAX + 16];

    for (size_t length = lengths[_i / 4][0]; length <= lengths[_i / 4][1]; length++) {
        const unsigned kind = (unsigned)_i % 4; /* LF, CR LF, end of file, a continuation */
        size_t at = (size_t)snprintf(text, sizeof text, kind == 3 ? "a=\n " : "a = "), start = at;
        struct told told;

        while (at - start < length)
            text[at] = "x; #[y=\t:z  ;"[at % 13], at++;
        text[start] = text[at - 1] = 'V'; /* no key begins so */
        text[at] = '\0';
        snprintf(expected, sizeof expected, length > INIFILE_VALUE_MAX ? "%s%d !the value is longer than 16384 bytes"
                 : "%s%d %sa=%s", kind == 3 ? "1 a=|" : "", kind == 3 ? 2 : 1, kind == 3 ? "+" : "", text + start);
        at += (size_t)snprintf(text + at, sizeof text - at, "%s", kind == 1 ? "\r\n" : kind == 2 ? "" : "\n");
        ck_assert_msg(strcmp(read_bytes(text, at, &told), expected) == 0, "%zu bytes: %.100s", length, told.text);
    }
}
END_TEST

START_TEST(a_line_that_is_too_long_is_told_and_left_out)
{
    static char text[2 * INIFILE_LINE_MAX];

    for (size_t length = INIFILE_LINE_MAX - 1; length <= INIFILE_LINE_MAX + 5; length++) {
        struct told told;
        size_t at = length;

        memset(text, ' ', length);
        text[0] = 'a';
        text[1] = '=';
        text[length - 1] = 'b';
        at += (size_t)snprintf(text + at, sizeof text - at, "\nc=d\n");
        ck_assert_str_eq(read_bytes(text, at, &told), length <= INIFILE_LINE_MAX ? "1 a=b|2 c=d"
                         : "1 !the line is longer than 16640 bytes|2 c=d");
    }
}
END_TEST

/* One file line is one value, and one number, however many pieces it took. */
START_TEST(lines_behind_a_long_value_are_themselves)
{
    static char text[2000];
    size_t at = (size_t)snprintf(text, sizeof text, "[x]\nlist =");
    struct told told;

    memset(text + at, 'v', 500);
    at += 500;
    at += (size_t)snprintf(text + at, sizeof text - at, "\n  more\n; a comment\nkey = value\n[y]\n more\n");
    read_bytes(text, at, &told);
    ck_assert_ptr_nonnull(strstr(told.text, "vvv|3 +list=more|5 key=value|6 [y]|7 !indented, but "));
}
END_TEST

START_TEST(keys_are_whole_or_refused)
{
    for (size_t length = 1; length < 300; length++) {
        char text[400], expected[400];
        struct told told;

        memset(text, 'k', length);
        snprintf(text + length, sizeof text - length, " = v\n w\n");
        if (length <= 90)
            snprintf(expected, sizeof expected, "1 %.*s=v|2 +%.*s=w", (int)length, text, (int)length, text);
        else /* with the blank it is longer already */
            snprintf(expected, sizeof expected, "1 !no key has such a long name|2 !indented, but there is no value "
                     "above that could go on here");
        if (length != 90) /* its blank counts, too */
            ck_assert_str_eq(read_bytes(text, strlen(text), &told), expected);
    }
}
END_TEST

START_TEST(a_stream_that_fails_is_told)
{
    struct told told = {.length = 0};
    const struct inifile_reader reader = {on_section, on_key, on_fault, &told};
    FILE *stream = fopen("/tmp", "re");

    ck_assert_ptr_nonnull(stream);
    ck_assert(!inifile_read(stream, &reader));
    ck_assert_int_eq(errno, EISDIR);
    fclose(stream);
}
END_TEST

/* One without an end, too: nothing is read past the bound. */
START_TEST(a_file_that_is_too_large_is_told)
{
    struct told told = {.length = 0};
    const struct inifile_reader reader = {on_section, on_key, on_fault, &told};
    FILE *stream = fopen("/dev/zero", "re");

    ck_assert_ptr_nonnull(stream);
    ck_assert(inifile_read(stream, &reader));
    ck_assert_ptr_nonnull(strstr(told.text, "!the file has 8 MiB or more"));
    fclose(stream);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("inifile");

    tcase_add_test(cases, lines_of_each_sort);
    tcase_add_test(cases, no_byte_of_a_value_is_lost);
    tcase_add_test(cases, no_line_harms_the_next);
    tcase_add_loop_test(cases, values_are_whole_up_to_their_limit, 0, 8);
    tcase_add_test(cases, a_line_that_is_too_long_is_told_and_left_out);
    tcase_add_test(cases, lines_behind_a_long_value_are_themselves);
    tcase_add_test(cases, keys_are_whole_or_refused);
    tcase_add_test(cases, a_stream_that_fails_is_told);
    tcase_add_test(cases, a_file_that_is_too_large_is_told);
    return unit_run();
}
