#include "proxy/form_choice.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"

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
    return unit_run();
}
