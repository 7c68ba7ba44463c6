#include "http/h1_exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* --- a transport that says what the test wants, in the pieces that the test wants --- */

struct script {
    struct transport base; /* first: the ops cast back */
    const char *answer;
    size_t length, given;
    size_t first, step;    /* bytes of the first piece, and of each behind it; 0: all */
    bool waiting;          /* between pieces it says AGAIN once */
    enum { THEN_EOF, THEN_SILENCE, THEN_ERROR } then;
    char sent[CONNECT_REQUEST_MAX];
    size_t sent_length;
    size_t room;           /* bytes that are taken at a time; 0: all */
    bool full;             /* AGAIN, until the test says otherwise */
    int send_error;
};

static ssize_t script_recv(struct transport *transport, void *bytes, size_t size)
{
    struct script *script = (struct script *)transport;
    size_t left = script->length - script->given, piece = script->given == 0 && script->first ? script->first
                                                                                              : script->step;

    ck_assert_uint_gt(size, 0);
    if (left == 0 && script->then == THEN_ERROR) {
        transport->error = ECONNRESET;
        return TRANSPORT_ERROR;
    }
    if (left == 0)
        return script->then == THEN_EOF ? TRANSPORT_EOF : TRANSPORT_AGAIN;
    if (script->waiting) {
        script->waiting = false;
        return TRANSPORT_AGAIN;
    }
    if (piece == 0 || piece > left)
        piece = left;
    if (piece > size)
        piece = size;
    memcpy(bytes, script->answer + script->given, piece);
    script->given += piece;
    script->waiting = true;
    return (ssize_t)piece;
}

static ssize_t script_send(struct transport *transport, const void *bytes, size_t length)
{
    struct script *script = (struct script *)transport;

    if (script->send_error) {
        transport->error = script->send_error;
        return TRANSPORT_ERROR;
    }
    if (script->full)
        return TRANSPORT_AGAIN;
    if (script->room && length > script->room) {
        length = script->room;
        script->full = true;
    }
    ck_assert_uint_le(script->sent_length + length, sizeof script->sent);
    memcpy(script->sent + script->sent_length, bytes, length);
    script->sent_length += length;
    return (ssize_t)length;
}

static const struct transport_ops script_ops = {.recv = script_recv, .send = script_send};

static void set_up(struct script *script, const char *answer, size_t length)
{
    memset(script, 0, sizeof *script);
    script->base.ops = &script_ops;
    script->answer = answer;
    script->length = length;
}

static struct handshake *begin(bool require_switch)
{
    static const struct endpoint target = {.host = "mail.example.net", .port = 143};
    const struct connect_request request = {.announce = ANNOUNCE_UPGRADE, .target = &target, .token = "IMAP",
                                           .scheme = "imap", .credentials = "Basic c2VjcmV0"};
    struct handshake *handshake = handshake_new(&request, require_switch);

    ck_assert_ptr_nonnull(handshake);
    return handshake;
}

/* Steps until it is over; a script never needs more steps than it has bytes. */
static enum handshake_result run(struct handshake *handshake, struct script *script)
{
    size_t most = script->length * 2 + sizeof script->sent;

    for (size_t i = 0; i < most; i++) {
        enum handshake_result result = handshake_step(handshake, &script->base, LOOP_READ | LOOP_WRITE);

        if (result != HANDSHAKE_WAIT)
            return result;
        script->full = false;
        if (script->given == script->length && script->then == THEN_SILENCE && script->sent_length)
            return HANDSHAKE_WAIT;
    }
    ck_abort_msg("it waits for ever");
    return HANDSHAKE_WAIT;
}

/* --- the request --- */

START_TEST(the_request_goes_out_once_and_first)
{
    static const char expected[] = "CONNECT mail.example.net:143 HTTP/1.1\r\nHost: mail.example.net:143\r\n"
                                   "Upgrade: IMAP\r\nConnection: Upgrade\r\nUser-Agent: sallyport/" PACKAGE_VERSION
                                   "\r\nProxy-Authorization: Basic c2VjcmV0\r\n\r\n";

    for (size_t room = 0; room < sizeof expected; room++) { /* in pieces of each size */
        struct handshake *handshake = begin(false);
        struct script script;
        char line[128];

        set_up(&script, "HTTP/1.1 200 OK\r\n\r\n", 19);
        script.room = room;
        script.waiting = true;
        if (room) { /* the answer comes when all is out */
            script.length = 0;
            script.then = THEN_SILENCE;
            while (script.sent_length < sizeof expected - 1) {
                ck_assert_int_eq(handshake_step(handshake, &script.base, LOOP_READ | LOOP_WRITE), HANDSHAKE_WAIT);
                script.full = false;
            }
            script.length = 19;
        }
        ck_assert_int_eq(run(handshake, &script), HANDSHAKE_JUDGED);
        ck_assert_uint_eq(script.sent_length, sizeof expected - 1);
        ck_assert_int_eq(memcmp(script.sent, expected, sizeof expected - 1), 0);
        ck_assert_str_eq(handshake_request_line(handshake, line, sizeof line), "CONNECT mail.example.net:143 HTTP/1.1");
        ck_assert_int_eq(handshake_response(handshake)->verdict, CONNECT_OPEN);
        handshake_free(handshake);
    }
    handshake_free(NULL);
}
END_TEST

START_TEST(a_refusal_may_come_before_all_is_sent)
{
    static const char answer[] = "HTTP/1.1 431 Request Header Fields Too Large\r\n\r\n";
    struct handshake *handshake = begin(false);
    struct script script;

    set_up(&script, answer, sizeof answer - 1);
    script.room = 10;
    ck_assert_int_eq(handshake_step(handshake, &script.base, LOOP_READ | LOOP_WRITE), HANDSHAKE_JUDGED);
    ck_assert_uint_eq(script.sent_length, 10);
    ck_assert_int_eq(handshake_response(handshake)->verdict, CONNECT_FAILED);
    handshake_free(handshake);
}
END_TEST

START_TEST(a_request_that_is_too_long_is_refused)
{
    static const struct endpoint target = {.host = "h", .port = 1};
    char *header = malloc(CONNECT_REQUEST_MAX), *headers[] = {header};
    const struct connect_request request = {.target = &target, .token = "T", .scheme = "t", .headers = headers,
                                           .header_count = 1};

    memset(header, 'h', CONNECT_REQUEST_MAX - 1);
    header[CONNECT_REQUEST_MAX - 1] = '\0';
    ck_assert_ptr_null(handshake_new(&request, false));
    free(header);
}
END_TEST

/* --- the answer, in every piecing --- */

struct answer {
    const char *bytes;
    enum handshake_result result;
    enum connect_verdict verdict;
    bool switched;
    const char *status_line, *leftover, *what;
};

static const struct answer answers[] = {
    {"HTTP/1.1 200 Connection established\r\nVia: 1.1 p\r\n\r\n* OK IMAP\r\n", HANDSHAKE_JUDGED, CONNECT_OPEN, false,
     "HTTP/1.1 200 Connection established", "* OK IMAP\r\n", ""},
    {"HTTP/1.0 200 OK\nContent-Length: 100\n\n\r\n\r\n", HANDSHAKE_JUDGED, CONNECT_OPEN, false, "HTTP/1.0 200 OK",
     "\r\n\r\n", ""},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: IMAP\r\nConnection: Upgrade\r\n\r\n* PREAUTH", HANDSHAKE_JUDGED,
     CONNECT_OPEN, true, "HTTP/1.1 101 Switching Protocols", "* PREAUTH", ""},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nrest",
     HANDSHAKE_JUDGED, CONNECT_OPEN, false, "HTTP/1.1 200 OK", "rest", ""},
    {"HTTP/1.1 403 Forbidden\r\nContent-Length: 999\r\n\r\n", HANDSHAKE_JUDGED, CONNECT_FAILED, false,
     "HTTP/1.1 403 Forbidden", "", "403 Forbidden"},
    {"HTTP/1.1 426 Upgrade Required\r\n\r\n", HANDSHAKE_JUDGED, CONNECT_RETRY_PLAIN, false,
     "HTTP/1.1 426 Upgrade Required", "", "426 Upgrade Required"},
    {"HTTP/1.1 101 x\r\n\r\n", HANDSHAKE_JUDGED, CONNECT_FAILED, false, "HTTP/1.1 101 x", "",
     "101 that names no protocol"},
    {"* OK IMAP4rev1\r\n", HANDSHAKE_BROKEN, CONNECT_FAILED, false, "", NULL,
     "answers with something that is not HTTP"},
    {"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n", HANDSHAKE_BROKEN, CONNECT_FAILED, false, "", NULL,
     "answers with a header line that has no name"},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 O", HANDSHAKE_BROKEN, CONNECT_FAILED, false, "", NULL,
     "closed the connection in the middle of its answer"},
    {"HTTP/1.1 100 Continue\r\n\r\n", HANDSHAKE_BROKEN, CONNECT_FAILED, false, "", NULL,
     "closed the connection without an answer"},
    {"HTT", HANDSHAKE_BROKEN, CONNECT_FAILED, false, "", NULL, "closed the connection in the middle of its answer"},
    {"", HANDSHAKE_BROKEN, CONNECT_FAILED, false, "", NULL, "closed the connection without an answer"},
};

/* Takes the left-over bytes and what the script had not yet given: together they are the tunnel's first bytes. */
static void assert_rest(struct handshake *handshake, const struct script *script, const char *expected)
{
    size_t length = 99, whole = strlen(expected);
    char *leftover = handshake_take_leftover(handshake, &length);

    ck_assert((leftover == NULL) == (length == 0));
    ck_assert_uint_eq(length + script->length - script->given, whole);
    if (leftover)
        ck_assert_int_eq(memcmp(leftover, expected, length), 0);
    ck_assert_int_eq(memcmp(script->answer + script->given, expected + length, whole - length), 0);
    free(leftover);
}

static void play(const struct answer *answer, size_t first, size_t step)
{
    struct handshake *handshake = begin(false);
    const struct connect_response *response = handshake_response(handshake);
    struct script script;
    char line[128];

    set_up(&script, answer->bytes, strlen(answer->bytes));
    script.first = first;
    script.step = step;
    ck_assert_str_eq(handshake_status_line(handshake, line, sizeof line), "");
    ck_assert_int_eq(run(handshake, &script), answer->result);
    ck_assert_msg(response->verdict == answer->verdict, "%s", answer->bytes);
    ck_assert(response->switched == answer->switched);
    ck_assert_str_eq(response->failure.what, answer->what);
    if (answer->result == HANDSHAKE_JUDGED) {
        ck_assert_str_eq(handshake_status_line(handshake, line, sizeof line), answer->status_line);
        assert_rest(handshake, &script, answer->leftover);
    } else {
        ck_assert_int_eq(response->failure.class, FAILURE_TEMPORARY);
    }
    handshake_free(handshake);
}

START_TEST(answers_whole_at_every_split_and_byte_by_byte)
{
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        for (size_t first = 0; first < strlen(answers[i].bytes); first++)
            play(&answers[i], first, 0);
        play(&answers[i], 0, 0);
        play(&answers[i], 1, 1);
        play(&answers[i], 2, 3);
    }
}
END_TEST

START_TEST(silence_is_waited_for)
{
    static const char whole[] = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";

    for (size_t length = 0; length < sizeof whole - 1; length++) {
        struct handshake *handshake = begin(false);
        struct script script;

        set_up(&script, whole, length);
        script.then = THEN_SILENCE;
        ck_assert_int_eq(run(handshake, &script), HANDSHAKE_WAIT);
        ck_assert_int_eq(handshake_step(handshake, &script.base, LOOP_READ | LOOP_WRITE), HANDSHAKE_WAIT);
        handshake_free(handshake);
    }
}
END_TEST

START_TEST(errors_are_told_by_name)
{
    static const char start[] = "HTTP/1.1 200";
    struct handshake *handshake = begin(false);
    struct script script;

    set_up(&script, start, sizeof start - 1);
    script.then = THEN_ERROR;
    ck_assert_int_eq(run(handshake, &script), HANDSHAKE_BROKEN);
    ck_assert_str_eq(handshake_response(handshake)->failure.what,
                     "Connection reset by peer before its answer was complete");
    handshake_free(handshake);

    handshake = begin(false);
    set_up(&script, "", 0);
    script.send_error = EPIPE;
    ck_assert_int_eq(run(handshake, &script), HANDSHAKE_BROKEN);
    ck_assert_str_eq(handshake_response(handshake)->failure.what, "Broken pipe before its answer was complete");
    handshake_free(handshake);
}
END_TEST

START_TEST(a_switch_may_be_required)
{
    static const char plain[] = "HTTP/1.1 200 OK\r\n\r\n";
    struct handshake *handshake = begin(true);
    struct script script;

    set_up(&script, plain, sizeof plain - 1);
    ck_assert_int_eq(run(handshake, &script), HANDSHAKE_JUDGED);
    ck_assert_int_eq(handshake_response(handshake)->verdict, CONNECT_FAILED);
    ck_assert_int_eq(handshake_response(handshake)->failure.class, FAILURE_PERMANENT);
    handshake_free(handshake);
}
END_TEST

START_TEST(the_start_of_what_is_not_http_goes_to_the_log)
{
    static const char answer[] = "\x16\x03\x01 \"binary\" and much more of it than anybody would want to read";
    struct handshake *handshake = begin(false);
    struct script script;

    set_up(&script, answer, sizeof answer - 1);
    ck_assert_int_eq(run(handshake, &script), HANDSHAKE_BROKEN);
    ck_assert_str_eq(handshake_response(handshake)->failure.what, "answers with TLS, not with plain HTTP");
    ck_assert_int_eq(strncmp(handshake_response(handshake)->failure.detail,
                             " answer=\"\\x16\\x03\\x01 \\\"binary\\\" and", 36), 0);
    handshake_free(handshake);
}
END_TEST

/* --- bounds --- */

/* So many interim answers of this size, then a good one. */
static enum handshake_result flood(unsigned count, size_t size, size_t step, const char **what)
{
    static struct connect_response response;
    static const char start[] = "HTTP/1.1 100 Continue\r\nX: ", end[] = "\r\n\r\n", last[] = "HTTP/1.1 200 OK\r\n\r\n";
    size_t length = count * size + sizeof last - 1;
    char *bytes = malloc(length);
    struct handshake *handshake = begin(false);
    enum handshake_result result;
    struct script script;

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'v', length);
    for (unsigned i = 0; i < count; i++) {
        memcpy(bytes + i * size, start, sizeof start - 1);
        memcpy(bytes + (i + 1) * size - (sizeof end - 1), end, sizeof end - 1);
    }
    memcpy(bytes + count * size, last, sizeof last - 1);
    set_up(&script, bytes, length);
    script.first = script.step = step;
    result = run(handshake, &script);
    response = *handshake_response(handshake);
    *what = response.failure.what;
    handshake_free(handshake);
    free(bytes);
    return result;
}

START_TEST(interim_answers_are_bounded_in_number)
{
    static const size_t steps[] = {0, 1, 7, 1000};
    const char *what;

    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(flood(10, 40, steps[i], &what), HANDSHAKE_JUDGED);
        ck_assert_int_eq(flood(1000, 40, steps[i], &what), HANDSHAKE_BROKEN);
        ck_assert_str_eq(what, "answers with interim answers (1xx) without end");
    }
}
END_TEST

START_TEST(interim_answers_are_bounded_in_bytes)
{
    const char *what;

    ck_assert_int_eq(flood(3, 20000, 4096, &what), HANDSHAKE_JUDGED);
    ck_assert_int_eq(flood(4, 20000, 4096, &what), HANDSHAKE_BROKEN);
    ck_assert_int_eq(flood(2, 60000, 0, &what), HANDSHAKE_BROKEN);
}
END_TEST

/* A head that never ends: it is given up at 64 KiB, whatever the pieces. */
START_TEST(a_head_is_bounded)
{
    static const size_t steps[] = {0, 1, 1000, 4096, 65535, 65536};
    const size_t length = 1 << 20;
    char *bytes = malloc(length);

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'v', length);
    memcpy(bytes, "HTTP/1.1 200 OK\r\nX: ", 20);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct handshake *handshake = begin(false);
        struct script script;

        set_up(&script, bytes, length);
        script.first = script.step = steps[i];
        ck_assert_int_eq(run(handshake, &script), HANDSHAKE_BROKEN);
        ck_assert_str_eq(handshake_response(handshake)->failure.what, "answers with more than 64 KiB of header");
        ck_assert_uint_le(script.given, 2 * HTTP_HEAD_BYTES_MAX);
        handshake_free(handshake);
    }
    free(bytes);
}
END_TEST

/* The largest head that may be, and the tunnel's first bytes in the very same piece. */
START_TEST(the_largest_head_fits)
{
    static const char start[] = "HTTP/1.1 200 OK\r\nX: ", end[] = "\r\n\r\n", rest[] = "* OK IMAP4rev1 ready\r\n";
    static const size_t steps[] = {0, 1, 1000, 65536};
    char *bytes = malloc(HTTP_HEAD_BYTES_MAX + sizeof rest);

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'v', HTTP_HEAD_BYTES_MAX);
    memcpy(bytes, start, sizeof start - 1);
    memcpy(bytes + HTTP_HEAD_BYTES_MAX - (sizeof end - 1), end, sizeof end - 1);
    memcpy(bytes + HTTP_HEAD_BYTES_MAX, rest, sizeof rest - 1);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct handshake *handshake = begin(false);
        struct script script;

        set_up(&script, bytes, HTTP_HEAD_BYTES_MAX + sizeof rest - 1);
        script.first = script.step = steps[i];
        ck_assert_int_eq(run(handshake, &script), HANDSHAKE_JUDGED);
        ck_assert_int_eq(handshake_response(handshake)->verdict, CONNECT_OPEN);
        assert_rest(handshake, &script, rest);
        handshake_free(handshake);
    }
    free(bytes);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("handshake");

    tcase_add_test(cases, the_request_goes_out_once_and_first);
    tcase_add_test(cases, a_refusal_may_come_before_all_is_sent);
    tcase_add_test(cases, a_request_that_is_too_long_is_refused);
    tcase_add_test(cases, answers_whole_at_every_split_and_byte_by_byte);
    tcase_add_test(cases, silence_is_waited_for);
    tcase_add_test(cases, errors_are_told_by_name);
    tcase_add_test(cases, a_switch_may_be_required);
    tcase_add_test(cases, the_start_of_what_is_not_http_goes_to_the_log);
    tcase_add_test(cases, interim_answers_are_bounded_in_number);
    tcase_add_test(cases, interim_answers_are_bounded_in_bytes);
    tcase_add_test(cases, a_head_is_bounded);
    tcase_add_test(cases, the_largest_head_fits);
    return unit_run();
}
