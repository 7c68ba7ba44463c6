/* SPDX-License-Identifier: ISC */
#include "reverse/admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "relay_scene.h"

#define USER "user = me\npassword = sesame\n"
#define BASIC "WWW-Authenticate: Basic realm=\"r\"\r\n"
#define DIGEST(nonce) "WWW-Authenticate: Digest realm=\"r\", nonce=\"" nonce "\", algorithm=SHA-256\r\n"

static struct services *services;
static struct config *config;
static struct relay_lesson lesson;
static struct admission *admission;
static unsigned ready, failed;
static enum outcome outcome;
static struct failure why;
static struct http_head head;
static char head_bytes[400];

static void on_ready(void *arg)
{
    ck_assert_ptr_eq(arg, &lesson);
    ready++;
}

static void on_failed(void *arg, enum outcome how, const struct failure *failure)
{
    ck_assert_ptr_eq(arg, &lesson);
    unit_note_outcome(&failed, &outcome, &why, how, failure);
}

static void begin(void)
{
    const struct admission_params params = {
        .services = services,
        .settings = &config->settings,
        .section = &config->reverses[0],
        .lesson = &lesson,
        .ready = on_ready,
        .failed = on_failed,
        .arg = &lesson,
    };

    ready = failed = 0;
    admission = admission_start(&params);
    ck_assert_ptr_nonnull(admission);
    stage_settle();
}

static void start(const char *keys)
{
    char text[400];

    services = relay_scene_set_up();
    snprintf(text, sizeof text, RELAY_SECTION(RELAY_TARGET "%s"), keys);
    config = unit_config(text);
    lesson = (struct relay_lesson){0};
    begin();
}

static void end(void)
{
    admission_free(admission);
    stage_settle();
    config_unref(config);
    stage_tear_down();
}

/* The relay answers with a 401 that has these fields. */
static void deny(const char *fields)
{
    struct failure failure;
    const char *fault;
    size_t used, length = (size_t)snprintf(head_bytes, sizeof head_bytes, "HTTP/1.1 401 Who\r\n%s\r\n", fields);

    failure_set(&failure, FAILURE_PERMANENT, "401 Who");
    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, head_bytes, length, &used, &fault), HTTP_HEAD_DONE);
    admission_denied(admission, &head, &failure);
    stage_settle();
}

START_TEST(without_a_user_nothing_is_said)
{
    start("");
    ck_assert_uint_eq(ready, 1);
    ck_assert_ptr_null(admission_credentials(admission));
    ck_assert(!admission_takes_rounds(admission));
    admission_accepted(admission);
    ck_assert_int_eq(lesson.scheme, CHALLENGE_NONE);
    end();
}
END_TEST

START_TEST(a_user_is_named_at_once)
{
    start(USER);
    ck_assert_uint_eq(ready, 1);
    ck_assert_str_eq(admission_credentials(admission), "Basic bWU6c2VzYW1l");
    admission_accepted(admission);
    ck_assert_int_eq(lesson.scheme, CHALLENGE_BASIC);
    ck_assert_uint_eq(failed, 0);
    end();
}
END_TEST

/* Over plain text, where others may read it, a relay that has ever wanted Digest gets no password. */
START_TEST(a_relay_that_knows_better_is_not_told_the_password)
{
    start(USER);
    admission_free(admission);
    lesson.offered = 1u << CHALLENGE_DIGEST;
    begin();
    ck_assert_uint_eq(ready, 1);
    ck_assert_ptr_null(admission_credentials(admission));
    end();
}
END_TEST

START_TEST(a_refusal_is_one_of_the_scheme_that_was_used)
{
    static const struct {
        const char *fields;
        bool refused;
    } rows[] = {{BASIC, true}, {BASIC DIGEST("n"), true}, {"", true}, {DIGEST("n"), false}};

    start(USER);
    deny(rows[_i].fields);
    ck_assert_uint_eq(failed, rows[_i].refused);
    ck_assert_uint_eq(ready, rows[_i].refused ? 1 : 2);
    if (rows[_i].refused) {
        ck_assert_int_eq(outcome, OUTCOME_PEER);
        ck_assert_str_eq(why.what, "401 Who: user and password were refused");
        ck_assert(admission_is_refused(admission));
        ck_assert_uint_gt(lockout_left(services->lockout, "me", "sesame", loop_now(services->loop)), 0);
    } else {
        ck_assert(admission_takes_rounds(admission));
        ck_assert_ptr_nonnull(strstr(admission_credentials(admission), "Digest "));
        ck_assert_uint_eq(lesson.offered, 1u << CHALLENGE_DIGEST);
    }
    end();
}
END_TEST

START_TEST(what_digest_has_learned_serves_the_next_request)
{
    start(USER);
    deny(DIGEST("n1"));
    ck_assert_ptr_nonnull(strstr(admission_credentials(admission), "nonce=\"n1\""));
    admission_accepted(admission);
    ck_assert_int_eq(lesson.scheme, CHALLENGE_DIGEST);
    admission_free(admission);
    begin();
    ck_assert_uint_eq(ready, 1);
    ck_assert_ptr_nonnull(strstr(admission_credentials(admission), "nonce=\"n1\""));
    deny("WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", algorithm=SHA-256, stale=true\r\n");
    ck_assert_uint_eq(ready, 2);
    ck_assert_ptr_nonnull(strstr(admission_credentials(admission), "nonce=\"n2\""));
    ck_assert_uint_eq(failed, 0);
    end();
}
END_TEST

START_TEST(digest_can_be_refused)
{
    start(USER);
    deny(DIGEST("n1"));
    deny(DIGEST("n2"));
    ck_assert_uint_eq(failed, 1);
    ck_assert_str_eq(why.what, "401 Who: user and password were refused");
    ck_assert(admission_is_refused(admission));
    ck_assert_int_eq(lesson.scheme, CHALLENGE_NONE);
    end();
}
END_TEST

START_TEST(a_login_that_is_not_there_is_asked_for_in_words)
{
    start(_i == 0 ? "" : USER);
    deny(_i == 0 ? BASIC : "WWW-Authenticate: Negotiate\r\n");
    ck_assert_uint_eq(failed, 1);
    ck_assert_int_eq(outcome, OUTCOME_PEER);
    ck_assert_str_eq(why.what, _i == 0 ? "401 Who: it asks for Basic: set user and a password"
                                       : "401 Who: it offers Negotiate, usable with CONNECT but not with reverse");
    ck_assert(!admission_is_refused(admission));
    end();
}
END_TEST

START_TEST(a_password_that_rests_is_not_sent)
{
    start(USER);
    deny(BASIC);
    admission_free(admission);
    begin();
    ck_assert_uint_eq(ready, 0);
    ck_assert_uint_eq(failed, 1);
    ck_assert_int_eq(outcome, OUTCOME_LOCAL);
    ck_assert(admission_is_refused(admission));
    ck_assert_str_eq(why.brief, "relay refused the password; not sent again for 30 s");
    end();
}
END_TEST

START_TEST(a_later_refusal_counts_as_one)
{
    start(USER);
    admission_accepted(admission);
    admission_note_refusal(services, &config->reverses[0]);
    ck_assert_uint_gt(lockout_left(services->lockout, "me", "sesame", loop_now(services->loop)), 0);
    end();
    start("");
    admission_note_refusal(services, &config->reverses[0]); /* there is nothing to rest */
    end();
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("admission");

    tcase_add_test(tests, without_a_user_nothing_is_said);
    tcase_add_test(tests, a_user_is_named_at_once);
    tcase_add_test(tests, a_relay_that_knows_better_is_not_told_the_password);
    tcase_add_loop_test(tests, a_refusal_is_one_of_the_scheme_that_was_used, 0, 4);
    tcase_add_test(tests, what_digest_has_learned_serves_the_next_request);
    tcase_add_test(tests, digest_can_be_refused);
    tcase_add_loop_test(tests, a_login_that_is_not_there_is_asked_for_in_words, 0, 2);
    tcase_add_test(tests, a_password_that_rests_is_not_sent);
    tcase_add_test(tests, a_later_refusal_counts_as_one);
    return unit_run();
}
