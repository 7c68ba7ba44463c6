/* SPDX-License-Identifier: ISC */
#include "proxy/way.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "played_finder.h"
#include "tunnel_scene.h"

#define PAC "url = pac:https://wpad.example.net/proxy.pac\n"
#define PLAIN "target = mail.example.net"
#define SRV "target = srv:example.net"

/* --- a way, and what it told --- */

static struct services *services;
static struct config *config;

struct way_asked {
    struct way *way;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
    bool frees; /* from within done */
    char steps[STEPS_MAX];
};

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct way_asked *asked = arg;

    unit_note_outcome(&asked->told, &asked->outcome, &asked->failure, outcome, failure);
    if (asked->frees)
        way_free(asked->way);
}

static void on_step(void *arg, const char *step, const char *text)
{
    steps_add(((struct way_asked *)arg)->steps, step, text);
}

static void set_up(const char *proxy, const char *listener)
{
    char text[1000];

    services = stage_set_up();
    played_finder_reset();
    snprintf(text, sizeof text, "[proxy]\n%s\n[imap]\n%s\n", proxy, listener);
    config = unit_config(text);
}

static void tear_down(void)
{
    config_unref(config);
    stage_tear_down();
    ck_assert_uint_eq(played_finder_open(), 0);
}

static void start(struct way_asked *asked)
{
    const struct way_params params = {
        .services = services,
        .config = config,
        .listener = &config->listeners[0],
        .name = "imap#1",
        .trace = {on_step, asked},
        .done = on_told,
        .arg = asked,
    };

    memset(asked, 0, sizeof *asked);
    asked->way = way_find(&params);
    ck_assert_ptr_nonnull(asked->way);
    ck_assert_uint_eq(asked->told, 0);
    stage_settle();
}

static void end(struct way_asked *asked)
{
    way_free(asked->way);
    stage_settle();
}

/* The way has told DONE so many times, and leads there by these: "a:3128 direct". */
static void check_way(const struct way_asked *asked, unsigned told, const char *target, const char *by)
{
    const struct route *route = way_route(asked->way);
    char words[600] = "", text[ENDPOINT_TEXT_MAX];

    ck_assert_uint_eq(asked->told, told);
    ck_assert_msg(asked->outcome == OUTCOME_DONE, "%s", asked->failure.what);
    ck_assert_str_eq(endpoint_format(way_target(asked->way), text), target);
    for (size_t i = 0; i < route->count; i++)
        snprintf(words + strlen(words), sizeof words - strlen(words), "%s%s", i ? " " : "",
                 route->at[i] ? endpoint_format(route->at[i], text) : "direct");
    ck_assert_str_eq(words, by);
}

static void check_failed(const struct way_asked *asked, unsigned told, enum outcome outcome, const char *where,
                         const char *what)
{
    char text[500];

    ck_assert_uint_eq(asked->told, told);
    ck_assert_int_eq(asked->outcome, outcome);
    ck_assert_str_eq(asked->failure.where, where);
    failure_format(&asked->failure, text, sizeof text);
    ck_assert_msg(strstr(text, what) != NULL, "%s", text);
}

/* --- by the configuration --- */

START_TEST(the_configuration_names_the_proxies)
{
    struct way_asked asked;

    set_up("url = http://a:3128 http://b:3128\nfallback = direct", PLAIN);
    start(&asked);
    check_way(&asked, 1, "mail.example.net:143", "a:3128 b:3128 direct");
    ck_assert(!way_route(asked.way)->found);
    ck_assert(!way_next(asked.way));
    ck_assert_str_eq(asked.steps, "");
    ck_assert_uint_eq(played_finder_searches(), 0);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_listener_without_a_proxy_goes_direct)
{
    struct way_asked asked;

    set_up(PAC, PLAIN "\nproxy = direct");
    start(&asked);
    check_way(&asked, 1, "mail.example.net:143", "direct");
    ck_assert_uint_eq(played_finder_searches(), 0);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(an_environment_without_a_proxy_fails)
{
    struct way_asked asked;

    setenv("imap_proxy", "http://a:3128", 1);
    set_up("url = environment", PLAIN);
    unsetenv("imap_proxy");
    unsetenv("all_proxy");
    start(&asked);
    check_failed(&asked, 1, OUTCOME_LOCAL, "", "neither imap_proxy nor all_proxy is set");
    end(&asked);
    tear_down();
}
END_TEST

/* --- what is found --- */

static const struct {
    const char *section, *answer, *by; /* by NULL: nothing of it may be used */
    const char *steps;                 /* behind the question; or what the failure says */
} answers[] = {
    {PAC, "http://a:3128", "a:3128", "answer http://a:3128;"},
    {PAC, "http://a:3128 https://b:443 socks5h://c:1080", "a:3128 b:443 c:1080",
     "answer http://a:3128 https://b:443 socks5h://c:1080;"},

    /* DIRECT is for who has said that it is all right */
    {PAC, "DIRECT", NULL, "pac:https://wpad.example.net/proxy.pac: says DIRECT for mail.example.net:143, which "
                          "needs fallback = direct"},
    {"url = system", "DIRECT", NULL, "system: says DIRECT for mail.example.net:143, which needs fallback = direct"},
    {"url = command:/bin/sh", "DIRECT DIRECT", NULL,
     "command:/bin/sh: says DIRECT for mail.example.net:143, which needs fallback = direct"},
    {PAC, "http://a:3128 DIRECT", "a:3128",
     "answer http://a:3128 DIRECT;skipped DIRECT, which needs fallback = direct;"},
    {PAC, "DIRECT http://a:3128", "a:3128",
     "answer DIRECT http://a:3128;skipped DIRECT, which needs fallback = direct;"},
    {PAC "fallback = direct", "DIRECT", "direct", "answer DIRECT;"},
    {PAC "fallback = direct", "http://a:3128 DIRECT http://b:3128", "a:3128 direct b:3128",
     "answer http://a:3128 DIRECT http://b:3128;"},

    /* and only if it is said */
    {PAC "fallback = direct", "http://a:3128", "a:3128", "answer http://a:3128;"},

    /* our own listeners, at 127.0.0.1:4143 and [::1]:4143; loopback itself is fine */
    {PAC, "http://127.0.0.1:3128", "127.0.0.1:3128", "answer http://127.0.0.1:3128;"},
    {PAC, "http://127.0.0.1:4143", NULL, "pac:https://wpad.example.net/proxy.pac: names a proxy for "
                                         "mail.example.net:143 that is refused: it leads to one of our own listeners"},
    {PAC, "http://localhost:4143", NULL, "it leads to one of our own listeners"},
    {PAC, "http://0.0.0.0:80", NULL, "it leads to this machine by way of an address that is none"},
    {PAC, "http://127.0.0.1:4143 DIRECT", NULL, "it leads to one of our own listeners"},
    {PAC "fallback = direct", "http://127.0.0.1:4143 http://a:3128", "a:3128",
     "answer http://127.0.0.1:4143 http://a:3128;skipped http://127.0.0.1:4143: it leads to one of our own "
     "listeners;"},
};

static bool listens_on(void *arg, const struct address *address)
{
    struct address own;

    (void)arg;
    ck_assert(address_from_literal(&own, "127.0.0.1", 4143));
    return address_equal(&own, address);
}

START_TEST(what_is_found_is_obeyed_as_far_as_is_allowed)
{
    struct way_asked asked;
    char steps[400];

    set_up(answers[_i].section, PLAIN);
    services->is_own = listens_on;
    played_finder_says("mail.example.net", answers[_i].answer);
    start(&asked);
    ck_assert_str_eq(played_finder_target(), "mail.example.net:143");
    if (answers[_i].by) {
        check_way(&asked, 1, "mail.example.net:143", answers[_i].by);
        ck_assert(way_route(asked.way)->found);
        snprintf(steps, sizeof steps, "question https://mail.example.net:143/;%s", answers[_i].steps);
        ck_assert_str_eq(asked.steps, steps);
    } else {
        check_failed(&asked, 1, OUTCOME_FORBIDDEN, asked.failure.where, answers[_i].steps);
        ck_assert_int_eq(asked.failure.class, FAILURE_TEMPORARY); /* in another network it says something else */
    }
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(an_answer_that_was_kept_says_so)
{
    struct way_asked asked;

    set_up(PAC, PLAIN);
    played_finder_keeps("*", "http://a:3128");
    start(&asked);
    check_way(&asked, 1, "mail.example.net:143", "a:3128");
    ck_assert_str_eq(asked.steps, "question https://mail.example.net:143/;answer http://a:3128 (kept);");
    end(&asked);
    tear_down();
}
END_TEST

/* Never direct by accident. */
START_TEST(a_source_that_fails_is_a_failure)
{
    struct way_asked asked;

    set_up(PAC "fallback = direct", PLAIN);
    if (_i == 2)
        played_finder_lacks();
    else
        played_finder_says("*", _i == 0 ? "!404 Not Found" : "?cannot start findproxy");
    start(&asked);
    switch (_i) {
    case 0: check_failed(&asked, 1, OUTCOME_PEER, "the source", "404 Not Found"); break;
    case 1: check_failed(&asked, 1, OUTCOME_LOCAL, "the source", "cannot start findproxy"); break;
    case 2: check_failed(&asked, 1, OUTCOME_LOCAL, "", "out of memory"); break;
    }
    end(&asked);
    tear_down();
}
END_TEST

/* The desktop's settings come after the environment's, whose proxy is gone around by nothing but no_proxy. */
START_TEST(the_environment_answers_for_the_desktop)
{
    struct way_asked asked;

    set_up("url = system\nfallback = direct", PLAIN);
    setenv("imap_proxy", "http://arthur:magic@e:8080", 1);
    if (_i == 1)
        setenv("no_proxy", "example.net", 1);
    played_finder_says("*", "environment");
    start(&asked);
    check_way(&asked, 1, "mail.example.net:143", _i == 0 ? "e:8080" : "direct");
    ck_assert_str_eq(way_route(asked.way)->user, _i == 0 ? "arthur" : "");
    ck_assert_str_eq(way_route(asked.way)->password, _i == 0 ? "magic" : "");
    ck_assert_str_eq(asked.steps, "question https://mail.example.net:143/;"
                                  "answer what the environment's variables say;");
    unsetenv("imap_proxy");
    unsetenv("no_proxy");
    end(&asked);
    tear_down();
}
END_TEST

/* --- one place after the other --- */

START_TEST(each_place_has_its_own_proxies)
{
    struct way_asked asked;

    set_up(PAC, SRV);
    stage_srv("_imap._tcp.example.net", "one.example.net:1143 two.example.net:2143 three.example.net:3143");
    played_finder_says("one.example.net", "http://a:3128 http://b:3128");
    played_finder_says("two.example.net", "DIRECT");
    played_finder_says("three.example.net", "http://c:3128");
    start(&asked);
    check_way(&asked, 1, "one.example.net:1143", "a:3128 b:3128");
    way_route(asked.way)->reached = true;
    ck_assert(way_next(asked.way));
    ck_assert_uint_eq(asked.told, 1); /* not from within the call */
    stage_settle();
    check_failed(&asked, 2, OUTCOME_FORBIDDEN, "pac:https://wpad.example.net/proxy.pac",
                 "says DIRECT for two.example.net:2143");
    ck_assert(way_next(asked.way));
    stage_settle();
    check_way(&asked, 3, "three.example.net:3143", "c:3128");
    ck_assert(way_route(asked.way)->reached);
    ck_assert(!way_next(asked.way));
    ck_assert_uint_eq(played_finder_searches(), 3);
    end(&asked);
    tear_down();
}
END_TEST

/* The proxy of the configuration is connected to, or the one that is dialed for it looked up, beside the record; one
 * that has to be found for each place is not. */
START_TEST(the_proxy_is_gone_to_beside_the_record)
{
    static const struct {
        const char *proxy;
        bool looked_up;
    } rows[] = {
        {"url = http://a:3128 http://b:3128", true},
        {"url = http://f:3128\nvia = outer\n[proxy outer]\nurl = http://a:3128", true},
        {PAC, false},
    };
    struct way_asked asked;

    set_up(rows[_i].proxy, SRV);
    stage_srv("_imap._tcp.example.net", "");
    stage_name("a", "");
    start(&asked);
    ck_assert_uint_eq(stage_lookups_open(), rows[_i].looked_up ? 2 : 1);
    end(&asked);
    ck_assert_uint_eq(stage_lookups_open(), 0);
    tear_down();
}
END_TEST

START_TEST(a_record_that_is_not_there_fails)
{
    struct way_asked asked;

    set_up(PAC, SRV);
    stage_srv("_imap._tcp.example.net", "!no such name");
    start(&asked);
    check_failed(&asked, 1, OUTCOME_PEER, "", "no such name");
    ck_assert_uint_eq(played_finder_searches(), 0);
    end(&asked);
    tear_down();
}
END_TEST

/* --- who gets the credentials --- */

START_TEST(strangers_are_asked_as_such)
{
    static const struct endpoint friend = {.host = "p.example.net", .port = 3128},
                                 stranger = {.host = "p.example.org", .port = 3128};
    const struct proxy_config *section;

    set_up(PAC "user = arthur\npassword = magic\ntrusted = *.example.net", PLAIN);
    section = config->listeners[0].proxy;
    ck_assert_ptr_eq(way_section(&config->listeners[0], &friend), section);
    ck_assert_ptr_eq(way_section(&config->listeners[0], &stranger), section->stranger);
    ck_assert_ptr_nonnull(section->stranger);
    ck_assert_ptr_null(section->stranger->user);
    tear_down();
    set_up("url = http://p.example.org:3128\nuser = arthur\npassword = magic", PLAIN);
    ck_assert_ptr_eq(way_section(&config->listeners[0], &stranger), config->listeners[0].proxy);
    tear_down();
}
END_TEST

/* --- giving up --- */

/* Before it begins; looking for the record; waiting for the answer; after it; waiting for that for the next place. */
START_TEST(it_can_be_freed_in_each_state)
{
    struct way_asked asked;

    set_up(PAC, _i == 1 || _i == 4 ? SRV : PLAIN);
    stage_srv("_imap._tcp.example.net", _i == 1 ? "" : "one.example.net:1143 two.example.net:2143");
    played_finder_says("*", _i == 3 ? "http://a:3128" : "");
    played_finder_says("one.example.net", "http://a:3128");
    start(&asked);
    if (_i == 0) {
        way_free(asked.way);
        start(&asked);
    }
    if (_i == 4) {
        ck_assert(way_next(asked.way));
        stage_settle();
    }
    ck_assert_uint_eq(asked.told, _i < 3 ? 0 : 1);
    end(&asked);
    stage_advance(3600000);
    ck_assert_uint_eq(asked.told, _i < 3 ? 0 : 1);
    tear_down();
}
END_TEST

START_TEST(it_can_be_freed_from_within_the_call)
{
    const char *const says[] = {"http://a:3128", "DIRECT", "!no"};
    struct way_asked asked;

    set_up(PAC, PLAIN);
    played_finder_says("*", says[_i]);
    start(&asked);
    end(&asked);
    memset(&asked, 0, sizeof asked);
    asked.way = way_find(&(struct way_params){.services = services, .config = config, .listener = config->listeners,
                                              .name = "x", .done = on_told, .arg = &asked});
    asked.frees = true;
    stage_settle();
    ck_assert_uint_eq(asked.told, 1);
    way_free(NULL);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("way");

    tcase_add_test(cases, the_configuration_names_the_proxies);
    tcase_add_test(cases, a_listener_without_a_proxy_goes_direct);
    tcase_add_test(cases, an_environment_without_a_proxy_fails);
    tcase_add_loop_test(cases, what_is_found_is_obeyed_as_far_as_is_allowed, 0, sizeof answers / sizeof answers[0]);
    tcase_add_test(cases, an_answer_that_was_kept_says_so);
    tcase_add_loop_test(cases, a_source_that_fails_is_a_failure, 0, 3);
    tcase_add_loop_test(cases, the_environment_answers_for_the_desktop, 0, 2);
    tcase_add_test(cases, each_place_has_its_own_proxies);
    tcase_add_loop_test(cases, the_proxy_is_gone_to_beside_the_record, 0, 3);
    tcase_add_test(cases, a_record_that_is_not_there_fails);
    tcase_add_test(cases, strangers_are_asked_as_such);
    tcase_add_loop_test(cases, it_can_be_freed_in_each_state, 0, 5);
    tcase_add_loop_test(cases, it_can_be_freed_from_within_the_call, 0, 3);
    return unit_run();
}
