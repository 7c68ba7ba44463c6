/* SPDX-License-Identifier: ISC */
#include "discover/srv_search.h"

#include <string.h>

#include "town.h"

static struct {
    struct services *services;
    struct srv_search *search;
    struct found_servers found;
} scene;

static void set_up(void)
{
    memset(&scene, 0, sizeof scene);
    scene.services = town_set_up();
}

static void tear_down(void)
{
    srv_search_free(scene.search);
    town_tear_down();
}

static void search(void)
{
    const struct srv_search_params params = {
        .loop = stage_loop(), .resolver = scene.services->resolver, .domain = "example.net", .found = &scene.found,
        .source = "a test", .step = "srv", .limit_ms = 5000, .trace = town_trace(), .done = town_note_ending,
    };

    scene.search = srv_search_start(&params);
    ck_assert_ptr_nonnull(scene.search);
    ck_assert_uint_eq(town_ending.told, 0);
    stage_settle();
}

static void check(const char *section, const char *place, enum listener_tls tls, bool foreign)
{
    const struct found_server *server = found_servers_of(&scene.found, section);
    char text[ENDPOINT_TEXT_MAX];

    ck_assert_ptr_nonnull(server);
    ck_assert_str_eq(endpoint_format(&server->place, text), place);
    ck_assert_int_eq(server->tls, tls);
    ck_assert_int_eq(server->foreign, foreign);
    ck_assert_str_eq(server->source, "a test");
}

START_TEST(all_services_are_asked_for)
{
    stage_srv("_imaps._tcp.example.net", "imap.example.net:993 other.example.net:993");
    stage_srv("_imap._tcp.example.net", "imap.example.net:143");
    stage_srv("_submissions._tcp.example.net", "");
    stage_srv("_submission._tcp.example.net", "smtp.example.net:587");
    stage_srv("_pop3s._tcp.example.net", ".");
    stage_srv("_pop3._tcp.example.net", "pop.provider.test:110");
    stage_srv("_sieve._tcp.example.net", "imap.example.net:4190");
    search();
    ck_assert_uint_eq(stage_lookups(), 7);
    ck_assert_uint_eq(town_ending.told, 0);
    stage_srv("_submissions._tcp.example.net", "smtp.example.net:465");
    stage_answer_silent();
    stage_settle();
    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_DONE);
    check("imap", "imap.example.net:993", TLS_YES, false);
    check("submission", "smtp.example.net:465", TLS_YES, false);
    check("pop3", "pop.provider.test:110", TLS_STARTTLS, true);
    check("managesieve", "imap.example.net:4190", TLS_STARTTLS, false);
    ck_assert_uint_eq(scene.found.count, 7);
    town_check_step("srv asking the local name servers for the mail services of example.net\n");
    town_check_step("srv _imap: imap.example.net:143 (STARTTLS)\n");
    town_check_step("srv _pop3s: the domain says that it has no such service\n");
    town_check_step("srv _pop3: pop.provider.test:110 (STARTTLS), which is outside of the domain: DNS may be forged\n");
}
END_TEST

START_TEST(a_port_of_tls_says_more_than_the_name_of_a_service)
{
    stage_srv("_imap._tcp.example.net", "imap.example.net:993");
    search();
    check("imap", "imap.example.net:993", TLS_YES, false);
}
END_TEST

START_TEST(records_of_no_server_are_left_out)
{
    stage_srv("_imaps._tcp.example.net", "localhost:993 127.0.0.1:993 imap.example.net:993");
    search();
    check("imap", "imap.example.net:993", TLS_YES, false);
    ck_assert_uint_eq(scene.found.count, 1);
    town_check_step("srv _imaps: localhost:993 is left out: localhost is whatever machine asks for it\n");
    town_check_step("srv _imaps: 127.0.0.1:993 is left out: an address in place of a name has no certificate\n");
}
END_TEST

START_TEST(a_domain_that_is_not_known_is_told)
{
    search();
    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_DONE);
    ck_assert_uint_eq(scene.found.count, 0);
    town_check_step("srv the local name servers know no records of mail services at example.net: unknown name\n");
}
END_TEST

START_TEST(silent_name_servers_are_left_after_a_while)
{
    static const char *const services[] = {"_imaps", "_imap", "_submissions", "_submission", "_pop3s", "_pop3",
                                           "_sieve"};
    char names[7][64];

    for (size_t i = 0; i < 7; i++) {
        snprintf(names[i], sizeof names[i], "%s._tcp.example.net", services[i]);
        stage_srv(names[i], "");
    }
    search();
    stage_advance(4999);
    ck_assert_uint_eq(town_ending.told, 0);
    stage_advance(1);
    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_DONE);
    town_check_step("srv no answer about example.net from the local name servers within 5 s\n");
}
END_TEST

START_TEST(it_ends_for_lack_of_memory)
{
    stage_lack(STAGE_LACKS_LOOKUP);
    search();
    stage_lack(STAGE_LACKS_NOTHING);
    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_LOCAL);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("srv_search");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, all_services_are_asked_for);
    tcase_add_test(cases, a_port_of_tls_says_more_than_the_name_of_a_service);
    tcase_add_test(cases, records_of_no_server_are_left_out);
    tcase_add_test(cases, a_domain_that_is_not_known_is_told);
    tcase_add_test(cases, silent_name_servers_are_left_after_a_while);
    tcase_add_test(cases, it_ends_for_lack_of_memory);
    return unit_run();
}
