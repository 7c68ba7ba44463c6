/* SPDX-License-Identifier: ISC */
#include "proxy/login_answer.h"

#include <stdio.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

#define BIT(scheme) (1u << (scheme))
#define NOW 1000000u /* of the clock */
#define WAIT_MS 120000

static struct services *services;
static struct config *config;
static const struct endpoint *proxy;
static struct authenticator *authenticator;
static unsigned told;
static struct connect_response response;
static struct http_head head;

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    (void)arg;
    ck_assert_msg(outcome == OUTCOME_DONE, "%s", failure ? failure->what : "");
    told++;
}

/* With one proxy section of these lines, whose authenticator is ready; remembered: the scheme that it begins with. */
static void set_up(const char *lines, enum challenge_scheme remembered)
{
    char text[500];
    struct authenticator_params params = {.wait_ms = WAIT_MS, .done = on_told, .remembered = remembered};

    services = stage_set_up();
    snprintf(text, sizeof text, "[proxy]\nurl = http://p:3128\n%s\n[imap]\ntarget = mail.example.net\n", lines);
    config = unit_config(text);
    proxy = &config->proxies[0].urls.at[0];
    params.loop = services->loop;
    params.passwords = services->passwords;
    params.lockout = services->lockout;
    params.proxy = proxy;
    params.own = &config->proxies[0];
    told = 0;
    authenticator = authenticator_start(&params);
    stage_settle();
    ck_assert_uint_eq(told, 1);
}

static void tear_down(void)
{
    authenticator_free(authenticator);
    config_unref(config);
    stage_tear_down();
}

/* The proxy answers; denied: by the status that asks for credentials, which offers these schemes. */
static struct login_answer answer(const char *offer, bool denied, bool sent)
{
    static char text[200]; /* the head points into it */
    size_t used;
    const char *why;

    snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%s%s%s\r\n", denied ? "407 No" : "200 OK",
             *offer ? "Proxy-Authenticate: " : "", offer, *offer ? "\r\n" : "");
    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, text, strlen(text), &used, &why), HTTP_HEAD_DONE);
    response = (struct connect_response){.verdict = denied ? CONNECT_FAILED : CONNECT_OPEN, .denied = denied};
    if (denied)
        failure_set(&response.failure, FAILURE_PERMANENT, "407 No");
    return (struct login_answer){.authenticator = authenticator, .health = services->health, .proxy = proxy,
                                 .now_ms = NOW, .head = &head, .may_log_in = true, .sent = sent};
}

START_TEST(on_a_shared_connection_digest_is_taken)
{
    static const struct {
        bool shared;
        enum challenge_scheme taken;
    } cases[] = {{false, CHALLENGE_NEGOTIATE}, {true, CHALLENGE_DIGEST}};
    struct login_answer asks;
    bool refused;

    set_up("user = arthur\npassword = magic", CHALLENGE_NONE);
    asks = answer("Negotiate, Digest realm=\"x\", nonce=\"n\"", true, false);
    asks.shared = cases[_i].shared;
    ck_assert(login_answer_goes_on(&asks, &response, &refused));
    ck_assert_int_eq(authenticator_scheme(authenticator), cases[_i].taken);
    tear_down();
}
END_TEST

START_TEST(a_proxy_that_asks_is_told)
{
    struct login_answer asks;
    bool refused = true;

    set_up("user = arthur\npassword = magic", CHALLENGE_NONE);
    asks = answer("Basic realm=\"x\"", true, false);
    ck_assert(login_answer_goes_on(&asks, &response, &refused));
    ck_assert(!refused);
    ck_assert_uint_eq(health_offers(services->health, proxy), BIT(CHALLENGE_BASIC));
    stage_settle();
    ck_assert_uint_eq(told, 2);
    ck_assert_int_eq(authenticator_scheme(authenticator), CHALLENGE_BASIC);
    tear_down();
}
END_TEST

START_TEST(without_a_login_the_answer_is_final)
{
    struct login_answer asks;
    bool refused = true;

    set_up("", CHALLENGE_NONE);
    asks = answer("Basic realm=\"x\"", true, false);
    ck_assert(!login_answer_goes_on(&asks, &response, &refused));
    ck_assert(!refused);
    ck_assert_uint_gt(strlen(response.failure.what), strlen("407 No")); /* it says what to set */
    ck_assert_uint_eq(health_offers(services->health, proxy), BIT(CHALLENGE_BASIC));
    asks.may_log_in = false; /* nor is anything begun where no answer can have credentials */
    response.denied = true;
    ck_assert(!login_answer_goes_on(&asks, &response, &refused));
    ck_assert(!refused);
    tear_down();
}
END_TEST

START_TEST(a_login_that_is_refused_is_forgotten)
{
    struct login_answer says;
    bool refused = false;

    set_up("user = arthur\npassword = magic", CHALLENGE_BASIC);
    health_note_offer(services->health, proxy, NOW, BIT(CHALLENGE_BASIC));
    health_set_scheme(services->health, proxy, NOW, CHALLENGE_BASIC);
    says = answer("Basic realm=\"x\"", true, true);
    ck_assert(!login_answer_goes_on(&says, &response, &refused));
    ck_assert(refused);
    ck_assert_str_eq(response.failure.what, "407 No: user and password, or ticket, were refused");
    ck_assert_int_eq(health_scheme(services->health, proxy), CHALLENGE_NONE);
    tear_down();
}
END_TEST

START_TEST(a_login_that_is_taken_is_remembered)
{
    struct login_answer says;
    bool refused = true;

    set_up("user = arthur\npassword = magic", CHALLENGE_BASIC);
    says = answer("", false, true);
    ck_assert(!login_answer_goes_on(&says, &response, &refused));
    ck_assert(!refused);
    ck_assert_int_eq(health_scheme(services->health, proxy), CHALLENGE_BASIC);
    tear_down();
}
END_TEST

START_TEST(where_nobody_asks_nothing_is_remembered)
{
    struct login_answer says;
    bool refused = true;

    set_up("", CHALLENGE_NONE);
    says = answer("", false, false);
    ck_assert(!login_answer_goes_on(&says, &response, &refused));
    ck_assert(!refused);
    ck_assert_int_eq(health_scheme(services->health, proxy), CHALLENGE_NONE);
    ck_assert_uint_eq(health_offers(services->health, proxy), 0);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("login_answer");

    tcase_add_loop_test(cases, on_a_shared_connection_digest_is_taken, 0, 2);
    tcase_add_test(cases, a_proxy_that_asks_is_told);
    tcase_add_test(cases, without_a_login_the_answer_is_final);
    tcase_add_test(cases, a_login_that_is_refused_is_forgotten);
    tcase_add_test(cases, a_login_that_is_taken_is_remembered);
    tcase_add_test(cases, where_nobody_asks_nothing_is_remembered);
    return unit_run();
}
