/* SPDX-License-Identifier: ISC */
#include "discover/web_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "town.h"

#define PLACE "autoconfig.example.net:443"
#define URL "https://autoconfig.example.net/mail/config-v1.1.xml?a=b"

static struct {
    struct services *services;
    struct web_fetch *fetch;
    const char *ca_file;
} scene;

static void set_up(void)
{
    memset(&scene, 0, sizeof scene);
    scene.services = town_set_up();
    scene.ca_file = town_ca_file();
}

static void end_fetch(void)
{
    web_fetch_free(scene.fetch);
    scene.fetch = NULL;
    stage_settle();
}

static void tear_down(void)
{
    end_fetch();
    town_tear_down();
}

static void start(const char *url)
{
    const struct web_fetch_params params = {
        .services = scene.services, .config = town_config(), .proxy = &town_config()->proxies[0], .url = url,
        .ca_file = scene.ca_file, .limit_ms = 5000, .step = "file", .trace = town_trace(), .done = town_note_ending,
    };

    end_fetch();
    town_ending.told = 0;
    scene.fetch = web_fetch_start(&params);
    ck_assert_ptr_nonnull(scene.fetch);
    ck_assert_uint_eq(town_ending.told, 0);
}

static void fetch(const char *url)
{
    start(url);
    town_play(&town_ending.told);
    ck_assert_uint_eq(town_ending.told, 1);
}

static void check_text(const char *text)
{
    size_t length;
    const char *got;

    ck_assert_msg(town_ending.outcome == OUTCOME_DONE, "%s", town_ending.why.what);
    got = web_fetch_text(scene.fetch, &length);
    ck_assert_uint_eq(length, strlen(text));
    ck_assert_int_eq(memcmp(got, text, length), 0);
}

static void check_failure(const char *what)
{
    ck_assert_int_eq(town_ending.outcome, OUTCOME_PEER);
    ck_assert_msg(strstr(town_ending.why.what, what) != NULL, "%s", town_ending.why.what);
}

START_TEST(a_file_comes_through_the_proxy)
{
    town_add_file(PLACE, "text");
    setenv("https_proxy", "http://192.0.2.99:1", 1); /* nobody is there */
    fetch(URL);
    unsetenv("https_proxy");
    check_text("text");
    ck_assert_uint_eq(town_asked(PLACE), 1);
    ck_assert_ptr_nonnull(strstr(town_heard(PLACE), "GET /mail/config-v1.1.xml?a=b HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(town_heard(PLACE), "Host: autoconfig.example.net\r\n"));
    ck_assert_ptr_null(strstr(town_heard(PLACE), "Cookie"));
    ck_assert_ptr_null(strstr(town_heard(PLACE), "Authorization"));
    ck_assert_uint_eq(stage_lookups(), 1); /* of the proxy */
}
END_TEST

START_TEST(without_a_proxy_the_server_is_dialed)
{
    const struct web_fetch_params params = {
        .services = scene.services, .config = town_config(), .url = URL, .ca_file = scene.ca_file, .limit_ms = 5000,
        .step = "file", .trace = town_trace(), .done = town_note_ending,
    };

    stage_name("autoconfig.example.net", "192.0.2.5");
    stage_address("192.0.2.5", STAGE_CONNECTS);
    scene.fetch = web_fetch_start(&params);
    stage_settle();
    ck_assert_uint_eq(stage_wires(), 1);
    ck_assert_str_eq(stage_wire(0)->to, "192.0.2.5:443");
    ck_assert_uint_gt(stage_wire(0)->heard_length, 0);
    ck_assert_int_eq(stage_wire(0)->heard[0], 0x16); /* of a TLS handshake */
}
END_TEST

START_TEST(a_long_file_comes_whole)
{
    char *text = malloc(WEB_FETCH_TEXT_MAX + 2);

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', WEB_FETCH_TEXT_MAX + 1);
    text[WEB_FETCH_TEXT_MAX] = '\0';
    town_add_file(PLACE, text);
    fetch(URL);
    check_text(text);
    text[WEB_FETCH_TEXT_MAX] = 'x';
    text[WEB_FETCH_TEXT_MAX + 1] = '\0';
    town_add_file(PLACE, text);
    fetch(URL);
    check_failure("it is longer than 256 KiB");
    free(text);
}
END_TEST

START_TEST(redirects_are_followed_and_told)
{
    town_add(PLACE, TOWN_TELLS, "HTTP/1.1 302 Found\r\nLocation: https://www.example.net:8443/x\r\n"
                                "Content-Length: 0\r\n\r\n");
    town_add_file("www.example.net:8443", "text");
    fetch(URL);
    check_text("text");
    town_check_step("file redirected to https://www.example.net:8443/x\n");
    ck_assert_ptr_nonnull(strstr(town_heard("www.example.net:8443"), "GET /x HTTP/1.1\r\n"));
}
END_TEST

START_TEST(redirects_are_bounded_and_stay_with_https)
{
    town_add(PLACE, TOWN_TELLS, "HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
    fetch(URL);
    check_failure("it was redirected more than 5 times");
    ck_assert_uint_eq(town_asked(PLACE), 1 + WEB_FETCH_REDIRECTS_MAX);
    town_add(PLACE, TOWN_TELLS, "HTTP/1.1 301 Moved\r\nLocation: http://www.example.net/\r\nContent-Length: 0\r\n\r\n");
    fetch(URL);
    check_failure("it is redirected to a place without TLS, which anybody on the way can change");
    town_add(PLACE, TOWN_TELLS, "HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
    fetch(URL);
    check_failure("its URL cannot be read");
    town_add(PLACE, TOWN_TELLS, "HTTP/1.1 301 Moved\r\nLocation: ftp://www.example.net/\r\nContent-Length: 0\r\n\r\n");
    fetch(URL);
    check_failure("its URL begins with neither https:// nor http://");
    town_add(PLACE, TOWN_TELLS, "HTTP/1.1 301 Moved\r\nLocation: https://me:pw@www.example.net/\r\n"
                                "Content-Length: 0\r\n\r\n");
    fetch(URL);
    if (!strstr(town_ending.why.what, "502 Bad Gateway")) /* of where some libcurls lead, without user and password */
        check_failure("its URL has a user or a password, which is not sent");
    fetch("http://autoconfig.example.net/");
    check_failure("it would be asked for without TLS");
    fetch("https:///");
    check_failure("its URL cannot be read");
}
END_TEST

START_TEST(answers_that_are_no_file_are_told)
{
    town_add(PLACE, TOWN_TELLS, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\npage");
    fetch(URL);
    check_failure("the server answers 404");
    town_add(PLACE, TOWN_TELLS, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    fetch(URL);
    check_failure("it is empty");
    town_add(PLACE, TOWN_TELLS, "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
    fetch(URL);
    check_failure("the server answers 401");
    town_add(PLACE, TOWN_TELLS, "rubbish\r\n\r\n");
    fetch(URL);
    check_failure("HTTP/0.9");
}
END_TEST

START_TEST(its_certificate_is_verified)
{
    town_add_file("autoconfig.other.test:443", "text");
    fetch("https://autoconfig.other.test/");
    check_failure("SSL: no alternative certificate subject name matches target host");
    check_failure("'autoconfig.other.test'; SSL_CERT_FILE says whom to trust");
    town_add_file(PLACE, "text");
    scene.ca_file = authority_text_file("none.pem", "nothing");
    fetch(URL);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_LOCAL);
    ck_assert_ptr_nonnull(strstr(town_ending.why.what, "cannot read ca-file "));
    scene.ca_file = NULL;
    setenv("SSL_CERT_FILE", "/nowhere/none.pem", 1);
    fetch(URL);
    unsetenv("SSL_CERT_FILE");
    ck_assert_int_eq(town_ending.outcome, OUTCOME_LOCAL);
    ck_assert_str_eq(town_ending.why.what, "cannot read SSL_CERT_FILE /nowhere/none.pem");
    ck_assert_str_eq(town_heard(PLACE), "");
}
END_TEST

START_TEST(a_tunnel_that_is_refused_is_told)
{
    fetch(URL);
    ck_assert_int_eq(town_ending.outcome, OUTCOME_PEER);
    ck_assert_ptr_nonnull(strstr(town_ending.why.what, "502"));
    ck_assert_str_eq(town_ending.why.where, "a:3128");
    town_add(PLACE, TOWN_BREAKS, "");
    fetch(URL);
    check_failure("");
    ck_assert_ptr_null(strstr(town_ending.why.what, "within"));
}
END_TEST

START_TEST(its_time_is_bounded)
{
    town_add(PLACE, TOWN_SILENT, "");
    start(URL);
    town_play(&town_ending.told);
    ck_assert_uint_eq(town_ending.told, 0);
    stage_advance(5000);
    ck_assert_uint_eq(town_ending.told, 1);
    check_failure("it has not come within 5 s");
    town_add(PLACE, TOWN_MUTE, "");
    start(URL);
    town_play(&town_ending.told);
    stage_advance(5000);
    check_failure("no tunnel to it within 5 s");
}
END_TEST

START_TEST(it_can_be_left_at_any_moment)
{
    town_add_file(PLACE, "text");
    start(URL);
    end_fetch();
    ck_assert_uint_eq(town_ending.told, 0);
    town_add(PLACE, TOWN_SILENT, "");
    start(URL);
    town_play(&town_ending.told);
    end_fetch();
    ck_assert_uint_eq(town_ending.told, 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("web_fetch");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_file_comes_through_the_proxy);
    tcase_add_test(cases, without_a_proxy_the_server_is_dialed);
    tcase_add_test(cases, a_long_file_comes_whole);
    tcase_add_test(cases, redirects_are_followed_and_told);
    tcase_add_test(cases, redirects_are_bounded_and_stay_with_https);
    tcase_add_test(cases, answers_that_are_no_file_are_told);
    tcase_add_test(cases, its_certificate_is_verified);
    tcase_add_test(cases, a_tunnel_that_is_refused_is_told);
    tcase_add_test(cases, its_time_is_bounded);
    tcase_add_test(cases, it_can_be_left_at_any_moment);
    return unit_run();
}
