/* SPDX-License-Identifier: ISC */
#include "http/request_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* What a reading came to, as text: as request-head.tsv has it. */
static const char *describe(enum request_head_result result, const struct request_head *head, size_t used,
                            const struct request_head_fault *fault, char *out, size_t size)
{
    size_t at;

    if (result == REQUEST_HEAD_MORE)
        snprintf(out, size, "more");
    else if (result == REQUEST_HEAD_BAD)
        snprintf(out, size, "bad %u %s", fault->status, fault->why);
    if (result != REQUEST_HEAD_DONE)
        return out;
    at = (size_t)snprintf(out, size, "done %zu %.*s %.*s 1.%d %.*s%s%s", used, (int)head->method.length,
                          head->method.bytes, (int)head->target.length, head->target.bytes, head->minor,
                          (int)head->host.length, head->host.bytes, head->has_body ? " +body" : "",
                          head->lasts ? " +lasts" : "");
    for (size_t i = 0; i < head->fields.count; i++)
        at += (size_t)snprintf(out + at, size - at, "|%.*s=%.*s", (int)head->fields.at[i].name.length,
                               head->fields.at[i].name.bytes, (int)head->fields.at[i].value.length,
                               head->fields.at[i].value.bytes);
    ck_assert_uint_lt(at, size);
    return out;
}

/* Reads the bytes in two pieces, or in pieces of one byte each (split > length); each time they have moved to a
 * buffer of their very size, and nothing is left of the head but how far its end was looked for. */
static const char *read_split(const struct unit_cell *input, size_t split, char *out, size_t size)
{
    size_t length = split <= input->length ? split : 0, used = 0;
    struct request_head_fault fault = {0, "no reason given"};
    enum request_head_result result = REQUEST_HEAD_MORE;
    struct head_end so_far = {0};
    struct request_head head;
    char *buffer = NULL;

    for (;;) {
        free(buffer);
        buffer = unit_exact(input->bytes, length);
        memset(&head, 'x', sizeof head);
        result = request_head_read(&head, &so_far, buffer, length, &used, &fault);
        if (result != REQUEST_HEAD_MORE || length == input->length)
            break;
        length = split <= input->length ? input->length : length + 1;
    }
    describe(result, &head, used, &fault, out, size);
    free(buffer);
    return out;
}

/* request-head.tsv: the bytes, what they come to. */
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

START_TEST(requests_whole_at_every_split_and_byte_by_byte)
{
    unit_table("request-head.tsv", 2, read_row);
}
END_TEST

/* Every true beginning of a good request is "more", never bad and never done. */
START_TEST(a_beginning_is_more)
{
    static const char text[] = "\r\nGET /.well-known/reverse/tcp/home/993/ HTTP/1.1\r\nhost: relay.example.net\r\n"
                               "connection: upgrade\r\nupgrade: reverse\r\nalpn: h2,http%2F1.1\r\n\r\n";
    struct unit_cell input = {unit_exact(text, sizeof text - 1), 0};
    char out[1024];

    for (; input.length < sizeof text - 1; input.length++)
        ck_assert_str_eq(read_split(&input, input.length, out, sizeof out), "more");
    ck_assert_int_eq(strncmp(read_split(&input, input.length, out, sizeof out), "done ", 5), 0);
    free(input.bytes);
}
END_TEST

/* --- limits --- */

static enum request_head_result read_once(struct request_head *head, const char *bytes, size_t length, size_t *used,
                                          struct request_head_fault *fault)
{
    struct head_end so_far = {0};

    return request_head_read(head, &so_far, bytes, length, used, fault);
}

START_TEST(at_most_16_kib)
{
    static const char start[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ", end[] = "\r\n\r\n";

    for (size_t length = REQUEST_HEAD_BYTES_MAX; length <= REQUEST_HEAD_BYTES_MAX + 1; length++) {
        struct request_head_fault fault = {0};
        char *bytes = malloc(length);
        struct request_head head;
        size_t used;

        ck_assert_ptr_nonnull(bytes);
        memset(bytes, 'v', length);
        memcpy(bytes, start, sizeof start - 1);
        memcpy(bytes + length - (sizeof end - 1), end, sizeof end - 1);
        if (length == REQUEST_HEAD_BYTES_MAX) {
            ck_assert_int_eq(read_once(&head, bytes, length, &used, &fault), REQUEST_HEAD_DONE);
            ck_assert_uint_eq(used, REQUEST_HEAD_BYTES_MAX);
        } else {
            ck_assert_int_eq(read_once(&head, bytes, length - 1, &used, &fault), REQUEST_HEAD_MORE);
            ck_assert_int_eq(read_once(&head, bytes, length, &used, &fault), REQUEST_HEAD_BAD);
            ck_assert_uint_eq(fault.status, 431);
            ck_assert_str_eq(fault.why, "sends more than 16 KiB of header");
        }
        free(bytes);
    }
}
END_TEST

/* What follows the head does not count: a client may send its first bytes at once. */
START_TEST(bytes_behind_the_head_do_not_count)
{
    static const char text[] = "CONNECT home:993 HTTP/1.1\r\nHost: home:993\r\n\r\n";
    const size_t length = 2 * REQUEST_HEAD_BYTES_MAX;
    struct request_head_fault fault;
    char *bytes = malloc(length);
    struct request_head head;
    size_t used;

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 0, length);
    memcpy(bytes, text, sizeof text - 1);
    ck_assert_int_eq(read_once(&head, bytes, length, &used, &fault), REQUEST_HEAD_DONE);
    ck_assert_uint_eq(used, sizeof text - 1);
    free(bytes);
}
END_TEST

START_TEST(at_most_128_fields)
{
    for (unsigned fields = HTTP_FIELDS_MAX; fields <= HTTP_FIELDS_MAX + 1; fields++) {
        char text[8192], *bytes;
        size_t at = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n"), used;
        struct request_head_fault fault = {0};
        struct request_head head;

        for (unsigned i = 1; i < fields; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "X-%u: %u\r\n", i, i);
        at += (size_t)snprintf(text + at, sizeof text - at, "\r\n");
        bytes = unit_exact(text, at);
        if (fields == HTTP_FIELDS_MAX) {
            ck_assert_int_eq(read_once(&head, bytes, at, &used, &fault), REQUEST_HEAD_DONE);
            ck_assert_uint_eq(head.fields.count, HTTP_FIELDS_MAX);
        } else {
            ck_assert_int_eq(read_once(&head, bytes, at, &used, &fault), REQUEST_HEAD_BAD);
            ck_assert_uint_eq(fault.status, 431);
            ck_assert_str_eq(fault.why, "sends more than 128 header fields");
        }
        free(bytes);
    }
}
END_TEST

/* --- one after the other, and methods --- */

START_TEST(the_next_request_follows_the_first)
{
    static const char text[] = "GET /a HTTP/1.1\r\nHost: a\r\nA: 1\r\n\r\n\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n";
    struct request_head_fault fault;
    struct request_head head;
    size_t first, second;

    ck_assert_int_eq(read_once(&head, text, sizeof text - 1, &first, &fault), REQUEST_HEAD_DONE);
    ck_assert_int_eq(read_once(&head, text + first, sizeof text - 1 - first, &second, &fault), REQUEST_HEAD_DONE);
    ck_assert_uint_eq(first + second, sizeof text - 1);
    ck_assert(http_head_slice_is(&head.target, "/b"));
    ck_assert(http_head_slice_is(&head.host, "b"));
    ck_assert_uint_eq(head.fields.count, 1);
}
END_TEST

START_TEST(a_method_has_a_case)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct request_head_fault fault;
    struct request_head head;
    size_t used;

    ck_assert_int_eq(read_once(&head, text, sizeof text - 1, &used, &fault), REQUEST_HEAD_DONE);
    ck_assert(request_head_asks(&head, "GET"));
    ck_assert(!request_head_asks(&head, "get"));
    ck_assert(!request_head_asks(&head, "GE"));
    ck_assert(!request_head_asks(&head, "GETS"));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("request_head");

    tcase_add_test(cases, requests_whole_at_every_split_and_byte_by_byte);
    tcase_add_test(cases, a_beginning_is_more);
    tcase_add_test(cases, at_most_16_kib);
    tcase_add_test(cases, bytes_behind_the_head_do_not_count);
    tcase_add_test(cases, at_most_128_fields);
    tcase_add_test(cases, the_next_request_follows_the_first);
    tcase_add_test(cases, a_method_has_a_case);
    return unit_run();
}
