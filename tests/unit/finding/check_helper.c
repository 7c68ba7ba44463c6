/* SPDX-License-Identifier: ISC */
#include "finding/helper.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#include "../stage.h"
#include "../unit.h"

#define ASKERS_MAX 300
#define ANSWERS "say READY; while hear; do say \"ANSWER $$ $said\"; done" /* its number, and what it was asked */

static struct services *services;
static struct helper *helper;

/* One who asks, and what was told. */
static struct asker {
    struct helper_question *question;
    unsigned told;
    char answer[200], pac[200], error[400]; /* "-": none */
    bool doubtful;
    bool frees, asks_again; /* from within */
} askers[ASKERS_MAX];

/* What the linker puts in place of the program's own. */
void __wrap_log_message(enum log_level level, const char *name, const char *format, ...);

static unsigned warnings;
static char warning[500];

void __wrap_log_message(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    if (level != LEVEL_WARNING)
        return;
    ck_assert_str_eq(name, "work");
    va_start(values, format);
    vsnprintf(warning, sizeof warning, format, values);
    va_end(values);
    warnings++;
}

static void ask(struct asker *asker, const char *host);

static void on_told(void *arg, const char *answer, size_t length, const char *pac, const char *error)
{
    struct asker *asker = arg;

    ck_assert_int_eq((answer != NULL) + (pac != NULL) + (error != NULL), 1);
    ck_assert(!answer || strlen(answer) == length);
    asker->told++;
    asker->question = NULL;
    snprintf(asker->answer, sizeof asker->answer, "%s", answer ? answer : "-");
    snprintf(asker->pac, sizeof asker->pac, "%s", pac ? pac : "-");
    snprintf(asker->error, sizeof asker->error, "%s", error ? error : "-");
    asker->doubtful = helper_answer_is_doubtful(helper);
    if (asker->asks_again)
        ask(asker, "again.example.net");
    if (asker->frees) {
        helper_free(helper);
        helper = NULL;
    }
}

static void make(enum helper_use use, const char *program)
{
    const struct helper_params params = {
        .loop = stage_loop(),
        .resolver = services->resolver,
        .resolve_ms = 10000,
        .use = use,
        .program = program,
        .name = "work",
    };

    helper = helper_new(&params);
    ck_assert_ptr_nonnull(helper);
}

static void set_up(void)
{
    services = stage_set_up();
    memset(askers, 0, sizeof askers);
    warnings = 0;
    make(HELPER_FOR_PAC, PLAYED_HELPER);
}

static void tear_down(void)
{
    helper_free(helper);
    helper = NULL;
    stage_await_children();
    stage_tear_down();
    unit_no_child_left();
}

static void set_script(const char *script)
{
    ck_assert(helper_set_script(helper, script, strlen(script)));
}

static void ask(struct asker *asker, const char *host)
{
    char url[100];

    snprintf(url, sizeof url, "https://%s:993/", host);
    asker->question = helper_ask(helper, url, host, on_told, asker);
    ck_assert_ptr_nonnull(asker->question);
}

static void await(struct asker *asker)
{
    stage_wait(&asker->told);
    asker->told = 0;
}

/* Asks and waits for the answer. */
static const char *answer_to(const char *host)
{
    ask(&askers[0], host);
    await(&askers[0]);
    ck_assert_str_eq(askers[0].error, "-");
    return askers[0].answer;
}

static const char *error_to(const char *host)
{
    ask(&askers[0], host);
    await(&askers[0]);
    ck_assert_msg(strcmp(askers[0].error, "-") != 0, "it says %s", askers[0].answer);
    return askers[0].error;
}

static long child_of(const char *answer)
{
    return strtol(answer, NULL, 10);
}

static void expect_in(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in: %s", part, text);
}

START_TEST(nothing_runs_until_it_is_asked)
{
    set_script(ANSWERS);
    stage_settle();
    ck_assert(!helper_runs(helper));
    ck_assert_uint_eq(stage_timers(), 0);
    expect_in(answer_to("mail.example.net"), "ASK https://mail.example.net:993/ mail.example.net");
    ck_assert(helper_runs(helper));
    ck_assert(!askers[0].doubtful);
}
END_TEST

START_TEST(one_child_answers_all)
{
    long first;

    set_script(ANSWERS);
    first = child_of(answer_to("a.example.net"));
    ck_assert_int_eq(child_of(answer_to("b.example.net")), first);
    set_script(ANSWERS); /* the same once more */
    ck_assert_int_eq(child_of(answer_to("c.example.net")), first);
}
END_TEST

START_TEST(questions_wait_for_their_turn)
{
    char expected[100];

    set_script(ANSWERS);
    for (int i = 0; i < 5; i++) {
        snprintf(expected, sizeof expected, "host%d.example.net", i);
        ask(&askers[i], expected);
        ck_assert_uint_eq(askers[i].told, 0);
    }
    for (int i = 0; i < 5; i++) {
        await(&askers[i]);
        snprintf(expected, sizeof expected, "host%d.example.net:993/", i);
        expect_in(askers[i].answer, expected);
        ck_assert_int_eq(child_of(askers[i].answer), child_of(askers[0].answer));
    }
}
END_TEST

START_TEST(so_many_may_wait)
{
    set_script(ANSWERS);
    for (int i = 0; i < HELPER_QUESTIONS_MAX; i++)
        ask(&askers[i], "a.example.net");
    ck_assert_ptr_null(helper_ask(helper, "u", "h", on_told, &askers[HELPER_QUESTIONS_MAX]));
    for (int i = 0; i < HELPER_QUESTIONS_MAX; i++)
        await(&askers[i]);
    expect_in(answer_to("b.example.net"), "b.example.net");
}
END_TEST

START_TEST(it_is_kept_for_five_minutes)
{
    long first;

    set_script(ANSWERS);
    first = child_of(answer_to("a.example.net"));
    stage_advance(HELPER_KEPT_MS - 1);
    ck_assert_int_eq(child_of(answer_to("b.example.net")), first);
    stage_advance(HELPER_KEPT_MS - 1);
    ck_assert(helper_runs(helper));
    stage_advance(1);
    ck_assert(!helper_runs(helper));
    unit_no_child_left();
    ck_assert_int_ne(child_of(answer_to("c.example.net")), first);
    ck_assert_uint_eq(warnings, 0);
}
END_TEST

START_TEST(another_script_is_for_another_child)
{
    set_script(ANSWERS);
    expect_in(answer_to("a.example.net"), "ASK");
    set_script("say READY; while hear; do say \"ANSWER other $said\"; done");
    ck_assert(!helper_runs(helper));
    expect_in(answer_to("a.example.net"), "other ASK");
}
END_TEST

/* The question that is under way is answered by the old one, the next by the new one. */
START_TEST(a_script_may_change_while_it_is_asked)
{
    stage_name("mail.example.net", "");
    set_script("say READY; hear; say RESOLVE mail.example.net; hear; say ANSWER old; hear");
    ask(&askers[0], "a.example.net");
    while (stage_lookups() == 0)
        stage_settle();
    ask(&askers[1], "b.example.net");
    set_script("say READY; hear; say ANSWER new; hear");
    stage_name("mail.example.net", "192.0.2.1");
    stage_answer_silent();
    await(&askers[0]);
    ck_assert_str_eq(askers[0].answer, "old");
    await(&askers[1]);
    ck_assert_str_eq(askers[1].answer, "new");
}
END_TEST

START_TEST(a_script_may_change_while_it_is_read)
{
    set_script("sleep 60");
    ask(&askers[0], "a.example.net");
    stage_settle();
    ck_assert(helper_runs(helper));
    set_script("say READY; hear; say ANSWER new; hear");
    await(&askers[0]);
    ck_assert_str_eq(askers[0].answer, "new");
    ck_assert_uint_eq(warnings, 0);
}
END_TEST

START_TEST(without_a_script_there_is_nothing_to_ask)
{
    expect_in(error_to("a.example.net"), "there is no PAC file");
    ck_assert(!helper_runs(helper));
}
END_TEST

START_TEST(the_desktop_answers_or_has_a_pac_file)
{
    helper_free(helper);
    make(HELPER_FOR_SYSTEM, PLAYED_HELPER);
    askers[0].question = helper_ask(helper, "https://mail.example.net/", NULL, on_told, &askers[0]);
    await(&askers[0]);
    ck_assert_str_eq(askers[0].answer, "SYSTEM https://mail.example.net/");
    askers[0].question = helper_ask(helper, "https://pac.example.net/", NULL, on_told, &askers[0]);
    await(&askers[0]);
    ck_assert_str_eq(askers[0].pac, "https://wpad.example.net/proxy.pac");
    askers[0].question = helper_ask(helper, "https://none.example.net/", NULL, on_told, &askers[0]);
    await(&askers[0]);
    ck_assert_str_eq(askers[0].error, "the desktop says nothing");
    ck_assert(helper_runs(helper));
}
END_TEST

/* --- faults and deaths --- */

START_TEST(a_fault_in_an_answer_is_of_that_question)
{
    set_script("say READY; hear; say FAULT it threw; hear; say ANSWER a; hear");
    ck_assert_str_eq(error_to("a.example.net"), "it threw");
    ck_assert_str_eq(answer_to("b.example.net"), "a");
    ck_assert_uint_eq(warnings, 0);
}
END_TEST

/* It would be the same each time; no process is started for that. */
START_TEST(a_script_that_cannot_be_read_is_not_tried_again)
{
    set_script("say FAULT line 3: no function; hear");
    ask(&askers[1], "a.example.net");
    ask(&askers[2], "b.example.net");
    await(&askers[1]);
    await(&askers[2]);
    ck_assert_str_eq(askers[1].error, "line 3: no function");
    ck_assert_str_eq(askers[2].error, "line 3: no function");
    ck_assert(!helper_runs(helper));
    ask(&askers[0], "c.example.net");
    stage_settle();
    ck_assert_uint_eq(askers[0].told, 1); /* at once */
    ck_assert_str_eq(askers[0].error, "line 3: no function");
    askers[0].told = 0;
    stage_advance(HELPER_KEPT_MS);
    ask(&askers[0], "c.example.net");
    stage_settle();
    ck_assert(helper_runs(helper)); /* it is */
    await(&askers[0]);
    set_script(ANSWERS);
    expect_in(answer_to("a.example.net"), "a.example.net");
    ck_assert_uint_eq(warnings, 0);
}
END_TEST

START_TEST(the_next_question_gets_a_new_child)
{
    set_script("say READY; while hear; do case $said in *bad*) exit 3; esac; say \"ANSWER $$ $said\"; done");
    ask(&askers[1], "bad.example.net");
    ask(&askers[2], "good.example.net");
    await(&askers[1]);
    await(&askers[2]);
    ck_assert_str_eq(askers[1].error, "the helper findproxy has ended with status 3");
    expect_in(askers[2].answer, "good.example.net");
}
END_TEST

START_TEST(one_that_is_slow_is_replaced)
{
    set_script("say READY; while hear; do case $said in *bad*) while :; do :; done; esac; say ANSWER a; done");
    ck_assert_str_eq(answer_to("good.example.net"), "a");
    ask(&askers[1], "bad.example.net");
    stage_advance(HELPER_ANSWER_MS);
    ck_assert_uint_eq(askers[1].told, 1);
    ck_assert_str_eq(askers[1].error, "the PAC file takes longer than 5 s");
    ck_assert_str_eq(answer_to("good.example.net"), "a");
}
END_TEST

START_TEST(after_three_deaths_it_rests)
{
    set_script("say READY; while hear; do case $said in *bad*) exit 3; esac; say ANSWER a; done");
    for (int i = 0; i < HELPER_DEATHS; i++) {
        ck_assert_uint_eq(warnings, 0);
        ck_assert_str_eq(error_to("bad.example.net"), "the helper findproxy has ended with status 3");
        stage_advance(10000);
    }
    ck_assert_uint_eq(warnings, 1);
    ck_assert_str_eq(warning, "the helper findproxy has failed 3 times within 60 s, and rests for 60 s: the helper "
                     "findproxy has ended with status 3");
    expect_in(error_to("good.example.net"), "has failed 3 times within 60 s, and is asked again in 50 s: ");
    ck_assert(!helper_runs(helper));
    stage_advance(49999);
    expect_in(error_to("good.example.net"), "is asked again in 1 s: ");
    stage_advance(1);
    ck_assert_str_eq(answer_to("good.example.net"), "a");
    error_to("bad.example.net"); /* the old ones are older than a minute */
    ck_assert_str_eq(answer_to("good.example.net"), "a");
    ck_assert_uint_eq(warnings, 1);
}
END_TEST

START_TEST(deaths_that_are_far_between_are_none_of_its_business)
{
    set_script("say READY; hear; exit 3");
    for (int i = 0; i < 2 * HELPER_DEATHS; i++) {
        expect_in(error_to("a.example.net"), "status 3");
        stage_advance(HELPER_DEATHS_MS / 2 + 1);
    }
    ck_assert_uint_eq(warnings, 0);
}
END_TEST

/* Each death is one question's; the last one is all others'. */
START_TEST(a_script_that_kills_each_child_fails_all)
{
    set_script("exit 3");
    for (int i = 0; i < 10; i++)
        ask(&askers[i], "a.example.net");
    for (int i = 0; i < 10; i++) {
        await(&askers[i]);
        expect_in(askers[i].error, i < HELPER_DEATHS ? "has ended with status 3" : "is asked again in 60 s");
    }
    ck_assert_uint_eq(warnings, 1);
}
END_TEST

START_TEST(another_script_or_network_ends_the_rest)
{
    set_script("exit 3");
    for (int i = 0; i < HELPER_DEATHS; i++)
        error_to("a.example.net");
    expect_in(error_to("a.example.net"), "is asked again");
    helper_renew(helper);
    ck_assert_str_eq(error_to("a.example.net"), "the helper findproxy has ended with status 3");
    for (int i = 0; i < HELPER_DEATHS - 1; i++)
        error_to("a.example.net");
    expect_in(error_to("a.example.net"), "is asked again");
    set_script(ANSWERS);
    expect_in(answer_to("a.example.net"), "ASK");
}
END_TEST

/* What was found while the old network was there does not count. */
START_TEST(on_another_network_it_begins_anew)
{
    long first;

    stage_name("mail.example.net", "");
    set_script("say READY; hear; say RESOLVE mail.example.net; hear; say \"ANSWER $$ $said\"; hear");
    ask(&askers[0], "a.example.net");
    ask(&askers[1], "b.example.net");
    while (stage_lookups() == 0)
        stage_settle();
    stage_name("mail.example.net", "192.0.2.1");
    helper_renew(helper);
    await(&askers[0]);
    expect_in(askers[0].answer, "ADDRESSES 192.0.2.1");
    first = child_of(askers[0].answer);
    set_script(ANSWERS);
    first = child_of(answer_to("c.example.net"));
    helper_renew(helper);
    ck_assert_int_ne(child_of(answer_to("d.example.net")), first);
    ck_assert_uint_eq(warnings, 0);
}
END_TEST

START_TEST(a_doubtful_answer_is_one_and_its_child_is_replaced)
{
    long first;

    stage_name("lost.example.net", "!Could not contact DNS servers");
    set_script("say RESOLVE lost.example.net; hear; say READY; while hear; do say \"ANSWER $$\"; done");
    first = child_of(answer_to("a.example.net"));
    ck_assert(askers[0].doubtful);
    stage_settle();
    ck_assert(!helper_runs(helper));
    stage_name("lost.example.net", "192.0.2.1");
    ck_assert_int_ne(child_of(answer_to("a.example.net")), first);
    ck_assert(!askers[0].doubtful);
    ck_assert(helper_runs(helper));
}
END_TEST

START_TEST(a_program_that_is_not_there_is_told)
{
    helper_free(helper);
    make(HELPER_FOR_PAC, "/nonexistent/findproxy");
    set_script(ANSWERS);
    for (int i = 0; i < 5; i++) { /* it does not count as a death */
        const char *error = error_to("a.example.net");

        if (!strstr(error, "status 127")) /* under valgrind, which cannot tell */
            expect_in(error, "cannot run /nonexistent/findproxy: No such file or directory");
        else if (i == 1)
            break;
    }
}
END_TEST

/* --- who asks --- */

START_TEST(whoever_cancels_hears_nothing)
{
    set_script(ANSWERS);
    for (int i = 0; i < 4; i++)
        ask(&askers[i], "a.example.net");
    helper_cancel(askers[1].question);
    helper_cancel(askers[3].question);
    helper_cancel(NULL);
    await(&askers[0]);
    await(&askers[2]);
    stage_settle();
    ck_assert_uint_eq(askers[1].told + askers[3].told, 0);
}
END_TEST

START_TEST(the_answer_to_nobody_is_not_told_to_the_next)
{
    stage_name("mail.example.net", "");
    set_script("say READY; while hear; do asked=$said; say RESOLVE mail.example.net; hear;"
               "say \"ANSWER $asked\"; done");
    ask(&askers[0], "first.example.net");
    while (stage_lookups() == 0)
        stage_settle();
    helper_cancel(askers[0].question);
    stage_name("mail.example.net", "192.0.2.1");
    stage_answer_silent();
    expect_in(answer_to("second.example.net"), "second.example.net:993/");
}
END_TEST

START_TEST(one_may_ask_again_or_free_it_from_within)
{
    set_script(_i == 0 ? ANSWERS : "exit 3");
    askers[1].asks_again = true;
    ask(&askers[1], "a.example.net");
    await(&askers[1]);
    askers[1].asks_again = false;
    await(&askers[1]);
    askers[0].frees = true;
    for (int i = 0; i < 10; i++)
        ask(&askers[i], "a.example.net");
    await(&askers[0]);
    stage_settle();
    for (int i = 1; i < 10; i++)
        ck_assert_uint_eq(askers[i].told, 0);
    ck_assert_ptr_null(helper);
}
END_TEST

START_TEST(it_can_be_freed_at_any_time)
{
    stage_name("silent.example.net", "");
    set_script("say READY; hear; say RESOLVE silent.example.net; hear");
    ask(&askers[0], "a.example.net");
    ask(&askers[1], "b.example.net");
    if (_i > 0)
        stage_settle();
    while (_i == 2 && stage_lookups() == 0)
        stage_settle();
    helper_free(helper);
    helper = NULL;
    stage_settle();
    ck_assert_uint_eq(askers[0].told + askers[1].told, 0);
}
END_TEST

START_TEST(a_question_that_cannot_be_asked_fails)
{
    set_script(ANSWERS);
    askers[0].question = helper_ask(helper, "https://a b/", "h", on_told, &askers[0]);
    await(&askers[0]);
    expect_in(askers[0].error, "cannot be asked that");
    expect_in(answer_to("a.example.net"), "a.example.net");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("helper");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, nothing_runs_until_it_is_asked);
    tcase_add_test(cases, one_child_answers_all);
    tcase_add_test(cases, questions_wait_for_their_turn);
    tcase_add_test(cases, so_many_may_wait);
    tcase_add_test(cases, it_is_kept_for_five_minutes);
    tcase_add_test(cases, another_script_is_for_another_child);
    tcase_add_test(cases, a_script_may_change_while_it_is_asked);
    tcase_add_test(cases, a_script_may_change_while_it_is_read);
    tcase_add_test(cases, without_a_script_there_is_nothing_to_ask);
    tcase_add_test(cases, the_desktop_answers_or_has_a_pac_file);
    tcase_add_test(cases, a_fault_in_an_answer_is_of_that_question);
    tcase_add_test(cases, a_script_that_cannot_be_read_is_not_tried_again);
    tcase_add_test(cases, the_next_question_gets_a_new_child);
    tcase_add_test(cases, one_that_is_slow_is_replaced);
    tcase_add_test(cases, after_three_deaths_it_rests);
    tcase_add_test(cases, deaths_that_are_far_between_are_none_of_its_business);
    tcase_add_test(cases, a_script_that_kills_each_child_fails_all);
    tcase_add_test(cases, another_script_or_network_ends_the_rest);
    tcase_add_test(cases, on_another_network_it_begins_anew);
    tcase_add_test(cases, a_doubtful_answer_is_one_and_its_child_is_replaced);
    tcase_add_test(cases, a_program_that_is_not_there_is_told);
    tcase_add_test(cases, whoever_cancels_hears_nothing);
    tcase_add_test(cases, the_answer_to_nobody_is_not_told_to_the_next);
    tcase_add_loop_test(cases, one_may_ask_again_or_free_it_from_within, 0, 2);
    tcase_add_loop_test(cases, it_can_be_freed_at_any_time, 0, 3);
    tcase_add_test(cases, a_question_that_cannot_be_asked_fails);
    return unit_run();
}
