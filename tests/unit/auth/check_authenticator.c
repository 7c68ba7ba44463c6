/* SPDX-License-Identifier: ISC */
#include "auth/authenticator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../stage.h"
#include "../unit.h"
#include "base/secrets.h"

#define BIT(scheme) (1u << (scheme))
#define WAIT_MS 120000
#define ARTHUR "Basic YXJ0aHVyOm1hZ2lj" /* arthur:magic */

/* --- an authenticator, and what it told --- */

static struct services *services;
static struct config *config;
static struct endpoint proxy;

struct asked {
    struct authenticator *authenticator;
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
        authenticator_free(asked->authenticator);
        asked->authenticator = NULL;
    }
}

/* With one proxy section of these lines. */
static void set_up(const char *lines)
{
    char text[1000];

    services = stage_set_up();
    snprintf(text, sizeof text, "[proxy]\nurl = http://p:3128\n%s\n[imap]\ntarget = mail.example.net\n", lines);
    config = unit_config(text);
    proxy = config->proxies[0].urls.at[0];
}

static void tear_down(void)
{
    config_unref(config);
    stage_tear_down();
}

static struct authenticator_params params_of(struct asked *asked)
{
    return (struct authenticator_params){
        .loop = services->loop,
        .passwords = services->passwords,
        .lockout = services->lockout,
        .proxy = &proxy,
        .own = &config->proxies[0],
        .wait_ms = WAIT_MS,
        .done = on_told,
        .arg = asked,
    };
}

static void start_with(struct asked *asked, const struct authenticator_params *params)
{
    *asked = (struct asked){.authenticator = authenticator_start(params)};
    ck_assert_ptr_nonnull(asked->authenticator);
    ck_assert_uint_eq(asked->told, 0);
}

static void start(struct asked *asked)
{
    const struct authenticator_params params = params_of(asked);

    start_with(asked, &params);
    stage_settle();
}

static void check_ready(struct asked *asked, unsigned told, enum challenge_scheme scheme, const char *credentials)
{
    const char *value = authenticator_credentials(asked->authenticator);

    ck_assert_uint_eq(asked->told, told);
    ck_assert_msg(asked->outcome == OUTCOME_DONE, "%s", asked->failure.what);
    ck_assert_int_eq(authenticator_scheme(asked->authenticator), scheme);
    ck_assert_str_eq(value ? value : "-", credentials ? credentials : "-");
}

static void check_failed(const struct asked *asked, unsigned told, enum failure_class class, const char *what)
{
    ck_assert_uint_eq(asked->told, told);
    ck_assert_int_eq(asked->outcome, OUTCOME_LOCAL);
    ck_assert_int_eq(asked->failure.class, class);
    ck_assert_str_eq(asked->failure.what, what);
}

/* --- which scheme, with which credentials --- */

START_TEST(without_a_user_nothing_is_said)
{
    struct asked asked;
    char why[200];

    set_up("");
    start(&asked);
    check_ready(&asked, 1, CHALLENGE_NONE, NULL);
    ck_assert_ptr_null(authenticator_user(asked.authenticator));
    ck_assert_ptr_null(authenticator_password(asked.authenticator));
    ck_assert_int_eq(authenticator_lesson(asked.authenticator), CHALLENGE_NONE);
    ck_assert(!authenticator_challenge(asked.authenticator, BIT(CHALLENGE_BASIC), false, why, sizeof why));
    ck_assert_str_ne(why, "");
    stage_settle();
    ck_assert_uint_eq(asked.told, 1);
    authenticator_free(asked.authenticator);
    authenticator_free(NULL);
    tear_down();
}
END_TEST

/* The same for a resource, but that 401 is its server's word, and two schemes do not go with it. */
START_TEST(a_resource_has_the_same_rules)
{
    struct authenticator_params params;
    struct asked asked, next;
    char why[200];

    set_up("user = arthur\npassword = magic");
    params = params_of(&asked);
    params.method = METHOD_CONNECT_TCP;
    params.remembered = CHALLENGE_NTLM;
    start_with(&asked, &params);
    stage_settle();
    check_ready(&asked, 1, CHALLENGE_NONE, NULL);
    ck_assert(!authenticator_challenge(asked.authenticator, BIT(CHALLENGE_NTLM), false, why, sizeof why));
    ck_assert_str_eq(why, "it offers NTLM, usable with CONNECT but not with connect-tcp");
    authenticator_free(asked.authenticator);
    params.remembered = CHALLENGE_NONE;
    start_with(&asked, &params);
    stage_settle();
    ck_assert(authenticator_challenge(asked.authenticator, BIT(CHALLENGE_BASIC), false, why, sizeof why));
    stage_settle();
    check_ready(&asked, 2, CHALLENGE_BASIC, ARTHUR);
    authenticator_note(asked.authenticator, true);
    params.remembered = CHALLENGE_DIGEST;
    params.arg = &next;
    start_with(&next, &params);
    stage_settle();
    check_failed(&next, 1, FAILURE_PERMANENT, "401: this user and password were refused; the same ones are not sent "
                 "again for 30 s");
    authenticator_free(next.authenticator);
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

START_TEST(a_scheme_that_is_fixed_is_used_at_once)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic\nauth = basic");
    start(&asked);
    check_ready(&asked, 1, CHALLENGE_BASIC, ARTHUR);
    ck_assert_str_eq(authenticator_user(asked.authenticator), "arthur");
    ck_assert_str_eq(authenticator_password(asked.authenticator), "magic");
    ck_assert_int_eq(authenticator_lesson(asked.authenticator), CHALLENGE_NONE); /* the configuration says it */
    ck_assert(!authenticator_unable(asked.authenticator));
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

START_TEST(what_worked_before_is_used_at_once)
{
    struct asked asked;
    struct authenticator_params params;

    set_up("user = arthur\npassword = magic");
    params = params_of(&asked);
    params.remembered = CHALLENGE_BASIC;
    start_with(&asked, &params);
    stage_settle();
    check_ready(&asked, 1, CHALLENGE_BASIC, ARTHUR);
    ck_assert_int_eq(authenticator_lesson(asked.authenticator), CHALLENGE_BASIC);
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

START_TEST(a_challenge_begins_it_anew)
{
    struct asked asked;
    char why[200] = "";

    set_up("user = arthur\npassword = magic");
    start(&asked);
    check_ready(&asked, 1, CHALLENGE_NONE, NULL);
    ck_assert_ptr_null(authenticator_password(asked.authenticator));
    ck_assert(authenticator_challenge(asked.authenticator, BIT(CHALLENGE_BASIC), false, why, sizeof why));
    ck_assert_uint_eq(asked.told, 1); /* not from within the call */
    stage_settle();
    check_ready(&asked, 2, CHALLENGE_BASIC, ARTHUR);
    ck_assert_int_eq(authenticator_lesson(asked.authenticator), CHALLENGE_BASIC);
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

START_TEST(what_cannot_start_gives_way_to_the_next)
{
    struct asked asked;
    char why[200] = "";

    set_up("user = arthur\npassword = magic");
    start(&asked);
    ck_assert(authenticator_challenge(asked.authenticator, BIT(CHALLENGE_NEGOTIATE) | BIT(CHALLENGE_DIGEST), false, why,
                                      sizeof why));
    stage_settle();
    check_ready(&asked, 2, CHALLENGE_NEGOTIATE, NULL);
    ck_assert_ptr_null(authenticator_user(asked.authenticator)); /* the ticket says who asks */
    ck_assert(authenticator_unable(asked.authenticator));
    stage_settle();
    check_ready(&asked, 3, CHALLENGE_DIGEST, NULL);
    ck_assert_str_eq(authenticator_user(asked.authenticator), "arthur");
    ck_assert_str_eq(authenticator_password(asked.authenticator), "magic");
    ck_assert(!authenticator_unable(asked.authenticator));
    stage_settle();
    ck_assert_uint_eq(asked.told, 3);
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

/* A user of the environment's URL counts when the section names none. */
START_TEST(the_user_of_the_url_is_second)
{
    struct asked asked;
    struct authenticator_params params;

    set_up("auth = basic\nuser = arthur\npassword = magic");
    params = params_of(&asked);
    params.user = "other";
    params.password = "word";
    start_with(&asked, &params);
    stage_settle();
    check_ready(&asked, 1, CHALLENGE_BASIC, ARTHUR);
    authenticator_free(asked.authenticator);
    free(config->proxies[0].user);
    config->proxies[0].user = NULL;
    start_with(&asked, &params);
    stage_settle();
    check_ready(&asked, 1, CHALLENGE_BASIC, "Basic b3RoZXI6d29yZA==");
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

START_TEST(a_socks_proxy_gets_the_pair_itself)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    proxy.socks = true;
    start(&asked);
    check_ready(&asked, 1, CHALLENGE_NONE, NULL);
    ck_assert_str_eq(authenticator_user(asked.authenticator), "arthur");
    ck_assert_str_eq(authenticator_password(asked.authenticator), "magic");
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

START_TEST(a_pair_that_does_not_fit_is_refused)
{
    char password[2001];
    struct asked asked;

    memset(password, 'x', sizeof password - 1);
    password[sizeof password - 1] = '\0';
    set_up("auth = basic\nuser = arthur\npassword = magic");
    free(config->proxies[0].password);
    config->proxies[0].password = strdup(password);
    start(&asked);
    check_failed(&asked, 1, FAILURE_PERMANENT, "user and password are too long");
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

/* --- FETCH --- */

START_TEST(the_password_is_fetched)
{
    struct asked asked;

    set_up("auth = basic\nuser = arthur\npassword-command = echo magic");
    start(&asked);
    stage_wait(&asked.told);
    check_ready(&asked, 1, CHALLENGE_BASIC, ARTHUR);
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

START_TEST(a_command_that_fails_is_told_of)
{
    struct asked asked;

    set_up("auth = basic\nuser = arthur\npassword-command = echo oh no >&2; exit 3");
    start(&asked);
    stage_wait(&asked.told);
    ck_assert_int_eq(asked.outcome, OUTCOME_LOCAL);
    ck_assert_int_eq(asked.failure.class, FAILURE_TEMPORARY);
    ck_assert_ptr_nonnull(strstr(asked.failure.what, "password-command"));
    ck_assert_ptr_nonnull(strstr(asked.failure.what, "3"));
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

START_TEST(nothing_is_fetched_before_it_is_needed)
{
    struct asked asked;
    char why[200];

    set_up("user = arthur\npassword-command = echo magic");
    start(&asked);
    check_ready(&asked, 1, CHALLENGE_NONE, NULL);
    asked.told = 0;
    ck_assert(authenticator_challenge(asked.authenticator, BIT(CHALLENGE_BASIC), false, why, sizeof why));
    stage_wait(&asked.told);
    check_ready(&asked, 1, CHALLENGE_BASIC, ARTHUR);
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

/* The copy stays, whatever becomes of the configuration's. */
START_TEST(a_reload_takes_no_password_away)
{
    struct asked asked;

    set_up("auth = digest\nuser = arthur\npassword-command = echo magic");
    start(&asked);
    stage_wait(&asked.told);
    passwords_forget(services->passwords, NULL);
    ck_assert_str_eq(authenticator_password(asked.authenticator), "magic");
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

/* --- WAIT: the trial and the lock-out --- */

START_TEST(the_second_session_waits_for_the_first_ones_trial)
{
    struct asked one, two;

    set_up("auth = basic\nuser = arthur\npassword = magic");
    start(&one);
    check_ready(&one, 1, CHALLENGE_BASIC, ARTHUR);
    start(&two);
    stage_advance(5000);
    ck_assert_uint_eq(two.told, 0);
    switch (_i) {
    case 0: authenticator_note(one.authenticator, false); break; /* it is good */
    case 1: authenticator_note(one.authenticator, true); break;  /* it was refused */
    case 2: authenticator_free(one.authenticator); break;        /* nothing came of it */
    case 3: stage_advance(LOCKOUT_TRIAL_MS); break;              /* nothing is heard of it */
    }
    stage_settle(); /* no moment later */
    if (_i == 1)
        check_failed(&two, 1, FAILURE_PERMANENT, "407: this user and password were refused; the same ones are not "
                     "sent again for 30 s");
    else
        check_ready(&two, 1, CHALLENGE_BASIC, ARTHUR);
    if (_i == 3) { /* and then it is: nobody waits for that any more */
        authenticator_note(one.authenticator, false);
        stage_advance(2000);
        ck_assert_uint_eq(two.told, 1);
    }
    if (_i != 2)
        authenticator_free(one.authenticator);
    authenticator_free(two.authenticator);
    tear_down();
}
END_TEST

/* It is told of the wait, and may use the time; when it has nothing else to do, it waits like others. */
START_TEST(the_second_session_may_have_something_to_do_first)
{
    struct authenticator_params params;
    struct asked one, two;

    set_up("auth = basic\nuser = arthur\npassword = magic");
    start(&one);
    params = params_of(&two);
    params.ahead = true;
    start_with(&two, &params);
    stage_settle();
    check_ready(&two, 1, CHALLENGE_BASIC, ARTHUR);
    ck_assert(authenticator_may_send(one.authenticator));
    ck_assert(!authenticator_may_send(two.authenticator));
    stage_advance(WAIT_MS); /* which does not count */
    if (_i == 0)
        authenticator_note(one.authenticator, true);
    authenticator_await(two.authenticator);
    ck_assert_uint_eq(two.told, 1);
    stage_settle();
    if (_i == 0) {
        check_failed(&two, 2, FAILURE_PERMANENT, "407: this user and password were refused; the same ones are not sent "
                     "again for 30 s");
    } else { /* the first one's has lasted too long */
        check_ready(&two, 2, CHALLENGE_BASIC, ARTHUR);
        ck_assert(authenticator_may_send(two.authenticator));
    }
    authenticator_free(one.authenticator);
    authenticator_free(two.authenticator);
    tear_down();
}
END_TEST

/* What ends while nobody waits for it wakes nobody up later. */
START_TEST(who_does_not_wait_any_more_is_not_told)
{
    struct authenticator_params params;
    struct asked one, two, three;

    set_up("auth = basic\nuser = arthur\npassword = magic");
    start(&one);
    start(&two);
    start(&three);
    authenticator_free(three.authenticator);
    authenticator_free(one.authenticator);
    stage_settle();
    check_ready(&two, 1, CHALLENGE_BASIC, ARTHUR);
    params = params_of(&three);
    params.ahead = true;
    start_with(&three, &params);
    stage_settle();
    authenticator_note(two.authenticator, false);
    stage_advance(2000);
    ck_assert_uint_eq(two.told + three.told, 2);
    authenticator_free(three.authenticator);
    authenticator_free(two.authenticator);
    tear_down();
}
END_TEST

/* A proxy that is silent keeps one session waiting for it, and the others no longer than that. */
START_TEST(nobody_waits_for_ever_for_another_ones_trial)
{
    struct asked asked[4];

    set_up("auth = basic\nuser = arthur\npassword = magic");
    for (unsigned i = 0; i < 4; i++) {
        struct authenticator_params params = params_of(&asked[i]);

        params.wait_ms = 30000;
        start_with(&asked[i], &params);
        stage_settle();
    }
    stage_advance(29980);
    ck_assert_uint_eq(asked[1].told + asked[2].told + asked[3].told, 0);
    stage_advance(20);
    for (unsigned i = 1; i < 4; i++)
        check_failed(&asked[i], 1, FAILURE_TEMPORARY, "another session is trying this user and password first, and has "
                     "no answer within 30 s");
    for (unsigned i = 0; i < 4; i++)
        authenticator_free(asked[i].authenticator);
    tear_down();
}
END_TEST

START_TEST(a_refused_pair_is_held_back_and_then_sent_again)
{
    struct asked asked;

    set_up("auth = basic\nuser = arthur\npassword = magic");
    start(&asked);
    authenticator_note(asked.authenticator, true);
    authenticator_free(asked.authenticator);
    stage_advance(LOCKOUT_REST_FIRST_MS - 1);
    start(&asked);
    check_failed(&asked, 1, FAILURE_PERMANENT, "407: this user and password were refused; the same ones are not sent "
                 "again for 1 s");
    authenticator_free(asked.authenticator);
    stage_advance(1);
    start(&asked);
    check_ready(&asked, 1, CHALLENGE_BASIC, ARTHUR);
    authenticator_free(asked.authenticator);
    tear_down();
}
END_TEST

/* Once a pair is good, nobody waits for anybody. */
START_TEST(a_good_pair_needs_no_trial)
{
    struct asked one, two;

    set_up("auth = basic\nuser = arthur\npassword = magic");
    start(&one);
    authenticator_note(one.authenticator, false);
    authenticator_free(one.authenticator);
    start(&one);
    start(&two);
    check_ready(&one, 1, CHALLENGE_BASIC, ARTHUR);
    check_ready(&two, 1, CHALLENGE_BASIC, ARTHUR);
    authenticator_free(one.authenticator);
    authenticator_free(two.authenticator);
    tear_down();
}
END_TEST

/* One whose trial is over does not end that of another. */
START_TEST(a_trial_is_ended_by_who_has_it)
{
    struct asked one, two, three;

    set_up("auth = basic\nuser = arthur\npassword = magic");
    start(&one);
    authenticator_note(one.authenticator, true);
    stage_advance(LOCKOUT_REST_FIRST_MS);
    start(&two);
    check_ready(&two, 1, CHALLENGE_BASIC, ARTHUR);
    authenticator_free(one.authenticator);
    start(&three);
    stage_advance(1000);
    ck_assert_uint_eq(three.told, 0);
    authenticator_free(two.authenticator);
    authenticator_free(three.authenticator);
    tear_down();
}
END_TEST

/* --- giving up, and secrets --- */

/* Two wait for one command, of whom the first leaves. */
START_TEST(who_has_left_is_not_told_of_the_password)
{
    char folder[] = "/tmp/check-authenticator-XXXXXX", go[64], lines[300];
    struct asked one, two;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(go, sizeof go, "%s/go", folder); /* the command waits for it */
    snprintf(lines, sizeof lines, "auth = digest\nuser = arthur\n"
             "password-command = until [ -e %s ]; do sleep 0.01; done; echo magic", go);
    set_up(lines);
    start(&one);
    start(&two);
    authenticator_free(one.authenticator);
    ck_assert_int_eq(mkdir(go, 0700), 0);
    stage_wait(&two.told);
    rmdir(go);
    rmdir(folder);
    ck_assert_uint_eq(one.told, 0);
    ck_assert_str_eq(authenticator_password(two.authenticator), "magic");
    authenticator_free(two.authenticator);
    tear_down();
}
END_TEST

/* Before it begins; while a command runs; while another one tries; from within done. */
START_TEST(it_can_be_freed_whenever)
{
    struct asked one, two;
    struct authenticator_params params;

    set_up(_i == 1 ? "auth = basic\nuser = arthur\npassword-command = sleep 60"
                   : "auth = basic\nuser = arthur\npassword = magic");
    params = params_of(&one);
    start_with(&one, &params);
    switch (_i) {
    case 0:
        authenticator_free(one.authenticator);
        stage_settle();
        ck_assert_uint_eq(one.told, 0);
        break;
    case 1:
        stage_settle();
        authenticator_free(one.authenticator);
        stage_settle();
        ck_assert_uint_eq(one.told, 0);
        break;
    case 2:
        stage_settle();
        start(&two);
        authenticator_free(two.authenticator);
        stage_advance(100);
        ck_assert_uint_eq(two.told, 0);
        authenticator_free(one.authenticator);
        break;
    case 3:
        one.frees = true;
        stage_settle();
        ck_assert_uint_eq(one.told, 1);
        break;
    }
    tear_down();
}
END_TEST

/* Wherever the password comes from, and when the configuration has forgotten it: until the session does. */
START_TEST(the_password_is_withheld_while_it_is_in_use)
{
    char used[] = "bad password magic wand", after[] = "bad password magic wand";
    struct asked asked;

    set_up("auth = basic\nuser = arthur\npassword-command = echo magic wand");
    start(&asked);
    stage_wait(&asked.told);
    passwords_forget(services->passwords, NULL);
    secrets_withhold(used);
    authenticator_free(asked.authenticator);
    secrets_withhold(after);
    ck_assert_str_eq(used, "bad password **********");
    ck_assert_str_eq(after, "bad password magic wand");
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("authenticator");

    tcase_add_test(cases, without_a_user_nothing_is_said);
    tcase_add_test(cases, a_resource_has_the_same_rules);
    tcase_add_test(cases, a_scheme_that_is_fixed_is_used_at_once);
    tcase_add_test(cases, what_worked_before_is_used_at_once);
    tcase_add_test(cases, a_challenge_begins_it_anew);
    tcase_add_test(cases, what_cannot_start_gives_way_to_the_next);
    tcase_add_test(cases, the_user_of_the_url_is_second);
    tcase_add_test(cases, a_socks_proxy_gets_the_pair_itself);
    tcase_add_test(cases, a_pair_that_does_not_fit_is_refused);
    tcase_add_test(cases, the_password_is_fetched);
    tcase_add_test(cases, a_command_that_fails_is_told_of);
    tcase_add_test(cases, nothing_is_fetched_before_it_is_needed);
    tcase_add_test(cases, a_reload_takes_no_password_away);
    tcase_add_loop_test(cases, the_second_session_waits_for_the_first_ones_trial, 0, 4);
    tcase_add_loop_test(cases, the_second_session_may_have_something_to_do_first, 0, 2);
    tcase_add_test(cases, who_does_not_wait_any_more_is_not_told);
    tcase_add_test(cases, nobody_waits_for_ever_for_another_ones_trial);
    tcase_add_test(cases, a_refused_pair_is_held_back_and_then_sent_again);
    tcase_add_test(cases, a_good_pair_needs_no_trial);
    tcase_add_test(cases, a_trial_is_ended_by_who_has_it);
    tcase_add_test(cases, who_has_left_is_not_told_of_the_password);
    tcase_add_loop_test(cases, it_can_be_freed_whenever, 0, 4);
    tcase_add_test(cases, the_password_is_withheld_while_it_is_in_use);
    return unit_run();
}
