/* SPDX-License-Identifier: ISC */
#include "http/field_reader.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* The text is exactly as long as it is: a byte read behind it is seen. */
static struct field_reader reader;
static char *text;

static void read_text(const char *value)
{
    const struct http_head_slice slice = {text = unit_exact(value, strlen(value)), strlen(value)};

    reader = field_reader_of(&slice);
}

/* What is left. */
static void check_rest(const char *rest)
{
    ck_assert_uint_eq((size_t)(reader.end - reader.at), strlen(rest));
    ck_assert_int_eq(memcmp(reader.at, rest, strlen(rest)), 0);
    free(text);
}

static void check_slice(const struct http_head_slice *slice, const char *wanted)
{
    ck_assert_uint_eq(slice->length, strlen(wanted));
    ck_assert_int_eq(memcmp(slice->bytes, wanted, slice->length), 0);
}

/* value, what is taken (NULL: nothing), what is left */
static const char *const tokens[][3] = {
    {"abc", "abc", ""}, {"a-1!#$%&'*+.^_`|~Z =x", "a-1!#$%&'*+.^_`|~Z", " =x"}, {"a,b", "a", ",b"},
    {"a/b", "a", "/b"}, {"a\xe4", "a", "\xe4"}, {"", NULL, ""}, {" a", NULL, " a"}, {"\"a\"", NULL, "\"a\""},
};

START_TEST(a_token_is_taken)
{
    const char *const *row = tokens[_i];
    struct http_head_slice token;

    read_text(row[0]);
    ck_assert_int_eq(field_reader_take_token(&reader, &token), row[1] != NULL);
    if (row[1])
        check_slice(&token, row[1]);
    check_rest(row[2]);
}
END_TEST

static const char *const strings[][3] = {
    {"\"abc\"", "abc", ""}, {"\"\"x", "", "x"}, {"\"a b,\", c", "a b,", ", c"},
    {"\"a\\\"b\" c", "a\\\"b", " c"}, {"\"a\\\\\"b", "a\\\\", "b"}, {"abc", NULL, "abc"}, {"", NULL, ""},
    /* without its end */
    {"\"abc", NULL, ""}, {"\"", NULL, ""}, {"\"abc\\", NULL, ""}, {"\"abc\\\"", NULL, ""},
};

START_TEST(a_quoted_string_is_taken)
{
    const char *const *row = strings[_i];
    struct http_head_slice string;

    read_text(row[0]);
    ck_assert_int_eq(field_reader_take_quoted(&reader, &string), row[1] != NULL);
    if (row[1])
        check_slice(&string, row[1]);
    check_rest(row[2]);
}
END_TEST

START_TEST(bytes_and_blanks_are_taken)
{
    read_text(" \t ;x");
    ck_assert(!field_reader_take_byte(&reader, ';'));
    field_reader_skip_blanks(&reader);
    ck_assert(field_reader_at(&reader, ';') && !field_reader_at_end(&reader));
    ck_assert(!field_reader_take_byte(&reader, 'x'));
    ck_assert(field_reader_take_byte(&reader, ';') && field_reader_take_byte(&reader, 'x'));
    ck_assert(field_reader_at_end(&reader) && !field_reader_at(&reader, 'x'));
    ck_assert(!field_reader_take_byte(&reader, 'x'));
    field_reader_skip_blanks(&reader);
    check_rest("");
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("field_reader");

    tcase_add_loop_test(tests, a_token_is_taken, 0, sizeof tokens / sizeof tokens[0]);
    tcase_add_loop_test(tests, a_quoted_string_is_taken, 0, sizeof strings / sizeof strings[0]);
    tcase_add_test(tests, bytes_and_blanks_are_taken);
    return unit_run();
}
