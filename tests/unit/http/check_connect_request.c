#include "http/connect_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define WALL 1000000000 /* Sun, 09 Sep 2001 01:46:40 GMT */

/* --- requests --- */

static unsigned word_bits(const char *text, const char *const *words)
{
    unsigned bits = 0;

    for (unsigned i = 0; words[i]; i++)
        if (strstr(text, words[i]))
            bits |= 1u << i;
    return bits;
}

static unsigned word_index(const char *text, const char *const *words)
{
    unsigned i = 0;

    while (words[i] && strcmp(words[i], text) != 0)
        i++;
    ck_assert_msg(words[i] != NULL, "no word %s", text);
    return i;
}

/* Columns of request.tsv. */
enum { METHOD, ANNOUNCE, TOKEN, SCHEME, ALPN, HOST, PORT, CREDENTIALS, HEADER, BYTES, REQUEST_COLUMNS };

static const char *cell_or_null(const struct unit_cell *cell)
{
    return cell->length > 0 ? cell->bytes : NULL;
}

/* The bytes of the table, with our version in the place of "@VERSION@". */
static size_t expected_bytes(const struct unit_cell *cell, char *out, size_t size)
{
    static const char mark[] = "@VERSION@";
    const char *at = strstr(cell->bytes, mark);

    ck_assert_ptr_nonnull(at);
    return (size_t)snprintf(out, size, "%.*s%s%s", (int)(at - cell->bytes), cell->bytes, PACKAGE_VERSION,
                            at + sizeof mark - 1);
}

static void request_row(const struct unit_cell *cells, const char *where)
{
    struct endpoint target = {.port = (uint16_t)strtoul(cells[PORT].bytes, NULL, 10)};
    char *headers[] = {cells[HEADER].bytes}, expected[1024], out[1024];
    struct connect_request request = {
        .method = word_index(cells[METHOD].bytes, connect_method_words),
        .announce = word_bits(cells[ANNOUNCE].bytes, connect_announce_words),
        .target = &target,
        .token = cells[TOKEN].bytes,
        .scheme = cells[SCHEME].bytes,
        .alpn = cell_or_null(&cells[ALPN]),
        .credentials = cell_or_null(&cells[CREDENTIALS]),
        .headers = headers,
        .header_count = cells[HEADER].length > 0,
    };
    size_t length = expected_bytes(&cells[BYTES], expected, sizeof expected);

    snprintf(target.host, sizeof target.host, "%s", cells[HOST].bytes);
    ck_assert_msg(connect_request_write(&request, out, sizeof out) == length && memcmp(out, expected, length) == 0,
                  "%s:\n%s", where, out);
    for (size_t size = 1; size <= length + 1; size++) { /* whole and with its NUL, or not at all */
        char *small = malloc(size);

        ck_assert_msg(connect_request_write(&request, small, size) == (size == length + 1 ? length : 0),
                      "%s: %zu bytes", where, size);
        free(small);
    }
}

START_TEST(requests_byte_for_byte)
{
    unit_table("request.tsv", REQUEST_COLUMNS, request_row);
}
END_TEST

START_TEST(all_headers_in_their_order)
{
    static const struct endpoint target = {.host = "h", .port = 1};
    char *headers[] = {"X-A: 1", "X-B: two words", "X-A: 3"};
    const struct connect_request request = {.target = &target, .token = "T", .scheme = "t", .headers = headers,
                                           .header_count = 3};
    char out[512];

    ck_assert_uint_gt(connect_request_write(&request, out, sizeof out), 0);
    ck_assert_ptr_nonnull(strstr(out, "\r\nX-A: 1\r\nX-B: two words\r\nX-A: 3\r\n\r\n"));
}
END_TEST

START_TEST(the_largest_configuration_fits)
{
    static const struct endpoint target = {.host = "mail.example.net", .port = 143};
    char header[199], credentials[2048], *headers[32], out[CONNECT_REQUEST_MAX];
    struct connect_request request = {.announce = 7, .target = &target, .token = "IMAP", .scheme = "imap",
                                     .alpn = "imap", .credentials = credentials, .headers = headers,
                                     .header_count = 32};

    memset(header, 'h', sizeof header - 1);
    header[sizeof header - 1] = '\0';
    memset(credentials, 'c', sizeof credentials - 1);
    credentials[sizeof credentials - 1] = '\0';
    for (size_t i = 0; i < 32; i++)
        headers[i] = header;
    ck_assert_uint_gt(connect_request_write(&request, out, sizeof out), 32 * 200);
}
END_TEST

START_TEST(each_table_of_words_ends)
{
    ck_assert_uint_eq(word_index("connect", connect_method_words), 0);
    ck_assert_uint_eq(word_index("proxy", connect_method_words), 1);
    ck_assert_uint_eq(word_index("connect-uri", connect_method_words), 2);
    ck_assert_ptr_null(connect_method_words[3]);
    ck_assert_uint_eq(1u << word_index("upgrade", connect_announce_words), ANNOUNCE_UPGRADE);
    ck_assert_uint_eq(1u << word_index("alpn", connect_announce_words), ANNOUNCE_ALPN);
    ck_assert_uint_eq(1u << word_index("new-protocol", connect_announce_words), ANNOUNCE_NEW_PROTOCOL);
    ck_assert_ptr_null(connect_announce_words[3]);
}
END_TEST

/* --- verdicts --- */

/* Columns of verdict.tsv: what was asked ("upgrade", "require", the token), the head and the body that came, the
 * verdict in words, the failure's text. */
enum { ASKED, ASKED_TOKEN, HEAD, BODY, VERDICT, WHAT, DETAIL, VERDICT_COLUMNS };

static const char *in_words(const struct connect_response *response, char *out, size_t size)
{
    static const char *const outcomes[] = {
        [CONNECT_SKIP] = "skip", [CONNECT_OPEN] = "open", [CONNECT_RETRY_PLAIN] = "plain",
        [CONNECT_REDIRECT] = "redirect",
        [CONNECT_FAILED] = "failed",
    };
    bool failed = response->verdict != CONNECT_SKIP && response->verdict != CONNECT_OPEN;
    size_t at = (size_t)snprintf(out, size, "%s%s%s%s%s%s%s", outcomes[response->verdict], failed ? " " : "",
                                 failed ? failure_class_name(response->failure.class) : "",
                                 response->switched ? " switched" : "", response->busy ? " busy" : "",
                                 response->target_trouble ? " target" : "", response->denied ? " denied" : "");

    if (response->retry_after != CONNECT_RETRY_AFTER_NONE)
        snprintf(out + at, size - at, " after=%d", response->retry_after);
    return out;
}

static void judge(const char *asked, const char *token, const struct unit_cell *head_cell, const struct unit_cell *body,
                  struct connect_response *response)
{
    static const struct endpoint target = {.host = "mail.example.net", .port = 143};
    const struct connect_request request = {.announce = strstr(asked, "upgrade") ? ANNOUNCE_UPGRADE : ANNOUNCE_ALPN,
                                           .target = &target, .token = token, .scheme = "imap"};
    char *bytes = unit_exact(head_cell->bytes, head_cell->length), *rest = unit_exact(body->bytes, body->length);
    struct http_head head;
    const char *why;
    size_t used;

    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, bytes, head_cell->length, &used, &why), HTTP_HEAD_DONE);
    memset(response, 'x', sizeof *response);
    connect_response_judge(&request, &head, rest, body->length, strstr(asked, "require") != NULL, WALL, response);
    free(bytes);
    free(rest);
}

static void verdict_row(const struct unit_cell *cells, const char *where)
{
    struct connect_response response;
    char words[128];

    judge(cells[ASKED].bytes, cells[ASKED_TOKEN].bytes, &cells[HEAD], &cells[BODY], &response);
    in_words(&response, words, sizeof words);
    ck_assert_msg(unit_cell_is(&cells[VERDICT], words), "%s: %s: %s", where, words, response.failure.what);
    ck_assert_msg(unit_cell_is(&cells[WHAT], response.failure.what), "%s: what: %s", where, response.failure.what);
    ck_assert_msg(unit_cell_is(&cells[DETAIL], response.failure.detail), "%s: detail: %s", where,
                  response.failure.detail);
    ck_assert_msg(!response.failure.where[0] && !response.failure.scheme[0], "%s: where", where);
}

START_TEST(verdicts)
{
    unit_table("verdict.tsv", VERDICT_COLUMNS, verdict_row);
}
END_TEST

static void judge_status(int status, const char *asked, struct connect_response *response)
{
    char head[64];
    struct unit_cell cell = {head, (size_t)snprintf(head, sizeof head, "HTTP/1.1 %d R\r\n\r\n", status)},
                     body = {"", 0};

    judge(asked, "IMAP", &cell, &body, response);
}

/* Every status there can be, to every way of asking. */
START_TEST(every_status_has_its_verdict)
{
    for (int status = 100; status <= 599; status++) {
        static const char *const asked[] = {"upgrade", "", "upgrade require", "require"};

        for (size_t i = 0; i < 4; i++) {
            struct connect_response response;
            bool upgrade = i == 0, require = i >= 2;
            enum connect_verdict expected = CONNECT_FAILED;

            judge_status(status, asked[i], &response);
            if (status < 200 && status != 101)
                expected = CONNECT_SKIP;
            else if (status >= 200 && status < 300 && !require)
                expected = CONNECT_OPEN;
            else if (upgrade && (status == 400 || status == 405 || status == 426 || status == 501))
                expected = CONNECT_RETRY_PLAIN;
            else if (status == 305 || status == 306)
                expected = CONNECT_REDIRECT;
            ck_assert_msg(response.verdict == expected, "%d to \"%s\"", status, asked[i]);
            ck_assert(!response.switched);
            ck_assert_int_eq(response.retry_after, CONNECT_RETRY_AFTER_NONE);
            if (expected != CONNECT_FAILED)
                continue;
            ck_assert_msg(response.failure.what[0] != '\0', "%d", status);
            ck_assert_msg(response.server_error == (status >= 500), "%d", status);
            ck_assert_msg(response.busy == (status == 429 || status == 503), "%d", status);
            ck_assert_msg(response.target_trouble == (status == 502 || status == 504), "%d", status);
            ck_assert_msg(response.denied == (status == 407), "%d", status);
            if (status >= 400)
                ck_assert_msg((response.failure.class == FAILURE_TEMPORARY) ==
                                  (status >= 500 || status == 429 || status == 408), "%d", status);
        }
    }
}
END_TEST

/* Retry-After to a 503, in every form. */
START_TEST(retry_after)
{
    static const struct {
        const char *value;
        int seconds;
    } rows[] = {
        {"0", 0}, {"1", 1}, {"120", 120}, {" 120 ", 120}, {"299", 299}, {"300", 300}, {"301", CONNECT_RETRY_AFTER_MAX},
        {"0000000007", CONNECT_RETRY_AFTER_MAX}, /* more digits than any sane answer has */
        {"99999999999999999999", CONNECT_RETRY_AFTER_MAX}, {"4294967297", CONNECT_RETRY_AFTER_MAX},
        {"", CONNECT_RETRY_AFTER_NONE}, {"-1", CONNECT_RETRY_AFTER_NONE}, {"+1", CONNECT_RETRY_AFTER_NONE},
        {"1.5", CONNECT_RETRY_AFTER_NONE}, {"1s", CONNECT_RETRY_AFTER_NONE}, {"soon", CONNECT_RETRY_AFTER_NONE},
        {"0x10", CONNECT_RETRY_AFTER_NONE}, {"1 2", CONNECT_RETRY_AFTER_NONE},
        /* dates: before, at and after the time of day, and far behind it (RFC 9110 section 5.6.7: all three forms) */
        {"Sun, 09 Sep 2001 01:46:39 GMT", 0}, {"Sun, 09 Sep 2001 01:46:40 GMT", 0},
        {"Sun, 09 Sep 2001 01:46:41 GMT", 1}, {"Sun, 09 Sep 2001 01:48:40 GMT", 120},
        {"Tue, 19 Jan 2038 03:14:08 GMT", CONNECT_RETRY_AFTER_MAX}, {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Sunday, 09-Sep-01 01:46:50 GMT", 10}, {"Sun Sep  9 01:46:50 2001", 10},
        {"Sun, 09 Foo 2001 01:48:40 GMT", CONNECT_RETRY_AFTER_NONE}, {"09", 9}, {"Sep", CONNECT_RETRY_AFTER_NONE},
        {"Sun, 09 Sep 2001 01:48:40 GMT and more of it", CONNECT_RETRY_AFTER_NONE},
    };
    static const int statuses[] = {503, 429, 500, 403, 413};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t j = 0; j < sizeof statuses / sizeof statuses[0]; j++) {
            char head[128];
            size_t length = (size_t)snprintf(head, sizeof head, "HTTP/1.1 %d R\r\nRetry-After: %s\r\n\r\n", statuses[j],
                                             rows[i].value);
            struct unit_cell cell = {head, length}, body = {"", 0};
            struct connect_response response;

            judge("upgrade", "IMAP", &cell, &body, &response);
            ck_assert_msg(response.retry_after == (j < 2 ? rows[i].seconds : CONNECT_RETRY_AFTER_NONE),
                          "%d Retry-After: \"%s\" is %d", statuses[j], rows[i].value, response.retry_after);
        }
    }
}
END_TEST

/* However long what the proxy says, the detail is printable, its quotes are closed, and the reason fits its line. */
START_TEST(long_answers_are_cut_well)
{
    for (unsigned length = 0; length < 400; length += 7) {
        for (unsigned kind = 0; kind < 3; kind++) {
            static const char bytes[] = {'w', '\xff', '"'};
            char *head = malloc(2 * length + 200), *page = malloc(length + 1);
            unsigned quotes = 0;
            size_t at = (size_t)snprintf(head, 2 * length + 200, "HTTP/1.1 502 ");
            struct unit_cell cell = {head, 0}, body = {page, length};
            struct connect_response response;

            memset(head + at, bytes[kind], length);
            at += length;
            at += (size_t)snprintf(head + at, 40, "\r\nProxy-Status: ");
            memset(head + at, bytes[kind], length);
            at += length;
            cell.length = at + (size_t)snprintf(head + at, 8, "\r\n\r\n");
            memset(page, bytes[kind], length);
            judge("upgrade", "IMAP", &cell, &body, &response);
            ck_assert_uint_lt(strlen(response.failure.what), sizeof response.failure.what);
            for (const char *c = response.failure.detail; *c; c++) {
                ck_assert(*c >= 0x20 && *c <= 0x7e);
                if (*c == '\\' && c[1])
                    c++;
                else if (*c == '"')
                    quotes++;
            }
            ck_assert_msg(quotes % 2 == 0, "length %u: %s", length, response.failure.detail);
            free(head);
            free(page);
        }
    }
}
END_TEST

/* Each beginning of an error page gives some words or none, and never reads behind its end. */
START_TEST(a_page_may_end_anywhere)
{
    static const char page[] = "<!DOCTYPE html><html><head><title>Access denied</title><STYLE type=x>p{}</style>"
                               "<script>var a = '<p>';</script></head><body>You   may\n not\x0b go <b>there</b>.";
    char head[] = "HTTP/1.1 403 Forbidden\r\n\r\n";
    struct unit_cell cell = {head, sizeof head - 1};
    struct connect_response response;

    for (size_t length = 0; length < sizeof page; length++) {
        struct unit_cell body = {(char[sizeof page]){0}, length};

        memcpy(body.bytes, page, length);
        judge("upgrade", "IMAP", &cell, &body, &response);
        ck_assert(!strchr(response.failure.detail, '<') && !strchr(response.failure.detail, '{'));
    }
    ck_assert_str_eq(response.failure.detail, " body=\"Access denied You may not go there .\"");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("method");

    tcase_add_test(cases, requests_byte_for_byte);
    tcase_add_test(cases, all_headers_in_their_order);
    tcase_add_test(cases, the_largest_configuration_fits);
    tcase_add_test(cases, each_table_of_words_ends);
    tcase_add_test(cases, verdicts);
    tcase_add_test(cases, every_status_has_its_verdict);
    tcase_add_test(cases, retry_after);
    tcase_add_test(cases, long_answers_are_cut_well);
    tcase_add_test(cases, a_page_may_end_anywhere);
    return unit_run();
}
