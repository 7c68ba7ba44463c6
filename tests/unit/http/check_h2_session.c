/* SPDX-License-Identifier: ISC */
#include "http/h2_session.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "h2_asker.h"

/* Bytes that the test itself holds. */
static size_t own_bytes(void)
{
    return malloc_usable_size(h2.wire->said) + malloc_usable_size(h2.wire->heard);
}

/* The answers are raw, so that nothing of the server's memory counts. */
START_TEST(an_idle_tunnel_costs_little_memory)
{
    enum { FIRST = 10, LAST = 90, MOST = 1500 };
    size_t before, after;

    for (size_t i = 0; i < FIRST; i++)
        h2_open(i);
    before = mallinfo2().uordblks - own_bytes();
    for (size_t i = FIRST; i < LAST; i++)
        ck_assert(h2_ask(i));
    stage_settle();
    for (size_t i = FIRST; i < LAST; i++) {
        char answer[] = "\0\0\1\1\4\0\0\0\0\x88";

        answer[8] = (char)(2 * i + 1);
        wire_say_bytes(h2.wire, answer, 10);
        ck_assert_ptr_nonnull(h2.askers[i].transport);
    }
    after = mallinfo2().uordblks - own_bytes();
    if (after > before) /* not where malloc is another one */
        printf("# %zu bytes a tunnel\n", (after - before) / (LAST - FIRST));
    ck_assert_msg(after <= before || (after - before) / (LAST - FIRST) <= MOST, "%zu bytes a tunnel",
                  (after - before) / (LAST - FIRST));
}
END_TEST

START_TEST(what_is_to_stop_stops_soon)
{
    h2_open(0);
    h2_session_stop(h2_connection_session(h2.connection), "enough");
    h2_session_stop(h2_connection_session(h2.connection), "more than that");
    stage_settle();
    ck_assert_ptr_nonnull(h2_connection_death(h2.connection));
    ck_assert_str_eq(h2_connection_death(h2.connection), "enough");
}
END_TEST

START_TEST(each_code_of_a_reset_has_its_words)
{
    ck_assert_str_eq(h2_session_reset_text(NGHTTP2_NO_ERROR), "the proxy reset the stream (NO_ERROR)");
    ck_assert_str_eq(h2_session_reset_text(NGHTTP2_CONNECT_ERROR), "the proxy reset the stream (CONNECT_ERROR)");
    ck_assert_str_eq(h2_session_reset_text(NGHTTP2_HTTP_1_1_REQUIRED),
                     "the proxy reset the stream (HTTP_1_1_REQUIRED)");
    ck_assert_str_eq(h2_session_reset_text(NGHTTP2_HTTP_1_1_REQUIRED + 1),
                     "the proxy reset the stream (an unknown code)");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2_session");

    tcase_add_checked_fixture(cases, h2_set_up, h2_tear_down);
    tcase_add_test(cases, an_idle_tunnel_costs_little_memory);
    tcase_add_test(cases, what_is_to_stop_stops_soon);
    tcase_add_test(cases, each_code_of_a_reset_has_its_words);
    return unit_run();
}
