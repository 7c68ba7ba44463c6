/* SPDX-License-Identifier: ISC */
#include "discover/guess.h"

#include <stdlib.h>
#include <string.h>

#include "town.h"

static struct {
    struct services *services;
    struct guess *guess;
    char *ca_file;
} scene;

static void set_up(void)
{
    memset(&scene, 0, sizeof scene);
    scene.services = town_set_up();
    scene.ca_file = town_ca_file();
}

static void end_guess(void)
{
    guess_free(scene.guess);
    scene.guess = NULL;
    stage_settle();
}

static void tear_down(void)
{
    end_guess();
    town_tear_down();
}

static void start(const char *section, const char *host, uint16_t port, enum listener_tls tls)
{
    struct guess_params params = {
        .services = scene.services, .config = town_config(), .proxy = &town_config()->proxies[0],
        .protocol = protocol_find(section, strlen(section)), .place.port = port, .tls = tls, .ca_file = scene.ca_file,
        .limit_ms = 5000, .done = town_note_ending,
    };

    end_guess();
    town_ending.told = 0;
    snprintf(params.place.host, sizeof params.place.host, "%s", host);
    scene.guess = guess_start(&params);
    ck_assert_ptr_nonnull(scene.guess);
    ck_assert_uint_eq(town_ending.told, 0);
}

static void guess(const char *section, const char *host, uint16_t port, enum listener_tls tls)
{
    start(section, host, port, tls);
    town_play(&town_ending.told);
    ck_assert_uint_eq(town_ending.told, 1);
}

static void check_failure(const char *what)
{
    ck_assert_int_eq(town_ending.outcome, OUTCOME_PEER);
    ck_assert_msg(strstr(town_ending.why.what, what) != NULL, "%s", town_ending.why.what);
}

START_TEST(a_server_that_greets_within_tls_is_there)
{
    town_add("imap.example.net:993", TOWN_GREETS, "* OK hello\r\n");
    guess("imap", "imap.example.net", 993, TLS_YES);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_DONE);
    town_add("smtp.example.net:465", TOWN_GREETS, "220 hello\r\n");
    guess("submission", "smtp.example.net", 465, TLS_YES);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_DONE);
}
END_TEST

START_TEST(so_is_one_that_begins_tls)
{
    town_add("smtp.example.net:587", TOWN_BEGINS, "220 hello\r\n");
    guess("submission", "smtp.example.net", 587, TLS_STARTTLS);
    ck_assert_msg(town_ending.outcome == OUTCOME_DONE, "%s", town_ending.why.what);
    town_add("imap.example.net:143", TOWN_BEGINS, "* OK hello\r\n");
    guess("imap", "imap.example.net", 143, TLS_STARTTLS);
    ck_assert_msg(town_ending.outcome == OUTCOME_DONE, "%s", town_ending.why.what);
}
END_TEST

START_TEST(one_that_is_something_else_is_not)
{
    town_add("imap.example.net:993", TOWN_GREETS, "220 mail \x1b[2J\r\n");
    guess("imap", "imap.example.net", 993, TLS_YES);
    check_failure("its greeting does not welcome us: 220 mail ");
    ck_assert_ptr_null(strchr(town_ending.why.what, '\x1b'));
    town_add("imap.example.net:993", TOWN_GREETS, "* BYE go away\r\n");
    guess("imap", "imap.example.net", 993, TLS_YES);
    check_failure("its greeting does not welcome us: * BYE go away");
    town_add("smtp.example.net:587", TOWN_BEGINS, "* OK imap\r\n");
    guess("submission", "smtp.example.net", 587, TLS_STARTTLS);
    check_failure("this is not SMTP");
}
END_TEST

START_TEST(a_greeting_without_end_is_judged_too)
{
    char *text = malloc(10001);

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', 10000);
    text[10000] = '\0';
    town_add("imap.example.net:993", TOWN_GREETS, text);
    guess("imap", "imap.example.net", 993, TLS_YES);
    check_failure("its greeting does not welcome us: xxxx");
    free(text);
}
END_TEST

START_TEST(its_certificate_is_verified)
{
    town_add("imap.other.test:993", TOWN_GREETS, "* OK hello\r\n");
    guess("imap", "imap.other.test", 993, TLS_YES);
    check_failure("certificate");
}
END_TEST

START_TEST(a_place_that_cannot_be_reached_is_told)
{
    guess("imap", "imap.example.net", 993, TLS_YES);
    check_failure("502");
    town_add("imap.example.net:993", TOWN_BREAKS, "");
    guess("imap", "imap.example.net", 993, TLS_YES);
    check_failure("");
}
END_TEST

START_TEST(its_time_is_bounded)
{
    town_add("imap.example.net:993", TOWN_SILENT, "");
    start("imap", "imap.example.net", 993, TLS_YES);
    town_play(&town_ending.told);
    stage_advance(4000);
    ck_assert_uint_eq(town_ending.told, 0);
    stage_advance(1000);
    ck_assert_uint_eq(town_ending.told, 1);
    check_failure("no answer within 5 s");
    town_add("imap.example.net:993", TOWN_GREETS, "* OK no end");
    start("imap", "imap.example.net", 993, TLS_YES);
    town_play(&town_ending.told);
    stage_advance(5000);
    check_failure("no greeting within 5 s");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("guess");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_server_that_greets_within_tls_is_there);
    tcase_add_test(cases, so_is_one_that_begins_tls);
    tcase_add_test(cases, one_that_is_something_else_is_not);
    tcase_add_test(cases, a_greeting_without_end_is_judged_too);
    tcase_add_test(cases, its_certificate_is_verified);
    tcase_add_test(cases, a_place_that_cannot_be_reached_is_told);
    tcase_add_test(cases, its_time_is_bounded);
    return unit_run();
}
