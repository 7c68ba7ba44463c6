/* SPDX-License-Identifier: ISC */
#include "proxy/version_try.h"

#include <string.h>

#include "../unit.h"

/* --- whether it is asked once more --- */

#define DOUBT {.verdict = CONNECT_FAILED, .version_in_doubt = true}
#define DENIED {.verdict = CONNECT_FAILED, .denied = true}

static const struct begin {
    enum outcome outcome;
    struct connect_response response;
    enum h2_exchange_end end;
    bool only_bound;
    enum version_lesson known;
    bool begins, for_good;
} begins[] = {
    {OUTCOME_DONE, DOUBT, 0, false, VERSION_UNKNOWN, true, false},
    {OUTCOME_DONE, DOUBT, 0, false, VERSION_2, false, false}, /* it means so */
    {OUTCOME_DONE, {.verdict = CONNECT_FAILED}, 0, false, VERSION_UNKNOWN, false, false},
    {OUTCOME_DONE, {.verdict = CONNECT_OPEN}, 0, false, VERSION_UNKNOWN, false, false},
    {OUTCOME_DONE, {.verdict = CONNECT_REDIRECT}, 0, false, VERSION_UNKNOWN, false, false},
    /* a login that HTTP/2 does not have */
    {OUTCOME_DONE, DENIED, 0, true, VERSION_UNKNOWN, true, true},
    {OUTCOME_DONE, DENIED, 0, true, VERSION_2, true, true},
    {OUTCOME_DONE, DENIED, 0, false, VERSION_UNKNOWN, false, false},
    {OUTCOME_DONE, {.verdict = CONNECT_OPEN}, 0, true, VERSION_UNKNOWN, false, false},
    /* no answer */
    {OUTCOME_PEER, DOUBT, H2_EXCHANGE_NEEDS_1_1, false, VERSION_UNKNOWN, true, true},
    {OUTCOME_PEER, DOUBT, H2_EXCHANGE_NEEDS_1_1, false, VERSION_2, true, true},
    {OUTCOME_PEER, DOUBT, H2_EXCHANGE_NO_CONNECT, false, VERSION_UNKNOWN, true, true},
    {OUTCOME_PEER, DOUBT, H2_EXCHANGE_NO_CONNECT, false, VERSION_2, true, true},
    {OUTCOME_PEER, DOUBT, H2_EXCHANGE_FAILED, false, VERSION_UNKNOWN, false, false},
    {OUTCOME_PEER, DOUBT, H2_EXCHANGE_UNPROCESSED, false, VERSION_UNKNOWN, false, false},
    {OUTCOME_LOCAL, DOUBT, H2_EXCHANGE_NEEDS_1_1, false, VERSION_UNKNOWN, false, false},
    {OUTCOME_FORBIDDEN, DOUBT, H2_EXCHANGE_FAILED, false, VERSION_UNKNOWN, false, false},
};

START_TEST(it_is_asked_once_more_for_a_reason)
{
    const struct begin *row = &begins[_i];
    struct connect_response response = row->response;
    struct version_try try = {0};

    failure_set(&response.failure, FAILURE_PERMANENT, "405 No");
    ck_assert_int_eq(version_try_begin(&try, row->outcome, &response, row->end, row->only_bound, row->known),
                     row->begins);
    ck_assert_int_eq(try.asks, row->begins);
    ck_assert_int_eq(try.for_good, row->for_good);
    if (row->begins)
        ck_assert_int_eq(strcmp(version_try_reason(&try), "405 No") == 0, !row->for_good);
    ck_assert(!version_try_begin(&try, OUTCOME_DONE, &begins[0].response, 0, false, VERSION_UNKNOWN) || !row->begins);
}
END_TEST

START_TEST(each_reason_has_its_words)
{
    static const struct connect_response denied = DENIED;
    struct version_try tries[3] = {{0}};

    version_try_begin(&tries[0], OUTCOME_DONE, &denied, 0, true, VERSION_UNKNOWN);
    version_try_begin(&tries[1], OUTCOME_PEER, &denied, H2_EXCHANGE_NEEDS_1_1, false, VERSION_UNKNOWN);
    version_try_begin(&tries[2], OUTCOME_PEER, &denied, H2_EXCHANGE_NO_CONNECT, false, VERSION_UNKNOWN);
    ck_assert_str_eq(version_try_reason(&tries[0]), "it offers only logins that HTTP/2 does not have, NTLM or "
                     "Negotiate");
    ck_assert_str_eq(version_try_reason(&tries[1]), "it requires HTTP/1.1");
    ck_assert_str_eq(version_try_reason(&tries[2]), "it does not know extended CONNECT, by which connect-tcp is asked "
                     "for in HTTP/2");
}
END_TEST

/* --- what is learned --- */

static const struct lesson {
    bool asks, for_good, over_h2;
    enum outcome outcome;
    enum connect_verdict verdict;
    enum version_lesson known, lesson;
} lessons[] = {
    {false, false, true, OUTCOME_DONE, CONNECT_OPEN, VERSION_UNKNOWN, VERSION_2},
    {false, false, true, OUTCOME_DONE, CONNECT_FAILED, VERSION_UNKNOWN, VERSION_UNKNOWN},
    {false, false, true, OUTCOME_DONE, CONNECT_REDIRECT, VERSION_UNKNOWN, VERSION_UNKNOWN},
    {false, false, true, OUTCOME_PEER, CONNECT_OPEN, VERSION_UNKNOWN, VERSION_UNKNOWN},
    {false, false, false, OUTCOME_DONE, CONNECT_OPEN, VERSION_UNKNOWN, VERSION_UNKNOWN}, /* nothing was tried */
    /* over HTTP/1.1, for an answer that was in doubt */
    {true, false, false, OUTCOME_DONE, CONNECT_OPEN, VERSION_UNKNOWN, VERSION_1_1},
    {true, false, false, OUTCOME_DONE, CONNECT_OPEN, VERSION_2, VERSION_UNKNOWN},
    {true, false, false, OUTCOME_DONE, CONNECT_FAILED, VERSION_UNKNOWN, VERSION_UNKNOWN},
    {true, false, false, OUTCOME_DONE, CONNECT_REDIRECT, VERSION_UNKNOWN, VERSION_UNKNOWN},
    {true, false, false, OUTCOME_PEER, CONNECT_OPEN, VERSION_UNKNOWN, VERSION_UNKNOWN},
    /* and for good, whatever comes of it */
    {true, true, false, OUTCOME_DONE, CONNECT_OPEN, VERSION_UNKNOWN, VERSION_1_1},
    {true, true, false, OUTCOME_DONE, CONNECT_FAILED, VERSION_2, VERSION_1_1},
    {true, true, false, OUTCOME_PEER, CONNECT_FAILED, VERSION_UNKNOWN, VERSION_1_1},
};

START_TEST(the_version_that_opened_is_learned)
{
    const struct lesson *row = &lessons[_i];
    const struct version_try try = {.asks = row->asks, .for_good = row->for_good, .reason = "r"};
    const struct connect_response response = {.verdict = row->verdict};

    ck_assert_int_eq(version_try_lesson(&try, row->outcome, &response, row->over_h2, row->known), row->lesson);
}
END_TEST

/* --- what stands --- */

START_TEST(an_answer_in_doubt_stands_where_there_is_no_other)
{
    const struct version_try none = {0}, doubt = {.asks = true}, good = {.asks = true, .for_good = true};

    ck_assert(version_try_first_stands(&doubt, OUTCOME_PEER));
    ck_assert(!version_try_first_stands(&doubt, OUTCOME_DONE)); /* the second one counts */
    ck_assert(!version_try_first_stands(&doubt, OUTCOME_LOCAL));
    ck_assert(!version_try_first_stands(&doubt, OUTCOME_FORBIDDEN));
    ck_assert(!version_try_first_stands(&good, OUTCOME_PEER));
    ck_assert(!version_try_first_stands(&none, OUTCOME_PEER));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("version_try");

    tcase_add_loop_test(cases, it_is_asked_once_more_for_a_reason, 0, sizeof begins / sizeof begins[0]);
    tcase_add_test(cases, each_reason_has_its_words);
    tcase_add_loop_test(cases, the_version_that_opened_is_learned, 0, sizeof lessons / sizeof lessons[0]);
    tcase_add_test(cases, an_answer_in_doubt_stands_where_there_is_no_other);
    return unit_run();
}
