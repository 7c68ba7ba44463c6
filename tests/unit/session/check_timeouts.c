/* SPDX-License-Identifier: ISC */
#include "session/timeouts.h"

#include "../unit.h"

/* greeting-timeout is 60 s. */
static const struct {
    uint32_t idle_timeout;
    struct silence silence;
    enum timeout over;
    uint64_t next; /* when none is over */
} cases[] = {
    /* before the greeting: only its own limit ends the session; it is looked at no later than idle-timeout, which
     * counts from the greeting on */
    {0, {true, false, 0, 0}, TIMEOUT_NONE, 60000},
    {0, {true, false, 59999, 59999}, TIMEOUT_NONE, 1},
    {0, {true, false, 60000, 60000}, TIMEOUT_GREETING, 0},
    {0, {true, false, 1000000, 0}, TIMEOUT_GREETING, 0},
    {10000, {true, false, 0, 0}, TIMEOUT_NONE, 10000},
    {10000, {true, false, 30000, 30000}, TIMEOUT_NONE, 10000}, /* not at once again: nobody would sleep */
    {10000, {true, false, 55000, 55000}, TIMEOUT_NONE, 5000},
    {10000, {true, false, 60000, 60000}, TIMEOUT_GREETING, 0},
    {60000, {true, false, 0, 0}, TIMEOUT_NONE, 60000},
    /* what the client says is no greeting */
    {10000, {true, false, 59000, 0}, TIMEOUT_NONE, 1000},
    /* behind it, or when the client speaks first: silence counts, the age does not */
    {0, {false, false, 1000000, 1000000}, TIMEOUT_NONE, 0},
    {10000, {false, false, 1000000, 0}, TIMEOUT_NONE, 10000},
    {10000, {false, false, 1000000, 9999}, TIMEOUT_NONE, 1},
    {10000, {false, false, 1000000, 10000}, TIMEOUT_IDLE, 0},
    {10000, {false, false, 10000, 10001}, TIMEOUT_IDLE, 0},
    /* after a goodbye */
    {0, {false, true, 50000, 0}, TIMEOUT_NONE, 1000},
    {10000, {false, true, 50000, 999}, TIMEOUT_NONE, 1},
    {0, {false, true, 50000, 1000}, TIMEOUT_PARTING, 0},
};

START_TEST(a_session_is_silent_for_so_long)
{
    const struct settings settings = {.greeting_timeout = 60000, .idle_timeout = cases[_i].idle_timeout};

    ck_assert_int_eq(timeouts_over(&settings, &cases[_i].silence), cases[_i].over);
    if (cases[_i].over == TIMEOUT_NONE)
        ck_assert_uint_eq(timeouts_next(&settings, &cases[_i].silence), cases[_i].next);
    else
        ck_assert_uint_gt(timeouts_next(&settings, &cases[_i].silence), 0); /* who looks late is called again */
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("timeouts");

    tcase_add_loop_test(tests, a_session_is_silent_for_so_long, 0, sizeof cases / sizeof cases[0]);
    return unit_run();
}
