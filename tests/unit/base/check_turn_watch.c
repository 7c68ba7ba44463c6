/* SPDX-License-Identifier: ISC */
#include "base/turn_watch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"
#include "base/log.h"

/* --- what is logged comes here (-Wl,--wrap=log_event) --- */

void __wrap_log_event(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static char line[600]; /* the last one */

void __wrap_log_event(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    (void)level, (void)name;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
}

static void first(void)
{
}

static void second(void)
{
    line[0] = '\0';
}

START_TEST(a_long_turn_is_told_with_what_ran)
{
    struct turn_watch watch = {0};
    unsigned ms, calls;
    char names[3][100];

    line[0] = '\0';
    turn_watch_note(&watch, second, 20000);
    for (int i = 0; i < 20; i++)
        turn_watch_note(&watch, first, 1000 + (unsigned)i);
    turn_watch_note(&watch, first, 70900);
    turn_watch_end(&watch);
    ck_assert_int_eq(sscanf(line, "long-turn ms=%u callbacks=%u longest=%99[^:]:70,%99[^:]:20,%99[^:]:1", &ms, &calls,
                            names[0], names[1], names[2]), 5);
    ck_assert_uint_eq(ms, 110 + 1);
    ck_assert_uint_eq(calls, 22);
    ck_assert_str_eq(names[0], names[2]);
    ck_assert_str_ne(names[0], names[1]);
    line[0] = '\0';
    turn_watch_end(&watch); /* a new one, in which nothing has run */
    ck_assert_str_eq(line, "");
}
END_TEST

START_TEST(a_short_turn_is_not)
{
    struct turn_watch watch = {0};

    line[0] = '\0';
    turn_watch_note(&watch, first, 99999);
    turn_watch_end(&watch);
    turn_watch_note(&watch, first, 99999);
    turn_watch_end(&watch);
    ck_assert_str_eq(line, "");
}
END_TEST

static void take_long(struct deferred *deferred)
{
    (void)deferred;
    usleep((TURN_WATCH_MS + 10) * 1000);
}

static bool one_turn(void *arg)
{
    return ++*(int *)arg > 2;
}

/* The loop tells it of all that runs, in a debug build only. */
START_TEST(the_loop_is_watched_in_a_debug_build)
{
    struct loop *loop = loop_new();
    struct deferred slow = {0};
    int turns = 0;

    line[0] = '\0';
    loop_defer(loop, &slow, take_long);
    unit_wait(loop, one_turn, &turns);
    ck_assert_int_eq(strncmp(line, "long-turn ", 10) == 0, WATCH_TURNS);
    loop_free(loop);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("turns");

    tcase_add_test(cases, a_long_turn_is_told_with_what_ran);
    tcase_add_test(cases, a_short_turn_is_not);
    tcase_add_test(cases, the_loop_is_watched_in_a_debug_build);
    return unit_run();
}
