/* SPDX-License-Identifier: ISC */
#include "proxy/plain_try.h"

#include <string.h>

#include "../unit.h"

static struct connect_response answer(enum connect_verdict verdict, const char *what, bool in_doubt)
{
    struct connect_response response = {.verdict = verdict, .upgrade_in_doubt = in_doubt};

    if (*what)
        failure_set(&response.failure, FAILURE_PERMANENT, "%s", what);
    return response;
}

static const struct failure cut = {.class = FAILURE_TEMPORARY, .what = "closed the connection without an answer"};

START_TEST(a_try_is_made_once_and_where_there_is_doubt)
{
    static const struct {
        enum connect_verdict verdict;
        bool in_doubt, takes_upgrade, again;
    } rows[] = {
        {CONNECT_OPEN, false, false, false}, {CONNECT_REDIRECT, false, false, false},
        {CONNECT_FAILED, false, false, false}, {CONNECT_FAILED, true, false, true},
        {CONNECT_FAILED, true, true, false}, {CONNECT_RETRY_PLAIN, false, false, true},
        {CONNECT_RETRY_PLAIN, false, true, true},
    };
    struct plain_try plain;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct connect_response first = answer(rows[i].verdict, "403 No", rows[i].in_doubt);

        memset(&plain, 0, sizeof plain);
        ck_assert_msg(plain_try_begin(&plain, &first, &cut, rows[i].takes_upgrade) == rows[i].again, "row %zu", i);
        if (rows[i].again)
            ck_assert_str_eq(plain_try_reason(&plain), "403 No");
        if (rows[i].again)
            ck_assert(!plain_try_begin(&plain, &first, &cut, rows[i].takes_upgrade)); /* no third request */
    }
    for (int takes_upgrade = 0; takes_upgrade < 2; takes_upgrade++) { /* without an answer */
        memset(&plain, 0, sizeof plain);
        ck_assert(plain_try_begin(&plain, NULL, &cut, takes_upgrade) == !takes_upgrade);
    }
}
END_TEST

START_TEST(without_a_try_nothing_changes)
{
    const struct plain_try none = {0};
    struct connect_response response = answer(CONNECT_FAILED, "403 No", true);
    struct failure failure = cut;

    ck_assert_int_eq(plain_try_end(&none, OUTCOME_DONE, &response, false, &failure), OUTCOME_DONE);
    ck_assert_int_eq(plain_try_end(&none, OUTCOME_PEER, &response, false, &failure), OUTCOME_PEER);
    ck_assert_str_eq(response.failure.what, "403 No");
    ck_assert_str_eq(failure.what, cut.what);
    response = answer(CONNECT_OPEN, "", false);
    ck_assert(!plain_try_has_opened(&none, OUTCOME_DONE, &response));
}
END_TEST

/* What came first ("" for a cut), what came second, and what stands. */
static const struct {
    const char *first;
    enum outcome outcome;        /* of the second request */
    enum connect_verdict second; /* for DONE */
    bool refused;
    const char *what;            /* of either */
    enum outcome stands;
    const char *expected;
} ends[] = {
    {"403 No", OUTCOME_DONE, CONNECT_FAILED, false, "403 No", OUTCOME_DONE,
     "403 No; the same without Upgrade (announce = none)"},
    {"403 No", OUTCOME_DONE, CONNECT_FAILED, false, "502 Bad", OUTCOME_DONE,
     "403 No; without Upgrade (announce = none): 502 Bad"},
    {"403 No", OUTCOME_PEER, CONNECT_FAILED, false, "no answer within 30 s", OUTCOME_DONE,
     "403 No; without Upgrade (announce = none): no answer within 30 s"},
    {"403 No", OUTCOME_LOCAL, CONNECT_FAILED, false, "out of memory", OUTCOME_DONE,
     "403 No; without Upgrade (announce = none): out of memory"},
    {"403 No", OUTCOME_DONE, CONNECT_OPEN, false, "", OUTCOME_DONE, ""},
    {"403 No", OUTCOME_DONE, CONNECT_REDIRECT, false, "305 There", OUTCOME_DONE, "305 There"},
    {"403 No", OUTCOME_DONE, CONNECT_FAILED, true, "407 No", OUTCOME_DONE, "407 No"},
    {"403 No", OUTCOME_FORBIDDEN, CONNECT_FAILED, false, "loopback", OUTCOME_FORBIDDEN, "loopback"},
    {"", OUTCOME_DONE, CONNECT_FAILED, false, "403 No", OUTCOME_DONE,
     "403 No; with Upgrade (announce = none leaves it out): closed the connection without an answer"},
    {"", OUTCOME_DONE, CONNECT_OPEN, false, "", OUTCOME_DONE, ""},
    {"", OUTCOME_PEER, CONNECT_FAILED, false, "closed the connection without an answer", OUTCOME_PEER,
     "closed the connection without an answer; the same without Upgrade (announce = none)"},
    {"", OUTCOME_LOCAL, CONNECT_FAILED, false, "no password", OUTCOME_PEER,
     "closed the connection without an answer; without Upgrade (announce = none): no password"},
};

START_TEST(the_first_answer_stands_unless_the_second_is_to_be_heeded)
{
    const bool answered = *ends[_i].first;
    struct connect_response first = answer(CONNECT_FAILED, ends[_i].first, true);
    struct connect_response response = {0};
    struct failure failure = {0};
    struct plain_try plain = {0};

    first.busy = true;
    ck_assert(plain_try_begin(&plain, answered ? &first : NULL, &cut, false));
    if (ends[_i].outcome == OUTCOME_DONE)
        response = answer(ends[_i].second, ends[_i].what, false);
    else
        failure_set(&failure, FAILURE_PERMANENT, "%s", ends[_i].what);
    ck_assert(plain_try_has_opened(&plain, ends[_i].outcome, &response) == (ends[_i].second == CONNECT_OPEN));
    ck_assert_int_eq(plain_try_end(&plain, ends[_i].outcome, &response, ends[_i].refused, &failure), ends[_i].stands);
    if (ends[_i].stands != OUTCOME_DONE) {
        ck_assert_str_eq(failure.what, ends[_i].expected);
        ck_assert_int_eq(failure.class, ends[_i].stands == OUTCOME_PEER ? cut.class : FAILURE_PERMANENT);
        return;
    }
    ck_assert_str_eq(response.failure.what, ends[_i].expected);
    /* and with it all that it meant */
    ck_assert(response.busy == (answered && strncmp(ends[_i].expected, "403", 3) == 0));
}
END_TEST

/* The answer was about the form of the request: the second one is the true one, whatever it is. */
START_TEST(after_an_answer_about_the_form_the_second_counts)
{
    struct connect_response first = answer(CONNECT_RETRY_PLAIN, "501 What", false);
    struct connect_response second = answer(CONNECT_FAILED, "403 No", false);
    struct failure failure = cut;
    struct plain_try plain = {0};

    ck_assert(plain_try_begin(&plain, &first, &cut, true));
    ck_assert_int_eq(plain_try_end(&plain, OUTCOME_DONE, &second, false, &failure), OUTCOME_DONE);
    ck_assert_str_eq(second.failure.what, "403 No");
    ck_assert_int_eq(plain_try_end(&plain, OUTCOME_PEER, &second, false, &failure), OUTCOME_PEER);
    ck_assert_str_eq(failure.what, cut.what);
}
END_TEST

START_TEST(long_words_are_cut)
{
    struct connect_response first = answer(CONNECT_FAILED, "x", true), second = answer(CONNECT_FAILED, "y", false);
    struct failure failure;
    struct plain_try plain = {0};

    memset(first.failure.what, 'a', sizeof first.failure.what - 1);
    memset(second.failure.what, 'b', sizeof second.failure.what - 1);
    ck_assert(plain_try_begin(&plain, &first, NULL, false));
    ck_assert_int_eq(plain_try_end(&plain, OUTCOME_DONE, &second, false, &failure), OUTCOME_DONE);
    ck_assert_ptr_nonnull(strstr(second.failure.what, "aa; without Upgrade (announce = none): bb"));
    ck_assert_uint_lt(strlen(second.failure.what), sizeof second.failure.what);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("plain_try");

    tcase_add_test(cases, a_try_is_made_once_and_where_there_is_doubt);
    tcase_add_test(cases, without_a_try_nothing_changes);
    tcase_add_loop_test(cases, the_first_answer_stands_unless_the_second_is_to_be_heeded, 0,
                        sizeof ends / sizeof ends[0]);
    tcase_add_test(cases, after_an_answer_about_the_form_the_second_counts);
    tcase_add_test(cases, long_words_are_cut);
    return unit_run();
}
