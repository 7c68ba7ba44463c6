/* SPDX-License-Identifier: ISC */
#include "auth/web_transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../finding/pac_server.h"
#include "../stage.h"
#include "../unit.h"

#define MAX 1024

static struct {
    struct services *services;
    struct pac_server *server;
    struct web_transfer web;
    unsigned told, lines;
    CURLcode code;
    char first[64];
} scene;

static void set_up(void)
{
    memset(&scene, 0, sizeof scene);
    scene.services = stage_set_up();
    scene.server = pac_server_start(NULL);
    scene.web.max = MAX;
    scene.web.trust = "somebody says whom to trust";
}

static void end_transfer(void)
{
    web_transfer_end(&scene.web, scene.services->curl_loop);
    web_transfer_release(&scene.web);
    stage_settle();
}

static void tear_down(void)
{
    end_transfer();
    pac_server_stop(scene.server);
    stage_tear_down();
}

static void on_done(void *arg, CURLcode code)
{
    ck_assert_ptr_eq(arg, &scene);
    scene.told++;
    scene.code = web_transfer_result(&scene.web, code);
}

static void on_field(void *arg, const char *line, size_t length)
{
    ck_assert_ptr_eq(arg, &scene);
    if (scene.lines++ == 0)
        snprintf(scene.first, sizeof scene.first, "%.*s", (int)length, line);
}

static void ask_bytes(const char *schemes, const void *answer, size_t length)
{
    char url[80];

    end_transfer();
    scene.told = scene.lines = 0;
    scene.web.head_length = 0;
    scene.web.is_too_long = false;
    pac_server_say_bytes(scene.server, answer, length);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/x", (unsigned)pac_server_port(scene.server));
    ck_assert(web_transfer_set(&scene.web, url, schemes, NULL));
    ck_assert(web_transfer_run(&scene.web, scene.services->curl_loop, on_done, &scene));
    pac_server_wait_told(&scene.told, 1);
}

static void ask(const char *schemes, const char *answer)
{
    ask_bytes(schemes, answer, strlen(answer));
}

static void check_fault(const char *what)
{
    char why[300];

    ck_assert_int_ne(scene.code, CURLE_OK);
    ck_assert_int_eq(web_transfer_explain(&scene.web, scene.code, why, sizeof why), OUTCOME_PEER);
    ck_assert_msg(strstr(why, what) != NULL, "%s", why);
}

static void check_bad(const char *what)
{
    char why[300];

    ck_assert_int_eq(scene.code, CURLE_OK);
    ck_assert(!web_transfer_is_good(&scene.web, why, sizeof why));
    ck_assert_str_eq(why, what);
}

START_TEST(a_text_comes_with_its_fields)
{
    char why[100];

    scene.web.on_field = on_field;
    ask("http", "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 4\r\n\r\ntext");
    ck_assert_int_eq(scene.code, CURLE_OK);
    ck_assert(web_transfer_is_good(&scene.web, why, sizeof why));
    ck_assert_int_eq(web_transfer_status(&scene.web), 200);
    ck_assert_uint_eq(scene.web.length, 4);
    ck_assert_int_eq(memcmp(scene.web.text, "text", 4), 0);
    ck_assert_ptr_null(web_transfer_redirect(&scene.web));
    ck_assert_str_eq(scene.first, "HTTP/1.1 200 OK\r\n");
    ck_assert_uint_eq(scene.lines, 4);
}
END_TEST

START_TEST(a_redirect_is_told_and_not_followed)
{
    ask("http", "HTTP/1.1 307 x\r\nLocation: /y\r\nContent-Length: 4\r\n\r\npage");
    ck_assert_int_eq(scene.code, CURLE_OK);
    ck_assert_ptr_nonnull(strstr(web_transfer_redirect(&scene.web), "/y"));
    ck_assert_uint_eq(pac_server_asked(scene.server), 1);
    ck_assert_uint_eq(scene.web.length, 0);
    ask("http", "HTTP/1.1 304 x\r\nLocation: /y\r\n\r\n");
    ck_assert_ptr_null(web_transfer_redirect(&scene.web));
}
END_TEST

START_TEST(other_answers_are_bad)
{
    ask("http", "HTTP/1.1 404 x\r\nContent-Length: 4\r\n\r\npage");
    check_bad("the server answers 404");
    ask("http", "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n");
    check_bad("the server answers 401: it wants to know who asks, and is not told");
    ask("http", "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n");
    check_bad("it is empty");
    ask("http", "HTTP/1.1 200 x\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\ntext");
    check_bad("the server has compressed it, which was not asked for");
}
END_TEST

START_TEST(all_is_bounded)
{
    char *answer = malloc(200000);

    ck_assert_ptr_nonnull(answer);
    ask("http", "HTTP/1.1 200 x\r\nContent-Length: 1025\r\n\r\n");
    check_fault("it is longer than 1 KiB");
    snprintf(answer, 200000, "HTTP/1.1 200 x\r\n\r\n%01025d", 0);
    ask("http", answer);
    check_fault("it is longer than 1 KiB");
    memcpy(answer, "HTTP/1.1 200 x\r\n", 16);
    for (size_t i = 0; i < 1000; i++)
        snprintf(answer + 16 + i * 80, 81, "A: %075d\r\n", 0);
    ask("http", answer);
    check_fault("the server's answer has more than 64 KiB of fields");
    memset(answer, 'a', 199999);
    memcpy(answer, "HTTP/1.1 200 x\r\nA: ", 19);
    answer[199999] = '\0';
    ask("http", answer);
    check_fault("the server's answer cannot be read");
    free(answer);
}
END_TEST

START_TEST(an_answer_that_cannot_be_unpacked_is_the_servers_fault)
{
    static const char twice[] = "HTTP/1.1 200 x\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\n"
        "\x1f\x8b\x08\0\0\0\0\0\x02\x03\x2b\x49\xad\x28\x01\0\xc7\xa7\x8b\x3b\x04\0\0\0" /* "text" */
        "behind its end";

    ask_bytes("http", twice, sizeof twice - 1);
    check_fault("");
    ask("http", "HTTP/1.1 200 x\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\nnothing that is compressed");
    check_fault("");
    ask("http", "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\nno length of a chunk\r\n");
    check_fault("");
}
END_TEST

START_TEST(only_the_schemes_that_are_named_are_spoken)
{
    ask("https", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext");
    check_fault("http");
    ck_assert_uint_eq(pac_server_asked(scene.server), 0);
}
END_TEST

START_TEST(a_fields_value_is_kept)
{
    char out[WEB_FIELD_MAX] = "before", line[WEB_FIELD_MAX + 20];

    web_field_keep("Other: x\r\n", 10, "ETag:", out);
    ck_assert_str_eq(out, "before");
    web_field_keep("etag: \t\"v\" \r\n", 13, "ETag:", out);
    ck_assert_str_eq(out, "\"v\"");
    web_field_keep("ETag: a\x01" "b\r\n", 11, "ETag:", out);
    ck_assert_str_eq(out, "");
    snprintf(line, sizeof line, "ETag: %0*d", WEB_FIELD_MAX - 1, 0);
    web_field_keep(line, strlen(line), "ETag:", out);
    ck_assert_uint_eq(strlen(out), WEB_FIELD_MAX - 1);
    snprintf(line, sizeof line, "ETag: %0*d", WEB_FIELD_MAX, 0);
    web_field_keep(line, strlen(line), "ETag:", out);
    ck_assert_str_eq(out, "");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("web_transfer");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_text_comes_with_its_fields);
    tcase_add_test(cases, a_redirect_is_told_and_not_followed);
    tcase_add_test(cases, other_answers_are_bad);
    tcase_add_test(cases, all_is_bounded);
    tcase_add_test(cases, an_answer_that_cannot_be_unpacked_is_the_servers_fault);
    tcase_add_test(cases, only_the_schemes_that_are_named_are_spoken);
    tcase_add_test(cases, a_fields_value_is_kept);
    return unit_run();
}
