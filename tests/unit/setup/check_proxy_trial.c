/* SPDX-License-Identifier: ISC */
#include "setup/proxy_trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

#define PROBE "[forward]\nlisten = localhost:0\ntarget = probe.example.net:443\nprotocol = HTTPS\n"
#define PROXY "[proxy]\nurl = http://192.0.2.1:3128\nannounce = none\n"

static struct services *services;
static struct config *config;
static struct proxy_trial *trial;
static unsigned told, steps;
static enum proxy_verdict verdict;
static char why[600];

static void on_verdict(void *arg, enum proxy_verdict said, const struct failure *failure)
{
    ck_assert_ptr_eq(arg, &told);
    ck_assert_int_eq(failure == NULL, said == PROXY_LEADS);
    told++;
    verdict = said;
    why[0] = '\0';
    if (failure)
        failure_format(failure, why, sizeof why);
}

static void on_step(void *arg, const char *step, const char *text)
{
    (void)arg, (void)step, (void)text;
    steps++;
}

static void start(const char *proxy)
{
    char text[512];

    snprintf(text, sizeof text, "%s" PROBE, proxy);
    services = stage_set_up();
    config = unit_config(text);
    stage_address("192.0.2.1:3128", STAGE_CONNECTS);
    told = steps = 0;
    trial = proxy_trial_start(&(struct proxy_trial_params){services, config, &config->listeners[0], {on_step, NULL},
                                                           on_verdict, &told});
    ck_assert_ptr_nonnull(trial);
    ck_assert_uint_eq(told, 0);
}

static void finish(void)
{
    proxy_trial_free(trial);
    config_unref(config);
    stage_tear_down();
}

/* What follows from an answer to each request. */
static void expect(const char *proxy, const char *answer, enum proxy_verdict wanted, const char *words)
{
    start(proxy);
    stage_settle();
    for (unsigned i = 0; i < stage_wires(); i++)
        wire_say(stage_wire(i), answer);
    stage_settle();
    stage_wait(&told); /* a command may run */
    ck_assert_uint_eq(told, 1);
    ck_assert_msg(verdict == wanted, "%d, not %d: %s", verdict, wanted, why);
    ck_assert_msg(strstr(why, words), "%s", why);
    ck_assert_uint_gt(steps, 0);
    finish();
}

START_TEST(who_answers_is_a_proxy)
{
    expect(PROXY, "HTTP/1.1 200 OK\r\n\r\n", PROXY_LEADS, "");
    expect(PROXY, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", PROXY_ANSWERS, "403 Forbidden");
    expect(PROXY, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", PROXY_ANSWERS, "503 No");
}
END_TEST

START_TEST(who_wants_a_login)
{
    static const char denied[] = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n";

    expect(PROXY, denied, PROXY_WANTS_LOGIN, "asks for Basic");
    expect(PROXY "user = fred\npassword = open sesame\nauth = basic\n", denied, PROXY_REFUSES_LOGIN, "were refused");
}
END_TEST

START_TEST(who_has_a_command_that_prints_none)
{
    static const char denied[] = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n";

    expect(PROXY "user = fred\npassword-command = exit 3\n", denied, PROXY_LACKS_PASSWORD, "ended with status 3");
}
END_TEST

/* Where a ticket is the only way, no password helps. */
START_TEST(who_wants_a_ticket)
{
    setenv("KRB5CCNAME", "FILE:/does/not/exist", 1);
    expect(PROXY, "HTTP/1.1 407 Who\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n", PROXY_FAILS,
           "kinit");
    expect(PROXY, "HTTP/1.1 407 Who\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm=x\r\n"
           "Content-Length: 0\r\n\r\n", PROXY_WANTS_LOGIN, "");
}
END_TEST

START_TEST(who_is_no_proxy)
{
    expect(PROXY, "SSH-2.0-nothing\r\n", PROXY_FAILS, "");
    expect(PROXY, "HTTP/1.1 302 Found\r\nLocation: http://portal/\r\nContent-Length: 0\r\n\r\n", PROXY_FAILS,
           "captive portal");
}
END_TEST

START_TEST(nobody_is_there)
{
    start(PROXY);
    stage_address("192.0.2.1:3128", STAGE_REFUSES);
    stage_settle();
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(verdict, PROXY_FAILS);
    ck_assert_ptr_nonnull(strstr(why, "Connection refused"));
    finish();
}
END_TEST

START_TEST(it_can_be_ended_at_any_time)
{
    start(PROXY);
    finish();
    start(PROXY);
    stage_settle();
    finish();
    ck_assert_uint_eq(told, 0);
    proxy_trial_free(NULL);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("proxy_trial");

    tcase_add_test(cases, who_answers_is_a_proxy);
    tcase_add_test(cases, who_wants_a_login);
    tcase_add_test(cases, who_has_a_command_that_prints_none);
    tcase_add_test(cases, who_wants_a_ticket);
    tcase_add_test(cases, who_is_no_proxy);
    tcase_add_test(cases, nobody_is_there);
    tcase_add_test(cases, it_can_be_ended_at_any_time);
    return unit_run();
}
