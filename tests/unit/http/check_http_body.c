/* SPDX-License-Identifier: ISC */
#include "http/http_body.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* Head and body, and how much of the body belongs to it. */
static const struct {
    const char *head, *body;
    bool lasts;
    enum http_body_result result;
    size_t used;
} cases[] = {
    {"HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n", "", true, HTTP_BODY_DONE, 0},
    {"HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1", true, HTTP_BODY_DONE, 0},
    {"HTTP/1.1 407 x\r\nContent-Length: 3\r\n\r\n", "abcd", true, HTTP_BODY_DONE, 3},
    {"HTTP/1.1 407 x\r\nContent-Length: 3\r\n\r\n", "ab", true, HTTP_BODY_MORE, 0},
    {"HTTP/1.1 407 x\r\nContent-Length: 3, 3\r\nContent-Length: 3\r\n\r\n", "abcd", true, HTTP_BODY_DONE, 3},
    {"HTTP/1.1 407 x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "abcd", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.1 407 x\r\nContent-Length: -1\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.1 407 x\r\nContent-Length: +3\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.1 407 x\r\nContent-Length: 3 3\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.1 407 x\r\nContent-Length:\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.1 407 x\r\nContent-Length: 99999999999999999999999\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.1 407 x\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.1 407 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.1 407 x\r\nConnection: x, CLOSE\r\nContent-Length: 0\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.1 407 x\r\nProxy-Connection: close\r\nContent-Length: 0\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.0 407 x\r\nContent-Length: 0\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.0 407 x\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", "", true, HTTP_BODY_DONE, 0},
    {"HTTP/1.0 407 x\r\nProxy-Connection: Keep-Alive\r\nContent-Length: 1\r\n\r\n", "a", true, HTTP_BODY_DONE, 1},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n", true, HTTP_BODY_DONE, 5},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: Chunked\r\n\r\n", "3\r\nabc\r\n0\r\n\r\nHTTP", true, HTTP_BODY_DONE, 13},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n", "a\r\n0\r\n\r\n56789\r\n00\r\n\r\n!", true,
     HTTP_BODY_DONE, 21},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n", "3 ; a=\"b\"\r\nabc\r\n0;x\r\nT: t\r\nU: u\r\n\r\n!", true,
     HTTP_BODY_DONE, 35},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n", "3\nabc\n0\n\n!", true, HTTP_BODY_DONE, 9},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n0\r\nT: t\r\n", true, HTTP_BODY_MORE, 0},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n", "3\r\nabcd", true, HTTP_BODY_BAD, 0},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n", "\r\n", true, HTTP_BODY_BAD, 0},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n", "x", true, HTTP_BODY_BAD, 0},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n", "-3\r\n", true, HTTP_BODY_BAD, 0},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n", "3x\r\n", true, HTTP_BODY_BAD, 0},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n", "1000000000000000\r\n", true, HTTP_BODY_BAD, 0},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
    {"HTTP/1.0 407 x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", "", false, HTTP_BODY_DONE, 0},
};

/* Reads the body in pieces of that many bytes. */
static void read_in_pieces(size_t i, size_t piece)
{
    size_t length = strlen(cases[i].head), at = 0, used = 0, total = strlen(cases[i].body);
    char *head_bytes = unit_exact(cases[i].head, length);
    enum http_body_result result = HTTP_BODY_MORE;
    struct http_head head;
    struct http_body body;
    const char *why;
    bool lasts;

    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, head_bytes, length, &used, &why), HTTP_HEAD_DONE);
    lasts = http_body_start(&body, &head) && http_body_lasts(&head);
    ck_assert_msg(lasts == cases[i].lasts, "%s", cases[i].head);
    for (bool first = true; lasts && result == HTTP_BODY_MORE && (first || at < total); first = false) {
        size_t take = total - at < piece ? total - at : piece;
        char *bytes = unit_exact(cases[i].body + at, take);

        used = 0;
        result = http_body_read(&body, bytes, take, &used);
        at += result == HTTP_BODY_MORE ? take : used;
        free(bytes);
    }
    if (lasts) {
        ck_assert_msg(result == cases[i].result, "case %zu in pieces of %zu: %d", i, piece, (int)result);
        if (result == HTTP_BODY_DONE)
            ck_assert_uint_eq(at, cases[i].used);
    }
    free(head_bytes);
}

START_TEST(ends_are_found_in_pieces_of_any_size)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t piece = 1; piece <= strlen(cases[i].body) + 1; piece++)
            read_in_pieces(i, piece);
}
END_TEST

/* The answer's word about the connection, and the end of its body, are two things. */
START_TEST(a_body_may_end_where_the_connection_does_not_last)
{
    static const struct {
        const char *head;
        bool lasts, ends;
    } heads[] = {
        {"HTTP/1.1 407 x\r\nConnection: close\r\nContent-Length: 3\r\n\r\n", false, true},
        {"HTTP/1.0 407 x\r\nContent-Length: 3\r\n\r\n", false, true},
        {"HTTP/1.1 407 x\r\nProxy-Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n", false, true},
        {"HTTP/1.1 407 x\r\n\r\n", true, false},
        {"HTTP/1.0 407 x\r\nProxy-Connection: keep-alive\r\n\r\n", true, false},
        {"HTTP/1.0 407 x\r\n\r\n", false, false},
        {"HTTP/1.1 204 x\r\n\r\n", true, true}, /* has none, whatever it says */
        {"HTTP/1.1 204 x\r\nContent-Length: 3\r\n\r\n", true, true},
        {"HTTP/1.1 304 x\r\nContent-Length: 3\r\n\r\n", true, true},
        {"HTTP/1.1 200 x\r\n\r\n", true, false},
    };

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char *bytes = unit_exact(heads[i].head, strlen(heads[i].head));
        struct http_head head;
        struct http_body body;
        const char *why;
        size_t used;

        http_head_start(&head);
        ck_assert_int_eq(http_head_read(&head, bytes, strlen(heads[i].head), &used, &why), HTTP_HEAD_DONE);
        ck_assert_int_eq(http_body_lasts(&head), heads[i].lasts);
        ck_assert_int_eq(http_body_start(&body, &head), heads[i].ends);
        free(bytes);
    }
}
END_TEST

int main(void)
{
    TCase *suite_cases = unit_case("body");

    tcase_add_test(suite_cases, ends_are_found_in_pieces_of_any_size);
    tcase_add_test(suite_cases, a_body_may_end_where_the_connection_does_not_last);
    return unit_run();
}
