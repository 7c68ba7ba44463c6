/* SPDX-License-Identifier: ISC */
#include "http/http_fields.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static enum http_fields_fault add(struct http_fields *fields, const char *line)
{
    return http_fields_add(fields, line, line + strlen(line));
}

START_TEST(a_line_is_a_field)
{
    struct http_fields fields = {0};

    ck_assert_int_eq(add(&fields, "Host: \t a b \t"), HTTP_FIELDS_NO_FAULT);
    ck_assert_int_eq(add(&fields, "A:b:c"), HTTP_FIELDS_NO_FAULT);
    ck_assert_int_eq(add(&fields, "Empty:"), HTTP_FIELDS_NO_FAULT);
    ck_assert_uint_eq(fields.count, 3);
    ck_assert(http_head_slice_is(http_fields_find(&fields, "host"), "a b"));
    ck_assert(http_head_slice_is(http_fields_find(&fields, "a"), "b:c"));
    ck_assert(http_head_slice_is(http_fields_find(&fields, "EMPTY"), ""));
    ck_assert_ptr_null(http_fields_find(&fields, "Hos"));
}
END_TEST

/* Each line stands in memory of its very size. */
START_TEST(what_is_no_field_is_not_added)
{
    static const struct {
        const char *line;
        enum http_fields_fault fault;
    } rows[] = {
        {" a: b", HTTP_FIELDS_BLANK_START}, {"\ta: b", HTTP_FIELDS_BLANK_START}, {" ", HTTP_FIELDS_BLANK_START},
        {"", HTTP_FIELDS_NO_NAME}, {"a", HTTP_FIELDS_NO_NAME}, {": b", HTTP_FIELDS_NO_NAME},
        {"a : b", HTTP_FIELDS_BROKEN_NAME}, {"a\x01: b", HTTP_FIELDS_BROKEN_NAME}, {"(a): b", HTTP_FIELDS_BROKEN_NAME},
    };
    struct http_fields fields = {0};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t length = strlen(rows[i].line);
        char *line = unit_exact(rows[i].line, length);

        ck_assert_msg(http_fields_add(&fields, line, line + length) == rows[i].fault, "%s", rows[i].line);
        free(line);
    }
    ck_assert_uint_eq(fields.count, 0);
}
END_TEST

START_TEST(there_is_room_for_128)
{
    struct http_fields fields = {0};

    for (unsigned i = 0; i < HTTP_FIELDS_MAX; i++)
        ck_assert_int_eq(add(&fields, "A: b"), HTTP_FIELDS_NO_FAULT);
    ck_assert_int_eq(add(&fields, "A: b"), HTTP_FIELDS_TOO_MANY);
    ck_assert_int_eq(add(&fields, "no field"), HTTP_FIELDS_NO_NAME);
    ck_assert_uint_eq(http_fields_count(&fields, "a"), HTTP_FIELDS_MAX);
    ck_assert_uint_eq(http_fields_count(&fields, "b"), 0);
}
END_TEST

START_TEST(members_of_all_fields_of_a_name)
{
    static const char *const members[] = {"keep-alive", "Upgrade", "last"};
    struct http_fields fields = {0};
    struct http_head_slice member;
    size_t field = 0, offset = 0, i = 0;

    add(&fields, "Connection: keep-alive,, Upgrade ,");
    add(&fields, "Other: no");
    add(&fields, "connection: \t, last");
    while (http_fields_next_member(&fields, "Connection", &field, &offset, &member)) {
        ck_assert_uint_lt(i, sizeof members / sizeof members[0]);
        ck_assert(http_head_slice_is(&member, members[i++]));
    }
    ck_assert_uint_eq(i, sizeof members / sizeof members[0]);
    ck_assert(http_fields_have_member(&fields, "Connection", "upgrade"));
    ck_assert(!http_fields_have_member(&fields, "Connection", "no"));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("http_fields");

    tcase_add_test(cases, a_line_is_a_field);
    tcase_add_test(cases, what_is_no_field_is_not_added);
    tcase_add_test(cases, there_is_room_for_128);
    tcase_add_test(cases, members_of_all_fields_of_a_name);
    return unit_run();
}
