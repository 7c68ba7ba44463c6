/* SPDX-License-Identifier: ISC */
/* What tunnels have the user shown (proxy/notices.h). */
#include "proxy/tunnel.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "base/notifier.h"
#include "proxy/health.h"
#include "proxy/notices.h"
#include "tunnel_scene.h"

#define OPENS "HTTP/1.1 101 x\r\nUpgrade: IMAP\r\nConnection: Upgrade\r\n\r\n"
#define DENIES "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"r\"\r\n\r\n"

void __wrap_notifier_tell(struct notifier *notifier, unsigned subject, const char *title, const char *text);

static struct services *services;
static struct config *config;
static struct asked asked;
static unsigned told;
static char last[1000]; /* "title: text" */

void __wrap_notifier_tell(struct notifier *notifier, unsigned subject, const char *title, const char *text)
{
    (void)notifier, (void)subject;
    told++;
    snprintf(last, sizeof last, "%s: %s", title, text);
}

static void set_up(const char *proxy)
{
    char text[1000];

    told = 0;
    services = tunnel_scene_set_up();
    services->notices = notices_new(stage_loop());
    ck_assert_ptr_nonnull(services->notices);
    notices_set(services->notices, "show");
    snprintf(text, sizeof text, "[proxy]\n%s\n[imap]\ntarget = mail.example.net\n", proxy);
    config = unit_config(text);
}

static void tear_down(void)
{
    config_unref(config);
    notices_free(services->notices);
    services->notices = NULL;
    stage_tear_down();
}

/* Asks for a tunnel, and answers on the wire made last if there is an answer to give. */
static void ask(const char *address, const char *answer)
{
    asked_start(&asked, services, config);
    if (answer)
        wire_say(wire_to(address), answer);
    asked_end(&asked);
    stage_settle();
}

START_TEST(one_of_two_that_is_down_is_no_news)
{
    set_up("url = http://a:3128 http://b:3128");
    stage_address("192.0.2.1", STAGE_REFUSES);
    ask("192.0.2.2:3128", OPENS);
    ask("192.0.2.2:3128", "HTTP/1.1 503 Busy\r\n\r\n");
    ck_assert_uint_eq(told, 0);
    tear_down();
}
END_TEST

START_TEST(all_that_are_down_are_and_then_one_is_back)
{
    set_up("url = http://a:3128 http://b:3128\nannounce = none");
    stage_address("192.0.2.1", STAGE_REFUSES);
    stage_address("192.0.2.2", STAGE_REFUSES);
    ask(NULL, NULL);
    ck_assert_str_eq(last, "The proxy is down: No tunnel through [proxy]: http://b:3128: cannot connect to "
                           "192.0.2.2:3128: Connection refused");
    stage_advance(HEALTH_REST_MAX_MS);
    ask(NULL, NULL);
    ck_assert_uint_eq(told, 1);
    stage_address("192.0.2.2", STAGE_CONNECTS);
    ask("192.0.2.2:3128", _i == 0 ? "HTTP/1.1 200 x\r\n\r\n" : "HTTP/1.1 403 Must not\r\n\r\n");
    ck_assert_uint_eq(told, 2);
    ck_assert_str_eq(last, "The proxy is back: Tunnels open again through [proxy].");
    tear_down();
}
END_TEST

START_TEST(one_that_wants_to_be_left_alone_is_down)
{
    set_up("url = http://a:3128");
    ask("192.0.2.1:3128", "HTTP/1.1 503 Busy\r\nRetry-After: 60\r\n\r\n");
    ask(NULL, NULL);
    ck_assert_uint_eq(told, 1);
    ck_assert_ptr_nonnull(strstr(last, "The proxy is down: No tunnel through [proxy]: http://a:3128: 503 Busy"));
    tear_down();
}
END_TEST

START_TEST(one_that_said_so_elsewhere_is_not_even_asked)
{
    const struct failure failure = {.what = "503 Busy"};

    set_up("url = http://a:3128");
    health_sent_away(services->health, NULL, &config->proxies[0].urls.at[0], loop_now(stage_loop()), 60, &failure);
    ask(NULL, NULL);
    ck_assert_str_eq(last, "The proxy is down: No tunnel through [proxy]: http://a:3128: 503 Busy (asks to be left "
                           "alone for 60 s more)");
    tear_down();
}
END_TEST

START_TEST(a_refusal_is_no_proxy_that_is_down)
{
    static const char *const answers[] = {"403 Must not", "502 No", "503 Busy", "500 Ill"};
    char answer[64];

    set_up("url = http://a:3128\nannounce = none");
    snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\n\r\n", answers[_i]);
    ask("192.0.2.1:3128", answer);
    ck_assert_uint_eq(told, 0);
    tear_down();
}
END_TEST

START_TEST(where_the_direct_way_serves_nothing_is_down)
{
    set_up("url = http://a:3128\nfallback = direct");
    stage_address("192.0.2.1", STAGE_REFUSES);
    ask(NULL, NULL);
    ck_assert_uint_eq(told, 0);
    stage_address("192.0.2.9", STAGE_REFUSES);
    ask(NULL, NULL);
    ck_assert_uint_eq(told, 1);
    tear_down();
}
END_TEST

START_TEST(a_password_that_is_refused_is_told_once_until_it_was_right)
{
    set_up("url = http://a:3128\nuser = arthur\npassword = magic\nauth = basic");
    ask("192.0.2.1:3128", DENIES);
    ck_assert_str_eq(last, "User and password are refused: http://a:3128: 407 No: user and password, or ticket, were "
                           "refused. When they are right, run `sallyport reload`.");
    for (int i = 0; i < 3; i++) {
        stage_advance(HEALTH_REST_MAX_MS);
        ask("192.0.2.1:3128", DENIES);
    }
    ck_assert_uint_eq(told, 1);
    stage_advance(HEALTH_REST_MAX_MS);
    ask("192.0.2.1:3128", OPENS);
    ask("192.0.2.1:3128", DENIES);
    ck_assert_uint_eq(told, 2);
    tear_down();
}
END_TEST

START_TEST(the_password_of_a_proxy_before_it_is_told_of_too)
{
    set_up("url = http://a:3128\nvia = out\n[proxy out]\nurl = http://b:3128\nuser = arthur\npassword = magic\n"
           "auth = basic");
    ask("192.0.2.2:3128", DENIES);
    ck_assert_uint_ge(told, 1);
    ck_assert_ptr_nonnull(strstr(last, "http://b:3128"));
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tunnel_notices");

    tcase_add_test(cases, one_of_two_that_is_down_is_no_news);
    tcase_add_loop_test(cases, all_that_are_down_are_and_then_one_is_back, 0, 2);
    tcase_add_test(cases, one_that_wants_to_be_left_alone_is_down);
    tcase_add_test(cases, one_that_said_so_elsewhere_is_not_even_asked);
    tcase_add_loop_test(cases, a_refusal_is_no_proxy_that_is_down, 0, 4);
    tcase_add_test(cases, where_the_direct_way_serves_nothing_is_down);
    tcase_add_test(cases, a_password_that_is_refused_is_told_once_until_it_was_right);
    tcase_add_test(cases, the_password_of_a_proxy_before_it_is_told_of_too);
    return unit_run();
}
