/* SPDX-License-Identifier: ISC */
#include "http/http_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* What a reading came to, as text: "more", "bad WHY" or "done USED 1.MINOR STATUS REASON|NAME=VALUE|...". */
static const char *describe(enum http_head_result result, const struct http_head *head, size_t used, const char *why,
                            char *out, size_t size)
{
    size_t at;

    if (result == HTTP_HEAD_MORE)
        snprintf(out, size, "more");
    else if (result == HTTP_HEAD_BAD)
        snprintf(out, size, "bad %s", why);
    if (result != HTTP_HEAD_DONE)
        return out;
    at = (size_t)snprintf(out, size, "done %zu 1.%d %d %.*s", used, head->minor, head->status,
                          (int)head->reason.length, head->reason.bytes);
    for (size_t i = 0; i < head->fields.count; i++)
        at += (size_t)snprintf(out + at, size - at, "|%.*s=%.*s", (int)head->fields.at[i].name.length,
                               head->fields.at[i].name.bytes, (int)head->fields.at[i].value.length,
                               head->fields.at[i].value.bytes);
    ck_assert_uint_lt(at, size);
    return out;
}

/* Reads the bytes in two pieces, or in pieces of one byte each (split > length); each time they have moved to a
 * buffer of their very size. */
static const char *read_split(const struct unit_cell *input, size_t split, char *out, size_t size)
{
    size_t length = split <= input->length ? split : 0, used = 0;
    enum http_head_result result = HTTP_HEAD_MORE;
    const char *why = "no reason given";
    struct http_head head;
    char *buffer = NULL;

    memset(&head, 'x', sizeof head);
    http_head_start(&head);
    for (;;) {
        free(buffer);
        buffer = unit_exact(input->bytes, length);
        result = http_head_read(&head, buffer, length, &used, &why);
        if (result != HTTP_HEAD_MORE || length == input->length)
            break;
        length = split <= input->length ? input->length : length + 1;
    }
    describe(result, &head, used, why, out, size);
    free(buffer);
    return out;
}

/* httphead.tsv: the bytes, what they come to. */
static void read_row(const struct unit_cell *cells, const char *where)
{
    static char whole[4096], split[4096];

    read_split(&cells[0], cells[0].length, whole, sizeof whole);
    ck_assert_msg(unit_cell_is(&cells[1], whole), "%s: %s", where, whole);
    for (size_t at = 0; at <= cells[0].length + 1; at++) {
        read_split(&cells[0], at, split, sizeof split);
        ck_assert_msg(strcmp(whole, split) == 0, "%s: split at %zu: %s", where, at, split);
    }
}

START_TEST(heads_whole_at_every_split_and_byte_by_byte)
{
    unit_table("httphead.tsv", 2, read_row);
}
END_TEST

/* Every true beginning of a good head is "more", never bad and never done. */
START_TEST(a_beginning_is_more)
{
    static const char text[] = "HTTP/1.1 407 Proxy Authentication Required\r\n"
                               "Proxy-Authenticate: Basic realm=\"a, b\"\r\n"
                               "Proxy-Authenticate: Negotiate\r\nX-Fold: one\r\n two\r\nContent-Length: 0\r\n\r\n";
    struct unit_cell input = {unit_exact(text, sizeof text - 1), 0};
    char out[1024];

    for (; input.length < sizeof text - 1; input.length++)
        ck_assert_str_eq(read_split(&input, input.length, out, sizeof out), "more");
    ck_assert_int_eq(strncmp(read_split(&input, input.length, out, sizeof out), "done ", 5), 0);
    free(input.bytes);
}
END_TEST

/* --- limits --- */

/* A head of exactly this many bytes, filled up by one field. */
static char *head_of(size_t length)
{
    static const char start[] = "HTTP/1.1 200 OK\r\nX: ", end[] = "\r\n\r\n";
    char *head = malloc(length);

    ck_assert_ptr_nonnull(head);
    memset(head, 'v', length);
    memcpy(head, start, sizeof start - 1);
    memcpy(head + length - (sizeof end - 1), end, sizeof end - 1);
    return head;
}

START_TEST(at_most_64_kib)
{
    const char *why = "no reason given";
    struct http_head head;
    char *bytes;
    size_t used;

    bytes = head_of(HTTP_HEAD_BYTES_MAX);
    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, bytes, HTTP_HEAD_BYTES_MAX, &used, &why), HTTP_HEAD_DONE);
    ck_assert_uint_eq(used, HTTP_HEAD_BYTES_MAX);
    ck_assert_uint_eq(head.fields.at[0].value.length, HTTP_HEAD_BYTES_MAX - strlen("HTTP/1.1 200 OK\r\nX: \r\n\r\n"));
    free(bytes);

    bytes = head_of(HTTP_HEAD_BYTES_MAX + 1);
    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, bytes, HTTP_HEAD_BYTES_MAX, &used, &why), HTTP_HEAD_MORE);
    ck_assert_int_eq(http_head_read(&head, bytes, HTTP_HEAD_BYTES_MAX + 1, &used, &why), HTTP_HEAD_BAD);
    ck_assert_str_eq(why, "answers with more than 64 KiB of header");
    free(bytes);
}
END_TEST

/* What follows the head does not count: the tunnel's first bytes may be many. */
START_TEST(bytes_behind_the_head_do_not_count)
{
    static const char text[] = "HTTP/1.1 200 OK\r\n\r\n";
    const size_t length = 2 * HTTP_HEAD_BYTES_MAX;
    char *bytes = malloc(length);
    struct http_head head;
    const char *why;
    size_t used;

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 0, length);
    memcpy(bytes, text, sizeof text - 1);
    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, bytes, length, &used, &why), HTTP_HEAD_DONE);
    ck_assert_uint_eq(used, sizeof text - 1);
    free(bytes);
}
END_TEST

START_TEST(at_most_128_fields)
{
    for (unsigned fields = HTTP_HEAD_FIELDS_MAX; fields <= HTTP_HEAD_FIELDS_MAX + 1; fields++) {
        char text[8192], *bytes;
        size_t at = (size_t)snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n"), used;
        const char *why = "no reason given";
        struct http_head *head = malloc(sizeof *head);
        bool fits = fields <= HTTP_HEAD_FIELDS_MAX;

        for (unsigned i = 0; i < fields; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "X-%u: %u\r\n", i, i);
        at += (size_t)snprintf(text + at, sizeof text - at, "\r\n");
        bytes = unit_exact(text, at);
        http_head_start(head);
        ck_assert_int_eq(http_head_read(head, bytes, at, &used, &why), fits ? HTTP_HEAD_DONE : HTTP_HEAD_BAD);
        if (fits) {
            ck_assert_uint_eq(head->fields.count, HTTP_HEAD_FIELDS_MAX);
            ck_assert(http_head_slice_is(http_head_field(head, "x-127"), "127"));
        } else {
            ck_assert_str_eq(why, "answers with more than 128 header fields");
        }
        free(bytes);
        free(head);
    }
}
END_TEST

/* Lines that are passed over count, too. */
START_TEST(at_most_128_lines_of_any_kind)
{
    for (unsigned lines = HTTP_HEAD_FIELDS_MAX; lines <= HTTP_HEAD_FIELDS_MAX + 1; lines++) {
        char text[2048], *bytes;
        size_t at = (size_t)snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n"), used;
        const char *why = "no reason given";
        struct http_head head;
        bool fits = lines <= HTTP_HEAD_FIELDS_MAX;

        for (unsigned i = 0; i < lines; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, i % 2 ? "A: %u\r\n" : "A %u\r\n", i);
        at += (size_t)snprintf(text + at, sizeof text - at, "\r\n");
        bytes = unit_exact(text, at);
        http_head_start(&head);
        ck_assert_int_eq(http_head_read(&head, bytes, at, &used, &why), fits ? HTTP_HEAD_DONE : HTTP_HEAD_BAD);
        if (fits) {
            ck_assert_uint_eq(head.fields.count, HTTP_HEAD_FIELDS_MAX / 2);
            ck_assert_uint_eq(head.unreadable, HTTP_HEAD_FIELDS_MAX / 2);
        } else {
            ck_assert_str_eq(why, "answers with more than 128 header fields");
        }
        free(bytes);
    }
}
END_TEST

/* A head may be read again for the next answer. */
START_TEST(a_head_is_read_anew_after_start)
{
    char first[] = "HTTP/1.1 100 Continue\r\nA: 1\r\nno field\r\n\r\n", second[] = "HTTP/1.0 200\r\n\r\n";
    struct http_head head;
    const char *why;
    size_t used;

    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, first, sizeof first - 1, &used, &why), HTTP_HEAD_DONE);
    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, second, sizeof second - 1, &used, &why), HTTP_HEAD_DONE);
    ck_assert_int_eq(head.status, 200);
    ck_assert_int_eq(head.minor, 0);
    ck_assert_uint_eq(head.fields.count, 0);
    ck_assert_uint_eq(head.unreadable, 0);
    ck_assert_ptr_null(http_head_field(&head, "A"));
}
END_TEST

/* --- fields --- */

static void read_good(struct http_head *head, char *text)
{
    const char *why;
    size_t used;

    http_head_start(head);
    ck_assert_int_eq(http_head_read(head, text, strlen(text), &used, &why), HTTP_HEAD_DONE);
}

START_TEST(the_first_field_of_a_name_in_any_case)
{
    char text[] = "HTTP/1.1 200 OK\r\nVia: a\r\nvia: b\r\nEmpty:\r\n\r\n";
    struct http_head head;

    read_good(&head, text);
    ck_assert(http_head_slice_is(http_head_field(&head, "VIA"), "a"));
    ck_assert_uint_eq(http_head_field(&head, "empty")->length, 0);
    ck_assert_ptr_null(http_head_field(&head, "Vi"));
    ck_assert_ptr_null(http_head_field(&head, "Viaa"));
    ck_assert_ptr_null(http_head_field(&head, ""));
}
END_TEST

START_TEST(members_of_all_fields_one_after_the_other)
{
    static const char *const members[] = {"keep-alive", "Upgrade", "a b", "x", "y", "last"};
    char text[] = "HTTP/1.1 101 S\r\nConnection: keep-alive,Upgrade ,, \t, a b\r\nOther: no\r\nCONNECTION:\r\n"
                  "connection: , x,y,\r\nConnection: last\r\n\r\n";
    struct http_head head;
    struct http_head_slice member;
    size_t field = 0, offset = 0, i = 0;

    read_good(&head, text);
    while (http_head_next_member(&head, "Connection", &field, &offset, &member)) {
        ck_assert_uint_lt(i, sizeof members / sizeof members[0]);
        ck_assert(http_head_slice_is(&member, members[i++]));
    }
    ck_assert_uint_eq(i, sizeof members / sizeof members[0]);
    ck_assert(http_head_has_member(&head, "Connection", "upgrade"));
    ck_assert(http_head_has_member(&head, "Connection", "LAST"));
    ck_assert(!http_head_has_member(&head, "Connection", "up"));
    ck_assert(!http_head_has_member(&head, "Connection", "no"));
    ck_assert(!http_head_has_member(&head, "Connection", ""));
    ck_assert(!http_head_has_member(&head, "Upgrade", "upgrade"));
}
END_TEST

START_TEST(a_copy_stands_by_itself)
{
    static const char text[] = "HTTP/1.1 407 Login please\r\nA: b\r\nEmpty:\r\nProxy-Authenticate: Basic\r\n\r\n";
    char *bytes = unit_exact(text, sizeof text - 1);
    struct http_head head, *copy;
    const char *why;
    size_t used;

    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, bytes, sizeof text - 1, &used, &why), HTTP_HEAD_DONE);
    copy = http_head_copy(&head);
    free(bytes);
    memset(&head, 'x', sizeof head);
    ck_assert_int_eq(copy->status, 407);
    ck_assert(http_head_slice_is(&copy->reason, "Login please"));
    ck_assert_uint_eq(copy->fields.count, 3);
    ck_assert(http_head_slice_is(http_head_field(copy, "a"), "b"));
    ck_assert(http_head_slice_is(http_head_field(copy, "empty"), ""));
    ck_assert(http_head_slice_is(http_head_field(copy, "proxy-authenticate"), "Basic"));
    free(copy);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("httphead");

    tcase_add_test(cases, heads_whole_at_every_split_and_byte_by_byte);
    tcase_add_test(cases, a_beginning_is_more);
    tcase_add_test(cases, at_most_64_kib);
    tcase_add_test(cases, bytes_behind_the_head_do_not_count);
    tcase_add_test(cases, at_most_128_fields);
    tcase_add_test(cases, at_most_128_lines_of_any_kind);
    tcase_add_test(cases, a_head_is_read_anew_after_start);
    tcase_add_test(cases, the_first_field_of_a_name_in_any_case);
    tcase_add_test(cases, members_of_all_fields_one_after_the_other);
    tcase_add_test(cases, a_copy_stands_by_itself);
    return unit_run();
}
