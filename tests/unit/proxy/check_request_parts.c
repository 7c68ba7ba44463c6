/* SPDX-License-Identifier: ISC */
#include "proxy/request_parts.h"

#include <stdio.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "proxy/health.h"

/* check_proxy_request*.c sees them within a request. */

static struct services *services;
static struct config *config;
static const struct endpoint target = {.host = "mail.example.net", .port = 143};
static struct proxy_request_params request;
static struct form_choice choice;
static unsigned told;

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    ck_assert_ptr_eq(arg, &told);
    ck_assert_msg(outcome == OUTCOME_DONE, "%s", failure ? failure->what : "");
    told++;
}

/* A request to the proxy of a section with this URL. */
static void set_up(const char *url)
{
    char text[200];

    services = stage_set_up();
    snprintf(text, sizeof text, "[proxy one]\nurl = %s\nuser = arthur\npassword = magic\n"
             "[proxy far]\nurl = http://f:3128\nvia = one\n[imap]\ntarget = mail.example.net\nproxy = far\n", url);
    config = unit_config(text);
    told = 0;
    request = (struct proxy_request_params){.services = services, .settings = &config->settings, .name = "test",
                                            .own = &config->proxies[0], .request.target = &target};
    request.proxy = &request.own->urls.at[0];
    choice = (struct form_choice){.health = services->health, .proxy = request.proxy, .own = request.own,
                                  .request = &request.request, .only_1_1 = true};
    ck_assert(form_choice_start(&choice));
}

static void tear_down(void)
{
    form_choice_release(&choice);
    config_unref(config);
    stage_tear_down();
}

static struct authenticator *start_authenticator(void)
{
    struct authenticator *authenticator = request_parts_authenticator(&request, &choice, on_told, &told);

    ck_assert_ptr_nonnull(authenticator);
    stage_settle();
    ck_assert_uint_eq(told, 1);
    return authenticator;
}

/* It begins with what is remembered of the proxy, and tells before another session's trial is over. */
START_TEST(credentials_by_what_is_remembered)
{
    struct authenticator *authenticator, *other;

    set_up("http://p:3128");
    health_set_scheme(services->health, request.proxy, 0, CHALLENGE_BASIC);
    authenticator = start_authenticator();
    ck_assert_int_eq(authenticator_scheme(authenticator), CHALLENGE_BASIC);
    ck_assert(authenticator_may_send(authenticator));
    for (unsigned i = 0; i < 2; i++) { /* by the same session, by another one */
        request.session = i == 0 ? &request : (const void *)&told;
        told = 0;
        other = start_authenticator();
        ck_assert(authenticator_may_send(other) == (i == 0));
        authenticator_free(other);
    }
    authenticator_free(authenticator);
    tear_down();
}
END_TEST

static void on_connect(void *arg)
{
    ck_assert_ptr_eq(arg, &told);
    told += 10;
}

/* What the login sends is the proof for this request, of this user. */
START_TEST(a_login_asks_for_a_connection)
{
    struct authenticator *authenticator;
    struct negotiate_login *login;
    unsigned asked = 0;

    if (!unit_has_ntlm())
        return;
    set_up("http://p:3128");
    health_set_scheme(services->health, request.proxy, 0, CHALLENGE_NTLM);
    authenticator = start_authenticator();
    told = 0;
    login = request_parts_login(&request, &choice, authenticator, NULL, NULL, NULL, on_connect, on_told, &told);
    ck_assert_ptr_nonnull(login);
    stage_wait(&told);
    ck_assert_uint_eq(told, 10);
    negotiate_login_connect(login, &stage_new_wire()->near);
    asked = 1;
    stage_wait(&asked);
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "CONNECT mail.example.net:143 HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "\r\nProxy-Authorization: NTLM TlRMTVNTUAAB"));
    negotiate_login_free(login);
    authenticator_free(authenticator);
    tear_down();
}
END_TEST

/* Over HTTP/1.1, or in the words of SOCKS. */
START_TEST(what_carries_a_request)
{
    struct h2_share share = {.pool = NULL};
    struct authenticator *authenticator;
    struct exchange *exchange;

    set_up(_i == 0 ? "http://p:3128" : "socks5h://p:1080");
    authenticator = start_authenticator();
    exchange = request_parts_exchange(&request, authenticator, &share, &stage_new_wire()->near, NULL, on_told, &told);
    ck_assert_ptr_nonnull(exchange);
    stage_settle();
    if (_i == 0)
        ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "CONNECT mail.example.net:143 HTTP/1.1\r\n"));
    else
        ck_assert_int_eq(stage_wire(0)->heard[0], 5);
    exchange_free(exchange);
    authenticator_free(authenticator);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("request_parts");

    tcase_add_test(cases, credentials_by_what_is_remembered);
    tcase_add_test(cases, a_login_asks_for_a_connection);
    tcase_add_loop_test(cases, what_carries_a_request, 0, 2);
    return unit_run();
}
