/* SPDX-License-Identifier: ISC */
#include "discover/discovery.h"

#include <stdlib.h>
#include <string.h>

#include "town.h"

#define PACC "ua-auto-config.example.net:443"
#define AUTOCONFIG "autoconfig.example.net:443"
#define WELL_KNOWN "example.net:443"
#define ISP "autoconfig.thunderbird.net:443"
#define SERVER(kind, type, host, port) \
    "<" kind "Server type=\"" type "\"><hostname>" host "</hostname><port>" port "</port>" \
    "<socketType>SSL</socketType></" kind "Server>"
#define WHOLE(servers) "<clientConfig>" servers "</clientConfig>"
#define IMAP(host) SERVER("incoming", "imap", host, "993")
#define SMTP(host) SERVER("outgoing", "smtp", host, "465")

static struct {
    struct services *services;
    struct discovery *discovery;
    const char *isp_database, *ca_file;
    bool frees;
} scene;

static void on_done(void *arg, enum outcome outcome, const struct failure *failure)
{
    town_note_ending(arg, outcome, failure);
    if (scene.frees) {
        discovery_free(scene.discovery);
        scene.discovery = NULL;
    }
}

static void set_up(void)
{
    memset(&scene, 0, sizeof scene);
    scene.services = town_set_up();
    scene.ca_file = town_ca_file();
}

static void tear_down(void)
{
    discovery_free(scene.discovery);
    town_tear_down();
}

static void start(const char *text)
{
    struct mail_address address;
    struct discovery_params params = {
        .services = scene.services, .config = town_config(), .proxy = &town_config()->proxies[0], .address = &address,
        .ca_file = scene.ca_file, .isp_database = scene.isp_database, .trace = town_trace(), .done = on_done,
    };
    const char *why;

    ck_assert(mail_address_parse(&address, text, strlen(text), &why));
    scene.discovery = discovery_start(&params);
    ck_assert_ptr_nonnull(scene.discovery);
    memset(&address, 0, sizeof address);
    ck_assert_uint_eq(town_ending.told, 0);
}

static void discover(void)
{
    start("me@example.net");
    town_play(&town_ending.told);
}

static void check(const char *section, const char *place, const char *source)
{
    const struct found_server *server = found_servers_of(discovery_found(scene.discovery), section);
    char text[ENDPOINT_TEXT_MAX];

    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_msg(town_ending.outcome == OUTCOME_DONE, "%s", town_ending.why.what);
    ck_assert_msg(server != NULL, "no %s", section);
    ck_assert_str_eq(endpoint_format(&server->place, text), place);
    ck_assert_str_eq(server->source, source);
}

START_TEST(records_are_enough)
{
    stage_srv("_imaps._tcp.example.net", "imap.example.net:993");
    stage_srv("_submissions._tcp.example.net", "smtp.example.net:465");
    discover();
    check("imap", "imap.example.net:993", "SRV records of the domain");
    check("submission", "smtp.example.net:465", "SRV records of the domain");
    ck_assert_uint_eq(stage_wires(), 0);
}
END_TEST

START_TEST(records_that_lead_outside_are_not)
{
    stage_srv("_imaps._tcp.example.net", "imap.provider.test:993");
    stage_srv("_submissions._tcp.example.net", "smtp.provider.test:465");
    town_add_file(AUTOCONFIG, WHOLE(IMAP("imap.provider.test") SMTP("smtp.provider.test")));
    discover();
    check("imap", "imap.provider.test:993", "the domain's autoconfig file");
    check("submission", "smtp.provider.test:465", "the domain's autoconfig file");
    ck_assert_uint_eq(discovery_found(scene.discovery)->count, 2);
}
END_TEST

START_TEST(records_that_lead_outside_are_kept_where_nothing_else_is_found)
{
    stage_srv("_imaps._tcp.example.net", "imap.provider.test:993");
    discover();
    check("imap", "imap.provider.test:993", "SRV records of the domain");
    ck_assert(found_servers_of(discovery_found(scene.discovery), "imap")->foreign);
}
END_TEST

/* Each file alone, and what is asked before it. */
START_TEST(each_place_of_a_file_is_asked_in_its_order)
{
    static const struct {
        const char *place, *file, *source, *request, *step;
    } rows[] = {
        {PACC, "{\"protocols\": {\"imap\": {\"host\": \"i.example.net\"}, \"submit\": {\"host\": \"s.example.net\"}}}",
         "the domain's PACC file", "GET /.well-known/user-agent-configuration.json HTTP/1.1\r\n",
         "pacc asking for https://ua-auto-config.example.net/.well-known/user-agent-configuration.json\n"},
        {AUTOCONFIG, WHOLE(IMAP("i.example.net") SMTP("s.example.net")), "the domain's autoconfig file",
         "GET /mail/config-v1.1.xml?emailaddress=me%2Btag%40example.net HTTP/1.1\r\n",
         "autoconfig asking for https://autoconfig.example.net/mail/config-v1.1.xml?emailaddress="
         "me%2Btag%40example.net\n"},
        {WELL_KNOWN, WHOLE(IMAP("i.example.net") SMTP("s.example.net")),
         "the autoconfig file of the domain's web server",
         "GET /.well-known/autoconfig/mail/config-v1.1.xml HTTP/1.1\r\n",
         "well-known asking for https://example.net/.well-known/autoconfig/mail/config-v1.1.xml\n"},
        {ISP, WHOLE(IMAP("i.example.net") SMTP("s.example.net")), "Thunderbird's ISP database",
         "GET /v1.1/example.net HTTP/1.1\r\n",
         "isp-database asking for https://autoconfig.thunderbird.net/v1.1/example.net\n"},
    };

    town_add_file(rows[_i].place, rows[_i].file);
    start("me+tag@example.net");
    town_play(&town_ending.told);
    check("imap", "i.example.net:993", rows[_i].source);
    check("submission", "s.example.net:465", rows[_i].source);
    ck_assert_ptr_nonnull(strstr(town_heard(rows[_i].place), rows[_i].request));
    for (int i = 0; i <= _i; i++)
        town_check_step(rows[i].step);
    for (int i = _i + 1; i < 4; i++)
        ck_assert_ptr_null(strstr(town_steps(), rows[i].step));
}
END_TEST

START_TEST(halves_are_put_together)
{
    stage_srv("_sieve._tcp.example.net", "sieve.example.net:4190");
    town_add_file(PACC, "{\"protocols\": {\"submit\": {\"host\": \"s.example.net\"}}}");
    town_add_file(AUTOCONFIG, "<html>");
    town_add_file(WELL_KNOWN, WHOLE(SERVER("incoming", "jmap", "j.example.net", "443")));
    town_add("imap.example.net:993", TOWN_GREETS, "* OK hello\r\n");
    discover();
    check("managesieve", "sieve.example.net:4190", "SRV records of the domain");
    check("submission", "s.example.net:465", "the domain's PACC file");
    check("imap", "imap.example.net:993", "a guess that has proven true");
    town_check_step("autoconfig what came cannot be used: it is XML, but no autoconfig file");
    town_check_step("well-known no mail server is named there\n");
    town_check_step("isp-database nothing: http://a:3128: 502");
    ck_assert_ptr_null(strstr(town_steps(), "usual names of submission"));
}
END_TEST

START_TEST(nothing_at_all_is_told)
{
    discover();
    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_PEER);
    ck_assert_str_eq(town_ending.why.what,
                     "no mail server of example.net was found: ask whoever runs it for the names and ports of its IMAP "
                     "and submission servers");
}
END_TEST

START_TEST(the_isp_database_can_be_another_one)
{
    scene.isp_database = "https://db.example.net/isp/";
    town_add_file("db.example.net:443", WHOLE(IMAP("i.example.net") SMTP("s.example.net")));
    discover();
    check("imap", "i.example.net:993", "Thunderbird's ISP database");
    ck_assert_ptr_nonnull(strstr(town_heard("db.example.net:443"), "GET /isp/example.net HTTP/1.1\r\n"));
}
END_TEST

START_TEST(each_step_has_its_time)
{
    town_add(PACC, TOWN_SILENT, "");
    town_add_file(AUTOCONFIG, WHOLE(IMAP("i.example.net") SMTP("s.example.net")));
    discover();
    ck_assert_uint_eq(town_ending.told, 0);
    stage_advance(5000);
    town_play(&town_ending.told);
    check("imap", "i.example.net:993", "the domain's autoconfig file");
    town_check_step("pacc nothing: it has not come within 5 s\n");
}
END_TEST

START_TEST(what_a_server_answers_ends_no_more_than_a_step)
{
    char *answer = malloc(200001);

    ck_assert_ptr_nonnull(answer);
    memset(answer, 'a', 200000);
    memcpy(answer, "HTTP/1.1 200 OK\r\nA: ", 20);
    answer[200000] = '\0';
    town_add(PACC, TOWN_TELLS, answer);
    free(answer);
    town_add_file(AUTOCONFIG, WHOLE(IMAP("i.example.net") SMTP("s.example.net")));
    discover();
    check("imap", "i.example.net:993", "the domain's autoconfig file");
    town_check_step("pacc nothing: the server's answer cannot be read\n");
}
END_TEST

START_TEST(records_that_lead_outside_take_no_room)
{
    static const char *const services[] = {"_imaps", "_imap", "_pop3s", "_pop3", "_submissions", "_submission",
                                           "_sieve"};
    char names[7][64], places[7][1024];

    for (size_t i = 0; i < 7; i++) {
        places[i][0] = '\0';
        for (size_t k = 0; k < 16; k++)
            snprintf(places[i] + strlen(places[i]), sizeof places[i] - strlen(places[i]), "%sm%zu-%zu.evil.test:1",
                     k > 0 ? " " : "", i, k);
        snprintf(names[i], sizeof names[i], "%s._tcp.example.net", services[i]);
        stage_srv(names[i], places[i]);
    }
    town_add_file(AUTOCONFIG, WHOLE(IMAP("i.example.net") SMTP("s.example.net")));
    discover();
    check("imap", "i.example.net:993", "the domain's autoconfig file");
    check("submission", "s.example.net:465", "the domain's autoconfig file");
}
END_TEST

/* Many a proxy locks the account after some. */
START_TEST(a_password_that_is_refused_is_sent_once)
{
    town_refuse_user();
    discover();
    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_PEER);
    ck_assert_uint_eq(town_logins(), 1);
    ck_assert_ptr_nonnull(strstr(town_ending.why.what, "407: this user and password were refused"));
    ck_assert_str_eq(town_ending.why.where, "a:3128");
    ck_assert_ptr_null(strstr(town_steps(), "well-known asking"));
}
END_TEST

START_TEST(trouble_of_our_own_ends_it)
{
    town_add_file(PACC, "{}");
    scene.ca_file = authority_text_file("none.pem", "nothing");
    discover();
    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_LOCAL);
    ck_assert_ptr_nonnull(strstr(town_ending.why.what, "cannot read ca-file "));
}
END_TEST

START_TEST(it_can_be_left_at_any_moment)
{
    start("me@example.net");
    discovery_free(scene.discovery);
    stage_settle();
    town_add(PACC, TOWN_SILENT, "");
    discover();
    discovery_free(scene.discovery);
    scene.discovery = NULL;
    stage_settle();
    ck_assert_uint_eq(town_ending.told, 0);
    town_add(PACC, TOWN_TELLS, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    scene.frees = true;
    discover();
    ck_assert_uint_eq(town_ending.told, 1);
}
END_TEST

START_TEST(the_longest_address_has_room)
{
    char text[MAIL_ADDRESS_MAX + 1];

    memset(text, 'a', sizeof text);
    memset(text, '+', MAIL_ADDRESS_LOCAL_MAX);
    text[MAIL_ADDRESS_LOCAL_MAX] = '@';
    for (size_t i = MAIL_ADDRESS_LOCAL_MAX + 60; i < sizeof text; i += 60)
        text[i] = '.';
    text[MAIL_ADDRESS_MAX] = '\0';
    start(text);
    town_play(&town_ending.told);
    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_PEER);
    town_check_step("%2B%2B%40aaa");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("discovery");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, records_are_enough);
    tcase_add_test(cases, records_that_lead_outside_are_not);
    tcase_add_test(cases, records_that_lead_outside_are_kept_where_nothing_else_is_found);
    tcase_add_loop_test(cases, each_place_of_a_file_is_asked_in_its_order, 0, 4);
    tcase_add_test(cases, halves_are_put_together);
    tcase_add_test(cases, nothing_at_all_is_told);
    tcase_add_test(cases, the_isp_database_can_be_another_one);
    tcase_add_test(cases, each_step_has_its_time);
    tcase_add_test(cases, what_a_server_answers_ends_no_more_than_a_step);
    tcase_add_test(cases, records_that_lead_outside_take_no_room);
    tcase_add_test(cases, a_password_that_is_refused_is_sent_once);
    tcase_add_test(cases, trouble_of_our_own_ends_it);
    tcase_add_test(cases, it_can_be_left_at_any_moment);
    tcase_add_test(cases, the_longest_address_has_room);
    return unit_run();
}
