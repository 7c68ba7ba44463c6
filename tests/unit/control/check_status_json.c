/* SPDX-License-Identifier: ISC */
#include "control/status_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "net/netwatch.h"

static const char ini[] = "[proxy]\nurl = http://a.example.net:3128 http://b.example.net:3128\n"
                          "[imap]\ntarget = mail.example.net\n[smtp]\ntarget = srv:example.net\n";

void __wrap_reverse_set_each(const struct reverse_set *set,
                             void (*see)(void *arg, const struct reverse_facts *facts), void *arg);
void __wrap_relay_set_each(const struct relay_set *set, void (*see)(void *arg, const struct relay_facts *facts),
                           void *arg);

/* Sets that the test stands for: what they are is told below. */
static const char a_reverse_set[1], a_relay_set[1];

void __wrap_reverse_set_each(const struct reverse_set *set,
                             void (*see_one)(void *arg, const struct reverse_facts *facts), void *arg)
{
    ck_assert_ptr_eq(set, a_reverse_set);
    see_one(arg, &(struct reverse_facts){.name = "reverse/home", .relay = "https://r.example.net/x/", .waiting = 2,
                                         .sessions = 3, .last_error = "", .since_ms_ago = 61999});
    see_one(arg, &(struct reverse_facts){.name = "reverse", .relay = "https://r.example.net/y/",
                                         .last_error = "not \"UTF-8\": \xff", .since_ms_ago = 0});
}

void __wrap_relay_set_each(const struct relay_set *set, void (*see_one)(void *arg, const struct relay_facts *facts),
                           void *arg)
{
    ck_assert_ptr_eq(set, a_relay_set);
    see_one(arg, &(struct relay_facts){.relay = "relay", .name = "home:993", .user = "alice", .waiting = 2,
                                       .sessions = 1});
}

/* A house without doors: everything that status looks at, and nothing that runs. */
struct house {
    struct config *config;
    struct services services;
    struct sessions *sessions;
    const struct reverse_set *reverses;
    const struct relay_set *relays;
    const struct netwatch *network;
};

static void tell(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

static void see(struct house *house, struct status_sources *sources)
{
    *sources = (struct status_sources){.config = house->config, .sessions = house->sessions,
                                       .reverses = house->reverses, .relays = house->relays, .network = house->network,
                                       .services = &house->services,
                                       .started = loop_now(house->services.loop)};
}

static void open_house(struct house *house)
{
    FILE *stream = fmemopen((void *)(uintptr_t)ini, sizeof ini - 1, "r");
    char error[200];

    memset(house, 0, sizeof *house);
    house->config = config_parse(stream, "test.ini", CONFIG_TO_CHECK, tell, NULL);
    fclose(stream);
    ck_assert_msg(services_init(&house->services, error, sizeof error), "%s", error);
    house->sessions = sessions_new(&house->services, NULL, NULL);
}

static void close_house(struct house *house)
{
    sessions_free(house->sessions);
    services_release(&house->services);
    config_unref(house->config);
}

static json_t *status(struct house *house)
{
    struct status_sources sources;
    json_t *all;

    see(house, &sources);
    all = status_json_frame(&sources);
    ck_assert_ptr_nonnull(all);
    json_object_set_new(all, "sessions", status_json_sessions(&sources, &(uint64_t){SESSIONS_NEWEST}, SIZE_MAX));
    return all;
}

/* Fails unless that part of the status reads so. */
static void equals(struct house *house, const char *part, const char *wanted)
{
    json_t *all = status(house), *json = json_loads(wanted, JSON_DECODE_ANY, NULL);
    char *got = json_dumps(json_object_get(all, part), JSON_COMPACT | JSON_ENCODE_ANY);

    ck_assert_ptr_nonnull(json);
    ck_assert_msg(json_equal(json_object_get(all, part), json), "%s is %s", part, got);
    free(got);
    json_decref(json);
    json_decref(all);
}

static struct endpoint proxy_at(const char *host)
{
    struct endpoint proxy = {.port = 3128};

    snprintf(proxy.host, sizeof proxy.host, "%s", host);
    return proxy;
}

static void learn(struct house *house, const char *value)
{
    const struct endpoint sender = proxy_at("a.example.net");
    struct setproxy said;
    struct scope_url url;
    const char *why;

    ck_assert(scope_url_parse(&url, "imap://mail.example.net:143/"));
    ck_assert_msg(setproxy_parse(&said, &url, value, strlen(value), 86400, &why), "%s", why);
    ck_assert_uint_ne(redirect_table_learn(house->services.redirects, &sender, false, &said,
                                           loop_now(house->services.loop)), 0);
}

static const struct failure *because(const char *what)
{
    static struct failure failure;

    snprintf(failure.what, sizeof failure.what, "%.*s", (int)sizeof failure.what - 1, what);
    return &failure;
}

/* Of a proxy to which no connection is shared. */
#define NOT_AHEAD "\"ready\":null,\"next_try\":null,"
#define NO_CONNECTIONS "\"connections\":[]"

static void on_network(void *arg)
{
    (void)arg;
}

START_TEST(the_network)
{
    struct house house;
    struct netwatch *network;

    open_house(&house);
    network = netwatch_start(&(struct netwatch_params){.loop = house.services.loop, .resolv_conf = "/no/such/file",
                                                       .changed = on_network, .doubted = on_network,
                                                       .same = on_network, .woke = on_network});
    house.network = network;
    equals(&house, "network", "{\"epoch\":1,\"since\":0}");
    netwatch_stop(network);
    close_house(&house);
}
END_TEST

START_TEST(a_quiet_house)
{
    struct house house;

    open_house(&house);
    equals(&house, "version", "\"" PACKAGE_VERSION "\"");
    equals(&house, "configuration", "\"test.ini\"");
    equals(&house, "uptime", "0");
    equals(&house, "stopping", "true"); /* there is no post */
    equals(&house, "totals", "{\"open\":0,\"sessions\":0,\"in\":0,\"out\":0,\"preconnected\":0,\"stale\":0}");
    equals(&house, "listeners", "[{\"name\":\"imap\",\"addresses\":[],\"target\":\"mail.example.net:143\","
                                "\"sessions\":0},{\"name\":\"smtp\",\"addresses\":[],\"target\":\"srv:example.net\","
                                "\"sessions\":0}]");
    equals(&house, "reverse", "[]");
    equals(&house, "relay", "[]");
    equals(&house, "sessions", "[]");
    equals(&house, "proxies", "[{\"url\":\"http://a.example.net:3128\",\"source\":\"file\","
                              "\"state\":\"up\",\"seconds\":0,"
                              "" NOT_AHEAD "\"last_error\":null,\"last_error_age\":null," NO_CONNECTIONS "},"
                              "{\"url\":\"http://b.example.net:3128\",\"source\":\"file\","
                              "\"state\":\"up\","
                              "\"seconds\":0," NOT_AHEAD "\"last_error\":null,\"last_error_age\":null,"
                              NO_CONNECTIONS "}]");
    equals(&house, "network", "null");
    equals(&house, "found", "[]");
    equals(&house, "redirects", "[]");
    equals(&house, "questions", "[]");
    close_house(&house);
}
END_TEST

START_TEST(proxies_that_rest_and_others_that_were_asked)
{
    const struct endpoint second = proxy_at("b.example.net"), learned = proxy_at("c.example.net");
    struct house house;

    open_house(&house);
    health_failed(house.services.health, NULL, &learned, loop_now(house.services.loop),
                  because("not \"UTF-8\": \xff\x1b"));
    health_sent_away(house.services.health, NULL, &second, loop_now(house.services.loop) - 5000, 95,
                     because("503 Service Unavailable")); /* five seconds ago */
    equals(&house, "proxies", "[{\"url\":\"http://a.example.net:3128\",\"source\":\"file\","
                              "\"state\":\"up\",\"seconds\":0,"
                              "" NOT_AHEAD "\"last_error\":null,\"last_error_age\":null," NO_CONNECTIONS "},"
                              "{\"url\":\"http://b.example.net:3128\",\"source\":\"file\","
                              "\"state\":\"away\","
                              "\"seconds\":90," NOT_AHEAD "\"last_error\":\"503 Service Unavailable\","
                              "\"last_error_age\":5," NO_CONNECTIONS "},"
                              "{\"url\":\"http://c.example.net:3128\",\"source\":null,"
                              "\"state\":\"resting\",\"seconds\":2,"
                              "" NOT_AHEAD "\"last_error\":\"not \\\\\\\"UTF-8\\\\\\\": \\\\xff\\\\x1b\","
                              "\"last_error_age\":0," NO_CONNECTIONS "}]");
    close_house(&house);
}
END_TEST

START_TEST(a_proxy_that_has_rested_is_doubtful)
{
    const struct endpoint first = proxy_at("a.example.net");
    struct house house;

    open_house(&house);
    health_failed(house.services.health, NULL, &first, loop_now(house.services.loop) - 7000, because("timed out"));
    equals(&house, "proxies", "[{\"url\":\"http://a.example.net:3128\",\"source\":\"file\","
                              "\"state\":\"doubtful\",\"seconds\":0,"
                              "" NOT_AHEAD "\"last_error\":\"timed out\",\"last_error_age\":7," NO_CONNECTIONS "},"
                              "{\"url\":\"http://b.example.net:3128\",\"source\":\"file\","
                              "\"state\":\"up\",\"seconds\":0,"
                              "" NOT_AHEAD "\"last_error\":null,\"last_error_age\":null," NO_CONNECTIONS "}]");
    close_house(&house);
}
END_TEST

/* By CONNECT and by a template: one URL, of which the longer rest and the later error are told, in either order. */
START_TEST(a_proxy_in_two_forms_is_told_once)
{
    struct endpoint forms[] = {proxy_at("a.example.net"), proxy_at("a.example.net")};
    struct house house;

    forms[1].resource = 7;
    for (size_t first = 0; first < 2; first++) {
        open_house(&house);
        for (size_t i = 0; i < 2; i++) {
            const struct endpoint *form = &forms[(first + i) % 2];
            uint64_t ago = form == &forms[0] ? 9000 : 5000;

            health_sent_away(house.services.health, NULL, form, loop_now(house.services.loop) - ago,
                             form == &forms[0] ? 109 : 25, because(form == &forms[0] ? "503 Long" : "429 Late"));
        }
        equals(&house, "proxies", "[{\"url\":\"http://a.example.net:3128\",\"source\":\"file\","
                                  "\"state\":\"away\",\"seconds\":100,"
                                  "" NOT_AHEAD "\"last_error\":\"429 Late\",\"last_error_age\":5," NO_CONNECTIONS "},"
                                  "{\"url\":\"http://b.example.net:3128\",\"source\":\"file\","
                                  "\"state\":\"up\",\"seconds\":0,"
                                  "" NOT_AHEAD "\"last_error\":null,\"last_error_age\":null," NO_CONNECTIONS "}]");
        close_house(&house);
    }
}
END_TEST

START_TEST(redirect_table_with_and_without_an_end)
{
    struct house house;

    open_house(&house);
    learn(&house, "http://c.example.net:8080/ type=lifetime=600 count=5");
    learn(&house, "http://d.example.net/ scope=* type=forever");
    learn(&house, "SET; proxyURI=\"https://e.example.net/\", scope=\"imap://*.example.net/\", hits=2");
    equals(&house, "redirects",
           "[{\"id\":1,\"sender\":\"http://a.example.net:3128\",\"proxy\":\"http://c.example.net:8080\","
           "\"scope\":\"imap://mail.example.net:143/\",\"seconds_left\":600,\"hits_left\":4,\"hits\":1},"
           "{\"id\":2,\"sender\":\"http://a.example.net:3128\",\"proxy\":\"http://d.example.net:80\",\"scope\":\"*\","
           "\"seconds_left\":null,\"hits_left\":null,\"hits\":1},"
           "{\"id\":3,\"sender\":\"http://a.example.net:3128\",\"proxy\":\"https://e.example.net:443\","
           "\"scope\":\"imap://*.example.net:143/\",\"seconds_left\":null,\"hits_left\":1,\"hits\":1}]");
    close_house(&house);
}
END_TEST

START_TEST(no_proxy_at_all_is_direct)
{
    struct house house;

    open_house(&house);
    learn(&house, "DIRECT; scope=\"*\", seconds=60");
    equals(&house, "redirects", "[{\"id\":1,\"sender\":\"http://a.example.net:3128\",\"proxy\":\"direct\","
                                "\"scope\":\"*\",\"seconds_left\":60,\"hits_left\":null,\"hits\":1}]");
    close_house(&house);
}
END_TEST

START_TEST(reverse_sections_and_names_at_relays)
{
    struct house house;

    open_house(&house);
    house.reverses = (const struct reverse_set *)a_reverse_set;
    house.relays = (const struct relay_set *)a_relay_set;
    equals(&house, "reverse", "[{\"name\":\"reverse/home\",\"relay\":\"https://r.example.net/x/\",\"waiting\":2,"
                              "\"sessions\":3,\"last_error\":null,\"since\":61},"
                              "{\"name\":\"reverse\",\"relay\":\"https://r.example.net/y/\",\"waiting\":0,"
                              "\"sessions\":0,\"last_error\":\"not \\\\\\\"UTF-8\\\\\\\": \\\\xff\",\"since\":0}]");
    equals(&house, "relay", "[{\"relay\":\"relay\",\"name\":\"home:993\",\"user\":\"alice\",\"waiting\":2,"
                            "\"sessions\":1}]");
    close_house(&house);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("status");

    tcase_add_test(cases, the_network);
    tcase_add_test(cases, a_quiet_house);
    tcase_add_test(cases, proxies_that_rest_and_others_that_were_asked);
    tcase_add_test(cases, a_proxy_that_has_rested_is_doubtful);
    tcase_add_test(cases, a_proxy_in_two_forms_is_told_once);
    tcase_add_test(cases, redirect_table_with_and_without_an_end);
    tcase_add_test(cases, no_proxy_at_all_is_direct);
    tcase_add_test(cases, reverse_sections_and_names_at_relays);
    return unit_run();
}
