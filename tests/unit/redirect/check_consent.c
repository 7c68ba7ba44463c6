/* SPDX-License-Identifier: ISC */
#include "redirect/consent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

#define RESOLVE_MS 10000

static struct services *services;
static struct redirect_settings settings;
static const struct endpoint sender = {.host = "a.example.net", .port = 3128};

struct asked {
    struct consent *consent;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
    bool frees; /* from within done */
};

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked *asked = arg;

    unit_note_outcome(&asked->told, &asked->outcome, &asked->failure, outcome, failure);
    if (asked->frees) {
        consent_free(asked->consent);
        asked->consent = NULL;
    }
}

/* Port 3128 of 192.0.2.66 is where nobody may be. */
static const char *forbid(void *arg, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];

    ck_assert_ptr_nonnull(arg);
    return strcmp(address_format(address, text), "192.0.2.66:3128") == 0 ? "it is not to be" : NULL;
}

static void set_up(void)
{
    services = stage_set_up();
    settings = (struct redirect_settings){.follow = true, .max_hops = 5, .ask_timeout = 60000};
    questions_set_shown(services->questions, true);
    stage_name("b.example.net", "192.0.2.1 192.0.2.2");
}

static void ask_about(struct asked *asked, enum setproxy_action action, uint16_t port)
{
    struct setproxy said = {.action = action, .proxy = {.host = "b.example.net", .port = port}, .wider = true};
    const struct consent_params params = {
        .loop = services->loop,
        .resolver = services->resolver,
        .questions = services->questions,
        .settings = &settings,
        .resolve_ms = RESOLVE_MS,
        .sender = &sender,
        .said = &said,
        .forbids = forbid,
        .done = on_told,
        .arg = asked,
    };

    ck_assert(scope_parse(&said.scope, "imap://", 7, false));
    memset(asked, 0, sizeof *asked);
    asked->consent = consent_ask(&params);
    ck_assert_ptr_nonnull(asked->consent);
    ck_assert_uint_eq(asked->told, 0);
}

static void ask(struct asked *asked, enum setproxy_action action)
{
    ask_about(asked, action, 3128);
}

/* The id of the one open question, or 0. */
static unsigned question(void)
{
    struct question_facts facts;

    return questions_at(services->questions, 0, &facts) ? facts.id : 0;
}

static void end(struct asked *asked)
{
    consent_free(asked->consent);
    stage_settle();
}

static void check_told(const struct asked *asked, enum outcome outcome, const char *what)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_int_eq(asked->outcome, outcome);
    ck_assert_str_eq(asked->failure.what, what);
}

START_TEST(the_user_says_yes_or_no)
{
    struct asked asked;

    set_up();
    ask(&asked, SETPROXY_SET);
    ck_assert_uint_eq(question(), 0); /* nothing happens within the call */
    stage_settle();
    ck_assert_uint_eq(stage_lookups(), 1);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert(questions_answer(services->questions, question(), _i == 0));
    ck_assert_uint_eq(asked.told, 0);
    stage_settle();
    check_told(&asked, _i == 0 ? OUTCOME_DONE : OUTCOME_FORBIDDEN, _i == 0 ? "" : "the user said no");
    ck_assert(_i == 0 || asked.failure.class == FAILURE_PERMANENT);
    end(&asked);
    ask(&asked, SETPROXY_SET); /* it is remembered */
    stage_settle();
    ck_assert_uint_eq(asked.told, 1);
    end(&asked);
    stage_tear_down();
}
END_TEST

START_TEST(nobody_answers)
{
    struct asked asked;

    set_up();
    ask(&asked, SETPROXY_SET);
    stage_advance(59999);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    check_told(&asked, OUTCOME_FORBIDDEN, "nobody answered in time (ask-timeout)");
    ck_assert_int_eq(asked.failure.class, FAILURE_TEMPORARY);
    end(&asked);
    stage_tear_down();
}
END_TEST

/* The proxy asks for something else at once: the user is left alone for as long as a question may stand. */
START_TEST(after_a_no_the_proxy_asks_nothing_for_a_while)
{
    struct asked asked;

    set_up();
    ask(&asked, SETPROXY_SET);
    stage_settle();
    ck_assert(questions_answer(services->questions, question(), false));
    stage_settle();
    check_told(&asked, OUTCOME_FORBIDDEN, "the user said no");
    end(&asked);
    stage_advance(59999);
    ask_about(&asked, SETPROXY_SET, 3129);
    stage_settle();
    check_told(&asked, OUTCOME_LOCAL, "the user has just said no to this proxy");
    ck_assert_int_eq(asked.failure.class, FAILURE_TEMPORARY);
    ck_assert_uint_eq(question(), 0);
    end(&asked);
    stage_advance(1);
    ask_about(&asked, SETPROXY_SET, 3129);
    stage_settle();
    ck_assert_uint_ne(question(), 0);
    end(&asked);
    stage_tear_down();
}
END_TEST

START_TEST(there_is_nobody_to_ask)
{
    struct asked asked;

    unsetenv("SALLYPORT_ASKPASS");
    unsetenv("SSH_ASKPASS");
    set_up();
    questions_set_shown(services->questions, false);
    ask(&asked, SETPROXY_SET);
    stage_settle();
    check_told(&asked, OUTCOME_FORBIDDEN, "there is nobody to ask: no ask-command and no control socket");
    ck_assert_int_eq(asked.failure.class, FAILURE_PERMANENT);
    end(&asked);
    stage_tear_down();
}
END_TEST

/* One address of several is enough. */
START_TEST(nobody_is_asked_about_a_forbidden_address)
{
    struct asked asked;

    set_up();
    stage_name("b.example.net", "192.0.2.1 192.0.2.66");
    ask(&asked, SETPROXY_SET);
    stage_settle();
    check_told(&asked, OUTCOME_FORBIDDEN, "it is not to be");
    ck_assert_uint_eq(question(), 0);
    end(&asked);
    stage_tear_down();
}
END_TEST

/* It may be found when it is dialed, and is looked at again then. */
START_TEST(a_name_that_is_not_found_is_asked_about)
{
    struct asked asked;

    set_up();
    stage_name("b.example.net", _i == 0 ? "!no such name" : "");
    ask(&asked, SETPROXY_SET);
    stage_settle();
    if (_i == 1) {
        stage_advance(RESOLVE_MS - 1);
        ck_assert_uint_eq(question(), 0);
        stage_advance(1);
        ck_assert_uint_eq(stage_lookups_open(), 0);
    }
    ck_assert_uint_ne(question(), 0);
    ck_assert_uint_eq(asked.told, 0);
    end(&asked);
    stage_tear_down();
}
END_TEST

START_TEST(without_a_proxy_there_is_nothing_to_look_up)
{
    struct asked asked;

    set_up();
    ask(&asked, SETPROXY_DIRECT);
    stage_settle();
    ck_assert_uint_eq(stage_lookups(), 0);
    ck_assert_uint_ne(question(), 0);
    end(&asked);
    stage_tear_down();
}
END_TEST

START_TEST(sessions_share_a_question)
{
    struct asked one, two;

    set_up();
    ask(&one, SETPROXY_SET);
    ask(&two, SETPROXY_SET);
    stage_settle();
    end(&one);
    ck_assert_uint_ne(question(), 0); /* the other one waits yet */
    ck_assert(questions_answer(services->questions, question(), true));
    stage_settle();
    ck_assert_uint_eq(one.told, 0);
    check_told(&two, OUTCOME_DONE, "");
    end(&two);
    stage_tear_down();
}
END_TEST

/* Before it begins; while the name is looked up; while the question is open; from within done. */
START_TEST(it_can_be_freed_in_each_state)
{
    struct asked asked;

    set_up();
    if (_i == 1)
        stage_name("b.example.net", "");
    ask(&asked, SETPROXY_SET);
    asked.frees = _i == 3;
    if (_i > 0)
        stage_settle();
    if (_i == 1)
        ck_assert_uint_eq(stage_lookups_open(), 1);
    if (_i == 3)
        questions_answer(services->questions, question(), true);
    stage_settle();
    end(&asked);
    ck_assert_uint_eq(stage_lookups_open(), 0);
    ck_assert_uint_eq(question(), 0); /* it is withdrawn */
    stage_advance(3600000);
    ck_assert_uint_eq(asked.told, _i == 3 ? 1 : 0);
    consent_free(NULL);
    stage_tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("consent");

    tcase_add_loop_test(cases, the_user_says_yes_or_no, 0, 2);
    tcase_add_test(cases, nobody_answers);
    tcase_add_test(cases, after_a_no_the_proxy_asks_nothing_for_a_while);
    tcase_add_test(cases, there_is_nobody_to_ask);
    tcase_add_test(cases, nobody_is_asked_about_a_forbidden_address);
    tcase_add_loop_test(cases, a_name_that_is_not_found_is_asked_about, 0, 2);
    tcase_add_test(cases, without_a_proxy_there_is_nothing_to_look_up);
    tcase_add_test(cases, sessions_share_a_question);
    tcase_add_loop_test(cases, it_can_be_freed_in_each_state, 0, 4);
    return unit_run();
}
