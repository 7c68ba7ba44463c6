/* SPDX-License-Identifier: ISC */
#include "proxy/template_try.h"

#include <string.h>

#include "../unit.h"

static struct connect_response answer(enum connect_verdict verdict)
{
    return (struct connect_response){.verdict = verdict};
}

static struct template_try begun(void)
{
    struct template_try try = {0};
    struct connect_response first = answer(CONNECT_FAILED);

    first.wants_template = true;
    failure_set(&first.failure, FAILURE_PERMANENT, "426 Upgrade");
    ck_assert(template_try_begin(&try, &first, TEMPLATE_UNKNOWN));
    return try;
}

START_TEST(a_try_is_made_once_and_where_it_is_wanted)
{
    struct template_try try = {0};
    struct connect_response response = answer(CONNECT_FAILED);

    ck_assert(!template_try_begin(&try, &response, TEMPLATE_UNKNOWN));
    response.wants_template = true;
    ck_assert(!template_try_begin(&try, &response, TEMPLATE_FAILS)); /* it is known to be of no use */
    ck_assert(!try.begun);
    ck_assert(template_try_begin(&try, &response, TEMPLATE_OPENS));
    ck_assert(!template_try_begin(&try, &response, TEMPLATE_UNKNOWN));
    try = begun();
    ck_assert_str_eq(try.first.failure.what, "426 Upgrade");
}
END_TEST

/* How the second request ended, what is remembered of that, and whether the first answer stands. */
static const struct end {
    enum outcome outcome;
    enum connect_verdict verdict; /* with DONE, as are the next four */
    bool denied, busy, target_trouble, refused;
    bool lost; /* with PEER: there was no way to the proxy */
    enum template_lesson lesson;
    bool failed;
} ends[] = {
    {OUTCOME_DONE, CONNECT_OPEN, false, false, false, false, false, TEMPLATE_OPENS, false},
    {OUTCOME_DONE, CONNECT_REDIRECT, false, false, false, false, false, TEMPLATE_OPENS, false},
    {OUTCOME_DONE, CONNECT_FAILED, false, false, false, false, false, TEMPLATE_FAILS, true},
    {OUTCOME_DONE, CONNECT_FAILED, true, false, false, false, false, TEMPLATE_UNKNOWN, true},
    {OUTCOME_DONE, CONNECT_FAILED, true, false, false, true, false, TEMPLATE_UNKNOWN, false},
    {OUTCOME_DONE, CONNECT_FAILED, false, true, false, false, false, TEMPLATE_UNKNOWN, true},
    {OUTCOME_DONE, CONNECT_FAILED, false, false, true, false, false, TEMPLATE_UNKNOWN, true},
    {OUTCOME_PEER, CONNECT_SKIP, false, false, false, false, false, TEMPLATE_FAILS, true},
    {OUTCOME_PEER, CONNECT_SKIP, false, false, false, false, true, TEMPLATE_UNKNOWN, true},
    {OUTCOME_LOCAL, CONNECT_SKIP, false, false, false, false, false, TEMPLATE_UNKNOWN, false},
    {OUTCOME_FORBIDDEN, CONNECT_SKIP, false, false, false, false, false, TEMPLATE_UNKNOWN, false},
};

/* A proxy that has named connect-tcp means what it says to it, unless that is about the form again. */
START_TEST(what_it_says_to_what_it_named_stands)
{
    const struct end *end = &ends[_i];
    bool about_form = end->outcome == OUTCOME_PEER || end->lesson == TEMPLATE_FAILS;
    struct connect_response response = answer(end->verdict);
    struct template_try try = begun();

    try.first.names_template = true;
    response.denied = end->denied;
    response.busy = end->busy;
    response.target_trouble = end->target_trouble;
    ck_assert_int_eq(template_try_has_failed(&try, end->outcome, &response, end->refused), end->failed && about_form);
}
END_TEST

START_TEST(what_a_try_comes_to)
{
    const struct end *end = &ends[_i];
    const struct template_try try = begun(), none = {0};
    struct connect_response response = answer(end->verdict);

    response.denied = end->denied;
    response.busy = end->busy;
    response.target_trouble = end->target_trouble;
    ck_assert_int_eq(template_try_lesson(&try, end->outcome, !end->lost, &response), end->lesson);
    ck_assert_int_eq(template_try_has_failed(&try, end->outcome, &response, end->refused), end->failed);
    /* nothing was tried */
    ck_assert_int_eq(template_try_lesson(&none, end->outcome, true, &response), TEMPLATE_UNKNOWN);
    ck_assert(!template_try_has_failed(&none, end->outcome, &response, end->refused));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("template_try");

    tcase_add_test(cases, a_try_is_made_once_and_where_it_is_wanted);
    tcase_add_loop_test(cases, what_a_try_comes_to, 0, sizeof ends / sizeof ends[0]);
    tcase_add_loop_test(cases, what_it_says_to_what_it_named_stands, 0, sizeof ends / sizeof ends[0]);
    return unit_run();
}
