/* SPDX-License-Identifier: ISC */
#include "discover/usual_names.h"

#include <string.h>

#include "town.h"

static struct {
    struct services *services;
    struct usual_names *names;
    struct found_servers found;
} scene;

static void set_up(void)
{
    memset(&scene, 0, sizeof scene);
    scene.services = town_set_up();
}

static void tear_down(void)
{
    usual_names_free(scene.names);
    town_tear_down();
}

static void start(void)
{
    const struct usual_names_params params = {
        .services = scene.services, .config = town_config(), .proxy = &town_config()->proxies[0],
        .domain = "example.net", .ca_file = town_ca_file(), .found = &scene.found, .source = "a test", .step = "guess",
        .limit_ms = 5000, .trace = town_trace(), .done = town_note_ending,
    };

    scene.names = usual_names_start(&params);
    ck_assert_ptr_nonnull(scene.names);
    ck_assert_uint_eq(town_ending.told, 0);
    town_play(&town_ending.told);
}

static void add_found(const char *section)
{
    struct found_server server = {.protocol = protocol_find(section, strlen(section)), .tls = TLS_YES, .source = "x",
                                  .place = {.host = "known.example.net", .port = 1}};

    found_servers_add(&scene.found, &server);
}

static void check(const char *section, const char *place, enum listener_tls tls)
{
    const struct found_server *server = found_servers_of(&scene.found, section);
    char text[ENDPOINT_TEXT_MAX];

    ck_assert_ptr_nonnull(server);
    ck_assert_str_eq(endpoint_format(&server->place, text), place);
    ck_assert_int_eq(server->tls, tls);
    ck_assert_str_eq(server->source, "a test");
    ck_assert(!server->foreign);
}

START_TEST(the_first_of_the_table_that_is_there_is_taken)
{
    town_add("mail.example.net:143", TOWN_BEGINS, "* OK hello\r\n");
    town_add("example.net:993", TOWN_GREETS, "* OK hello\r\n");
    town_add("mail.example.net:993", TOWN_GREETS, "* OK hello\r\n");
    town_add("smtp.example.net:587", TOWN_BEGINS, "220 hello\r\n");
    start();
    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_DONE);
    check("imap", "mail.example.net:993", TLS_YES);
    check("submission", "smtp.example.net:587", TLS_STARTTLS);
    ck_assert_uint_eq(scene.found.count, 2);
    town_check_step("guess trying the usual names of imap servers at example.net\n");
    town_check_step("guess imap.example.net:993: no (http://a:3128: 502");
    town_check_step("guess mail.example.net:993: there it is (imap, TLS)\n");
    town_check_step("guess smtp.example.net:587: there it is (submission, STARTTLS)\n");
    ck_assert_ptr_null(strstr(town_steps(), "pop3"));
}
END_TEST

START_TEST(pop3_comes_where_there_is_no_imap)
{
    town_add("pop3.example.net:995", TOWN_GREETS, "+OK hello\r\n");
    start();
    ck_assert_uint_eq(town_ending.told, 1);
    check("pop3", "pop3.example.net:995", TLS_YES);
    ck_assert_uint_eq(scene.found.count, 1);
}
END_TEST

START_TEST(only_what_is_missing_is_looked_for)
{
    town_add("imap.example.net:993", TOWN_GREETS, "* OK hello\r\n");
    town_add("mail.example.net:465", TOWN_GREETS, "220 hello\r\n");
    add_found("pop3");
    start();
    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_ptr_null(found_servers_of(&scene.found, "imap"));
    check("submission", "mail.example.net:465", TLS_YES);
    ck_assert_uint_eq(town_asked("imap.example.net:993"), 0);
}
END_TEST

START_TEST(nothing_is_asked_where_all_is_there)
{
    add_found("imap");
    add_found("submission");
    start();
    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_DONE);
    ck_assert_uint_eq(stage_wires(), 0);
}
END_TEST

START_TEST(one_that_is_silent_is_waited_for_and_no_more)
{
    town_add("imap.example.net:993", TOWN_SILENT, "");
    town_add("mail.example.net:993", TOWN_GREETS, "* OK hello\r\n");
    add_found("submission");
    start();
    ck_assert_uint_eq(town_ending.told, 0);
    ck_assert_ptr_null(found_servers_of(&scene.found, "imap"));
    stage_advance(5000);
    ck_assert_uint_eq(town_ending.told, 1);
    check("imap", "mail.example.net:993", TLS_YES);
    town_check_step("guess imap.example.net:993: no (no answer within 5 s)\n");
}
END_TEST

START_TEST(no_name_at_all_is_no_failure)
{
    unsigned refuted = 0;

    start();
    ck_assert_uint_eq(town_ending.told, 1);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_DONE);
    ck_assert_uint_eq(scene.found.count, 0);
    for (const char *step = town_steps(); (step = strstr(step, ": no (")) != NULL; step++)
        refuted++;
    ck_assert_uint_eq(refuted, 20);
    ck_assert_ptr_null(strstr(town_steps(), ":25:"));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("usual_names");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, the_first_of_the_table_that_is_there_is_taken);
    tcase_add_test(cases, pop3_comes_where_there_is_no_imap);
    tcase_add_test(cases, only_what_is_missing_is_looked_for);
    tcase_add_test(cases, nothing_is_asked_where_all_is_there);
    tcase_add_test(cases, one_that_is_silent_is_waited_for_and_no_more);
    tcase_add_test(cases, no_name_at_all_is_no_failure);
    return unit_run();
}
