/* SPDX-License-Identifier: ISC */
/* The dialogues of starttls.tsv, each at once, cut in two at every place and byte by byte; the bounds; memory that
 * runs out.  The linker leads the house's allocations through here (--wrap). */
#include "protocol/starttls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define BYTE_BY_BYTE ((size_t)-1) /* as a cut */

static bool armed;        /* it is the house that runs, not Check, which is linked through here too */
static unsigned made;     /* allocations since */
static unsigned fails_at; /* the number of the one that fails; 0: none */
static size_t largest;    /* bytes of one allocation */

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool fails(size_t size)
{
    if (!armed)
        return false;
    largest = size > largest ? size : largest;
    return ++made == fails_at;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(count * size) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails(size) ? NULL : __real_realloc(old, size);
}

static const struct protocol *row_of(const char *section)
{
    const struct protocol *protocol = protocol_find(section, strlen(section));

    ck_assert_ptr_nonnull(protocol);
    return protocol;
}

static struct starttls *start(const char *section)
{
    struct starttls *starttls = starttls_new(row_of(section), NULL, "host.example.net");

    ck_assert_ptr_nonnull(starttls);
    return starttls;
}

/* Feeds bytes from memory of their very size. */
static enum starttls_result feed(struct starttls *starttls, const char *bytes, size_t length, struct failure *failure)
{
    char *exact = unit_exact(bytes, length);
    enum starttls_result result = starttls_feed(starttls, exact, length, failure);

    free(exact);
    return result;
}

/* Feeds one turn of the server: cut tells after how many of its bytes there is a cut. */
static enum starttls_result feed_turn(struct starttls *starttls, const char *bytes, size_t length, size_t cut,
                                      struct failure *failure)
{
    bool ends = length > 0 && bytes[length - 1] == '$';
    enum starttls_result result = STARTTLS_MORE;

    length -= ends;
    for (size_t given = 0, piece; given < length; given += piece) {
        piece = cut == BYTE_BY_BYTE ? 1 : given == 0 && cut > 0 && cut < length ? cut : length - given;
        result = feed(starttls, bytes + given, piece, failure);
    }
    return ends ? starttls_feed(starttls, NULL, 0, failure) : result;
}

/* The output must be this line, and goes out in two parts. */
static void expect_output(struct starttls *starttls, const char *line, size_t length, const char *where)
{
    size_t at_hand;
    const char *output = starttls_output(starttls, &at_hand);

    ck_assert_msg(output && at_hand == length + 2 && memcmp(output, line, length) == 0 &&
                  memcmp(output + length, "\r\n", 2) == 0, "%s: says %.*s", where, (int)at_hand, output);
    starttls_sent(starttls, 1);
    ck_assert_ptr_eq(starttls_output(starttls, &at_hand), output + 1);
    ck_assert_uint_eq(at_hand, length + 1);
    starttls_sent(starttls, length + 1);
}

static void expect_silence(struct starttls *starttls)
{
    size_t length = 1;

    ck_assert_ptr_null(starttls_output(starttls, &length));
    ck_assert_uint_eq(length, 0);
    starttls_sent(starttls, 0);
}

static void expect_greeting(struct starttls *starttls, const struct unit_cell *greeting, const char *where)
{
    size_t length;
    char *taken = starttls_take_greeting(starttls, &length);

    ck_assert_msg(length == greeting->length && (taken != NULL) == (length > 0) &&
                  (!taken || memcmp(taken, greeting->bytes, length) == 0), "%s: %.*s", where, (int)length, taken);
    free(taken);
    ck_assert_ptr_null(starttls_take_greeting(starttls, &length));
    ck_assert_uint_eq(length, 0);
}

/* A failure is for good: it silences the machine, keeps the greeting, and stays what it was. */
static void expect_failure(struct starttls *starttls, const struct failure *failure, const struct unit_cell *cells,
                           const char *where)
{
    struct failure again;
    size_t length;

    ck_assert_msg(strcmp(failure->what, cells[3].bytes) == 0, "%s: %s", where, failure->what);
    ck_assert_msg(unit_cell_is(&cells[2], failure_class_name(failure->class)), "%s: class", where);
    ck_assert_str_eq(failure->where, "");
    expect_silence(starttls);
    ck_assert_ptr_null(starttls_take_greeting(starttls, &length));
    ck_assert(starttls_feed(starttls, "a1 OK\r\n", 7, &again) == STARTTLS_FAILED);
    ck_assert_str_eq(again.what, failure->what);
    ck_assert(again.class == failure->class);
}

/* Walks one dialogue; cut counts within the turn-th turn of the server.  Returns whether there was such a place. */
static bool walk(const struct unit_cell *cells, size_t turn, size_t cut, const char *where)
{
    struct starttls *starttls = start(cells[0].bytes);
    const char *at = cells[1].bytes, *end = at + cells[1].length;
    enum starttls_result result = STARTTLS_MORE;
    struct failure failure;
    bool met = false;

    for (size_t i = 0; at <= end; i++) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        const char *stop = bar ? bar : end;

        if (i % 2 == 0) {
            ck_assert_msg(result == STARTTLS_MORE, "%s: over before turn %zu", where, i);
            met = met || (i == turn && cut < (size_t)(stop - at));
            result = feed_turn(starttls, at, (size_t)(stop - at), cut == BYTE_BY_BYTE || i == turn ? cut : 0,
                               &failure);
        } else {
            expect_output(starttls, at, (size_t)(stop - at), where);
        }
        at = stop + 1;
    }
    expect_silence(starttls);
    ck_assert_msg((result == STARTTLS_GO) == unit_cell_is(&cells[2], "go") && result != STARTTLS_MORE,
                  "%s: turn %zu cut %zu: result %d %s", where, turn, cut, (int)result,
                  result == STARTTLS_FAILED ? failure.what : "");
    if (result == STARTTLS_GO)
        expect_greeting(starttls, &cells[3], where);
    else
        expect_failure(starttls, &failure, cells, where);
    starttls_free(starttls);
    return met;
}

static void dialogue_row(const struct unit_cell *cells, const char *where)
{
    size_t turn = 0, cut = 1;

    walk(cells, 0, 0, where);
    walk(cells, 0, BYTE_BY_BYTE, where);
    for (; turn <= 4; turn += 2)
        for (cut = 1; walk(cells, turn, cut, where); cut++)
            ;
}

START_TEST(dialogues_however_they_are_cut)
{
    unit_table("starttls.tsv", 4, dialogue_row);
}
END_TEST

START_TEST(protocols_that_have_such_a_dialogue)
{
    static const char *const sections[] = {"imap", "smtp", "submission", "nntp", "pop3", "managesieve"};

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        ck_assert(starttls_knows(row_of(sections[i])));
    ck_assert(!starttls_knows(row_of("forward")));
    ck_assert_ptr_null(starttls_new(row_of("forward"), NULL, NULL));
    starttls_free(NULL);
}
END_TEST

/* Where a server may send line after line: what is said before, and how each of the lines begins. */
static const struct {
    const char *section, *before, *said, *line;
} talkers[] = {
    {"imap", "* OK hi\r\n", "a1 STARTTLS\r\n", "* OK "},
    {"smtp", "", NULL, "220-"},
    {"submission", "220 hi\r\n", "EHLO [127.0.0.1]\r\n", "250-"},
    {"managesieve", "", NULL, "\"X\" "},
};
#define TALKERS (sizeof talkers / sizeof talkers[0])

static struct starttls *start_talker(size_t i)
{
    struct starttls *starttls = start(talkers[i].section);
    struct failure failure;

    if (*talkers[i].before)
        ck_assert(feed(starttls, talkers[i].before, strlen(talkers[i].before), &failure) == STARTTLS_MORE);
    if (talkers[i].said)
        starttls_sent(starttls, strlen(talkers[i].said));
    expect_silence(starttls);
    return starttls;
}

static enum starttls_result feed_many(struct starttls *starttls, char c, size_t times, struct failure *failure)
{
    char *bytes = malloc(times);
    enum starttls_result result;

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, c, times);
    result = starttls_feed(starttls, bytes, times, failure);
    free(bytes);
    return result;
}

START_TEST(a_line_has_a_bound)
{
    for (size_t i = 0; i < TALKERS; i++) {
        for (size_t over = 0; over <= 1; over++) {
            struct starttls *starttls = start_talker(i);
            size_t length = strlen(talkers[i].line);
            struct failure failure;

            feed(starttls, talkers[i].line, length, &failure);
            if (over) {
                ck_assert(feed_many(starttls, 'x', STARTTLS_LINE_MAX - length + 1, &failure) == STARTTLS_FAILED);
                ck_assert_str_eq(failure.what, "sends a line of more than 8192 bytes before TLS");
                ck_assert(failure.class == FAILURE_PERMANENT);
            } else {
                ck_assert(feed_many(starttls, 'x', STARTTLS_LINE_MAX - length, &failure) == STARTTLS_MORE);
                ck_assert(feed(starttls, "\r\n", 2, &failure) == STARTTLS_MORE);
            }
            starttls_free(starttls);
        }
    }
}
END_TEST

/* The server talks on and on, line by line; nobody keeps more than the bound. */
START_TEST(all_lines_together_have_a_bound)
{
    for (size_t i = 0; i < TALKERS; i++) {
        struct starttls *starttls;
        enum starttls_result result = STARTTLS_MORE;
        struct failure failure;
        size_t fed = strlen(talkers[i].before);

        armed = true;
        largest = 0;
        starttls = start_talker(i);
        while (result == STARTTLS_MORE && fed <= (size_t)STARTTLS_BYTES_MAX + 100) {
            char line[80];
            int length = snprintf(line, sizeof line, "%stext\r\n", talkers[i].line);

            result = starttls_feed(starttls, line, (size_t)length, &failure);
            fed += (size_t)length;
        }
        armed = false;
        ck_assert(result == STARTTLS_FAILED);
        ck_assert_str_eq(failure.what, "sends more than 65536 bytes before TLS");
        ck_assert(failure.class == FAILURE_PERMANENT);
        ck_assert_uint_gt(fed, STARTTLS_BYTES_MAX);
        ck_assert_uint_ge(largest, STARTTLS_LINE_MAX);
        ck_assert_uint_le(largest, STARTTLS_BYTES_MAX);
        starttls_free(starttls);
    }
}
END_TEST

/* A literal is part of its line, and only as much of it is read as a line may have. */
START_TEST(a_literal_counts_as_its_line)
{
    static const char *const numbers[] = {"{8192}", "{8192+}", "{4294967297}", "{99999999999999999999999999}"};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct starttls *starttls = start("managesieve");
        struct failure failure;
        char line[64];
        int length = snprintf(line, sizeof line, "\"IMPLEMENTATION\" %s\r\n", numbers[i]);

        ck_assert(feed(starttls, line, (size_t)length, &failure) == STARTTLS_MORE);
        ck_assert(feed_many(starttls, '\n', 8192, &failure) == STARTTLS_FAILED);
        ck_assert_str_eq(failure.what, "sends a line of more than 8192 bytes before TLS");
        starttls_free(starttls);
    }
}
END_TEST

/* Quotes within a literal take two bytes of the line. */
START_TEST(a_literal_of_quotes)
{
    struct starttls *starttls = start("managesieve");
    struct failure failure;

    ck_assert(feed(starttls, "{4095}\r\n", 8, &failure) == STARTTLS_MORE);
    ck_assert(feed_many(starttls, '"', 4095, &failure) == STARTTLS_MORE);
    ck_assert(feed(starttls, "\r\n", 2, &failure) == STARTTLS_MORE);
    ck_assert(feed(starttls, "{4096}\r\n", 8, &failure) == STARTTLS_MORE);
    ck_assert(feed_many(starttls, '\\', 4096, &failure) == STARTTLS_FAILED);
    starttls_free(starttls);
}
END_TEST

/* What is said to the client has room for the advice, and the server's words are cut to it. */
START_TEST(reasons_fit)
{
    struct starttls *starttls = start("submission");
    struct failure failure;
    char line[4000];

    memset(line, 0xff, sizeof line);
    memcpy(line, "554 ", 4);
    line[sizeof line - 1] = '\n';
    ck_assert(feed(starttls, line, sizeof line, &failure) == STARTTLS_FAILED);
    ck_assert_uint_gt(strlen(failure.what), 100);
    ck_assert_uint_lt(strlen(failure.what), 130);
    ck_assert_int_eq(strncmp(failure.what, "turns us away: \"554 \\xff\\xff", 28), 0);
    starttls_free(starttls);
}
END_TEST

/* The greeting belongs to nobody before the go-ahead, and to the machine when nobody takes it. */
START_TEST(the_greeting_waits_for_the_go_ahead)
{
    static const char greeting[] = "* OK [CAPABILITY STARTTLS] hello\r\n";
    struct starttls *starttls = start("imap");
    struct failure failure;
    size_t length = 1;

    ck_assert(feed(starttls, greeting, sizeof greeting - 1, &failure) == STARTTLS_MORE);
    ck_assert_ptr_null(starttls_take_greeting(starttls, &length));
    ck_assert_uint_eq(length, 0);
    starttls_sent(starttls, strlen("a1 STARTTLS\r\n"));
    ck_assert(feed(starttls, "a1 OK\r\n", 7, &failure) == STARTTLS_GO);
    starttls_free(starttls);
}
END_TEST

/* A go-ahead that comes while our command is still partly in our hands is none. */
START_TEST(a_go_ahead_needs_the_whole_command_sent)
{
    static const char greeting[] = "* OK [CAPABILITY STARTTLS] hello\r\n";

    for (size_t left = 0; left <= 13; left++) {
        struct starttls *starttls = start("imap");
        struct failure failure;

        ck_assert(feed(starttls, greeting, sizeof greeting - 1, &failure) == STARTTLS_MORE);
        starttls_sent(starttls, 13 - left);
        ck_assert(feed(starttls, "a1 OK\r\n", 7, &failure) == (left ? STARTTLS_FAILED : STARTTLS_GO));
        starttls_free(starttls);
    }
}
END_TEST

START_TEST(memory_runs_out)
{
    static const char greeting[] = "220-one\r\n220-two\r\n220 three\r\n";

    for (fails_at = 1; fails_at <= 5; fails_at++) {
        struct starttls *starttls;
        struct failure failure;

        made = 0;
        armed = true;
        starttls = starttls_new(row_of("smtp"), NULL, NULL);
        ck_assert((starttls == NULL) == (fails_at == 1));
        if (starttls)
            ck_assert(starttls_feed(starttls, greeting, sizeof greeting - 1, &failure) ==
                      (fails_at <= 4 ? STARTTLS_FAILED : STARTTLS_MORE));
        armed = false;
        if (starttls && fails_at <= 4) {
            ck_assert_str_eq(failure.what, "out of memory");
            ck_assert(failure.class == FAILURE_TEMPORARY);
        }
        starttls_free(starttls);
    }
    fails_at = 0;
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("starttls");

    tcase_add_test(cases, dialogues_however_they_are_cut);
    tcase_add_test(cases, protocols_that_have_such_a_dialogue);
    tcase_add_test(cases, a_line_has_a_bound);
    tcase_add_test(cases, all_lines_together_have_a_bound);
    tcase_add_test(cases, a_literal_counts_as_its_line);
    tcase_add_test(cases, a_literal_of_quotes);
    tcase_add_test(cases, reasons_fit);
    tcase_add_test(cases, the_greeting_waits_for_the_go_ahead);
    tcase_add_test(cases, a_go_ahead_needs_the_whole_command_sent);
    tcase_add_test(cases, memory_runs_out);
    return unit_run();
}
