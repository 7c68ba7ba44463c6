/* SPDX-License-Identifier: ISC */
#include "proxy/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define NOW 1000000u

static const struct endpoint target = {.host = "mail.example.net", .port = 143};

/* A listener with a proxy of so many urls: p0 to p9. */
struct setting {
    struct listener_config listener;
    struct proxy_config proxy;
    struct health *health;
    char scheme[8];
};

static void set_up(struct setting *setting, size_t urls)
{
    memset(setting, 0, sizeof *setting);
    setting->listener.proxy = &setting->proxy;
    snprintf(setting->scheme, sizeof setting->scheme, "imap");
    setting->listener.scheme = setting->scheme;
    setting->health = health_new();
    for (size_t i = 0; i < urls; i++) {
        struct endpoint *url = &setting->proxy.urls.at[setting->proxy.urls.count++];

        snprintf(url->host, sizeof url->host, "p%zu", i);
        url->port = 3128;
    }
}

static const struct endpoint *url(const struct setting *setting, size_t i)
{
    return &setting->proxy.urls.at[i];
}

/* Walks all the ways: "p0 p1 direct" or the like, ended by "none" or "away". */
static const char *walk(struct setting *setting, struct route *route, struct failure *failure)
{
    static char words[256];
    size_t at = 0;

    for (unsigned i = 0; i < 40; i++) {
        const struct endpoint *proxy = NULL;

        switch (route_next(route, setting->health, NOW, &proxy, failure)) {
        case ROUTE_PROXY:
            at += (size_t)snprintf(words + at, sizeof words - at, "%s ", proxy->host);
            break;
        case ROUTE_DIRECT:
            snprintf(words + at, sizeof words - at, "direct");
            return words;
        case ROUTE_NONE:
            snprintf(words + at, sizeof words - at, "none");
            return words;
        case ROUTE_AWAY:
            snprintf(words + at, sizeof words - at, "away");
            return words;
        }
    }
    ck_abort_msg("no end of ways: %s", words);
    return NULL;
}

static const char *walk_anew(struct setting *setting, struct failure *failure)
{
    struct route route;
    const char *words;

    memset(&route, 'x', sizeof route);
    ck_assert(route_find(&route, &setting->listener, &target, failure));
    words = walk(setting, &route, failure);
    route_release(&route);
    return words;
}

static const struct failure *because(const char *what)
{
    static struct failure failure;

    snprintf(failure.what, sizeof failure.what, "%.*s", (int)sizeof failure.what - 1, what);
    return &failure;
}

START_TEST(proxies_in_their_order)
{
    struct setting setting;
    struct failure failure;

    set_up(&setting, 3);
    ck_assert_str_eq(walk_anew(&setting, &failure), "p0 p1 p2 none");
    health_free(setting.health);
}
END_TEST

START_TEST(without_a_proxy_it_is_direct)
{
    struct setting setting;
    struct failure failure;

    set_up(&setting, 0);
    setting.listener.proxy = NULL;
    ck_assert_str_eq(walk_anew(&setting, &failure), "direct");
    health_free(setting.health);
}
END_TEST

START_TEST(resting_ones_come_last_and_those_away_not_at_all)
{
    struct setting setting;
    struct failure failure;

    set_up(&setting, 4);
    health_failed(setting.health, NULL, url(&setting, 0), NOW, because("x"));
    ck_assert_str_eq(walk_anew(&setting, &failure), "p1 p2 p3 p0 none");
    health_sent_away(setting.health, NULL, url(&setting, 1), NOW, 10, because("503"));
    ck_assert_str_eq(walk_anew(&setting, &failure), "p2 p3 p0 none");
    health_failed(setting.health, NULL, url(&setting, 2), NOW, because("x"));
    health_failed(setting.health, NULL, url(&setting, 3), NOW, because("x"));
    ck_assert_str_eq(walk_anew(&setting, &failure), "p0 p2 p3 none");
    health_worked(setting.health, url(&setting, 3), NOW);
    ck_assert_str_eq(walk_anew(&setting, &failure), "p3 p0 p2 none");
    health_free(setting.health);
}
END_TEST

/* Behind the others that are up, and before those that rest. */
START_TEST(those_that_are_put_off_are_tried_later)
{
    struct setting setting;
    struct failure failure;
    struct route route;

    set_up(&setting, 4);
    ck_assert(route_find(&route, &setting.listener, &target, &failure));
    route.put_off[0] = route.put_off[1] = true;
    ck_assert_str_eq(walk(&setting, &route, &failure), "p2 p3 p0 p1 none");
    health_failed(setting.health, NULL, url(&setting, 2), NOW, because("x"));
    ck_assert(route_find(&route, &setting.listener, &target, &failure));
    route.put_off[0] = route.put_off[2] = true;
    ck_assert_str_eq(walk(&setting, &route, &failure), "p1 p3 p0 p2 none");
    health_free(setting.health);
}
END_TEST

/* One that begins to rest, or is sent away, while the others are tried. */
START_TEST(health_is_asked_at_each_step)
{
    struct setting setting;
    struct failure failure;
    struct route route;
    const struct endpoint *proxy;

    set_up(&setting, 3);
    ck_assert(route_find(&route, &setting.listener, &target, &failure));
    ck_assert_int_eq(route_next(&route, setting.health, NOW, &proxy, &failure), ROUTE_PROXY);
    ck_assert_str_eq(proxy->host, "p0");
    health_sent_away(setting.health, NULL, url(&setting, 1), NOW, 10, because("503"));
    ck_assert_str_eq(walk(&setting, &route, &failure), "p2 none");
    health_free(setting.health);
}
END_TEST

START_TEST(when_all_are_away_the_first_to_come_back_is_named)
{
    struct setting setting;
    struct failure failure;
    char told[200];

    set_up(&setting, 3);
    health_sent_away(setting.health, NULL, url(&setting, 0), NOW, 30, because("429 Too Many Requests"));
    health_sent_away(setting.health, NULL, url(&setting, 1), NOW - 500, 8, because("503 Service Unavailable"));
    health_sent_away(setting.health, NULL, url(&setting, 2), NOW, 300, because("503"));
    ck_assert_str_eq(walk_anew(&setting, &failure), "away");
    ck_assert_int_eq(failure.class, FAILURE_TEMPORARY);
    ck_assert_str_eq(failure.where, "p1:3128");
    ck_assert_str_eq(failure.scheme, "http");
    ck_assert_str_eq(failure.what, "503 Service Unavailable (asks to be left alone for 8 s more)");
    failure_format_brief(&failure, told, sizeof told);
    ck_assert_str_eq(told, "proxy answered 503 Service Unavailable and wants to be left alone for 8 s (p1:3128)");
    health_free(setting.health);
}
END_TEST

/* What a redirect has named is a proxy, and not the server of a resource at the same place: that one's credentials stay
 * where they are, unless the section names the place as a proxy as well. */
START_TEST(a_section_with_a_path_is_no_proxys)
{
    static const struct endpoint server = {.host = "p0", .port = 3128, .resource = 7},
                                 other = {.host = "p0", .port = 3128, .resource = 8},
                                 proxy = {.host = "p0", .port = 3128};
    struct proxy_config section = {.urls = {.count = 1, .at = {server}}};
    const struct config config = {.proxy_count = 1, .proxies = &section};
    struct listener_config listener = {.proxy = &section};

    ck_assert_ptr_null(route_section(&config, &listener, &proxy));
    ck_assert_ptr_null(route_section(&config, &listener, &other));
    ck_assert_ptr_eq(route_section(&config, &listener, &server), &section);
    section.urls.at[section.urls.count++] = proxy;
    ck_assert_ptr_eq(route_section(&config, &listener, &proxy), &section);
}
END_TEST

/* A section is known by what its url names, tls included; the listener's own comes first. */
START_TEST(the_section_of_a_proxy)
{
    static const struct endpoint p0 = {.host = "p0", .port = 3128}, p1 = {.host = "P1", .port = 3128},
                                 elsewhere = {.host = "p1", .port = 8080},
                                 behind_tls = {.host = "p1", .port = 3128, .tls = true};
    struct proxy_config sections[3] = {{.urls = {.count = 0}}, {.urls = {.count = 2, .at = {p0, p1}}},
                                       {.urls = {.count = 1, .at = {p1}}}};
    const struct config config = {.proxy_count = 3, .proxies = sections};
    struct listener_config listener = {.proxy = NULL};
    const struct endpoint asked = {.host = "p1", .port = 3128};

    ck_assert_ptr_eq(route_section(&config, &listener, &asked), &sections[1]);
    ck_assert_ptr_null(route_section(&config, &listener, &elsewhere));
    ck_assert_ptr_null(route_section(&config, &listener, &behind_tls));
    listener.proxy = &sections[2];
    ck_assert_ptr_eq(route_section(&config, &listener, &asked), &sections[2]);
    ck_assert_ptr_eq(route_section(&config, &listener, &p0), &sections[1]);
    listener.proxy = &sections[0];
    ck_assert_ptr_eq(route_section(&config, &listener, &asked), &sections[1]);
}
END_TEST

START_TEST(direct_falls_in_when_no_proxy_can_be_reached)
{
    struct setting setting;
    struct failure failure;
    struct route route;

    set_up(&setting, 2);
    setting.proxy.fallback = FALLBACK_DIRECT;
    ck_assert_str_eq(walk_anew(&setting, &failure), "p0 p1 direct");
    ck_assert(route_find(&route, &setting.listener, &target, &failure));
    route.reached = true;
    ck_assert_str_eq(walk(&setting, &route, &failure), "p0 p1 none");
    health_sent_away(setting.health, NULL, url(&setting, 0), NOW, 30, because("503")); /* which is an answer, too */
    ck_assert_str_eq(walk_anew(&setting, &failure), "p1 none");
    health_free(setting.health);
}
END_TEST

/* Those that cannot be reached are known for it while they rest: the direct way does not wait for them, and they are
 * tried where that fails.  One that rests since it has answered can be reached. */
START_TEST(direct_does_not_wait_for_the_dead)
{
    struct setting setting;
    struct failure failure;
    struct route route;
    const struct endpoint *proxy = NULL;

    set_up(&setting, 2);
    setting.proxy.fallback = FALLBACK_DIRECT;
    health_failed(setting.health, NULL, url(&setting, 0), NOW, because("x"));
    ck_assert_str_eq(walk_anew(&setting, &failure), "p1 direct");
    health_failed(setting.health, NULL, url(&setting, 1), NOW, because("x"));
    ck_assert(route_find(&route, &setting.listener, &target, &failure));
    ck_assert_str_eq(walk(&setting, &route, &failure), "direct");
    ck_assert_int_eq(route_next(&route, setting.health, NOW, &proxy, &failure), ROUTE_PROXY);
    ck_assert_ptr_eq(proxy, url(&setting, 0));
    health_refused(setting.health, NULL, url(&setting, 1), NOW, because("407"));
    ck_assert_str_eq(walk_anew(&setting, &failure), "p0 p1 none");
    health_free(setting.health);
}
END_TEST

/* --- those that could not be reached a while ago --- */

/* Makes this one doubtful as of NOW. */
static void doubt(struct setting *setting, size_t i)
{
    health_failed(setting->health, NULL, url(setting, i), NOW - HEALTH_REST_FIRST_MS, because("x"));
    ck_assert_int_eq(health_state(setting->health, url(setting, i), NOW), HEALTH_DOUBTFUL);
}

/* Which the last step has passed over: "p0 p1 ". */
static const char *passed_over(const struct setting *setting, const struct route *route)
{
    static char words[256];
    size_t at = 0;

    words[0] = '\0';
    for (size_t i = 0; i < route->count; i++)
        if (route_passed_over(route, i, setting->health, NOW))
            at += (size_t)snprintf(words + at, sizeof words - at, "%s ", route->at[i]->host);
    return words;
}

START_TEST(doubtful_ones_come_before_those_that_rest)
{
    struct setting setting;
    struct failure failure;

    set_up(&setting, 4);
    health_failed(setting.health, NULL, url(&setting, 0), NOW, because("x"));
    doubt(&setting, 1);
    ck_assert_str_eq(walk_anew(&setting, &failure), "p2 p3 p1 p0 none");
    setting.proxy.fallback = FALLBACK_DIRECT;
    ck_assert_str_eq(walk_anew(&setting, &failure), "p2 p3 direct");
    doubt(&setting, 2);
    doubt(&setting, 3);
    ck_assert_str_eq(walk_anew(&setting, &failure), "direct");
    health_sent_away(setting.health, NULL, url(&setting, 0), NOW, 30, because("503")); /* it has answered */
    ck_assert_str_eq(walk_anew(&setting, &failure), "p1 p2 p3 none");
    health_free(setting.health);
}
END_TEST

/* Who stands behind the way that was chosen would not have been asked in any case, but where that is doubtful, too. */
START_TEST(only_those_before_the_chosen_way_are_passed_over)
{
    struct setting setting;
    struct failure failure;
    struct route route;
    const struct endpoint *proxy = NULL;

    set_up(&setting, 5);
    setting.proxy.fallback = FALLBACK_DIRECT;
    doubt(&setting, 0);
    health_failed(setting.health, NULL, url(&setting, 1), NOW, because("x"));
    doubt(&setting, 3);
    ck_assert(route_find(&route, &setting.listener, &target, &failure));
    ck_assert_str_eq(passed_over(&setting, &route), "");
    ck_assert_int_eq(route_next(&route, setting.health, NOW, &proxy, &failure), ROUTE_PROXY);
    ck_assert_ptr_eq(proxy, url(&setting, 2));
    ck_assert_str_eq(passed_over(&setting, &route), "p0 ");
    ck_assert_int_eq(route_next(&route, setting.health, NOW, &proxy, &failure), ROUTE_PROXY);
    ck_assert_ptr_eq(proxy, url(&setting, 4));
    ck_assert_str_eq(passed_over(&setting, &route), "p0 p3 ");
    ck_assert_int_eq(route_next(&route, setting.health, NOW, &proxy, &failure), ROUTE_DIRECT);
    ck_assert_str_eq(passed_over(&setting, &route), "p0 p3 ");
    ck_assert_int_eq(route_next(&route, setting.health, NOW, &proxy, &failure), ROUTE_PROXY);
    ck_assert_ptr_eq(proxy, url(&setting, 0));
    ck_assert_str_eq(passed_over(&setting, &route), "p3 "); /* while this one is waited for */
    health_free(setting.health);
}
END_TEST

/* Those that cannot be connected to now are behind the others that are as well: doubtful, or at rest. */
START_TEST(among_doubtful_ones_those_that_are_put_off_are_tried_later)
{
    struct setting setting;
    struct failure failure;
    struct route route;

    set_up(&setting, 3);
    for (size_t i = 0; i < 3; i++)
        if (_i == 0)
            doubt(&setting, i);
        else
            health_failed(setting.health, NULL, url(&setting, i), NOW, because("x"));
    ck_assert(route_find(&route, &setting.listener, &target, &failure));
    route.put_off[0] = true;
    ck_assert_str_eq(walk(&setting, &route, &failure), "p1 p2 p0 none");
    health_free(setting.health);
}
END_TEST

START_TEST(it_is_down_while_no_proxy_is_up)
{
    const struct proxy_config outer = {.urls = {.count = 1}};
    struct setting setting;
    struct route route;

    set_up(&setting, 2);
    setting.proxy.fallback = FALLBACK_DIRECT;
    route_listed(&route, &setting.proxy);
    doubt(&setting, 0);
    ck_assert(!route_is_down(&route, setting.health, NOW));
    health_failed(setting.health, NULL, url(&setting, 1), NOW, because("x"));
    ck_assert(route_is_down(&route, setting.health, NOW));
    setting.proxy.via = &outer;
    route_listed(&route, &setting.proxy);
    ck_assert(!route_is_down(&route, setting.health, NOW)); /* nobody can say so of the doubtful one */
    route_begin(&route, &setting.proxy);
    route_add(&route, NULL);
    ck_assert(!route_is_down(&route, setting.health, NOW)); /* it has no proxy */
    health_free(setting.health);
}
END_TEST

/* Nobody else can find out whether such a one can be reached. */
START_TEST(behind_another_proxy_none_is_passed_over)
{
    const struct proxy_config outer = {.urls = {.count = 1}};
    struct setting setting;
    struct failure failure;
    struct route route;

    set_up(&setting, 2);
    setting.proxy.via = &outer;
    doubt(&setting, 0);
    ck_assert(route_find(&route, &setting.listener, &target, &failure));
    ck_assert_str_eq(walk(&setting, &route, &failure), "p0 p1 none");
    ck_assert_str_eq(passed_over(&setting, &route), "");
    route_begin(&route, &setting.proxy);
    route_add(&route, url(&setting, 0));
    route_add(&route, url(&setting, 1));
    ck_assert_str_eq(walk(&setting, &route, &failure), "p0 p1 none");
    health_free(setting.health);
}
END_TEST

/* --- the environment --- */

static void clear_environment(void)
{
    static const char *const names[] = {"imap_proxy", "IMAP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}

START_TEST(the_environment_names_the_proxy)
{
    static const struct {
        const char *name, *value, *result; /* set in addition to those above; "host:port user password" */
    } rows[] = {
        {"ALL_PROXY", "http://a:1", "a:1||"},       {"all_proxy", "b:2", "b:2||"},
        {"IMAP_PROXY", "http://c", "c:80||"},       {"imap_proxy", "http://u%40:p%3a@d:4/", "d:4|u@|p:"},
        {"imap_proxy", "e:5", "e:5||"},             {"imap_proxy", "user@f:6", "f:6|user|"},
        {"imap_proxy", ":@g:7", "g:7||"},           {"imap_proxy", "u:p:q@h:8", "h:8|u|p:q"},
        {"imap_proxy", "", "c:80||"},               {"IMAP_PROXY", "", "b:2||"},
        {"smtp_proxy", "http://wrong:1", "b:2||"},  {"http_proxy", "http://wrong:1", "b:2||"},
        {"no_proxy", "example.org, example.com", "b:2||"},
        {"no_proxy", "example.net", "direct"},      {"NO_PROXY", "example.org", "direct"},
        {"no_proxy", "", "b:2||"},                  {"NO_PROXY", "*", "direct"},
    };
    struct setting setting;
    struct failure failure;

    set_up(&setting, 0);
    setting.proxy.urls.source = PLACES_ENVIRONMENT;
    clear_environment();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct route route;
        char got[1024];

        setenv(rows[i].name, rows[i].value, 1);
        ck_assert_msg(route_find(&route, &setting.listener, &target, &failure), "row %zu: %s", i, failure.what);
        if (!route.at[0])
            snprintf(got, sizeof got, "direct");
        else
            snprintf(got, sizeof got, "%s:%u|%s|%s", route.at[0]->host, (unsigned)route.at[0]->port, route.user,
                     route.password);
        ck_assert_uint_eq(route.count, 1);
        ck_assert_msg(strcmp(got, rows[i].result) == 0, "row %zu: %s", i, got);
        route_release(&route);
        ck_assert_str_eq(route.user, "");
        ck_assert_str_eq(route.password, "");
    }
    clear_environment();
    health_free(setting.health);
}
END_TEST

START_TEST(an_environment_that_is_of_no_use)
{
    static const struct {
        const char *name, *value, *what;
    } rows[] = {
        {"other", "x", "neither imap_proxy nor all_proxy is set"},
        {"imap_proxy", "socks5://a:1",
         "imap_proxy=\"socks5://a:1\" cannot be used: a proxy's URL starts with http"},
        {"imap_proxy", "http://u:secret%zz@a:1",
         "imap_proxy=\"http://u:********@a:1\" cannot be used: user or password is not readable"},
        {"imap_proxy", "http://u%3a:secret@a:1",
         "imap_proxy=\"http://u%3a:********@a:1\" cannot be used: user or password is not readable"},
        {"imap_proxy", "http://u:secret%00@a:1",
         "imap_proxy=\"http://u:********@a:1\" cannot be used: user or password is not readable"},
        {"imap_proxy", "http://a:0", "imap_proxy=\"http://a:0\" cannot be used: the port is not a number"},
        {"ALL_PROXY", "http://a/b", "ALL_PROXY=\"http://a/b\" cannot be used: a proxy's URL ends behind the port"},
    };
    struct setting setting;

    set_up(&setting, 0);
    setting.proxy.urls.source = PLACES_ENVIRONMENT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct failure failure;
        struct route route;

        clear_environment();
        setenv(rows[i].name, rows[i].value, 1);
        ck_assert_msg(!route_find(&route, &setting.listener, &target, &failure), "row %zu", i);
        ck_assert_int_eq(failure.class, FAILURE_PERMANENT);
        ck_assert_msg(strncmp(failure.what, rows[i].what, strlen(rows[i].what)) == 0, "row %zu: %s", i, failure.what);
        ck_assert(!strstr(failure.what, "secret"));
    }
    clear_environment();
    unsetenv("other");
    health_free(setting.health);
}
END_TEST

/* Credentials that are as long as can be kept, and one byte longer. */
START_TEST(long_credentials_are_whole_or_refused)
{
    for (size_t length = PROXY_ENVIRONMENT_CREDENTIAL_MAX - 2; length <= PROXY_ENVIRONMENT_CREDENTIAL_MAX; length++) {
        char text[1024], long_word[PROXY_ENVIRONMENT_CREDENTIAL_MAX + 1];
        bool fits = length < PROXY_ENVIRONMENT_CREDENTIAL_MAX;
        struct setting setting;
        struct failure failure;
        struct route route;

        memset(long_word, 'w', length);
        long_word[length] = '\0';
        set_up(&setting, 0);
        setting.proxy.urls.source = PLACES_ENVIRONMENT;
        clear_environment();
        snprintf(text, sizeof text, "http://%s:p@a:1", long_word);
        setenv("imap_proxy", text, 1);
        ck_assert(route_find(&route, &setting.listener, &target, &failure) == fits);
        if (fits)
            ck_assert_str_eq(route.user, long_word);
        snprintf(text, sizeof text, "http://u:%s@a:1", long_word);
        setenv("imap_proxy", text, 1);
        ck_assert(route_find(&route, &setting.listener, &target, &failure) == fits);
        if (fits)
            ck_assert_str_eq(route.password, long_word);
        clear_environment();
        health_free(setting.health);
    }
}
END_TEST

/* --- what is found --- */

/* A route of these: "p0 - p1", where "-" is the one without a proxy. */
static const char *walk_found(struct setting *setting, const char *members, bool reached, struct failure *failure)
{
    struct route route;
    char text[64], *rest = text, *member;

    snprintf(text, sizeof text, "%s", members);
    memset(&route, 'x', sizeof route);
    route_begin(&route, &setting->proxy);
    while ((member = strsep(&rest, " ")))
        route_add(&route, *member == '-' ? NULL : url(setting, (size_t)(member[1] - '0')));
    ck_assert(route.found);
    route.reached = reached;
    return walk(setting, &route, failure);
}

/* Those that rest come last, but before the direct way that stands behind them; who wants to be left alone has
 * answered, and so has one that was reached: neither is gone around. */
START_TEST(the_direct_way_comes_in_its_order)
{
    static const struct {
        const char *members, *resting, *away; /* digits */
        bool reached;
        const char *ways; /* up to the first direct one, as walk stops there */
    } rows[] = {
        {"p0 p1", "", "", false, "p0 p1 none"},
        {"p0 p1", "0", "", false, "p1 p0 none"},
        {"-", "", "", false, "direct"},
        {"-", "", "", true, "direct"},
        {"p0 -", "", "", false, "p0 direct"},
        {"p0 p1 -", "0", "", false, "p1 p0 direct"},
        {"p0 p1 -", "01", "", false, "p0 p1 direct"},
        {"p0 -", "", "", true, "p0 none"},
        {"p0 -", "", "0", false, "away"},
        {"p0 p1 -", "", "0", false, "p1 none"},
        {"p0 - p1", "", "0", false, "p1 none"},
        {"p0 - p1", "", "", true, "p0 p1 none"},
        {"p0 - p1", "0", "", false, "p0 direct"},
        {"- p0", "", "0", true, "direct"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct setting setting;
        struct failure failure;

        set_up(&setting, 2);
        for (const char *c = rows[i].resting; *c; c++)
            health_failed(setting.health, NULL, url(&setting, (size_t)(*c - '0')), NOW, because("x"));
        for (const char *c = rows[i].away; *c; c++)
            health_sent_away(setting.health, NULL, url(&setting, (size_t)(*c - '0')), NOW, 10, because("503"));
        ck_assert_msg(strcmp(walk_found(&setting, rows[i].members, rows[i].reached, &failure), rows[i].ways) == 0,
                      "row %zu", i);
        health_free(setting.health);
    }
}
END_TEST

/* It may fail, too: then what stands behind it is next, and it is not taken twice. */
START_TEST(behind_the_direct_way)
{
    struct setting setting;
    struct failure failure;
    struct route route;
    const struct endpoint *proxy = NULL;

    set_up(&setting, 1);
    route_begin(&route, &setting.proxy);
    route_add(&route, NULL);
    route_add(&route, url(&setting, 0));
    ck_assert_int_eq(route_next(&route, setting.health, NOW, &proxy, &failure), ROUTE_DIRECT);
    ck_assert_ptr_null(proxy);
    ck_assert_int_eq(route_next(&route, setting.health, NOW, &proxy, &failure), ROUTE_PROXY);
    ck_assert_ptr_eq(proxy, url(&setting, 0));
    ck_assert_int_eq(route_next(&route, setting.health, NOW, &proxy, &failure), ROUTE_NONE);
    ck_assert_ptr_eq(proxy, url(&setting, 0));
    health_free(setting.health);
}
END_TEST

/* A proxy that the environment names where the desktop's settings are asked is not gone around by `fallback`; nor is a
 * doubtful one that is reached through another one. */
START_TEST(found_in_the_environment)
{
    const struct proxy_config outer = {.urls = {.count = 1}};
    struct setting setting;
    struct failure failure;
    struct route route;

    set_up(&setting, 0);
    setting.proxy.urls.source = _i == 1 ? PLACES_SYSTEM : PLACES_ENVIRONMENT;
    setting.proxy.fallback = FALLBACK_DIRECT;
    setting.proxy.via = _i == 2 ? &outer : NULL;
    clear_environment();
    setenv("imap_proxy", "http://p0:3128", 1);
    ck_assert(route_find_in_environment(&route, &setting.listener, &target, &failure));
    if (_i == 2)
        health_failed(setting.health, NULL, &route.environment, NOW - HEALTH_REST_FIRST_MS, because("x"));
    ck_assert_str_eq(walk(&setting, &route, &failure), _i == 1 ? "p0 none" : "p0 direct");
    clear_environment();
    route_release(&route);
    health_free(setting.health);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("route");

    tcase_add_test(cases, proxies_in_their_order);
    tcase_add_test(cases, without_a_proxy_it_is_direct);
    tcase_add_test(cases, resting_ones_come_last_and_those_away_not_at_all);
    tcase_add_test(cases, those_that_are_put_off_are_tried_later);
    tcase_add_test(cases, health_is_asked_at_each_step);
    tcase_add_test(cases, when_all_are_away_the_first_to_come_back_is_named);
    tcase_add_test(cases, a_section_with_a_path_is_no_proxys);
    tcase_add_test(cases, the_section_of_a_proxy);
    tcase_add_test(cases, direct_falls_in_when_no_proxy_can_be_reached);
    tcase_add_test(cases, direct_does_not_wait_for_the_dead);
    tcase_add_test(cases, doubtful_ones_come_before_those_that_rest);
    tcase_add_test(cases, only_those_before_the_chosen_way_are_passed_over);
    tcase_add_loop_test(cases, among_doubtful_ones_those_that_are_put_off_are_tried_later, 0, 2);
    tcase_add_test(cases, it_is_down_while_no_proxy_is_up);
    tcase_add_test(cases, behind_another_proxy_none_is_passed_over);
    tcase_add_test(cases, the_environment_names_the_proxy);
    tcase_add_test(cases, an_environment_that_is_of_no_use);
    tcase_add_test(cases, long_credentials_are_whole_or_refused);
    tcase_add_test(cases, the_direct_way_comes_in_its_order);
    tcase_add_test(cases, behind_the_direct_way);
    tcase_add_loop_test(cases, found_in_the_environment, 0, 3);
    return unit_run();
}
