/* SPDX-License-Identifier: ISC */
#include "redirect/redirect_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define START 1000000 /* ms */

static struct config config;
static struct redirect_table *table;
static struct redirect_chain chain;
static char why[300];

/* proxy 0 is the configured one */
static struct endpoint proxy(unsigned i)
{
    struct endpoint place = {.port = (uint16_t)(3128 + i)};

    snprintf(place.host, sizeof place.host, "p%u.example.net", i);
    return place;
}

static bool begin(uint64_t at)
{
    struct endpoint configured = proxy(0);

    why[0] = '\0';
    return redirect_chain_begin(&chain, &configured, at, why, sizeof why);
}

static void fresh_session(void)
{
    memset(&chain, 0, sizeof chain);
    chain.config = &config;
    chain.table = table;
    chain.epoch = redirect_table_epoch(table);
    ck_assert(scope_url_parse(&chain.url, "imap://mail.example.net:143/"));
}

static void setup(void)
{
    config.redirects = (struct redirect_settings){.follow = true, .wider = WIDER_ASK, .max_hops = 5,
                                                .max_lifetime = 86400000, .ask_timeout = 60000};
    table = redirect_table_new();
    fresh_session();
    ck_assert(begin(START));
}

static void teardown(void)
{
    redirect_table_free(table);
}

/* Who is in use: the number of the proxy, -1 for none. */
static int in_use(void)
{
    const struct endpoint *used = redirect_chain_proxy(&chain);

    return used ? used->port - 3128 : -1;
}

static enum redirect_decision decide(const char *answer)
{
    char *bytes = unit_exact(answer, strlen(answer));
    struct http_head head;
    enum redirect_decision decision;
    const char *fault = "";
    size_t used;

    http_head_start(&head);
    ck_assert_msg(http_head_read(&head, bytes, strlen(answer), &used, &fault) == HTTP_HEAD_DONE, "%s", fault);
    why[0] = '\0';
    decision = redirect_chain_decide(&chain, &head, why, sizeof why);
    free(bytes);
    return decision;
}

static bool apply(uint64_t at, bool *begin_anew)
{
    why[0] = '\0';
    return redirect_chain_apply(&chain, false, at, begin_anew, why, sizeof why);
}

/* The proxy in use answers with that Set-Proxy, and it is followed. */
static void redirected(const char *value, uint64_t at)
{
    char answer[600];
    bool begin_anew;

    snprintf(answer, sizeof answer, "HTTP/1.1 305 Use Proxy\r\nSet-Proxy: %s\r\n\r\n", value);
    ck_assert_msg(decide(answer) == REDIRECT_FOLLOW, "%s: %s", value, why);
    ck_assert_msg(apply(at, &begin_anew), "%s: %s", value, why);
    ck_assert(!begin_anew);
}

static void must_refuse(const char *answer, const char *reason)
{
    ck_assert_msg(decide(answer) == REDIRECT_REFUSE, "not refused: %s", answer);
    ck_assert_msg(strstr(why, reason) != NULL, "wanted %s, got %s", reason, why);
}

START_TEST(without_redirects_it_is_the_configured_proxy)
{
    char *via = malloc(REDIRECT_CHAIN_VIA_MAX);

    ck_assert_int_eq(in_use(), 0);
    ck_assert(!redirect_chain_is_learned(&chain));
    ck_assert_str_eq(redirect_chain_format_via(&chain, via), "");
    free(via);
}
END_TEST

START_TEST(before_it_begins_there_is_no_proxy)
{
    fresh_session();
    ck_assert_ptr_null(redirect_chain_proxy(&chain));
    ck_assert(!redirect_chain_is_learned(&chain));
}
END_TEST

START_TEST(once_leads_this_session_and_no_other)
{
    char via[REDIRECT_CHAIN_VIA_MAX];

    redirected("http://p1.example.net:3129/ type=once", START);
    ck_assert_int_eq(in_use(), 1);
    ck_assert(redirect_chain_is_learned(&chain));
    ck_assert_uint_eq(redirect_chain_sender(&chain)->port, 3128);
    ck_assert_str_eq(redirect_chain_format_via(&chain, via), "http://p0.example.net:3128");
    fresh_session();
    ck_assert(begin(START));
    ck_assert_int_eq(in_use(), 0);
}
END_TEST

START_TEST(what_is_kept_leads_the_next_sessions_as_far_as_it_goes)
{
    char via[REDIRECT_CHAIN_VIA_MAX];

    redirected("http://p1.example.net:3129/ lifetime=60", START);
    redirected("http://p2.example.net:3130/ lifetime=30", START);
    ck_assert_int_eq(in_use(), 2);
    ck_assert_str_eq(redirect_chain_format_via(&chain, via), "http://p0.example.net:3128, http://p1.example.net:3129");
    fresh_session();
    ck_assert(begin(START + 29999));
    ck_assert_int_eq(in_use(), 2);
    ck_assert_uint_eq(redirect_chain_sender(&chain)->port, 3129);
    ck_assert_str_eq(redirect_chain_format_via(&chain, via), "http://p0.example.net:3128, http://p1.example.net:3129");
    fresh_session();
    ck_assert(begin(START + 30000));
    ck_assert_int_eq(in_use(), 1);
    fresh_session();
    ck_assert(begin(START + 60000));
    ck_assert_int_eq(in_use(), 0);
}
END_TEST

START_TEST(a_fresh_redirect_leads_on_by_what_is_known)
{
    redirected("http://p1.example.net:3129/ type=once", START);
    redirected("http://p2.example.net:3130/ lifetime=60", START);
    fresh_session();
    ck_assert(begin(START));
    ck_assert_int_eq(in_use(), 0);
    redirected("http://p1.example.net:3129/ type=once", START);
    ck_assert_int_eq(in_use(), 2);
}
END_TEST

START_TEST(hits_are_those_of_sessions)
{
    redirected("http://p1.example.net:3129/ hits=3", START);
    for (int i = 0; i < 2; i++) {
        fresh_session();
        ck_assert(begin(START));
        ck_assert_int_eq(in_use(), 1);
    }
    fresh_session();
    ck_assert(begin(START));
    ck_assert_int_eq(in_use(), 0);
}
END_TEST

START_TEST(a_circle_in_the_table_is_seen_and_broken)
{
    redirected("http://p1.example.net:3129/ lifetime=60", START);
    fresh_session();
    ck_assert(begin(START));
    {
        struct setproxy back = {.action = SETPROXY_SET, .proxy = proxy(0), .lifetime = {.seconds = 60}};
        struct endpoint one = proxy(1);

        scope_exactly(&back.scope, &chain.url);
        redirect_table_learn(table, &one, false, &back, START);
    }
    fresh_session();
    ck_assert(!begin(START));
    ck_assert_msg(strstr(why, "circle") && strstr(why, "p0.example.net"), "%s", why);
    ck_assert_uint_eq(chain.asked_count, 2); /* and at once, not when it has gone too far */
    fresh_session();
    ck_assert(begin(START)); /* the one that closed it is gone */
    ck_assert_int_eq(in_use(), 1);
}
END_TEST

START_TEST(the_table_leads_no_further_than_max_hops)
{
    config.redirects.max_hops = REDIRECT_HOPS_MAX;
    for (unsigned i = 1; i <= REDIRECT_HOPS_MAX; i++) {
        char value[200];

        snprintf(value, sizeof value, "http://p%u.example.net:%u/ lifetime=60", i, 3128 + i);
        redirected(value, START);
    }
    ck_assert_int_eq(in_use(), REDIRECT_HOPS_MAX);
    must_refuse("HTTP/1.1 305 x\r\nSet-Proxy: http://px.example.net:9/\r\n\r\n", "more than 16 times");
    fresh_session();
    ck_assert(begin(START));
    ck_assert_int_eq(in_use(), REDIRECT_HOPS_MAX);
    config.redirects.max_hops = 3;
    fresh_session();
    ck_assert(!begin(START));
    ck_assert_msg(strstr(why, "too far"), "%s", why);
    fresh_session();
    ck_assert(begin(START)); /* cut there */
    ck_assert_int_eq(in_use(), 3);
    must_refuse("HTTP/1.1 305 x\r\nSet-Proxy: http://px.example.net:9/\r\n\r\n", "more than 3 times");
}
END_TEST

START_TEST(the_longest_chain_of_the_longest_names_fits)
{
    char *via = malloc(REDIRECT_CHAIN_VIA_MAX);

    config.redirects.max_hops = REDIRECT_HOPS_MAX;
    chain.asked_count = REDIRECT_HOPS_MAX + 1;
    for (size_t i = 0; i <= REDIRECT_HOPS_MAX; i++) {
        memset(chain.asked[i].host, 'a', ENDPOINT_HOST_MAX);
        chain.asked[i].host[ENDPOINT_HOST_MAX] = '\0';
        chain.asked[i].port = 65535;
    }
    ck_assert_uint_lt(strlen(redirect_chain_format_via(&chain, via)), REDIRECT_CHAIN_VIA_MAX);
    free(via);
}
END_TEST

START_TEST(follow_no_leaves_the_table_alone)
{
    redirected("http://p1.example.net:3129/ lifetime=60", START);
    config.redirects.follow = false;
    fresh_session();
    ck_assert(begin(START));
    ck_assert_int_eq(in_use(), 0);
    must_refuse("HTTP/1.1 305 x\r\nSet-Proxy: http://p2.example.net/\r\n\r\n", "follow = no");
}
END_TEST

/* --- the answer --- */

#define USE "HTTP/1.1 305 Use Proxy\r\n"

START_TEST(set_proxy_in_any_case_and_once)
{
    ck_assert_int_eq(decide(USE "SET-PROXY: http://p1.example.net:3129/\r\n\r\n"), REDIRECT_FOLLOW);
    ck_assert_int_eq(decide(USE "set-proxy:http://p1.example.net:3129/\r\n\r\n"), REDIRECT_FOLLOW);
    must_refuse(USE "Set-Proxy: http://p1.example.net:3129/\r\nset-proxy: http://p1.example.net:3129/\r\n\r\n",
                "malformed: it has two Set-Proxy fields");
    must_refuse(USE "Set-Proxy: http://p1.example.net:3129/\r\nX: y\r\nSet-Proxy:\r\n\r\n",
                "malformed: it has two Set-Proxy fields");
}
END_TEST

START_TEST(location_alone)
{
    ck_assert_int_eq(decide(USE "Location: http://p1.example.net:3129/\r\n\r\n"), REDIRECT_FOLLOW);
    ck_assert(chain.pending.lifetime.once);
    ck_assert_int_eq(chain.pending.scope.kind, SCOPE_EXACT);
    must_refuse(USE "Location: http://p1.example.net:3129/login\r\n\r\n", "malformed");
    must_refuse(USE "Content-Length: 0\r\n\r\n", "malformed: it names no proxy");
}
END_TEST

START_TEST(what_is_malformed_does_not_give_way_to_location)
{
    must_refuse(USE "Set-Proxy: ftp://p1.example.net/\r\nLocation: http://p1.example.net:3129/\r\n\r\n", "malformed");
    must_refuse(USE "Set-Proxy:\r\nLocation: http://p1.example.net:3129/\r\n\r\n", "malformed: it is empty");
    must_refuse(USE "Location: http://p1.example.net:3129/\r\n"
                "Set-Proxy: http://p1.example.net:3129/ scope=imap://other.example.net/\r\n\r\n",
                "malformed: its scope does not cover this request");
}
END_TEST

START_TEST(set_proxy_comes_before_location)
{
    ck_assert_int_eq(decide(USE "Location: http://p1.example.net:3129/\r\n"
                            "Set-Proxy: http://p2.example.net:3130/\r\n\r\n"), REDIRECT_FOLLOW);
    ck_assert_uint_eq(chain.pending.proxy.port, 3130);
}
END_TEST

START_TEST(the_version_and_via_tell_a_forwarded_answer)
{
    static const char *const heads[] = {
        "HTTP/1.0 305 Use Proxy\r\n",
        "HTTP/1.1 305 Use Proxy\r\nVia: 1.1 front\r\n",
        "HTTP/1.1 305 Use Proxy\r\nVia:\r\n",
        "HTTP/1.1 305 Use Proxy\r\nvia:   , 1.1 front (squid/5.7) ,\r\n",
    };
    char answer[400];

    config.redirects.wider = WIDER_ACCEPT;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        snprintf(answer, sizeof answer, "%sSet-Proxy: http://p1.example.net:3129/ scope=* type=forever\r\n\r\n",
                 heads[i]);
        ck_assert_int_eq(decide(answer), REDIRECT_FOLLOW);
        ck_assert_int_eq(chain.pending.scope.kind, SCOPE_EXACT);
        ck_assert(chain.pending.lifetime.once);
    }
    must_refuse(USE "Via: 1.1 a, 1.1 b\r\nSet-Proxy: http://p1.example.net:3129/\r\n\r\n", "Via");
    must_refuse(USE "Via: 1.1 a\r\nVia: 1.0 b\r\nSet-Proxy: http://p1.example.net:3129/\r\n\r\n", "Via");
}
END_TEST

START_TEST(seconds_are_capped_by_max_lifetime)
{
    config.redirects.max_lifetime = 90000;
    redirected("http://p1.example.net:3129/ lifetime=3600", START);
    fresh_session();
    ck_assert(begin(START + 89999));
    ck_assert_int_eq(in_use(), 1);
    fresh_session();
    ck_assert(begin(START + 90000));
    ck_assert_int_eq(in_use(), 0);
}
END_TEST

START_TEST(three_hundred_and_six_only_from_a_configured_proxy)
{
    ck_assert_int_eq(decide("HTTP/1.1 306 Switch Proxy\r\nSet-Proxy: http://p1.example.net:3129/\r\n\r\n"),
                     REDIRECT_FOLLOW);
    redirected("http://p1.example.net:3129/", START);
    must_refuse("HTTP/1.1 306 Switch Proxy\r\nSet-Proxy: http://p2.example.net:3130/\r\n\r\n", "306");
}
END_TEST

START_TEST(the_circle_is_shown)
{
    redirected("http://p1.example.net:3129/", START);
    must_refuse(USE "Set-Proxy: http://p0.example.net:3128/\r\n\r\n",
                "p0.example.net:3128 -> p1.example.net:3129 -> p0.example.net:3128");
}
END_TEST

START_TEST(a_wider_scope_waits_for_the_answer_and_is_then_kept)
{
    bool begin_anew;

    ck_assert_int_eq(decide(USE "Set-Proxy: http://p1.example.net:3129/ scope=imap:// lifetime=60\r\n\r\n"),
                     REDIRECT_ASK);
    ck_assert_int_eq(in_use(), 0);
    ck_assert_uint_eq(redirect_table_count(table), 0);
    ck_assert(apply(START, &begin_anew) && !begin_anew);
    fresh_session();
    ck_assert(scope_url_parse(&chain.url, "imap://other.example.org:143/"));
    ck_assert(begin(START));
    ck_assert_int_eq(in_use(), 1);
}
END_TEST

static bool keeps_all(void *arg, const struct endpoint *sender)
{
    return !arg && sender;
}

START_TEST(a_session_of_before_a_reload_is_led_but_teaches_nothing)
{
    redirect_table_keep(table, keeps_all, NULL);
    redirected("http://p1.example.net:3129/ lifetime=600", START);
    ck_assert_int_eq(in_use(), 1);
    ck_assert_uint_eq(redirect_table_count(table), 0);
    fresh_session();
    ck_assert(begin(START));
    redirected("http://p1.example.net:3129/ lifetime=600", START);
    ck_assert_uint_eq(redirect_table_count(table), 1);
}
END_TEST

/* --- direct, and forgetting --- */

START_TEST(direct_is_no_proxy_and_comes_back_from_the_table)
{
    char via[REDIRECT_CHAIN_VIA_MAX];

    config.redirects.direct = true;
    redirected("DIRECT; seconds=60", START);
    ck_assert_ptr_null(redirect_chain_proxy(&chain));
    ck_assert(redirect_chain_is_learned(&chain));
    ck_assert_uint_eq(redirect_chain_sender(&chain)->port, 3128);
    ck_assert_str_eq(redirect_chain_format_via(&chain, via), "http://p0.example.net:3128");
    fresh_session();
    ck_assert(begin(START));
    ck_assert_ptr_null(redirect_chain_proxy(&chain));
    config.redirects.direct = false; /* as after a reload */
    fresh_session();
    ck_assert(begin(START));
    ck_assert_int_eq(in_use(), 0);
    ck_assert_uint_eq(redirect_table_count(table), 0);
}
END_TEST

START_TEST(whoever_leaves_was_led_by_nobody)
{
    config.redirects.direct = true;
    redirected(_i == 0 ? "DIRECT; seconds=60" : "SET; proxyURI=\"http://p1.example.net:3129\"; seconds=60", START);
    ck_assert(redirect_chain_is_learned(&chain));
    redirect_chain_leave(&chain);
    ck_assert_ptr_null(redirect_chain_proxy(&chain));
    ck_assert(!redirect_chain_is_learned(&chain));
}
END_TEST

START_TEST(ipl_forgets_all_once_a_minute)
{
    static const char ipl[] = USE "Set-Proxy: IPL; scope=\"*\"\r\n\r\n";
    bool begin_anew;

    redirected("http://p1.example.net:3129/ lifetime=600", START);
    ck_assert_int_eq(decide(ipl), REDIRECT_FOLLOW);
    ck_assert(apply(START, &begin_anew) && begin_anew);
    ck_assert_uint_eq(redirect_table_count(table), 0);
    ck_assert(begin(START));
    ck_assert_int_eq(in_use(), 0);
    redirected("http://p1.example.net:3129/ lifetime=600", START);
    ck_assert_int_eq(decide(ipl), REDIRECT_FOLLOW);
    ck_assert(!apply(START + 59999, &begin_anew));
    ck_assert_msg(strstr(why, "IPL"), "%s", why);
    ck_assert_uint_eq(redirect_table_count(table), 1);
    ck_assert(apply(START + 60000, &begin_anew) && begin_anew);
    ck_assert_uint_eq(redirect_table_count(table), 0);
    fresh_session();
    ck_assert(begin(START));
    must_refuse(USE "Set-Proxy: IPL\r\n\r\n", "IPL without the scope *");
}
END_TEST

/* --- a dead proxy --- */

START_TEST(a_dead_one_is_forgotten_and_not_taken_twice)
{
    redirected("http://p1.example.net:3129/ lifetime=600", START);
    ck_assert(redirect_chain_fall_back(&chain));
    ck_assert_uint_eq(redirect_table_count(table), 0);
    ck_assert(begin(START));
    ck_assert_int_eq(in_use(), 0);
    must_refuse(USE "Set-Proxy: http://p1.example.net:3129/\r\n\r\n", "has just failed");
    must_refuse(USE "Location: http://p1.example.net:3129/\r\n\r\n", "has just failed");
    redirected("http://p2.example.net:3130/", START); /* another one may be named */
    ck_assert_int_eq(in_use(), 2);
    ck_assert(!redirect_chain_fall_back(&chain)); /* but may not fail */
}
END_TEST

START_TEST(only_the_entry_that_led_to_the_dead_one_is_forgotten)
{
    redirected("http://p1.example.net:3129/ lifetime=600", START);
    redirected("http://p2.example.net:3130/ lifetime=600", START);
    fresh_session();
    ck_assert(begin(START));
    ck_assert_int_eq(in_use(), 2);
    ck_assert(redirect_chain_fall_back(&chain));
    ck_assert_uint_eq(redirect_table_count(table), 1);
    fresh_session();
    ck_assert(begin(START));
    ck_assert_int_eq(in_use(), 1);
}
END_TEST

START_TEST(what_was_for_once_takes_no_entry_with_it)
{
    redirected("http://p1.example.net:3129/ lifetime=600", START);
    redirected("http://p2.example.net:3130/ type=once", START);
    ck_assert(redirect_chain_fall_back(&chain));
    ck_assert_uint_eq(redirect_table_count(table), 1);
}
END_TEST

START_TEST(a_dead_target_ends_the_direct_way)
{
    config.redirects.direct = true;
    redirected("DIRECT; seconds=600", START);
    fresh_session();
    ck_assert(begin(START));
    ck_assert_ptr_null(redirect_chain_proxy(&chain));
    ck_assert(redirect_chain_fall_back(&chain));
    ck_assert_uint_eq(redirect_table_count(table), 0);
    ck_assert(begin(START));
    ck_assert_int_eq(in_use(), 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("detour");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, without_redirects_it_is_the_configured_proxy);
    tcase_add_test(cases, before_it_begins_there_is_no_proxy);
    tcase_add_test(cases, once_leads_this_session_and_no_other);
    tcase_add_test(cases, what_is_kept_leads_the_next_sessions_as_far_as_it_goes);
    tcase_add_test(cases, a_fresh_redirect_leads_on_by_what_is_known);
    tcase_add_test(cases, hits_are_those_of_sessions);
    tcase_add_test(cases, a_circle_in_the_table_is_seen_and_broken);
    tcase_add_test(cases, the_table_leads_no_further_than_max_hops);
    tcase_add_test(cases, the_longest_chain_of_the_longest_names_fits);
    tcase_add_test(cases, follow_no_leaves_the_table_alone);
    tcase_add_test(cases, set_proxy_in_any_case_and_once);
    tcase_add_test(cases, location_alone);
    tcase_add_test(cases, what_is_malformed_does_not_give_way_to_location);
    tcase_add_test(cases, set_proxy_comes_before_location);
    tcase_add_test(cases, the_version_and_via_tell_a_forwarded_answer);
    tcase_add_test(cases, seconds_are_capped_by_max_lifetime);
    tcase_add_test(cases, three_hundred_and_six_only_from_a_configured_proxy);
    tcase_add_test(cases, the_circle_is_shown);
    tcase_add_test(cases, a_wider_scope_waits_for_the_answer_and_is_then_kept);
    tcase_add_test(cases, a_session_of_before_a_reload_is_led_but_teaches_nothing);
    tcase_add_test(cases, direct_is_no_proxy_and_comes_back_from_the_table);
    tcase_add_loop_test(cases, whoever_leaves_was_led_by_nobody, 0, 2);
    tcase_add_test(cases, ipl_forgets_all_once_a_minute);
    tcase_add_test(cases, a_dead_one_is_forgotten_and_not_taken_twice);
    tcase_add_test(cases, only_the_entry_that_led_to_the_dead_one_is_forgotten);
    tcase_add_test(cases, what_was_for_once_takes_no_entry_with_it);
    tcase_add_test(cases, a_dead_target_ends_the_direct_way);
    return unit_run();
}
