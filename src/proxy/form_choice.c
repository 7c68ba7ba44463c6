/* SPDX-License-Identifier: ISC */
#include "proxy/form_choice.h"

#include <stdio.h>
#include <string.h>

/* Whether a tunnel can be asked for in HTTP/2 with the present form. */
static bool has_form_in_h2(const struct form_choice *choice)
{
    const unsigned method = choice->request->method;

    return !choice->only_1_1 && choice->own && choice->own->urls.source != PLACES_ENVIRONMENT &&
           !choice->proxy->socks &&
           !choice->require_switch && (method == METHOD_CONNECT || method == METHOD_CONNECT_TCP);
}

/* Whether its login is one of a connection in HTTP/1.1, by the configuration or as it worked last. */
static bool login_is_bound(const struct form_choice *choice)
{
    const unsigned auth = choice->own->auth;
    enum challenge_scheme last = health_scheme(choice->health, &choice->form.proxy);

    if (choice->request->method != METHOD_CONNECT)
        return false;
    return auth == AUTH_NTLM || auth == AUTH_NEGOTIATE ||
           (auth == AUTH_ANY && (last == CHALLENGE_NTLM || last == CHALLENGE_NEGOTIATE));
}

unsigned form_choice_http(const struct form_choice *choice)
{
    if (!has_form_in_h2(choice))
        return PROXY_HTTP_1_1;
    if (choice->own->http == PROXY_HTTP_AUTO &&
        (!choice->proxy->tls || choice->by_version.asks || login_is_bound(choice) ||
         health_version(choice->health, choice->proxy) == VERSION_1_1))
        return PROXY_HTTP_1_1;
    return choice->own->http;
}

/* Whether HTTP/2 is what the proxy will speak, as far as is known. */
static bool expects_h2(const struct form_choice *choice)
{
    const unsigned http = form_choice_http(choice);

    return http == PROXY_HTTP_2 ||
           (http == PROXY_HTTP_AUTO && health_version(choice->health, choice->proxy) == VERSION_2);
}

bool form_choice_start(struct form_choice *choice)
{
    if (!request_form_set(&choice->form, choice->own, choice->proxy, choice->request))
        return false;
    choice->request->http2 = expects_h2(choice);
    if (!choice->require_switch && health_is_plain(choice->health, choice->proxy))
        choice->request->announce &= ~(unsigned)ANNOUNCE_UPGRADE;
    return choice->request->method != METHOD_CONNECT || choice->proxy->socks ||
           health_template(choice->health, choice->proxy) != TEMPLATE_OPENS ||
           request_form_set_default(&choice->form, choice->proxy, choice->request);
}

/* Whether the proxy offers only logins that HTTP/2 does not have.  For a template there are none in either version. */
static bool offers_only_bound(const struct form_choice *choice)
{
    return choice->only_bound && choice->request->method == METHOD_CONNECT;
}

static bool asks_in_1_1(struct form_choice *choice, uint64_t now_ms, enum outcome outcome,
                        const struct connect_response *response)
{
    if (!choice->over_h2 || choice->own->http != PROXY_HTTP_AUTO ||
        !version_try_begin(&choice->by_version, outcome, response, choice->h2_end, offers_only_bound(choice),
                           health_version(choice->health, choice->proxy)))
        return false;
    if (choice->by_version.for_good)
        health_set_version(choice->health, choice->name, choice->proxy, now_ms, VERSION_1_1,
                           version_try_reason(&choice->by_version));
    trace_step(&choice->trace, "refused", "%s; once more, over HTTP/1.1", version_try_reason(&choice->by_version));
    return true;
}

static bool asks_plain(struct form_choice *choice, uint64_t now_ms, enum outcome outcome, bool cut_off,
                       const struct connect_response *response, const struct failure *failure)
{
    const struct connect_response *answer = outcome == OUTCOME_DONE ? response : NULL;

    if (choice->proxy->socks || choice->over_h2 || !(choice->request->announce & ANNOUNCE_UPGRADE))
        return false;
    if (answer && answer->verdict == CONNECT_OPEN)
        health_note_upgrade(choice->health, choice->proxy, now_ms);
    if (choice->require_switch || (!answer && !cut_off) ||
        !plain_try_begin(&choice->plain, answer, failure, health_takes_upgrade(choice->health, choice->proxy)))
        return false;
    choice->request->announce &= ~(unsigned)ANNOUNCE_UPGRADE;
    trace_step(&choice->trace, "refused", "%s; once more, without Upgrade", plain_try_reason(&choice->plain));
    return true;
}

static bool asks_by_template(struct form_choice *choice, enum outcome outcome,
                             const struct connect_response *response)
{
    const unsigned announce = choice->request->announce;

    if (outcome != OUTCOME_DONE ||
        !template_try_begin(&choice->by_template, response, health_template(choice->health, choice->proxy)) ||
        !request_form_set_default(&choice->form, choice->proxy, choice->request))
        return false;
    choice->announce = announce;
    choice->asks_by_template = true;
    trace_step(&choice->trace, "refused", "%s; once more, by connect-tcp", response->failure.what);
    return true;
}

/* The request by CONNECT and its answer are the ones that count again. */
static void leave_template(struct form_choice *choice, struct connect_response *response)
{
    *response = choice->by_template.first;
    choice->asks_by_template = false;
    choice->only_bound = false;
    choice->request->method = METHOD_CONNECT;
    choice->request->announce = choice->announce;
    choice->form.proxy = *choice->proxy;
}

enum outcome form_choice_hear(struct form_choice *choice, uint64_t now_ms, enum outcome outcome, bool asked,
                              struct connect_response *response, bool refused)
{
    enum template_lesson lesson = template_try_lesson(&choice->by_template, outcome, asked, response);

    if (!choice->asks_by_template)
        return outcome;
    if (lesson != TEMPLATE_UNKNOWN)
        health_set_template(choice->health, choice->name, choice->proxy, now_ms, lesson);
    if (!template_try_has_failed(&choice->by_template, outcome, response, refused))
        return outcome;
    leave_template(choice, response);
    return OUTCOME_DONE;
}

bool form_choice_again(struct form_choice *choice, uint64_t now_ms, enum outcome outcome, bool cut_off,
                       const struct connect_response *response, const struct failure *failure)
{
    if (!asks_in_1_1(choice, now_ms, outcome, response) && !asks_by_template(choice, outcome, response) &&
        !asks_plain(choice, now_ms, outcome, cut_off, response, failure))
        return false;
    choice->over_h2 = choice->only_bound = false;
    choice->h2_end = H2_EXCHANGE_FAILED;
    return true;
}

static void learn_version(struct form_choice *choice, uint64_t now_ms, enum outcome outcome,
                          const struct connect_response *response)
{
    const enum version_lesson known = health_version(choice->health, choice->proxy);
    enum version_lesson lesson = version_try_lesson(&choice->by_version, outcome, response, choice->over_h2, known);
    const char *reason = lesson == VERSION_1_1 ? version_try_reason(&choice->by_version) : "";
    char why[sizeof response->failure.what + 64];

    if (lesson == VERSION_UNKNOWN)
        return;
    snprintf(why, sizeof why, choice->by_version.for_good ? "%s" : "it opens tunnels there, and answers %s over HTTP/2",
             reason);
    health_set_version(choice->health, choice->name, choice->proxy, now_ms, lesson, why);
}

/* With http = 2 a failure that may be due to the version says so. */
static void tell_of_version(const struct form_choice *choice, enum outcome outcome, struct connect_response *response,
                            struct failure *failure)
{
    if (!choice->own || choice->own->http != PROXY_HTTP_2)
        return;
    if (outcome == OUTCOME_PEER && choice->over_h2 && choice->h2_end == H2_EXCHANGE_NEEDS_1_1) {
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "requires HTTP/1.1; " VERSION_ONLY_2);
    } else if (outcome == OUTCOME_PEER && choice->over_h2 && choice->h2_end == H2_EXCHANGE_NO_CONNECT) {
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "does not know extended CONNECT, by which connect-tcp is "
                    "asked for in HTTP/2; " VERSION_ONLY_2);
    } else if (outcome == OUTCOME_DONE && offers_only_bound(choice)) {
        failure_add(&response->failure, "only NTLM or Negotiate are offered, which HTTP/2 does not have");
        failure_hint(&response->failure, VERSION_ONLY_2);
    } else if (outcome == OUTCOME_DONE && response->version_in_doubt &&
               health_version(choice->health, choice->proxy) != VERSION_2) {
        failure_hint(&response->failure, VERSION_ONLY_2);
    }
}

enum outcome form_choice_end(struct form_choice *choice, uint64_t now_ms, enum outcome outcome,
                             struct connect_response *response, bool refused, struct failure *failure)
{
    learn_version(choice, now_ms, outcome, response);
    if (plain_try_has_opened(&choice->plain, outcome, response)) {
        if (!choice->asks_by_template)
            health_set_plain(choice->health, choice->name, choice->proxy, now_ms);
        return outcome;
    }
    outcome = plain_try_end(&choice->plain, outcome, response, refused, failure);
    if (version_try_first_stands(&choice->by_version, outcome)) {
        *response = choice->by_version.first;
        failure_note(&response->failure, "over-1.1", failure->what, strlen(failure->what));
        return OUTCOME_DONE;
    }
    tell_of_version(choice, outcome, response, failure);
    return outcome;
}

bool form_choice_was_answered(const struct form_choice *choice)
{
    return choice->plain.kind == PLAIN_TRY_CHECKS || choice->by_template.begun ||
           (choice->by_version.asks && !choice->by_version.for_good);
}

void form_choice_release(struct form_choice *choice)
{
    request_form_release(&choice->form);
}

unsigned form_choice_http_ahead(struct health *health, const struct proxy_config *section,
                                const struct endpoint *proxy)
{
    struct connect_request request = {.method = section->method, .announce = section->announce, .target = proxy};
    struct form_choice choice = {
        .health = health,
        .own = section,
        .proxy = proxy,
        .request = &request,
        .require_switch = section->require_switch,
    };
    unsigned http = form_choice_start(&choice) ? form_choice_http(&choice) : (unsigned)PROXY_HTTP_1_1;

    form_choice_release(&choice);
    return http;
}
