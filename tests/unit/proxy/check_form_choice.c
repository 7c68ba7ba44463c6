/* SPDX-License-Identifier: ISC */
#include "proxy/form_choice.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "proxy/route.h"

#define NOW 1000000u /* of the clock */

static const struct endpoint target = {.host = "mail.example.net", .port = 143},
                             proxy = {.host = "proxy.example.net", .port = 3128};
static const struct failure cut = {.class = FAILURE_TEMPORARY, .what = "closed the connection without an answer"};

static struct health *health;
static struct connect_request request;
static struct failure failure;

static void set_up(void)
{
    health = health_new();
    ck_assert_ptr_nonnull(health);
}

static struct form_choice choice_of(bool require_switch)
{
    request = (struct connect_request){.target = &target, .announce = ANNOUNCE_UPGRADE | ANNOUNCE_ALPN};
    return (struct form_choice){.health = health, .name = "#1", .proxy = &proxy, .request = &request,
                                .require_switch = require_switch};
}

static struct connect_response answer(enum connect_verdict verdict, const char *what, bool wants_template)
{
    struct connect_response response = {.verdict = verdict, .wants_template = wants_template};

    if (*what)
        failure_set(&response.failure, FAILURE_PERMANENT, "%s", what);
    return response;
}

/* What the proxy answered.  True: it is asked once more. */
static bool hear(struct form_choice *choice, struct connect_response *response, bool refused)
{
    enum outcome outcome = form_choice_hear(choice, NOW, OUTCOME_DONE, true, response, refused);

    return form_choice_again(choice, NOW, outcome, false, response, &cut);
}

START_TEST(the_first_request_is_as_configured)
{
    struct form_choice choice;

    set_up();
    choice = choice_of(false);
    ck_assert(form_choice_start(&choice));
    ck_assert_uint_eq(request.method, METHOD_CONNECT);
    ck_assert_uint_eq(request.announce, ANNOUNCE_UPGRADE | ANNOUNCE_ALPN);
    ck_assert(!form_choice_was_answered(&choice));
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* Without Upgrade where that is known to help, unless a switch is required. */
START_TEST(what_is_remembered_is_asked_at_once)
{
    for (int required = 0; required < 2; required++) {
        struct form_choice choice;

        set_up();
        health_set_plain(health, NULL, &proxy, NOW);
        choice = choice_of(required);
        ck_assert(form_choice_start(&choice));
        ck_assert_uint_eq(request.announce, required ? ANNOUNCE_UPGRADE | ANNOUNCE_ALPN : ANNOUNCE_ALPN);
        form_choice_release(&choice);
        health_set_template(health, NULL, &proxy, NOW, TEMPLATE_OPENS);
        choice = choice_of(required);
        ck_assert(form_choice_start(&choice));
        ck_assert_uint_eq(request.method, METHOD_CONNECT_TCP);
        ck_assert_str_eq(request.path, "/.well-known/masque/tcp/mail.example.net/143/");
        form_choice_release(&choice);
        health_forget(health);
        choice = choice_of(required);
        ck_assert(form_choice_start(&choice));
        ck_assert_uint_eq(request.method, METHOD_CONNECT);
        form_choice_release(&choice);
        health_free(health);
    }
}
END_TEST

/* A 426 that names connect-tcp, and what the template comes to. */
static const struct fall_back {
    enum connect_verdict second;
    bool denied, refused;
    enum template_lesson lesson;
    const char *stands;
} fall_backs[] = {
    {CONNECT_OPEN, false, false, TEMPLATE_OPENS, ""},
    {CONNECT_REDIRECT, false, false, TEMPLATE_OPENS, "second"},
    {CONNECT_FAILED, false, false, TEMPLATE_FAILS, "426 Upgrade"},
    {CONNECT_FAILED, true, false, TEMPLATE_UNKNOWN, "426 Upgrade"},
    {CONNECT_FAILED, true, true, TEMPLATE_UNKNOWN, "second"},
};

START_TEST(a_proxy_that_knows_the_template_alone)
{
    const struct fall_back *row = &fall_backs[_i];
    struct connect_response response = answer(CONNECT_FAILED, "426 Upgrade", true);
    struct form_choice choice;

    set_up();
    choice = choice_of(true); /* no try without Upgrade comes in between */
    ck_assert(form_choice_start(&choice));
    ck_assert(hear(&choice, &response, false));
    ck_assert_uint_eq(request.method, METHOD_CONNECT_TCP);
    ck_assert_uint_eq(request.announce, ANNOUNCE_ALPN);
    ck_assert(form_choice_was_answered(&choice));
    response = answer(row->second, row->second == CONNECT_OPEN ? "" : "second", false);
    response.denied = row->denied;
    ck_assert(!hear(&choice, &response, row->refused)); /* no third request */
    ck_assert_int_eq(form_choice_end(&choice, NOW, OUTCOME_DONE, &response, row->refused, &failure), OUTCOME_DONE);
    ck_assert_str_eq(response.failure.what, row->stands);
    ck_assert_int_eq(health_template(health, &proxy), row->lesson);
    ck_assert(!health_is_plain(health, &proxy));
    if (strcmp(row->stands, "426 Upgrade") == 0) {
        ck_assert_uint_eq(request.method, METHOD_CONNECT);
        ck_assert_uint_eq(request.announce, ANNOUNCE_UPGRADE | ANNOUNCE_ALPN);
        ck_assert(endpoint_equal(&choice.form.proxy, &proxy));
    }
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* A try that failed is not made again, until all is forgotten. */
START_TEST(a_template_that_failed_is_not_tried_again)
{
    struct connect_response response = answer(CONNECT_FAILED, "426 Upgrade", true);
    struct form_choice choice;

    set_up();
    health_set_template(health, NULL, &proxy, NOW, TEMPLATE_FAILS);
    choice = choice_of(true);
    ck_assert(form_choice_start(&choice));
    ck_assert(!hear(&choice, &response, false));
    form_choice_release(&choice);
    health_forget(health);
    choice = choice_of(true);
    ck_assert(form_choice_start(&choice));
    ck_assert(hear(&choice, &response, false));
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* A template that does not even get an answer is worth as much as one that is refused; one that was not asked for, as
 * there was no way to the proxy, is tried again another time. */
START_TEST(a_template_without_an_answer)
{
    struct connect_response response = answer(CONNECT_FAILED, "426 Upgrade", true);
    bool asked = _i > 0;
    struct form_choice choice;

    set_up();
    choice = choice_of(true);
    ck_assert(form_choice_start(&choice));
    ck_assert(hear(&choice, &response, false));
    response = answer(CONNECT_SKIP, "", false);
    ck_assert_int_eq(form_choice_hear(&choice, NOW, OUTCOME_PEER, asked, &response, false), OUTCOME_DONE);
    ck_assert_str_eq(response.failure.what, "426 Upgrade");
    ck_assert_int_eq(health_template(health, &proxy), asked ? TEMPLATE_FAILS : TEMPLATE_UNKNOWN);
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* 501, then 501 without Upgrade, then the template. */
START_TEST(all_three_forms_in_their_order)
{
    struct connect_response response = answer(CONNECT_RETRY_PLAIN, "501 No", false);
    struct form_choice choice;

    set_up();
    choice = choice_of(false);
    ck_assert(form_choice_start(&choice));
    ck_assert(hear(&choice, &response, false));
    ck_assert_uint_eq(request.method, METHOD_CONNECT);
    ck_assert_uint_eq(request.announce, ANNOUNCE_ALPN);
    response = answer(CONNECT_FAILED, "501 No", true);
    ck_assert(hear(&choice, &response, false));
    ck_assert_uint_eq(request.method, METHOD_CONNECT_TCP);
    response = answer(CONNECT_OPEN, "", false);
    ck_assert(!hear(&choice, &response, false));
    ck_assert_int_eq(form_choice_end(&choice, NOW, OUTCOME_DONE, &response, false, &failure), OUTCOME_DONE);
    ck_assert_int_eq(response.verdict, CONNECT_OPEN);
    ck_assert_int_eq(health_template(health, &proxy), TEMPLATE_OPENS);
    ck_assert(!health_is_plain(health, &proxy)); /* nothing was opened by it */
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* One that opens without Upgrade is remembered for that. */
START_TEST(the_plain_request_opens)
{
    struct connect_response response = answer(CONNECT_RETRY_PLAIN, "400 Bad", false);
    struct form_choice choice;

    set_up();
    choice = choice_of(false);
    ck_assert(form_choice_start(&choice));
    ck_assert(hear(&choice, &response, false));
    response = answer(CONNECT_OPEN, "", false);
    ck_assert(!hear(&choice, &response, false));
    ck_assert_int_eq(form_choice_end(&choice, NOW, OUTCOME_DONE, &response, false, &failure), OUTCOME_DONE);
    ck_assert(health_is_plain(health, &proxy));
    ck_assert_int_eq(health_template(health, &proxy), TEMPLATE_UNKNOWN);
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* --- versions of HTTP --- */

static const struct endpoint secure = {.host = "proxy.example.net", .port = 443, .tls = true},
                             socks = {.host = "proxy.example.net", .port = 1080, .socks = true};
static struct proxy_config section;
static struct connect_response response;
static char steps[400];

static void on_step(void *arg, const char *step, const char *text)
{
    size_t length = strlen(steps);

    (void)arg;
    snprintf(steps + length, sizeof steps - length, "%s %s;", step, text);
}

/* A proxy in TLS, and a section with this key for it. */
static struct form_choice choice_with(unsigned http)
{
    struct form_choice choice = choice_of(false);

    section = (struct proxy_config){.http = http};
    choice.own = &section;
    choice.proxy = &secure;
    choice.trace = (struct trace){on_step, NULL};
    steps[0] = '\0';
    return choice;
}

/* What is offered of the key's three words, in their order. */
static void check_offers(const struct form_choice *of, unsigned for_1_1, unsigned for_auto, unsigned for_2)
{
    const unsigned wanted[] = {for_1_1, for_auto, for_2};
    struct proxy_config own = *of->own;
    struct form_choice choice = *of;

    choice.own = &own;
    for (own.http = PROXY_HTTP_1_1; own.http <= PROXY_HTTP_2; own.http++)
        ck_assert_msg(form_choice_http(&choice) == wanted[own.http], "http %u: %u", own.http,
                      form_choice_http(&choice));
}

/* The same is said where there is no request so far. */
START_TEST(the_versions_are_known_ahead_of_a_request)
{
    struct proxy_config asked = {.method = METHOD_CONNECT, .http = PROXY_HTTP_AUTO};

    set_up();
    ck_assert_uint_eq(form_choice_http_ahead(health, &asked, &secure), PROXY_HTTP_AUTO);
    ck_assert_uint_eq(form_choice_http_ahead(health, &asked, &proxy), PROXY_HTTP_1_1);
    asked.http = PROXY_HTTP_2;
    ck_assert_uint_eq(form_choice_http_ahead(health, &asked, &proxy), PROXY_HTTP_2);
    asked.require_switch = true;
    ck_assert_uint_eq(form_choice_http_ahead(health, &asked, &secure), PROXY_HTTP_1_1);
    asked.require_switch = false;
    asked.http = PROXY_HTTP_AUTO;
    asked.method = METHOD_PROXY;
    ck_assert_uint_eq(form_choice_http_ahead(health, &asked, &secure), PROXY_HTTP_1_1);
    asked.method = METHOD_CONNECT;
    health_set_version(health, NULL, &secure, 1, VERSION_1_1, "it says so");
    ck_assert_uint_eq(form_choice_http_ahead(health, &asked, &secure), PROXY_HTTP_1_1);
    health_free(health);
}
END_TEST

START_TEST(without_a_place_for_its_connections_http_2_is_not_offered)
{
    struct form_choice choice;

    set_up();
    choice = choice_with(PROXY_HTTP_2);
    choice.only_1_1 = true;
    ck_assert(form_choice_start(&choice));
    ck_assert(!request.http2);
    check_offers(&choice, PROXY_HTTP_1_1, PROXY_HTTP_1_1, PROXY_HTTP_1_1);
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

START_TEST(the_key_says_which_versions_are_offered)
{
    struct form_choice choice;

    set_up();
    choice = choice_with(PROXY_HTTP_AUTO);
    ck_assert(form_choice_start(&choice));
    check_offers(&choice, PROXY_HTTP_1_1, PROXY_HTTP_AUTO, PROXY_HTTP_2);
    request.method = METHOD_CONNECT_TCP;
    check_offers(&choice, PROXY_HTTP_1_1, PROXY_HTTP_AUTO, PROXY_HTTP_2);
    request.method = METHOD_CONNECT;
    choice.proxy = &proxy; /* without TLS nobody can choose */
    check_offers(&choice, PROXY_HTTP_1_1, PROXY_HTTP_1_1, PROXY_HTTP_2);
    choice.own = NULL; /* a proxy that a redirect has named, and no section has */
    ck_assert_uint_eq(form_choice_http(&choice), PROXY_HTTP_1_1);
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

START_TEST(what_http2_does_not_have_is_asked_in_1_1)
{
    static const unsigned methods[] = {METHOD_PROXY, METHOD_CONNECT_URI, METHOD_TCPCONNECTION,
                                       METHOD_TCPCONNECTION_ABSOLUTE, METHOD_TLS_UPGRADE};
    struct form_choice choice;

    set_up();
    choice = choice_with(PROXY_HTTP_AUTO);
    ck_assert(form_choice_start(&choice));
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        request.method = methods[i];
        check_offers(&choice, PROXY_HTTP_1_1, PROXY_HTTP_1_1, PROXY_HTTP_1_1);
    }
    request.method = METHOD_CONNECT;
    choice.require_switch = true;
    check_offers(&choice, PROXY_HTTP_1_1, PROXY_HTTP_1_1, PROXY_HTTP_1_1);
    choice.require_switch = false;
    choice.proxy = &socks;
    check_offers(&choice, PROXY_HTTP_1_1, PROXY_HTTP_1_1, PROXY_HTTP_1_1);
    choice.proxy = &secure;
    section.urls.source = PLACES_ENVIRONMENT;
    check_offers(&choice, PROXY_HTTP_1_1, PROXY_HTTP_1_1, PROXY_HTTP_1_1);
    section.urls.source = PLACES_LISTED;
    check_offers(&choice, PROXY_HTTP_1_1, PROXY_HTTP_AUTO, PROXY_HTTP_2);
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* A proxy that a redirect named, at these places: what is offered is said by the section that has it, whoever sent us
 * there, and it is HTTP/1.1 where none has. */
START_TEST(a_proxy_of_a_redirect_is_asked_as_its_section_says)
{
    static const struct {
        struct endpoint named;
        unsigned offered;
    } rows[] = {
        {{.host = "a.example", .port = 443, .tls = true}, PROXY_HTTP_AUTO}, /* the listener's own */
        {{.host = "b.example", .port = 443, .tls = true}, PROXY_HTTP_1_1},
        {{.host = "c.example", .port = 3128}, PROXY_HTTP_2},
        {{.host = "d.example", .port = 443, .tls = true}, PROXY_HTTP_1_1}, /* of no section */
        {{.host = "a.example", .port = 444, .tls = true}, PROXY_HTTP_1_1},
    };
    struct config *config = unit_config("[imap]\ntarget = mail.example.net\n[proxy]\nurl = https://a.example\n"
                                        "http = auto\n[proxy b]\nurl = https://b.example\n"
                                        "[proxy c]\nurl = http://c.example:3128\nhttp = 2\n");

    set_up();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct form_choice choice = choice_of(false);

        choice.proxy = &rows[i].named;
        choice.own = route_section(config, &config->listeners[0], &rows[i].named);
        ck_assert(form_choice_start(&choice));
        ck_assert_uint_eq(form_choice_http(&choice), rows[i].offered);
        form_choice_release(&choice);
    }
    config_unref(config);
    health_free(health);
}
END_TEST

/* A login that belongs to a connection, as the key or experience has it; a template has no such login. */
START_TEST(a_bound_login_is_asked_for_in_1_1)
{
    static const struct {
        unsigned auth;
        enum challenge_scheme last;
        unsigned offered;
    } rows[] = {
        {AUTH_NTLM, CHALLENGE_NONE, PROXY_HTTP_1_1},
        {AUTH_NEGOTIATE, CHALLENGE_NONE, PROXY_HTTP_1_1},
        {AUTH_ANY, CHALLENGE_NTLM, PROXY_HTTP_1_1},
        {AUTH_ANY, CHALLENGE_NEGOTIATE, PROXY_HTTP_1_1},
        {AUTH_ANY, CHALLENGE_DIGEST, PROXY_HTTP_AUTO},
        {AUTH_ANY, CHALLENGE_BASIC, PROXY_HTTP_AUTO},
        {AUTH_BASIC, CHALLENGE_NTLM, PROXY_HTTP_AUTO},
        {AUTH_DIGEST, CHALLENGE_NEGOTIATE, PROXY_HTTP_AUTO},
    };
    struct form_choice choice;

    set_up();
    choice = choice_with(PROXY_HTTP_AUTO);
    ck_assert(form_choice_start(&choice));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        section.auth = rows[i].auth;
        health_set_scheme(health, &secure, NOW, rows[i].last);
        request.method = METHOD_CONNECT;
        check_offers(&choice, PROXY_HTTP_1_1, rows[i].offered, PROXY_HTTP_2);
        request.method = METHOD_CONNECT_TCP;
        check_offers(&choice, PROXY_HTTP_1_1, PROXY_HTTP_AUTO, PROXY_HTTP_2);
    }
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* The answer to a request over HTTP/2, or why there is none.  True: it is asked once more. */
static bool hear_h2(struct form_choice *choice, enum outcome outcome, enum h2_exchange_end end, bool only_bound)
{
    choice->over_h2 = true;
    choice->h2_end = end;
    choice->only_bound = only_bound;
    outcome = form_choice_hear(choice, NOW, outcome, true, &response, false);
    return form_choice_again(choice, NOW, outcome, outcome == OUTCOME_PEER, &response, &cut);
}

static struct connect_response doubted(const char *what, bool wants_template)
{
    struct connect_response doubted = answer(CONNECT_FAILED, what, wants_template);

    doubted.version_in_doubt = true;
    return doubted;
}

static struct connect_response denied(void)
{
    struct connect_response denied = answer(CONNECT_FAILED, "407 Login", false);

    denied.denied = true;
    return denied;
}

static enum outcome end_of(struct form_choice *choice, enum outcome outcome)
{
    failure = cut;
    return form_choice_end(choice, NOW, outcome, &response, false, &failure);
}

/* A refusal in doubt is asked once over HTTP/1.1, in the form of the configuration; what opened is kept. */
START_TEST(a_refusal_over_http2_is_asked_over_1_1_once)
{
    struct form_choice choice;

    set_up();
    choice = choice_with(PROXY_HTTP_AUTO);
    ck_assert(form_choice_start(&choice));
    response = doubted("405 No", false);
    ck_assert(hear_h2(&choice, OUTCOME_DONE, H2_EXCHANGE_FAILED, false));
    ck_assert_str_eq(steps, "refused 405 No; once more, over HTTP/1.1;");
    ck_assert_uint_eq(form_choice_http(&choice), PROXY_HTTP_1_1);
    ck_assert_uint_eq(request.announce, ANNOUNCE_UPGRADE | ANNOUNCE_ALPN);
    ck_assert(!choice.over_h2 && form_choice_was_answered(&choice));
    ck_assert_int_eq(health_version(health, &secure), VERSION_UNKNOWN); /* who knows */
    response = answer(CONNECT_OPEN, "", false);
    ck_assert(!hear(&choice, &response, false));
    ck_assert_int_eq(end_of(&choice, OUTCOME_DONE), OUTCOME_DONE);
    ck_assert_int_eq(response.verdict, CONNECT_OPEN);
    ck_assert_int_eq(health_version(health, &secure), VERSION_1_1);
    ck_assert(health_takes_upgrade(health, &secure));
    form_choice_release(&choice);
    choice = choice_with(PROXY_HTTP_AUTO); /* the next session */
    ck_assert(form_choice_start(&choice));
    check_offers(&choice, PROXY_HTTP_1_1, PROXY_HTTP_1_1, PROXY_HTTP_2);
    form_choice_release(&choice);
    health_forget(health); /* and behind a reload */
    check_offers(&choice, PROXY_HTTP_1_1, PROXY_HTTP_AUTO, PROXY_HTTP_2);
    health_free(health);
}
END_TEST

/* The answer over HTTP/1.1 counts, whatever it is; where there is none, the first one stands. */
START_TEST(the_answer_over_1_1_counts)
{
    struct form_choice choice;

    set_up();
    choice = choice_with(PROXY_HTTP_AUTO);
    ck_assert(form_choice_start(&choice));
    response = doubted("403 No", false);
    ck_assert(hear_h2(&choice, OUTCOME_DONE, H2_EXCHANGE_FAILED, false));
    response = _i == 0 ? answer(CONNECT_REDIRECT, "305 There", false) : answer(CONNECT_FAILED, "403 Never", false);
    if (_i < 2) {
        ck_assert(!hear(&choice, &response, false));
        ck_assert_int_eq(end_of(&choice, OUTCOME_DONE), OUTCOME_DONE);
        ck_assert_str_eq(response.failure.what, _i == 0 ? "305 There" : "403 Never");
    } else {
        ck_assert_int_eq(form_choice_hear(&choice, NOW, OUTCOME_PEER, false, &response, false), OUTCOME_PEER);
        ck_assert(!form_choice_again(&choice, NOW, OUTCOME_PEER, false, &response, &cut)); /* not even connected */
        ck_assert_int_eq(end_of(&choice, OUTCOME_PEER), OUTCOME_DONE);
        ck_assert_str_eq(response.failure.what, "403 No");
        ck_assert_str_eq(response.failure.detail, " over-1.1=\"closed the connection without an answer\"");
    }
    ck_assert_int_eq(health_version(health, &secure), VERSION_UNKNOWN);
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* One that has opened a tunnel over HTTP/2 means what it says; for who begins after that, or is just asking. */
START_TEST(a_proxy_that_opens_over_http2_is_believed)
{
    struct form_choice choice, other;

    set_up();
    other = choice_with(PROXY_HTTP_AUTO);
    ck_assert(form_choice_start(&other));
    response = doubted("403 No", false);
    ck_assert(hear_h2(&other, OUTCOME_DONE, H2_EXCHANGE_FAILED, false));
    choice = choice_with(PROXY_HTTP_AUTO);
    ck_assert(form_choice_start(&choice));
    response = answer(CONNECT_OPEN, "", false);
    ck_assert(!hear_h2(&choice, OUTCOME_DONE, H2_EXCHANGE_FAILED, false));
    ck_assert_int_eq(end_of(&choice, OUTCOME_DONE), OUTCOME_DONE);
    ck_assert_int_eq(health_version(health, &secure), VERSION_2);
    ck_assert(!health_takes_upgrade(health, &secure)); /* there was none */
    ck_assert_int_eq(end_of(&other, OUTCOME_DONE), OUTCOME_DONE); /* over HTTP/1.1 it opens, too */
    ck_assert_int_eq(health_version(health, &secure), VERSION_2);
    response = doubted("403 No", false);
    ck_assert(!hear_h2(&choice, OUTCOME_DONE, H2_EXCHANGE_FAILED, false));
    ck_assert_int_eq(end_of(&choice, OUTCOME_DONE), OUTCOME_DONE);
    ck_assert_str_eq(response.failure.what, "403 No");
    form_choice_release(&choice);
    form_choice_release(&other);
    health_free(health);
}
END_TEST

/* HTTP/1.1 from then on, whatever comes of it: required; no extended CONNECT; no login for HTTP/2. */
static const struct {
    enum outcome outcome;
    enum h2_exchange_end end;
    bool only_bound;
    const char *step, *alone; /* alone: what is said with http = 2 */
} for_good[] = {
    {OUTCOME_PEER, H2_EXCHANGE_NEEDS_1_1, false, "it requires HTTP/1.1", "requires HTTP/1.1; " VERSION_ONLY_2},
    {OUTCOME_PEER, H2_EXCHANGE_NO_CONNECT, false,
     "it does not know extended CONNECT, by which connect-tcp is asked for in HTTP/2",
     "does not know extended CONNECT, by which connect-tcp is asked for in HTTP/2; " VERSION_ONLY_2},
    {OUTCOME_DONE, H2_EXCHANGE_FAILED, true, "it offers only logins that HTTP/2 does not have, NTLM or Negotiate",
     "407 Login: only NTLM or Negotiate are offered, which HTTP/2 does not have; " VERSION_ONLY_2},
};

START_TEST(http1_1_from_then_on)
{
    struct form_choice choice;
    char text[300];

    set_up();
    health_set_version(health, NULL, &secure, NOW, VERSION_2, NULL); /* it worked until now */
    choice = choice_with(PROXY_HTTP_AUTO);
    ck_assert(form_choice_start(&choice));
    response = denied();
    ck_assert(hear_h2(&choice, for_good[_i].outcome, for_good[_i].end, for_good[_i].only_bound));
    snprintf(text, sizeof text, "refused %s; once more, over HTTP/1.1;", for_good[_i].step);
    ck_assert_str_eq(steps, text);
    ck_assert_int_eq(health_version(health, &secure), VERSION_1_1);
    ck_assert_uint_eq(form_choice_http(&choice), PROXY_HTTP_1_1);
    ck_assert(!choice.over_h2 && !choice.only_bound && choice.h2_end == H2_EXCHANGE_FAILED);
    ck_assert(!form_choice_was_answered(&choice));
    ck_assert_int_eq(end_of(&choice, OUTCOME_PEER), OUTCOME_PEER);
    ck_assert_str_eq(failure.what, cut.what);
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

START_TEST(with_2_alone_it_is_a_failure_that_says_so)
{
    struct form_choice choice;

    set_up();
    choice = choice_with(PROXY_HTTP_2);
    ck_assert(form_choice_start(&choice));
    response = denied();
    ck_assert(!hear_h2(&choice, for_good[_i].outcome, for_good[_i].end, for_good[_i].only_bound));
    ck_assert_int_eq(end_of(&choice, for_good[_i].outcome), for_good[_i].outcome);
    if (for_good[_i].outcome == OUTCOME_DONE)
        failure = response.failure;
    ck_assert_str_eq(failure.what, for_good[_i].alone);
    ck_assert_int_eq(failure.class, FAILURE_PERMANENT);
    ck_assert_uint_eq(form_choice_http(&choice), PROXY_HTTP_2);
    ck_assert_int_eq(health_version(health, &secure), VERSION_UNKNOWN);
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* So is a refusal in doubt, of a proxy that never opened; and other failures are what they are. */
START_TEST(with_2_alone_a_refusal_names_the_key)
{
    struct form_choice choice;

    set_up();
    choice = choice_with(PROXY_HTTP_2);
    ck_assert(form_choice_start(&choice));
    response = doubted("405 No", false);
    ck_assert(!hear_h2(&choice, OUTCOME_DONE, H2_EXCHANGE_FAILED, false));
    ck_assert_int_eq(end_of(&choice, OUTCOME_DONE), OUTCOME_DONE);
    ck_assert_str_eq(response.failure.what, "405 No; " VERSION_ONLY_2);
    response = answer(CONNECT_FAILED, "502 Gone", false);
    ck_assert(!hear_h2(&choice, OUTCOME_DONE, H2_EXCHANGE_FAILED, false));
    ck_assert_int_eq(end_of(&choice, OUTCOME_DONE), OUTCOME_DONE);
    ck_assert_str_eq(response.failure.what, "502 Gone");
    ck_assert(!hear_h2(&choice, OUTCOME_PEER, H2_EXCHANGE_FAILED, false));
    ck_assert_int_eq(end_of(&choice, OUTCOME_PEER), OUTCOME_PEER);
    ck_assert_str_eq(failure.what, cut.what);
    health_set_version(health, NULL, &secure, NOW, VERSION_2, NULL);
    response = doubted("405 No", false);
    ck_assert(!hear_h2(&choice, OUTCOME_DONE, H2_EXCHANGE_FAILED, false));
    ck_assert_int_eq(end_of(&choice, OUTCOME_DONE), OUTCOME_DONE);
    ck_assert_str_eq(response.failure.what, "405 No");
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* There is no Upgrade in HTTP/2 that could be left out. */
START_TEST(over_http2_nothing_is_asked_without_upgrade)
{
    struct form_choice choice;

    set_up();
    choice = choice_with(_i == 0 ? PROXY_HTTP_AUTO : PROXY_HTTP_2);
    ck_assert(form_choice_start(&choice));
    response = answer(CONNECT_FAILED, "500 Ouch", false);
    response.upgrade_in_doubt = true;
    ck_assert(!hear_h2(&choice, OUTCOME_DONE, H2_EXCHANGE_FAILED, false));
    ck_assert(!hear_h2(&choice, OUTCOME_PEER, H2_EXCHANGE_FAILED, false));
    ck_assert_uint_eq(request.announce, ANNOUNCE_UPGRADE | ANNOUNCE_ALPN);
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* 501 over HTTP/2, over HTTP/1.1, without Upgrade, and only then by the template. */
START_TEST(all_four_forms_in_their_order)
{
    struct form_choice choice;

    set_up();
    choice = choice_with(PROXY_HTTP_AUTO);
    ck_assert(form_choice_start(&choice));
    response = doubted("501 No", true);
    ck_assert(hear_h2(&choice, OUTCOME_DONE, H2_EXCHANGE_FAILED, false));
    ck_assert_uint_eq(request.method, METHOD_CONNECT);
    ck_assert_uint_eq(form_choice_http(&choice), PROXY_HTTP_1_1);
    response = answer(CONNECT_RETRY_PLAIN, "501 No", false);
    ck_assert(hear(&choice, &response, false));
    ck_assert_uint_eq(request.method, METHOD_CONNECT);
    ck_assert_uint_eq(request.announce, ANNOUNCE_ALPN);
    response = answer(CONNECT_FAILED, "501 No", true);
    ck_assert(hear(&choice, &response, false));
    ck_assert_uint_eq(request.method, METHOD_CONNECT_TCP);
    ck_assert_uint_eq(form_choice_http(&choice), PROXY_HTTP_1_1);
    response = answer(CONNECT_OPEN, "", false);
    ck_assert(!hear(&choice, &response, false));
    ck_assert_int_eq(end_of(&choice, OUTCOME_DONE), OUTCOME_DONE);
    ck_assert_int_eq(health_template(health, &secure), TEMPLATE_OPENS);
    ck_assert_int_eq(health_version(health, &secure), VERSION_1_1);
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* With 2, or where HTTP/2 is known to work, the template comes at once, by extended CONNECT; if the proxy does not know
 * that, its first answer stands, and it is not put back to HTTP/1.1. */
START_TEST(a_501_over_http2_alone_leads_to_the_template)
{
    const bool only_2 = _i % 2 == 0, opens = _i < 2;
    struct form_choice choice;

    set_up();
    if (!only_2)
        health_set_version(health, NULL, &secure, NOW, VERSION_2, NULL);
    choice = choice_with(only_2 ? PROXY_HTTP_2 : PROXY_HTTP_AUTO);
    ck_assert(form_choice_start(&choice));
    response = doubted("501 No", true);
    ck_assert(hear_h2(&choice, OUTCOME_DONE, H2_EXCHANGE_FAILED, false));
    ck_assert_uint_eq(request.method, METHOD_CONNECT_TCP);
    ck_assert_uint_eq(form_choice_http(&choice), only_2 ? PROXY_HTTP_2 : PROXY_HTTP_AUTO);
    response = answer(opens ? CONNECT_OPEN : CONNECT_SKIP, "", false);
    ck_assert(!hear_h2(&choice, opens ? OUTCOME_DONE : OUTCOME_PEER,
                       opens ? H2_EXCHANGE_FAILED : H2_EXCHANGE_NO_CONNECT, false));
    ck_assert_int_eq(end_of(&choice, OUTCOME_DONE), OUTCOME_DONE);
    ck_assert_int_eq(health_template(health, &secure), opens ? TEMPLATE_OPENS : TEMPLATE_FAILS);
    ck_assert_int_eq(health_version(health, &secure), opens || !only_2 ? VERSION_2 : VERSION_UNKNOWN);
    ck_assert_str_eq(response.failure.what, opens ? "" : only_2 ? "501 No; " VERSION_ONLY_2 : "501 No");
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* The server of a template has no login of a connection in either version. */
START_TEST(a_template_with_a_bound_login_is_not_asked_again)
{
    struct form_choice choice;

    set_up();
    choice = choice_with(_i == 0 ? PROXY_HTTP_AUTO : PROXY_HTTP_2);
    ck_assert(form_choice_start(&choice));
    request.method = METHOD_CONNECT_TCP;
    response = denied();
    ck_assert(!hear_h2(&choice, OUTCOME_DONE, H2_EXCHANGE_FAILED, true));
    ck_assert_int_eq(end_of(&choice, OUTCOME_DONE), OUTCOME_DONE);
    ck_assert_str_eq(response.failure.what, "407 Login");
    ck_assert_int_eq(health_version(health, &secure), VERSION_UNKNOWN);
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

/* Over HTTP/1.1, behind HTTP/2, Upgrade may be the cause of the next failure. */
START_TEST(a_refusal_over_1_1_may_be_due_to_upgrade)
{
    struct form_choice choice;

    set_up();
    choice = choice_with(PROXY_HTTP_AUTO);
    ck_assert(form_choice_start(&choice));
    response = doubted("403 No", false);
    ck_assert(hear_h2(&choice, OUTCOME_DONE, H2_EXCHANGE_FAILED, false));
    ck_assert(form_choice_again(&choice, NOW, OUTCOME_PEER, true, &response, &cut)); /* it closed the connection */
    ck_assert_uint_eq(request.announce, ANNOUNCE_ALPN);
    ck_assert_uint_eq(form_choice_http(&choice), PROXY_HTTP_1_1);
    response = answer(CONNECT_OPEN, "", false);
    ck_assert(!hear(&choice, &response, false));
    ck_assert_int_eq(end_of(&choice, OUTCOME_DONE), OUTCOME_DONE);
    ck_assert(health_is_plain(health, &secure));
    ck_assert_int_eq(health_version(health, &secure), VERSION_1_1);
    form_choice_release(&choice);
    health_free(health);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("form_choice");

    tcase_add_test(cases, the_first_request_is_as_configured);
    tcase_add_test(cases, what_is_remembered_is_asked_at_once);
    tcase_add_loop_test(cases, a_proxy_that_knows_the_template_alone, 0, sizeof fall_backs / sizeof fall_backs[0]);
    tcase_add_test(cases, a_template_that_failed_is_not_tried_again);
    tcase_add_loop_test(cases, a_template_without_an_answer, 0, 2);
    tcase_add_test(cases, all_three_forms_in_their_order);
    tcase_add_test(cases, the_plain_request_opens);
    tcase_add_test(cases, the_versions_are_known_ahead_of_a_request);
    tcase_add_test(cases, without_a_place_for_its_connections_http_2_is_not_offered);
    tcase_add_test(cases, the_key_says_which_versions_are_offered);
    tcase_add_test(cases, what_http2_does_not_have_is_asked_in_1_1);
    tcase_add_test(cases, a_proxy_of_a_redirect_is_asked_as_its_section_says);
    tcase_add_test(cases, a_bound_login_is_asked_for_in_1_1);
    tcase_add_test(cases, a_refusal_over_http2_is_asked_over_1_1_once);
    tcase_add_loop_test(cases, the_answer_over_1_1_counts, 0, 3);
    tcase_add_test(cases, a_proxy_that_opens_over_http2_is_believed);
    tcase_add_loop_test(cases, http1_1_from_then_on, 0, sizeof for_good / sizeof for_good[0]);
    tcase_add_loop_test(cases, with_2_alone_it_is_a_failure_that_says_so, 0, sizeof for_good / sizeof for_good[0]);
    tcase_add_test(cases, with_2_alone_a_refusal_names_the_key);
    tcase_add_loop_test(cases, over_http2_nothing_is_asked_without_upgrade, 0, 2);
    tcase_add_test(cases, all_four_forms_in_their_order);
    tcase_add_loop_test(cases, a_501_over_http2_alone_leads_to_the_template, 0, 4);
    tcase_add_loop_test(cases, a_template_with_a_bound_login_is_not_asked_again, 0, 2);
    tcase_add_test(cases, a_refusal_over_1_1_may_be_due_to_upgrade);
    return unit_run();
}
