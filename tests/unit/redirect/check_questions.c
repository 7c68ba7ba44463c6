/* SPDX-License-Identifier: ISC */
#include "redirect/questions.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

#define ASKERS 8

static struct loop *loop;
static struct questions *questions;
static struct redirect_settings policy;
static struct endpoint sender = {.host = "a.example.net", .port = 3128};
static char folder[64], program[128], trace[128];

/* What each of several sessions was told. */
static struct asker {
    struct question_wait *wait;
    unsigned told;
    enum question_state answer;
    char why[200];
} askers[ASKERS];

static void on_answer(void *arg, enum question_state answer, const char *why)
{
    struct asker *asker = arg;

    asker->told++;
    asker->answer = answer;
    asker->wait = NULL;
    snprintf(asker->why, sizeof asker->why, "%s", why);
}

static struct setproxy said(const char *proxy, const char *scope)
{
    struct setproxy result = {.action = SETPROXY_SET, .lifetime = {.seconds = 600}, .wider = true};
    const char *why;

    ck_assert(endpoint_parse_url(&result.proxy, proxy, strlen(proxy), &why));
    ck_assert(scope_parse(&result.scope, scope, strlen(scope), false));
    return result;
}

/* Asker i asks whether b may have all of IMAP; it is not told before the loop runs. */
static void ask_about(size_t i, const struct setproxy *what)
{
    const char *why;

    memset(&askers[i], 0, sizeof askers[i]);
    askers[i].wait = questions_ask(questions, &policy, &sender, what, on_answer, &askers[i], &why);
    ck_assert_ptr_nonnull(askers[i].wait);
    ck_assert_uint_eq(askers[i].told, 0);
}

static void ask(size_t i)
{
    struct setproxy what = said("http://b.example.net:3128", "imap://");

    ask_about(i, &what);
}

static void give_up(size_t i)
{
    question_cancel(askers[i].wait);
    askers[i].wait = NULL;
}

static bool is_told(void *arg)
{
    return ((struct asker *)arg)->told > 0;
}

/* All who ask and have not given up. */
static bool all_are_told(void *arg)
{
    size_t left = 0;

    for (size_t i = 0; i < ASKERS; i++)
        left += askers[i].wait != NULL;
    return left == 0 && arg == NULL;
}

static void must_be_told(size_t i, enum question_state answer, const char *why)
{
    bool yes = answer == QUESTION_YES;

    ck_assert_uint_eq(askers[i].told, 1);
    ck_assert_msg(askers[i].answer == answer, "asker %zu: %s", i, askers[i].why);
    ck_assert_msg(yes ? !*askers[i].why : strstr(askers[i].why, why) != NULL, "asker %zu: %s", i, askers[i].why);
}

/* The ask-command: a shell script that leaves a line in the trace each time it is run. */
static void script(const char *body)
{
    FILE *file = fopen(program, "we");

    ck_assert_ptr_nonnull(file);
    fprintf(file, "#!/bin/sh\necho \"$$ $#|$1|$SSH_ASKPASS_PROMPT\" >>%s\n%s\n", trace, body);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(program, 0700), 0);
    policy.ask_command = program;
}

/* The lines in the trace so far, the last one in line when that is not NULL. */
static int runs(char line[1200])
{
    FILE *file = fopen(trace, "re");
    char text[1200];
    int count = 0;

    if (!file)
        return 0;
    while (fgets(text, sizeof text, file)) {
        count++;
        if (line)
            memcpy(line, text, sizeof text);
    }
    fclose(file);
    return count;
}

/* Whether that many runs have begun; group is the process group of the last one. */
static bool have_run(int count, pid_t *group)
{
    char line[1200] = "";
    bool enough = runs(line) >= count;

    if (enough)
        *group = (pid_t)strtol(line, NULL, 10);
    return enough;
}

static bool is_gone(pid_t group)
{
    return kill(-group, 0) == -1 && errno == ESRCH;
}

/* A loop is walked once, so those who wait twice take a new one. */
static void renew(void)
{
    questions_free(questions);
    loop_free(loop);
    loop = loop_new();
    questions = questions_new(loop);
    ck_assert_ptr_nonnull(questions);
}

static void wait_answer(size_t i, enum question_state answer, const char *why)
{
    unit_wait(loop, is_told, &askers[i]);
    must_be_told(i, answer, why);
}

static void setup(void)
{
    unsetenv("SALLYPORT_ASKPASS");
    unsetenv("SSH_ASKPASS");
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    sender = (struct endpoint){.host = "a.example.net", .port = 3128};
    memcpy(folder, "/tmp/check-ask-XXXXXX", 22);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(program, sizeof program, "%s/ask me", folder); /* a blank: there is no shell to cut it */
    snprintf(trace, sizeof trace, "%s/trace", folder);
    policy = (struct redirect_settings){.follow = true, .max_hops = 5, .ask_timeout = 20000};
    memset(askers, 0, sizeof askers); /* a case may end while some wait */
    loop = NULL;
    questions = NULL;
    renew();
}

static void teardown(void)
{
    questions_free(questions);
    loop_free(loop);
    unlink(program);
    unlink(trace);
    rmdir(folder);
}

/* --- the program --- */

START_TEST(exit_0_is_yes)
{
    char line[1200] = "";

    script("exit 0");
    ask(0);
    wait_answer(0, QUESTION_YES, "");
    ck_assert_int_eq(runs(line), 1);
    ck_assert_msg(strstr(line, " 1|sallyport: the proxy http://a.example.net:3128 wants all IMAP to go through the "
                         "proxy http://b.example.net:3128 for 10 minutes. Allow it?|confirm\n") != NULL, "%s", line);
}
END_TEST

START_TEST(any_other_exit_is_no)
{
    static const char *const bodies[] = {"exit 1", "exit 2", "exit 125"};

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct setproxy what = said("http://b.example.net:3128", "imap://");

        what.proxy.port = (uint16_t)(4000 + i);
        script(bodies[i]);
        renew();
        ask_about(i, &what);
        wait_answer(i, QUESTION_NO, "the user said no");
    }
}
END_TEST

START_TEST(a_program_that_breaks_has_said_nothing)
{
    static const char *const bodies[] = {"kill -9 $$", "kill -TERM $$", "exit 127", "exit 126"};

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct setproxy what = said("http://b.example.net:3128", "imap://");

        what.proxy.port = (uint16_t)(4000 + i);
        script(bodies[i]);
        renew();
        ask_about(i, &what);
        wait_answer(i, QUESTION_UNANSWERED, "ask-command failed");
    }
}
END_TEST

START_TEST(a_program_that_is_missing_or_cannot_be_run)
{
    policy.ask_command = program; /* not there */
    ask(0);
    unit_wait(loop, is_told, &askers[0]);
    if (askers[0].answer == QUESTION_UNANSWERED) /* valgrind starts a process before it finds out */
        must_be_told(0, QUESTION_UNANSWERED, "the ask-command failed");
    else
        must_be_told(0, QUESTION_UNASKED, "the ask-command could not be run");
}
END_TEST

static pid_t group;

static bool program_runs(void *arg)
{
    return have_run(1, &group) && arg == NULL;
}

static bool first_is_told_and_program_gone(void *arg)
{
    return askers[0].told && is_gone(group) && arg == NULL;
}

START_TEST(a_program_that_hangs_is_killed_when_the_time_is_over)
{
    unit_step_fn *const steps[] = {program_runs, first_is_told_and_program_gone, NULL};

    script("sleep 1000 & sleep 1000");
    policy.ask_timeout = 1000;
    ask(0);
    unit_walk(loop, steps, NULL);
    must_be_told(0, QUESTION_UNANSWERED, "");
}
END_TEST

START_TEST(a_program_that_floods_its_output)
{
    script("head -c 3000000 /dev/zero; echo; exit 0");
    ask(0);
    wait_answer(0, QUESTION_YES, "");
}
END_TEST

static bool program_runs_and_nobody_waits(void *arg)
{
    if (!program_runs(arg))
        return false;
    give_up(0);
    ck_assert(!is_gone(group));
    give_up(1);
    return true;
}

static bool it_is_gone_and_the_next_one_asks(void *arg)
{
    if (!is_gone(group) || arg)
        return false;
    ask(2);
    return true;
}

static bool it_runs_anew(void *arg)
{
    return have_run(2, &group) && arg == NULL;
}

START_TEST(a_program_is_ended_with_the_last_session_that_waits)
{
    unit_step_fn *const steps[] = {program_runs_and_nobody_waits, it_is_gone_and_the_next_one_asks, it_runs_anew, NULL};

    script("sleep 1000 & sleep 1000");
    ask(0);
    ask(1);
    unit_walk(loop, steps, NULL);
    ck_assert_uint_eq(askers[0].told + askers[1].told, 0);
    question_cancel(NULL);
}
END_TEST

START_TEST(all_are_ended_with_the_list)
{
    script("sleep 1000");
    ask(0);
    unit_wait(loop, program_runs, NULL);
    questions_free(questions);
    questions = NULL;
    for (int i = 0; i < 20000 && !is_gone(group); i++)
        usleep(1000); /* what it had started itself is buried by init */
    ck_assert(is_gone(group));
    ck_assert_uint_eq(askers[0].told, 0);
}
END_TEST

START_TEST(the_environment_names_a_program_when_the_configuration_does_not)
{
    char line[1200];
    struct setproxy what = said("http://b.example.net:3128", "imap://*.example.net/");

    script("exit 0");
    policy.ask_command = NULL;
    setenv("SSH_ASKPASS", program, 1);
    setenv("DISPLAY", ":0", 1);
    ask(0);
    wait_answer(0, QUESTION_YES, "");
    ck_assert_int_eq(runs(line), 1);
    setenv("SSH_ASKPASS", "/nowhere", 1);
    setenv("SALLYPORT_ASKPASS", program, 1);
    renew();
    ask_about(1, &what);
    wait_answer(1, QUESTION_YES, "");
    ck_assert_int_eq(runs(line), 2);
    setenv("SALLYPORT_ASKPASS", "", 1);
    setenv("SSH_ASKPASS", "", 1);
    renew();
    what.proxy.port = 1;
    ask_about(2, &what);
    wait_answer(2, QUESTION_UNASKED, "nobody to ask");
    ck_assert_int_eq(runs(line), 2);
}
END_TEST

/* It is a window; SALLYPORT_ASKPASS may be anything. */
START_TEST(the_program_of_ssh_is_run_where_it_can_show_itself)
{
    static const char *const variables[] = {"", "DISPLAY", "WAYLAND_DISPLAY"};

    script("exit 0");
    policy.ask_command = NULL;
    setenv("SSH_ASKPASS", program, 1);
    setenv("DISPLAY", "", 1);
    if (_i > 0)
        setenv(variables[_i], "screen", 1);
    ask(0);
    wait_answer(0, _i > 0 ? QUESTION_YES : QUESTION_UNASKED, "nobody to ask");
    ck_assert_int_eq(runs(NULL), _i > 0);
}
END_TEST

START_TEST(nothing_of_the_question_is_for_a_shell)
{
    char line[1200] = "";
    struct setproxy what = said("http://b.example.net:3128", "*");

    script("exit 0");
    ask_about(0, &what);
    wait_answer(0, QUESTION_YES, "");
    runs(line);
    ck_assert_msg(strstr(line, " 1|sallyport: the proxy http://a.example.net:3128 wants everything to ") != NULL,
                  "%s", line);
    what.action = SETPROXY_DIRECT;
    renew();
    ask_about(1, &what);
    wait_answer(1, QUESTION_YES, "");
    runs(line);
    ck_assert_msg(strstr(line, "wants everything to go without a proxy") != NULL, "%s", line);
}
END_TEST

/* --- the list --- */

static void on_answer_ask_again(void *arg, enum question_state answer, const char *why)
{
    const struct setproxy what = said("http://c.example.net:3128", "*");
    const char *ignored;

    on_answer(arg, answer, why);
    askers[1].wait = questions_ask(questions, &policy, &sender, &what, on_answer, &askers[1], &ignored);
    ck_assert_ptr_nonnull(askers[1].wait);
}

/* The question that is being told is not remembered, and would be dropped by the new one. */
START_TEST(who_is_told_may_ask_again_at_once)
{
    const struct setproxy what = said("http://b.example.net:3128", "*");
    const char *why;

    memset(askers, 0, sizeof askers);
    askers[0].wait = questions_ask(questions, &policy, &sender, &what, on_answer_ask_again, &askers[0], &why);
    unit_wait(loop, is_told, &askers[1]);
    must_be_told(0, QUESTION_UNASKED, "nobody to ask");
    must_be_told(1, QUESTION_UNASKED, "nobody to ask");
}
END_TEST

START_TEST(nobody_to_ask_is_no_at_once)
{
    ask(0);
    wait_answer(0, QUESTION_UNASKED, "nobody to ask");
}
END_TEST

START_TEST(a_question_that_is_shown_waits_for_its_answer)
{
    struct question_facts facts;

    questions_set_shown(questions, true);
    ask(0);
    ck_assert(questions_at(questions, 0, &facts));
    ck_assert(!questions_at(questions, 1, &facts));
    ck_assert_str_eq(facts.text, "sallyport: the proxy http://a.example.net:3128 wants all IMAP to go through the "
                     "proxy http://b.example.net:3128 for 10 minutes. Allow it?");
    ck_assert_uint_le(facts.left_ms, 20000);
    ck_assert_uint_gt(facts.left_ms, 19000);
    ck_assert(!questions_answer(questions, facts.id + 1, true));
    ck_assert(questions_answer(questions, facts.id, true));
    ck_assert(!questions_answer(questions, facts.id, false)); /* the first answer wins */
    ck_assert(!questions_at(questions, 0, &facts));
    wait_answer(0, QUESTION_YES, "");
}
END_TEST

START_TEST(a_question_that_is_shown_can_be_refused)
{
    struct question_facts facts;

    questions_set_shown(questions, true);
    ask(0);
    ck_assert(questions_at(questions, 0, &facts));
    ck_assert(questions_answer(questions, facts.id, false));
    wait_answer(0, QUESTION_NO, "the user said no");
}
END_TEST

START_TEST(no_answer_in_time_is_no)
{
    questions_set_shown(questions, true);
    policy.ask_timeout = 200;
    ask(0);
    wait_answer(0, QUESTION_UNANSWERED, "nobody answered in time");
}
END_TEST

static bool broken_program_is_gone_and_the_list_says_yes(void *arg)
{
    struct question_facts facts;

    if (!program_runs(arg) || !is_gone(group))
        return false;
    ck_assert_uint_eq(askers[0].told, 0);
    ck_assert(questions_at(questions, 0, &facts));
    ck_assert(questions_answer(questions, facts.id, true));
    return true;
}

START_TEST(the_list_stays_when_the_program_breaks)
{
    unit_step_fn *const steps[] = {broken_program_is_gone_and_the_list_says_yes, all_are_told, NULL};

    questions_set_shown(questions, true);
    script("exit 127");
    ask(0);
    unit_walk(loop, steps, NULL);
    must_be_told(0, QUESTION_YES, "");
}
END_TEST

static bool the_list_is_first(void *arg)
{
    struct question_facts facts;

    if (!program_runs(arg))
        return false;
    ck_assert(questions_at(questions, 0, &facts));
    ck_assert(questions_answer(questions, facts.id, true));
    return true;
}

START_TEST(the_program_is_ended_when_the_list_is_first)
{
    unit_step_fn *const steps[] = {the_list_is_first, first_is_told_and_program_gone, NULL};

    questions_set_shown(questions, true);
    script("sleep 1000");
    ask(0);
    unit_walk(loop, steps, NULL);
    must_be_told(0, QUESTION_YES, "");
}
END_TEST

/* --- who is told that a question has nothing but the list --- */

static char standing[200]; /* "+3" for each that stands, "-3" for each that does no more */

static void on_standing(void *arg, unsigned id, const char *text)
{
    ck_assert_ptr_eq(arg, standing);
    ck_assert(!text || strncmp(text, "sallyport: the proxy ", 21) == 0);
    snprintf(standing + strlen(standing), sizeof standing - strlen(standing), "%c%u", text ? '+' : '-', id);
}

static void watch_standing(void)
{
    standing[0] = '\0';
    questions_tell_standing(questions, on_standing, standing);
    questions_set_shown(questions, true);
}

/* How it comes to its end. */
enum ending { ANSWERED, LATE, WITHDRAWN, STILL_OPEN, ENDINGS };

START_TEST(a_question_without_a_program_is_told_until_it_ends)
{
    struct question_facts facts;

    watch_standing();
    if (_i == LATE)
        policy.ask_timeout = 200;
    ask(0);
    ask(1); /* the same one */
    ck_assert_str_eq(standing, "+1");
    ck_assert(questions_at(questions, 0, &facts));
    switch ((enum ending)_i) {
    case ANSWERED: ck_assert(questions_answer(questions, facts.id, true)); break;
    case LATE: unit_wait(loop, all_are_told, NULL); break;
    case WITHDRAWN: give_up(0), give_up(1); break;
    case STILL_OPEN: case ENDINGS:
        questions_free(questions);
        questions = NULL;
        break;
    }
    ck_assert_str_eq(standing, _i == STILL_OPEN ? "+1" : "+1-1");
}
END_TEST

START_TEST(a_question_with_a_program_is_not_told)
{
    watch_standing();
    script("exit 0");
    ask(0);
    wait_answer(0, QUESTION_YES, "");
    ck_assert_str_eq(standing, "-1");
}
END_TEST

START_TEST(a_question_whose_program_breaks_is_told)
{
    unit_step_fn *const steps[] = {broken_program_is_gone_and_the_list_says_yes, all_are_told, NULL};

    watch_standing();
    script("exit 127");
    ask(0);
    unit_walk(loop, steps, NULL);
    ck_assert_str_eq(standing, "+1-1");
}
END_TEST

START_TEST(the_program_answers_what_is_shown_too)
{
    struct question_facts facts;

    questions_set_shown(questions, true);
    script("exit 0");
    ask(0);
    wait_answer(0, QUESTION_YES, "");
    ck_assert(!questions_at(questions, 0, &facts));
}
END_TEST

START_TEST(the_same_question_is_asked_once_and_all_are_told)
{
    struct question_facts facts;

    questions_set_shown(questions, true);
    for (size_t i = 0; i < ASKERS; i++)
        ask(i);
    ck_assert(questions_at(questions, 0, &facts));
    ck_assert(!questions_at(questions, 1, &facts));
    give_up(3);
    give_up(ASKERS - 1);
    ck_assert(questions_answer(questions, facts.id, true));
    unit_wait(loop, all_are_told, NULL);
    for (size_t i = 0; i < ASKERS - 1; i++)
        if (i != 3)
            must_be_told(i, QUESTION_YES, "");
    ck_assert_uint_eq(askers[3].told + askers[ASKERS - 1].told, 0);
}
END_TEST

/* How many questions are open. */
static size_t open_questions(void)
{
    struct question_facts facts;
    size_t count = 0;

    while (questions_at(questions, count, &facts))
        count++;
    return count;
}

START_TEST(another_sender_proxy_scope_or_action_is_another_question)
{
    struct setproxy what = said("http://b.example.net:3128", "imap://"), other = what;

    questions_set_shown(questions, true);
    ask_about(0, &what);
    switch (_i) {
    case 0: sender.port = 99; break;
    case 1: other = said("http://c.example.net:3128", "imap://"); break;
    case 2: other = said("http://b.example.net:3128", "*"); break;
    case 3: other.action = SETPROXY_DIRECT; break;
    case 4: other.lifetime.seconds++; break; /* longer */
    case 5: other.lifetime.seconds--; break; /* is none */
    }
    ask_about(1, &other);
    ck_assert_uint_eq(open_questions(), _i == 5 ? 1 : 2);
    give_up(0);
    ck_assert_uint_eq(open_questions(), 1); /* the other one waits yet */
    give_up(1);
    ck_assert_uint_eq(open_questions(), 0);
}
END_TEST

static bool the_others_ask_too(void *arg)
{
    if (!askers[0].told || arg)
        return false;
    script("exit 1");
    for (size_t i = 1; i < ASKERS; i++)
        ask(i);
    return true;
}

START_TEST(a_yes_is_remembered)
{
    unit_step_fn *const steps[] = {the_others_ask_too, all_are_told, NULL};

    script("exit 0");
    ask(0);
    unit_walk(loop, steps, NULL);
    for (size_t i = 0; i < ASKERS; i++)
        must_be_told(i, QUESTION_YES, "");
    ck_assert_int_eq(runs(NULL), 1);
}
END_TEST

static uint64_t over; /* ms: when the first answer is forgotten */

static bool the_second_asks(void *arg)
{
    if (!askers[0].told || arg)
        return false;
    over = loop_now(loop) + 1001;
    script("exit 0");
    ask(1);
    return true;
}

static bool the_third_asks_later(void *arg)
{
    if (!askers[1].told || loop_now(loop) < over || arg)
        return false;
    ask(2);
    return true;
}

START_TEST(a_no_is_remembered_for_as_long_as_a_question_stands)
{
    unit_step_fn *const steps[] = {the_second_asks, the_third_asks_later, all_are_told, NULL};

    policy.ask_timeout = 1000;
    script("exit 1");
    ask(0);
    unit_walk(loop, steps, NULL);
    must_be_told(0, QUESTION_NO, "the user said no");
    must_be_told(1, QUESTION_NO, "the user said no");
    must_be_told(2, QUESTION_YES, "");
    ck_assert_int_eq(runs(NULL), 2);
}
END_TEST

static bool knows_nothing_any_more(void *arg)
{
    if (!askers[0].told || arg)
        return false;
    questions_forget(questions);
    script("exit 1");
    ask(1);
    return true;
}

START_TEST(answers_can_be_forgotten)
{
    unit_step_fn *const steps[] = {knows_nothing_any_more, all_are_told, NULL};

    script("exit 0");
    ask(0);
    unit_walk(loop, steps, NULL);
    must_be_told(1, QUESTION_NO, "the user said no");
    ck_assert_int_eq(runs(NULL), 2);
}
END_TEST

/* The next sender asks about proxy i.  NULL: it may not. */
static struct question_wait *ask_from(uint16_t port, size_t i, struct asker *asker, const char **why)
{
    struct setproxy what = said("http://b.example.net:3128", "imap://");

    sender.port = port;
    what.proxy.port = (uint16_t)(i + 1);
    return questions_ask(questions, &policy, &sender, &what, on_answer, asker, why);
}

START_TEST(so_many_questions_may_be_open_and_no_more)
{
    struct question_wait *waits[ASK_OPEN_MAX];
    struct asker ignored = {0};
    const char *why;

    questions_set_shown(questions, true);
    for (size_t i = 0; i < ASK_OPEN_MAX; i++) {
        waits[i] = ask_from((uint16_t)(1 + i / ASK_OPEN_PER_SENDER), i, &ignored, &why);
        ck_assert_ptr_nonnull(waits[i]);
    }
    ck_assert_ptr_null(ask_from(99, 0, &ignored, &why));
    ck_assert_str_eq(why, "too many questions to the user are open");
    question_cancel(ask_from(1, 0, &ignored, &why)); /* an open one may still be shared */
    question_cancel(waits[0]);
    waits[0] = ask_from(99, 0, &ignored, &why);
    ck_assert_ptr_nonnull(waits[0]);
    for (size_t i = 0; i < ASK_OPEN_MAX; i++)
        question_cancel(waits[i]);
    ck_assert_uint_eq(ignored.told, 0);
}
END_TEST

START_TEST(one_sender_does_not_keep_another_from_asking)
{
    struct question_wait *waits[ASK_OPEN_PER_SENDER + 1];
    struct asker ignored = {0};
    const char *why;

    questions_set_shown(questions, true);
    for (size_t i = 0; i < ASK_OPEN_PER_SENDER; i++)
        ck_assert_ptr_nonnull(waits[i] = ask_from(1, i, &ignored, &why));
    ck_assert_ptr_null(ask_from(1, 5, &ignored, &why));
    ck_assert_str_eq(why, "other questions of this proxy are open");
    ck_assert_ptr_nonnull(waits[ASK_OPEN_PER_SENDER] = ask_from(2, 5, &ignored, &why));
    for (size_t i = 0; i <= ASK_OPEN_PER_SENDER; i++)
        question_cancel(waits[i]);
}
END_TEST

/* The answers are forgotten when they are forgotten; that time passes is looked at in check_consent. */
START_TEST(one_no_is_enough)
{
    struct question_facts facts;
    const char *why;

    questions_set_shown(questions, true);
    askers[0].wait = ask_from(1, 0, &askers[0], &why);
    askers[1].wait = ask_from(1, 1, &askers[1], &why);
    ck_assert(questions_at(questions, 0, &facts));
    ck_assert(questions_answer(questions, facts.id, false));
    ck_assert_uint_eq(open_questions(), 1); /* the other one stays open */
    ck_assert_ptr_null(ask_from(1, 2, &askers[2], &why));
    ck_assert_str_eq(why, "the user has just said no to this proxy");
    give_up(0);
    give_up(1);
    ck_assert_ptr_nonnull(askers[2].wait = ask_from(2, 2, &askers[2], &why));
    questions_forget(questions);
    ck_assert_ptr_nonnull(askers[3].wait = ask_from(1, 3, &askers[3], &why));
    give_up(2);
    give_up(3);
}
END_TEST

/* Columns: the lifetime that the user said yes to, the one that is asked for then, and whether that is covered. */
START_TEST(a_yes_to_a_lifetime_is_none_to_a_longer_one)
{
    static const struct {
        struct setproxy_lifetime allowed, wanted;
        bool covered;
    } rows[] = {
        {{.once = true}, {.once = true}, true},
        {{.once = true}, {.hits = 1}, false},
        {{.once = true}, {0}, false},
        {{.hits = 1}, {.once = true}, true},
        {{.hits = 1}, {.hits = 1}, true},
        {{.hits = 1}, {.hits = 2}, false},
        {{.hits = 1}, {.seconds = 1}, false},
        {{.hits = 1}, {.hits = 1, .seconds = 9}, true},
        {{.hits = 1}, {0}, false},
        {{.seconds = 60}, {.seconds = 60}, true},
        {{.seconds = 60}, {.seconds = 61}, false},
        {{.seconds = 60}, {.hits = 1}, false},
        {{.seconds = 60}, {.hits = 1, .seconds = 60}, true},
        {{.hits = 5, .seconds = 60}, {.seconds = 60}, false},
        {{.hits = 5, .seconds = 60}, {.hits = 5}, false},
        {{.hits = 5, .seconds = 60}, {.hits = 4, .seconds = 59}, true},
        {{.seconds = 60}, {0}, false},
        {{0}, {0}, true},
        {{0}, {.once = true}, true},
        {{0}, {.seconds = UINT32_MAX}, true},
    };

    questions_set_shown(questions, true);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct setproxy what = said("http://b.example.net:3128", "imap://");
        struct question_facts facts;

        questions_forget(questions);
        what.lifetime = rows[i].allowed;
        ask_about(0, &what);
        ck_assert(questions_at(questions, 0, &facts));
        ck_assert(questions_answer(questions, facts.id, true));
        what.lifetime = rows[i].wanted;
        ask_about(1, &what);
        ck_assert_msg(open_questions() == (rows[i].covered ? 0 : 1), "row %zu", i);
        give_up(0);
        give_up(1);
    }
}
END_TEST

/* A step of a long story: the next sender's question is answered, and so on until arg (a count) is reached. */
static bool senders_are_told_no(void *arg)
{
    unsigned *done = arg;
    struct question_facts facts;
    const char *why;

    if (*done > 0 && !askers[0].told)
        return false;
    memset(&askers[0], 0, sizeof askers[0]);
    askers[0].wait = ask_from((uint16_t)(100 + ++*done), 0, &askers[0], &why);
    ck_assert_msg(askers[0].wait != NULL, "after %u answers: %s", *done - 1, why);
    ck_assert(questions_at(questions, 0, &facts));
    ck_assert(questions_answer(questions, facts.id, *done == 1));
    return *done == 3 * ASK_REMEMBERED_MAX;
}

START_TEST(a_yes_is_not_pushed_out_by_many_a_no)
{
    unsigned done = 0;
    const char *why;

    questions_set_shown(questions, true);
    unit_wait(loop, senders_are_told_no, &done);
    give_up(0);
    ck_assert_ptr_nonnull(askers[1].wait = ask_from(101, 0, &askers[1], &why));
    ck_assert_uint_eq(open_questions(), 0);
    give_up(1);
    ck_assert_ptr_nonnull(askers[1].wait = ask_from(102, 1, &askers[1], &why)); /* its no was pushed out */
    ck_assert_uint_eq(open_questions(), 1);
    give_up(1);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("ask");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, exit_0_is_yes);
    tcase_add_test(cases, any_other_exit_is_no);
    tcase_add_test(cases, a_program_that_breaks_has_said_nothing);
    tcase_add_test(cases, a_program_that_is_missing_or_cannot_be_run);
    tcase_add_test(cases, a_program_that_hangs_is_killed_when_the_time_is_over);
    tcase_add_test(cases, a_program_that_floods_its_output);
    tcase_add_test(cases, a_program_is_ended_with_the_last_session_that_waits);
    tcase_add_test(cases, all_are_ended_with_the_list);
    tcase_add_test(cases, the_environment_names_a_program_when_the_configuration_does_not);
    tcase_add_loop_test(cases, the_program_of_ssh_is_run_where_it_can_show_itself, 0, 3);
    tcase_add_test(cases, nothing_of_the_question_is_for_a_shell);
    tcase_add_test(cases, who_is_told_may_ask_again_at_once);
    tcase_add_test(cases, nobody_to_ask_is_no_at_once);
    tcase_add_test(cases, a_question_that_is_shown_waits_for_its_answer);
    tcase_add_test(cases, a_question_that_is_shown_can_be_refused);
    tcase_add_test(cases, no_answer_in_time_is_no);
    tcase_add_test(cases, the_list_stays_when_the_program_breaks);
    tcase_add_test(cases, the_program_is_ended_when_the_list_is_first);
    tcase_add_test(cases, the_program_answers_what_is_shown_too);
    tcase_add_loop_test(cases, a_question_without_a_program_is_told_until_it_ends, 0, ENDINGS);
    tcase_add_test(cases, a_question_with_a_program_is_not_told);
    tcase_add_test(cases, a_question_whose_program_breaks_is_told);
    tcase_add_test(cases, the_same_question_is_asked_once_and_all_are_told);
    tcase_add_loop_test(cases, another_sender_proxy_scope_or_action_is_another_question, 0, 6);
    tcase_add_test(cases, a_yes_is_remembered);
    tcase_add_test(cases, a_no_is_remembered_for_as_long_as_a_question_stands);
    tcase_add_test(cases, answers_can_be_forgotten);
    tcase_add_test(cases, so_many_questions_may_be_open_and_no_more);
    tcase_add_test(cases, one_sender_does_not_keep_another_from_asking);
    tcase_add_test(cases, one_no_is_enough);
    tcase_add_test(cases, a_yes_to_a_lifetime_is_none_to_a_longer_one);
    tcase_add_test(cases, a_yes_is_not_pushed_out_by_many_a_no);
    return unit_run();
}
