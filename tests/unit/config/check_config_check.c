/* SPDX-License-Identifier: ISC */
#include "config/config_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/connect_request.h"

#include "../unit.h"

/* --- a configuration of a few sections, each at a line of its own: proxies at 10, 20, ..., listeners at 100, 110, ...;
 * a proxy's `via` at 15, 25, ..., a listener's `proxy` at 105, 115, ... --- */

#define SECTIONS 8

struct scene {
    struct config config;
    struct proxy_config proxies[SECTIONS];
    struct listener_config listeners[SECTIONS];
    char texts[32][40];
    size_t text_count;
    char told[4000]; /* one a line */
};

static struct scene scene;

static void set_up(void)
{
    memset(&scene, 0, sizeof scene);
    scene.config.proxies = scene.proxies;
    scene.config.listeners = scene.listeners;
    unsetenv("imap_proxy"), unsetenv("IMAP_PROXY"), unsetenv("all_proxy"), unsetenv("ALL_PROXY");
}

/* A copy that lasts as long as the scene; NULL stays it. */
static char *keep(const char *text)
{
    char *copy = scene.texts[scene.text_count++];

    ck_assert_uint_le(scene.text_count, sizeof scene.texts / sizeof scene.texts[0]);
    snprintf(copy, sizeof scene.texts[0], "%s", text ? text : "");
    return text ? copy : NULL;
}

static void add_url(struct proxy_config *proxy, const char *url)
{
    const char *why = "";

    ck_assert_msg(endpoint_parse_any_url(&proxy->urls.at[proxy->urls.count++], url, strlen(url), &why), "%s", why);
}

/* url: NULL for the environment's; via: NULL for none. */
static struct proxy_config *add_proxy(const char *label, const char *url, const char *via)
{
    struct proxy_config *proxy = &scene.proxies[scene.config.proxy_count++];

    ck_assert_uint_le(scene.config.proxy_count, SECTIONS);
    proxy->label = keep(label);
    proxy->line = 10 * (int)scene.config.proxy_count;
    proxy->urls.source = url ? PLACES_LISTED : PLACES_ENVIRONMENT;
    if (url)
        add_url(proxy, url);
    proxy->via_name = keep(via);
    proxy->via_line = via ? proxy->line + 5 : 0;
    return proxy;
}

static void add_place(struct listener_config *listener, const char *host, uint16_t port)
{
    struct endpoint *place = &listener->listen.at[listener->listen.count++];

    snprintf(place->host, sizeof place->host, "%s", host);
    place->port = port;
}

/* proxy: NULL for the unlabelled one. */
static struct listener_config *add_listener(const char *name, const char *host, uint16_t port, const char *proxy)
{
    struct listener_config *listener = &scene.listeners[scene.config.listener_count++];

    ck_assert_uint_le(scene.config.listener_count, SECTIONS);
    listener->name = keep(name);
    listener->scheme = keep("imap");
    listener->line = 90 + 10 * (int)scene.config.listener_count;
    listener->proxy_name = keep(proxy);
    listener->proxy_line = proxy ? listener->line + 5 : 0;
    add_place(listener, host, port);
    return listener;
}

static void note(void *arg, const char *line)
{
    size_t length = strlen(scene.told);

    (void)arg;
    ck_assert_uint_lt(length + strlen(line) + 1, sizeof scene.told);
    snprintf(scene.told + length, sizeof scene.told - length, "%s%s", length ? "\n" : "", line);
}

static void check(enum config_use use, const char *told)
{
    struct diagnostics complaints = {0};

    scene.told[0] = '\0';
    config_check(&scene.config, use, &complaints);
    diagnostics_tell(&complaints, "f", note, NULL);
    ck_assert_str_eq(scene.told, told);
    for (size_t i = 0; i < scene.config.proxy_count; i++) {
        ck_assert((scene.proxies[i].stranger != NULL) == places_are_found(&scene.proxies[i].urls));
        free(scene.proxies[i].stranger);
        scene.proxies[i].stranger = NULL;
    }
}

/* --- which section means which --- */

START_TEST(sections_are_linked_by_their_labels)
{
    set_up();
    add_proxy("night", "http://n.example:1", "outer");
    add_proxy("", "http://p.example:1", NULL);
    add_proxy("outer", "socks5h://o.example:1", NULL);
    add_listener("imap", "localhost", 1143, NULL);
    add_listener("imap/night", "localhost", 1144, "night");
    add_listener("imap/direct", "localhost", 1145, "direct");
    check(CONFIG_TO_RUN, "");
    ck_assert_ptr_eq(scene.listeners[0].proxy, &scene.proxies[1]);
    ck_assert_ptr_eq(scene.listeners[1].proxy, &scene.proxies[0]);
    ck_assert_ptr_null(scene.listeners[2].proxy);
    ck_assert_ptr_eq(scene.proxies[0].via, &scene.proxies[2]);
    ck_assert_ptr_null(scene.proxies[1].via);
    ck_assert_ptr_null(scene.proxies[2].via);
}
END_TEST

START_TEST(an_empty_configuration_has_no_fault)
{
    set_up();
    check(CONFIG_TO_RUN, "");
}
END_TEST

START_TEST(a_section_that_is_meant_must_be_there)
{
    set_up();
    add_proxy("Night", "http://n.example:1", "outer");
    add_listener("imap", "localhost", 1143, NULL);
    add_listener("imap/night", "localhost", 1144, "night"); /* letters count as they are */
    check(CONFIG_TO_CHECK, "f:15: via: there is no section [proxy outer]\n"
                           "f:100: there is no section [proxy] (for no proxy, write proxy = direct)\n"
                           "f:115: there is no section [proxy night]");
    ck_assert_ptr_null(scene.listeners[0].proxy);
    ck_assert_ptr_null(scene.proxies[0].via);
}
END_TEST

/* --- ways --- */

static const char *const labels[] = {"a", "b", "c", "d", "e", "f"};

START_TEST(a_way_may_lead_through_four_proxies)
{
    set_up();
    for (unsigned i = 0; i < 5; i++)
        add_proxy(labels[i], "http://p.example:1", i < 4 ? labels[i + 1] : NULL);
    check(CONFIG_TO_RUN, "");
    add_proxy("f", "http://p.example:1", "a");
    check(CONFIG_TO_RUN, "f:65: via leads in a circle, or through more than 4 proxies");
}
END_TEST

/* Of one, two, ... proxies; somebody who leads into it is told, too. */
START_TEST(a_way_in_a_circle)
{
    char told[1000] = "";

    set_up();
    for (int i = 0; i <= _i; i++) {
        add_proxy(labels[i], "http://p.example:1", labels[i < _i ? i + 1 : 0]);
        snprintf(told + strlen(told), sizeof told - strlen(told),
                 "f:%d: via leads in a circle, or through more than 4 proxies\n", 15 + 10 * i);
    }
    add_proxy("into", "http://p.example:1", "a");
    snprintf(told + strlen(told), sizeof told - strlen(told),
             "f:%d: via leads in a circle, or through more than 4 proxies", 25 + 10 * _i);
    check(CONFIG_TO_CHECK, told);
}
END_TEST

START_TEST(what_is_led_through_has_a_url_of_its_own)
{
    set_up();
    add_proxy("a", "http://p.example:1", "b");
    add_proxy("b", NULL, NULL);
    check(CONFIG_TO_CHECK, "f:15: via: [proxy b] needs a `url` of its own, not the environment's");
    scene.proxies[1].urls.source = PLACES_PAC;
    check(CONFIG_TO_CHECK, "f:15: via: [proxy b] needs a `url` of its own, not a PAC file's");
    scene.proxies[1].urls.source = PLACES_SYSTEM;
    check(CONFIG_TO_CHECK, "f:15: via: [proxy b] needs a `url` of its own, not the desktop's");
    scene.proxies[1].urls.source = PLACES_COMMAND;
    check(CONFIG_TO_CHECK, "f:15: via: [proxy b] needs a `url` of its own, not a program's");
    scene.proxies[0].urls = (struct value_places){.source = PLACES_ENVIRONMENT}; /* the other way round is fine */
    scene.proxies[1].urls.source = PLACES_LISTED;
    add_url(&scene.proxies[1], "http://q.example:1");
    check(CONFIG_TO_CHECK, "");
}
END_TEST

/* Even as the last of several, and once for all of them. */
START_TEST(a_socks_proxy_only_stands_before_another)
{
    set_up();
    add_proxy("", "http://p.example:1", NULL);
    add_url(&scene.proxies[0], "socks5h://s.example:1");
    add_url(&scene.proxies[0], "socks5h://t.example:1");
    add_listener("imap", "localhost", 1143, NULL);
    add_listener("imap/direct", "localhost", 1144, "direct");
    add_listener("smtp", "localhost", 1145, NULL);
    check(CONFIG_TO_CHECK,
          "f:100: imap has a socks5h:// proxy: such a one can only stand before another, as its `via`\n"
          "f:120: smtp has a socks5h:// proxy: such a one can only stand before another, as its `via`");
}
END_TEST

/* --- URLs of one server --- */

/* Gives the last url of a proxy a path; the proxy is asked by TCPConnection. */
static void set_path(struct proxy_config *proxy, const char *path)
{
    proxy->urls.paths[proxy->urls.count - 1] = keep(path);
    proxy->urls.at[proxy->urls.count - 1].resource = endpoint_resource(path);
    proxy->method = METHOD_TCPCONNECTION;
}

static void set_target(struct listener_config *listener, const char *target)
{
    const char *why = "";

    ck_assert_msg(endpoint_parse_target(&listener->target, target, strlen(target), 143, &why), "%s", why);
}

#define OTHER "has another target than imap, and a url of their proxy leads to one server only: write {target_host} " \
              "and {target_port} into its path, or give each a [proxy] of its own"

START_TEST(one_url_leads_to_one_server)
{
    static const struct {
        const char *path, *first, *second, *told;
        unsigned method;
    } rows[] = {
        {"/imap", "a.example", "b.example", "f:110: smtp " OTHER, METHOD_TCPCONNECTION},
        {"/imap", "a.example:143", "a.example:144", "f:110: smtp " OTHER, METHOD_TCPCONNECTION},
        {"/imap", "a.example", "srv:a.example", "f:110: smtp " OTHER, METHOD_TCPCONNECTION},
        {"/imap", "a.example", "A.example:143", "", METHOD_TCPCONNECTION},
        {"/{target_host}/{target_port}", "a.example", "b.example", "", METHOD_TCPCONNECTION},
        {"/{target_host}/{target_port}", "a.example", "b.example", "", METHOD_CONNECT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        set_path(add_proxy("", "http://s.example", NULL), rows[i].path);
        scene.proxies[0].method = rows[i].method;
        set_target(add_listener("imap", "localhost", 1143, NULL), rows[i].first);
        set_target(add_listener("imap/direct", "localhost", 1, "direct"), "c.example"); /* of no account */
        set_target(add_listener("smtp", "localhost", 1025, NULL), rows[i].second);
        scene.listeners[2].line = 110;
        check(CONFIG_TO_CHECK, rows[i].told);
    }
}
END_TEST

/* Records are asked for by kind of section, and others are for TLS from the first byte. */
START_TEST(a_domain_has_records_for_each_kind)
{
    static const struct {
        const char *first, *second;
        enum listener_tls first_tls, second_tls;
        bool one;
    } rows[] = {
        {"imap", "imap", TLS_NO, TLS_NO, true},        {"imap", "imap", TLS_NO, TLS_STARTTLS, true},
        {"imap", "imap", TLS_YES, TLS_YES, true},      {"imap", "imap", TLS_NO, TLS_YES, false},
        {"imap", "submission", TLS_NO, TLS_NO, false}, {"imap", "submission", TLS_YES, TLS_YES, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        set_path(add_proxy("", "http://s.example", NULL), "/mail");
        set_target(add_listener("imap", "localhost", 1143, NULL), "srv:a.example");
        set_target(add_listener("smtp", "localhost", 1025, NULL), "srv:a.example");
        scene.listeners[0].protocol = protocol_find(rows[i].first, strlen(rows[i].first));
        scene.listeners[0].tls = rows[i].first_tls;
        scene.listeners[1].protocol = protocol_find(rows[i].second, strlen(rows[i].second));
        scene.listeners[1].tls = rows[i].second_tls;
        check(CONFIG_TO_CHECK, rows[i].one ? "" : "f:110: smtp " OTHER);
    }
}
END_TEST

/* One path without variables among several is enough; the first listener with another target is named. */
START_TEST(each_url_of_a_list_leads_there)
{
    set_up();
    set_path(add_proxy("", "http://s.example", NULL), "/{target_host}/{target_port}");
    add_url(&scene.proxies[0], "http://r.example");
    set_path(&scene.proxies[0], "/");
    set_target(add_listener("imap", "localhost", 1143, NULL), "a.example");
    set_target(add_listener("imap/two", "localhost", 1144, NULL), "a.example");
    set_target(add_listener("smtp", "localhost", 1145, NULL), "b.example");
    check(CONFIG_TO_CHECK, "f:120: smtp " OTHER);
}
END_TEST

START_TEST(nobody_is_reached_through_a_url_of_one_server)
{
    set_up();
    add_proxy("", "http://p.example:1", "s");
    set_path(add_proxy("s", "http://s.example", NULL), "/imap");
    check(CONFIG_TO_CHECK, "f:15: via: a url of [proxy s] leads to one server only: write {target_host} and "
                           "{target_port} into its path");
    set_path(&scene.proxies[1], "/{target_host}/{target_port}");
    check(CONFIG_TO_CHECK, "");
    scene.proxies[1].method = METHOD_CONNECT;
    check(CONFIG_TO_CHECK, "");
}
END_TEST

START_TEST(the_absolute_form_is_for_http_proxies)
{
    static const struct {
        const char *url, *path;
        bool takes;
    } rows[] = {
        {"http://o.example", NULL, true}, {"https://o.example", NULL, true}, {"socks5h://o.example", NULL, false},
        {"http://o.example", "/{target_host}/{target_port}", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        set_path(add_proxy("s", "http://s.example", "o"), "/imap");
        add_proxy("o", "http://n.example", NULL);
        add_url(&scene.proxies[1], rows[i].url);
        if (rows[i].path)
            set_path(&scene.proxies[1], rows[i].path);
        scene.proxies[1].method = METHOD_CONNECT;
        check(CONFIG_TO_CHECK, "");
        scene.proxies[0].form = FORM_ABSOLUTE;
        check(CONFIG_TO_CHECK, rows[i].takes ? "" : "f:15: via: form = absolute asks an HTTP proxy, by http:// or "
              "https:// and without a path, which not all of [proxy o] are");
    }
}
END_TEST

START_TEST(the_absolute_form_is_for_basic_and_digest)
{
    static const struct {
        unsigned auth;
        bool goes;
    } rows[] = {{AUTH_ANY, true}, {AUTH_BASIC, true}, {AUTH_DIGEST, true}, {AUTH_NTLM, false},
                {AUTH_NEGOTIATE, false}};

    set_up();
    set_path(add_proxy("s", "http://s.example", "o"), "/imap");
    scene.proxies[0].form = FORM_ABSOLUTE;
    add_proxy("o", "http://o.example", NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scene.proxies[1].auth = rows[i].auth;
        check(CONFIG_TO_CHECK, rows[i].goes ? "" : "f:15: via: form = absolute goes with auth = basic or digest, or "
              "any, which [proxy o] has not");
    }
}
END_TEST

/* --- places --- */

struct places {
    const char *first;
    uint16_t first_port;
    const char *second;
    uint16_t second_port;
    bool taken;
};

static const struct places places[] = {
    {"127.0.0.1", 1143, "127.0.0.1", 1143, true},
    {"127.0.0.1", 1143, "127.0.0.1", 1144, false},
    {"127.0.0.1", 1143, "127.0.0.2", 1143, false},
    {"127.0.0.1", 1143, "::1", 1143, false},
    {"127.0.0.1", 0, "127.0.0.1", 0, false}, /* any that is free */
    {"localhost", 0, "localhost", 0, false},
    {"localhost", 1143, "LocalHost", 1143, true},
    {"localhost", 1143, "127.0.0.1", 1143, true},
    {"localhost", 1143, "::1", 1143, true},
    {"127.0.0.1", 1143, "localhost", 1143, true},
    {"::1", 1143, "localhost", 1143, true},
    {"localhost", 1143, "192.0.2.1", 1143, false},
    {"localhost", 1143, "127.0.0.1", 1144, false},
    {"FE80::1", 1143, "fe80::1", 1143, true},
};

/* As two sections, and within one. */
START_TEST(a_place_is_listened_on_once)
{
    const struct places *two = &places[_i];
    const char *bracket = strchr(two->second, ':') ? "[" : "";
    char told[200];

    set_up();
    add_listener("imap", two->first, two->first_port, "direct");
    add_listener("imap/two", "192.0.2.99", 1, "direct"); /* of no account */
    add_place(add_listener("smtp", "192.0.2.98", 1, "direct"), two->second, two->second_port);
    snprintf(told, sizeof told, "f:120: smtp listens on %s%s%s:%d, which imap does already: give it a `listen` of its "
             "own", bracket, two->second, *bracket ? "]" : "", two->second_port);
    check(CONFIG_TO_CHECK, two->taken ? told : "");
    set_up();
    add_place(add_listener("imap", two->first, two->first_port, "direct"), two->second, two->second_port);
    snprintf(told, sizeof told, "f:100: imap listens on %s%s%s:%d, which it does already: give it a `listen` of its "
             "own", bracket, two->second, *bracket ? "]" : "", two->second_port);
    check(CONFIG_TO_CHECK, two->taken ? told : "");
}
END_TEST

struct circle {
    const char *url, *listen;
    bool leads;
};

static const struct circle circles[] = {
    {"http://127.0.0.1:1143", "127.0.0.1", true},
    {"http://localhost:1143", "127.0.0.1", true},
    {"http://localhost:1143", "localhost", true},
    {"http://[::1]:1143", "localhost", true},
    {"https://LOCALHOST:1143", "0.0.0.0", true},
    {"http://127.0.0.1:1143", "0.0.0.0", true},
    {"http://[::1]:1143", "::", true},
    {"http://192.0.2.1:1143", "192.0.2.1", true},
    {"http://127.0.0.1:1144", "127.0.0.1", false},
    {"http://127.0.0.1:1144", "0.0.0.0", false},
    {"http://127.0.0.1:1143", "192.0.2.1", false},
    {"http://proxy.example:1143", "0.0.0.0", false}, /* perhaps, but nobody can know */
};

START_TEST(a_proxy_is_another_program)
{
    const struct circle *circle = &circles[_i];

    set_up();
    add_proxy("", "http://p.example:1143", NULL);
    add_url(&scene.proxies[0], circle->url);
    add_place(add_listener("imap", "192.0.2.99", 1142, NULL), circle->listen, 1143);
    check(CONFIG_TO_CHECK,
          circle->leads ? "f:100: the url of its proxy is where imap listens itself: a proxy is another program" : "");
    set_path(&scene.proxies[0], "/imap"); /* whatever it is asked for */
    check(CONFIG_TO_CHECK,
          circle->leads ? "f:100: the url of its proxy is where imap listens itself: a proxy is another program" : "");
    set_up(); /* without the proxy it is nobody's */
    add_proxy("", circle->url, NULL);
    add_listener("imap", circle->listen, 1143, "direct");
    check(CONFIG_TO_CHECK, "");
}
END_TEST

/* --- the environment --- */

struct environment {
    const char *name, *value, *told;
};

#define TO_SET "; set imap_proxy or all_proxy to http://host:port"
#define UNSET "f:100: url = environment, but neither imap_proxy nor all_proxy is set" TO_SET
#define UNUSABLE(variable) "f:100: url = environment, but " variable " cannot be used: "

static const struct environment environments[] = {
    {"imap_proxy", "http://p.example:1", ""},
    {"IMAP_PROXY", "p.example:1", ""},
    {"all_proxy", "http://arthur:secret@p.example:1/", ""},
    {"ALL_PROXY", "https://p.example", ""},
    {"imap_proxy", "", UNSET},
    {"smtp_proxy", "http://p.example:1", UNSET},
    {"imap_proxy", "ftp://p.example:1", UNUSABLE("imap_proxy=\"ftp://p.example:1\"")
     "a proxy's URL starts with http:// or https://" TO_SET},
    {"imap_proxy", "http://arthur:secret%zz@p.example",
     UNUSABLE("imap_proxy=\"http://arthur:********@p.example\"") "user or password is not readable" TO_SET},
    {"all_proxy", "http://p.example/{target_host}/{target_port}",
     UNUSABLE("all_proxy=\"http://p.example/{target_host}/{target_port}\"") "a template is for the key `url` of a "
     "[proxy] section; a variable takes http://host:port" TO_SET},
    {"all_proxy", "http://p.example:99999", UNUSABLE("all_proxy=\"http://p.example:99999\"")
     "the port is not a number from 1 to 65535" TO_SET},
};

START_TEST(the_environment_must_say_something_of_use)
{
    const struct environment *environment = &environments[_i];

    set_up();
    setenv(environment->name, environment->value, 1);
    add_proxy("", NULL, NULL);
    add_listener("imap", "localhost", 1143, NULL);
    check(CONFIG_TO_RUN, environment->told);
    check(CONFIG_TO_ASK, environment->told);
    check(CONFIG_TO_CHECK, ""); /* it is not the environment that it will run in */
    unsetenv(environment->name);
}
END_TEST

static void add_asker(const char *name, const char *scheme, int line, const char *proxy)
{
    struct listener_config *listener = add_listener(name, "localhost", (uint16_t)(1100 + line), proxy);

    listener->scheme = keep(scheme);
    listener->line = line;
}

/* One that all listeners of a section ask in vain is told of once; what is wrong with another one is told, too. */
START_TEST(what_is_wrong_with_the_environment_is_told_once_for_a_section)
{
    char *printed;
    size_t length;
    FILE *out;

    set_up();
    setenv("all_proxy", "ftp://p.example:1", 1);
    setenv("nntp_proxy", "ftp://n.example:1", 1);
    add_proxy("", NULL, NULL);
    add_proxy("other", NULL, NULL);
    add_asker("imap/first", "imap", 3, NULL);
    add_asker("imap/second", "imap", 4, NULL);
    add_asker("smtp/first", "smtp", 5, NULL);
    add_asker("smtp/second", "smtp", 6, NULL);
    add_asker("sieve", "sieve", 7, NULL);
    add_asker("nntp", "nntp", 8, NULL);
    add_asker("imap/other", "imap", 9, "other");
    check(CONFIG_TO_RUN,
          "f:3: url = environment, but all_proxy=\"ftp://p.example:1\" cannot be used: a proxy's URL starts with "
          "http:// or https://" TO_SET "; it is the same for smtp, sieve\n"
          "f:8: url = environment, but nntp_proxy=\"ftp://n.example:1\" cannot be used: a proxy's URL starts with "
          "http:// or https://; all_proxy=\"ftp://p.example:1\" is not asked, since nntp_proxy is set; set nntp_proxy "
          "or all_proxy to http://host:port\n"
          "f:9: url = environment, but all_proxy=\"ftp://p.example:1\" cannot be used: a proxy's URL starts with "
          "http:// or https://" TO_SET);
    check(CONFIG_TO_CHECK, "");
    out = open_memstream(&printed, &length);
    config_check_print_environment(&scene.config, out);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(printed, "# imap/first: in this environment, "));
    ck_assert_ptr_null(strstr(printed, "# imap/second: "));
    ck_assert_ptr_null(strstr(printed, "# smtp/first: "));
    free(printed);
    unsetenv("all_proxy");
    unsetenv("nntp_proxy");
}
END_TEST

/* Nobody asks it for these. */
START_TEST(the_environment_is_looked_into_where_it_is_meant)
{
    set_up();
    add_proxy("", "http://p.example:1", NULL);
    add_proxy("environment", NULL, NULL);
    add_listener("imap", "localhost", 1143, NULL);
    add_listener("imap/direct", "localhost", 1144, "direct");
    add_listener("broken", "localhost", 1145, "environment")->scheme = NULL; /* its key was at fault */
    check(CONFIG_TO_RUN, "");
}
END_TEST

/* Before the desktop, a variable need not be there; one that is there has to be of use. */
START_TEST(the_environment_before_the_desktop_may_be_empty)
{
    char *printed;
    size_t length;
    FILE *out;

    set_up();
    add_proxy("", NULL, NULL)->urls.source = PLACES_SYSTEM;
    add_listener("imap", "localhost", 1143, NULL);
    check(CONFIG_TO_RUN, "");
    setenv("imap_proxy", "http://p.example:1", 1);
    check(CONFIG_TO_RUN, "");
    setenv("imap_proxy", "ftp://p.example:1", 1);
    check(CONFIG_TO_RUN, "f:100: url = system, but imap_proxy=\"ftp://p.example:1\" cannot be used: a proxy's URL "
          "starts with http:// or https://" TO_SET);
    check(CONFIG_TO_CHECK, "");
    scene.config.listeners[0].proxy = &scene.proxies[0];
    out = open_memstream(&printed, &length);
    config_check_print_environment(&scene.config, out);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(printed, "# imap: in this environment, imap_proxy=\"ftp://p.example:1\" cannot be "
                                          "used"));
    free(printed);
    unsetenv("imap_proxy");
    out = open_memstream(&printed, &length);
    config_check_print_environment(&scene.config, out);
    fclose(out);
    ck_assert_str_eq(printed, "");
    free(printed);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("config_check");

    tcase_add_test(cases, sections_are_linked_by_their_labels);
    tcase_add_test(cases, an_empty_configuration_has_no_fault);
    tcase_add_test(cases, a_section_that_is_meant_must_be_there);
    tcase_add_test(cases, a_way_may_lead_through_four_proxies);
    tcase_add_loop_test(cases, a_way_in_a_circle, 0, 5);
    tcase_add_test(cases, what_is_led_through_has_a_url_of_its_own);
    tcase_add_test(cases, a_socks_proxy_only_stands_before_another);
    tcase_add_test(cases, one_url_leads_to_one_server);
    tcase_add_test(cases, a_domain_has_records_for_each_kind);
    tcase_add_test(cases, each_url_of_a_list_leads_there);
    tcase_add_test(cases, nobody_is_reached_through_a_url_of_one_server);
    tcase_add_test(cases, the_absolute_form_is_for_http_proxies);
    tcase_add_test(cases, the_absolute_form_is_for_basic_and_digest);
    tcase_add_loop_test(cases, a_place_is_listened_on_once, 0, sizeof places / sizeof places[0]);
    tcase_add_loop_test(cases, a_proxy_is_another_program, 0, sizeof circles / sizeof circles[0]);
    tcase_add_loop_test(cases, the_environment_must_say_something_of_use, 0,
                        sizeof environments / sizeof environments[0]);
    tcase_add_test(cases, what_is_wrong_with_the_environment_is_told_once_for_a_section);
    tcase_add_test(cases, the_environment_is_looked_into_where_it_is_meant);
    tcase_add_test(cases, the_environment_before_the_desktop_may_be_empty);
    return unit_run();
}
