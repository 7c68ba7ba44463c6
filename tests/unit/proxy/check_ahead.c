/* SPDX-License-Identifier: ISC */
#include "proxy/ahead.h"

#include <string.h>

#include "proxy/refill.h"

#include "../stage.h"
#include "../unit.h"

#define BOTH "[proxy]\nurl = http://a:1 http://b:1\npreconnect = 3\n"
#define MAIL "[imap]\ntarget = mail.example.net\n"

static const struct failure failure = {.what = "x"};
static struct services *services;
static struct config *config;
static struct ahead ahead;

static void begin(const char *text)
{
    services = stage_set_up();
    stage_chance(STAGE_MIDDLE);
    config = unit_config(text);
    ahead_begin(&ahead, services, config, &config->proxies[0], 1000);
    ck_assert_uint_eq(ahead.places, 3);
}

static void end(void)
{
    config_unref(config);
    stage_tear_down();
}

static uint64_t now(void)
{
    return loop_now(stage_loop());
}

static const struct endpoint *url(size_t i)
{
    return &config->proxies[0].urls.at[i];
}

/* The host of the proxy that they lead to now; "": none. */
static const char *chosen(void)
{
    const struct endpoint *proxy;

    ahead_look(&ahead);
    proxy = ahead_choose(&ahead);
    return proxy ? proxy->host : "";
}

static void redirect(const struct endpoint *by, const char *scope, unsigned seconds)
{
    struct setproxy said = {.action = SETPROXY_SET, .proxy = {.host = "c", .port = 1},
                            .lifetime = {.seconds = seconds}};

    ck_assert(scope_parse(&said.scope, scope, strlen(scope), false));
    ck_assert_uint_ne(redirect_table_learn(services->redirects, by, false, &said, now()), 0);
}

START_TEST(it_is_the_one_that_a_session_is_sent_to)
{
    begin(BOTH MAIL);
    ck_assert_str_eq(chosen(), "a");
    health_failed(services->health, NULL, url(0), now(), &failure);
    ck_assert_str_eq(chosen(), "b");
    health_failed(services->health, NULL, url(1), now(), &failure);
    ck_assert_str_eq(chosen(), "a"); /* both rest */
    stage_advance(HEALTH_REST_FIRST_MS);
    ck_assert_str_eq(chosen(), "a"); /* both are doubtful */
    health_reached(services->health, url(1), now());
    ck_assert_str_eq(chosen(), "b");
    health_reached(services->health, url(0), now());
    ck_assert_str_eq(chosen(), "a");
    outlook_failed(ahead_outlook(&ahead, url(0)), false, now(), STAGE_MIDDLE);
    ck_assert_str_eq(chosen(), "b");
    stage_advance(5000);
    ck_assert_str_eq(chosen(), "a"); /* its first place is open */
    health_set_scheme(services->health, url(0), now(), CHALLENGE_NTLM);
    ck_assert_str_eq(chosen(), "a"); /* a login does not need a connection made for it */
    end();
}
END_TEST

START_TEST(one_that_sent_us_away_is_passed_over_until_it_has_answered)
{
    begin(BOTH MAIL);
    health_sent_away(services->health, NULL, url(0), now(), 10, &failure);
    ck_assert_str_eq(chosen(), "b");
    ck_assert(ahead.outlooks[0].held);
    stage_advance(60000);
    ck_assert_str_eq(chosen(), "b");
    health_sent_away(services->health, NULL, url(1), now(), 10, &failure);
    ck_assert_str_eq(chosen(), "");
    health_worked(services->health, url(0), now());
    ck_assert_str_eq(chosen(), "a");
    ck_assert_uint_eq(ahead_next(&ahead, url(0)), now() + REFILL_LEISURE_MS / 2);
    ck_assert_uint_eq(ahead_next(&ahead, url(1)), 0);
    ck_assert_uint_eq(ahead_next(&ahead, NULL), now() + REFILL_LEISURE_MS / 2);
    ck_assert_uint_eq(ahead_next_look(&ahead), now() + REFILL_LEISURE_MS / 2);
    end();
}
END_TEST

/* What is learned, and whether the first proxy is needed then. */
struct learned {
    const char *sections, *scope;
    bool needed;
};

static const struct learned learneds[] = {
    {BOTH MAIL, "imap://mail.example.net/", false},
    {BOTH MAIL, "*", false},
    {BOTH MAIL, "imap://other.example.net/", true},
    {BOTH MAIL "[smtp]\ntarget = mail.example.net\n", "imap://mail.example.net/", true},
    {BOTH MAIL "[smtp]\ntarget = mail.example.net\n", "*", false},
    {BOTH MAIL "[smtp]\ntarget = mail.example.net\nproxy = direct\n", "imap://mail.example.net/", false},
    {BOTH "[imap]\ntarget = srv:example.net\n", "*", true},
    {BOTH "[proxy inner]\nurl = http://i:1\nvia = outer\n[proxy outer]\nurl = http://o:1\n" MAIL,
     "imap://mail.example.net/", false},
};

START_TEST(one_that_redirects_all_gets_none_until_that_ends)
{
    const struct learned *learned = &learneds[_i];

    begin(learned->sections);
    redirect(url(1), learned->scope, 100); /* by the one that is not asked */
    ck_assert_str_eq(chosen(), "a");
    redirect(url(0), learned->scope, 100);
    ck_assert_str_eq(chosen(), learned->needed ? "a" : "");
    ck_assert_uint_eq(ahead_next_look(&ahead), learned->needed ? 0 : now() + 100000);
    stage_advance(99999);
    ck_assert_str_eq(chosen(), learned->needed ? "a" : "");
    stage_advance(1);
    ck_assert_str_eq(chosen(), "a");
    ck_assert_uint_eq(ahead_next(&ahead, url(0)), learned->needed ? 0 : now() + REFILL_LEISURE_MS / 2);
    end();
}
END_TEST

/* What is reached through it needs it, wherever its own listeners are sent. */
START_TEST(one_that_leads_to_others_is_needed)
{
    begin("[proxy]\nurl = http://a:1\npreconnect = 3\n[proxy inner]\nurl = http://i:1\nvia = outer\n"
          "[proxy outer]\nurl = http://o:1\n" MAIL "[smtp]\ntarget = mail.example.net\nproxy = inner\n");
    config->proxies[1].via = &config->proxies[0];
    redirect(url(0), "*", 100);
    ck_assert_str_eq(chosen(), "a");
    end();
}
END_TEST

START_TEST(each_proxy_has_its_outlook)
{
    struct endpoint other = {.host = "c", .port = 1}, same = {.host = "B", .port = 1};

    begin(BOTH MAIL);
    ck_assert_ptr_eq(ahead_outlook(&ahead, &same), &ahead.outlooks[1]);
    ck_assert_ptr_null(ahead_outlook(&ahead, &other));
    ck_assert_uint_eq(ahead.outlooks[1].places, 3);
    ck_assert_uint_eq(ahead.outlooks[1].age, 50000);
    ck_assert_uint_eq(ahead_next(&ahead, NULL), 0);
    end();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("ahead");

    tcase_add_test(cases, it_is_the_one_that_a_session_is_sent_to);
    tcase_add_test(cases, one_that_sent_us_away_is_passed_over_until_it_has_answered);
    tcase_add_loop_test(cases, one_that_redirects_all_gets_none_until_that_ends, 0,
                        sizeof learneds / sizeof learneds[0]);
    tcase_add_test(cases, one_that_leads_to_others_is_needed);
    tcase_add_test(cases, each_proxy_has_its_outlook);
    return unit_run();
}
