/* SPDX-License-Identifier: ISC */
#include "finding/helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#include "../stage.h"
#include "../unit.h"

/* The helper with the true findproxy, and PAC files that mean harm. */

static struct services *services;
static struct helper *helper;
static unsigned told;
static char answer[9000], error[1000]; /* "-": none */

/* What the linker puts in place of the program's own: no lines about helpers that rest. */
void __wrap_log_message(enum log_level level, const char *name, const char *format, ...);

void __wrap_log_message(enum log_level level, const char *name, const char *format, ...)
{
    (void)level, (void)name, (void)format;
}

static void on_told(void *arg, const char *said, size_t length, const char *pac, const char *why)
{
    ck_assert_ptr_eq(arg, &told);
    ck_assert_ptr_null(pac);
    ck_assert(!said || strlen(said) == length);
    told++;
    snprintf(answer, sizeof answer, "%s", said ? said : "-");
    snprintf(error, sizeof error, "%s", why ? why : "-");
}

static void set_up(void)
{
    const struct helper_params params = {
        .program = FINDPROXY, .resolve_ms = 1000, .use = HELPER_FOR_PAC, .name = "work",
        .loop = (services = stage_set_up())->loop, .resolver = services->resolver,
    };

    helper = helper_new(&params);
    ck_assert_ptr_nonnull(helper);
}

static void tear_down(void)
{
    helper_free(helper);
    stage_await_children();
    stage_tear_down();
    unit_no_child_left();
}

/* Fills answer and error. */
static void ask(const char *host)
{
    char url[300];

    told = 0;
    snprintf(url, sizeof url, "https://%s:993/", host);
    ck_assert_ptr_nonnull(helper_ask(helper, url, host, on_told, &told));
    stage_wait(&told);
}

static void set_script(const char *script)
{
    ck_assert(helper_set_script(helper, script, strlen(script)));
}

START_TEST(a_pac_file_answers)
{
    stage_name("mail.example.net", "2001:db8::5 10.1.2.3");
    set_script("var own = myIpAddress();\n"
               "function FindProxyForURL(url, host) {\n"
               "  if (isInNet(host, '10.0.0.0', '255.0.0.0')) return 'PROXY inner.example.net:3128';\n"
               "  if (!isResolvable(host)) return 'PROXY outer.example.net:3128; DIRECT';\n"
               "  return url;\n"
               "}\n");
    ask("mail.example.net");
    ck_assert_str_eq(error, "-");
    ck_assert_str_eq(answer, "PROXY inner.example.net:3128");
    ask("nowhere.example.net");
    ck_assert_str_eq(answer, "PROXY outer.example.net:3128; DIRECT");
    stage_name("news.example.net", "192.0.2.1");
    ask("news.example.net");
    ck_assert_str_eq(answer, "https://news.example.net:993/");
}
END_TEST

/* What takes for ever is killed when its time is over, which the test's clock says; the processor has done little. */
static void ask_slow(const char *host)
{
    char url[300];

    told = 0;
    snprintf(url, sizeof url, "https://%s:993/", host);
    ck_assert_ptr_nonnull(helper_ask(helper, url, host, on_told, &told));
    stage_advance(HELPER_ANSWER_MS);
    ck_assert_uint_eq(told, 1);
    ck_assert_str_eq(error, "the PAC file takes longer than 5 s");
}

/* Each is asked with another question behind it, which is answered all the same. */
START_TEST(a_bomb_hurts_nobody_but_itself)
{
    static const struct {
        const char *bomb, *why; /* NULL: it takes for ever */
    } rows[] = {
        {"while (true) ;", NULL},
        {"while (true) try { f(); } catch (e) { }", NULL},
        {"var a = []; while (true) a.push(new Array(1000).join('x'));", NULL},
        {"return /(x+x+)+y/.test(new Array(40).join('x')) ? 'DIRECT' : 'PROXY a:1';", NULL},
        {"var a = 'x'; while (true) a += a;", "96 MiB of memory"},
        {"function f() { return f() + 1; } return f();", "callstack limit"},
        {"var a = 'x'; for (var i = 0; i < 24; i++) a += a; return a;", "8"}, /* 16 MiB */
        {"return 'PROXY a\\u0000b:1';", "control character"},
        {"return 'PROXY a:1\\vPROXY b:2';", "control character"},
        {"throw new Error('no way');", "no way"},
        {"return null;", "null"},
        {"return 5;", "a number"},
        {"return {};", "an object"},
    };
    char script[1000];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(script, sizeof script, "function FindProxyForURL(url, host) {\n"
                 "if (host != 'bad.example.net') return 'PROXY a.example.net:1';\n%s\n}\n", rows[i].bomb);
        set_script(script);
        ask("good.example.net");
        ck_assert_msg(strcmp(answer, "PROXY a.example.net:1") == 0, "%s", error);
        if (!rows[i].why) {
            ask_slow("bad.example.net");
        } else {
            ask("bad.example.net");
            ck_assert_msg(strcmp(answer, "-") == 0, "%s: %s", rows[i].bomb, answer);
            ck_assert_msg(strstr(error, rows[i].why) != NULL, "%s: %s", rows[i].bomb, error);
        }
        ask("good.example.net");
        ck_assert_msg(strcmp(answer, "PROXY a.example.net:1") == 0, "%s: %s", rows[i].bomb, error);
    }
}
END_TEST

START_TEST(a_script_that_cannot_be_read_is_told_with_its_line)
{
    static const struct {
        const char *script, *why;
    } rows[] = {
        {"", ""},
        {"var a = 1;\n", "FindProxyForURL"},
        {"function FindProxyForURL(url, host) {\n  return 'PROXY a:1'\n", ""},
        {"\n\nlet f = (x) => x;\nfunction FindProxyForURL(u, h) { return f(u); }\n", "newer JavaScript"},
        {"var a = 'x'; while (true) a += a;", "96 MiB of memory"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_script(rows[i].script);
        ask("mail.example.net");
        ck_assert_msg(strcmp(answer, "-") == 0, "%s", answer);
        ck_assert_msg(strstr(error, rows[i].why) != NULL, "%s: %s", rows[i].script, error);
    }
    ck_assert(helper_set_script(helper, "function FindProxyForURL()\0{ return 'DIRECT'; }", 48));
    ask("mail.example.net");
    ck_assert_str_eq(answer, "-");
}
END_TEST

/* The one that is waited for: it counts as a death, like those that were killed. */
START_TEST(one_that_computes_ends_itself)
{
    set_script("function FindProxyForURL(url, host) { while (host == 'bad.example.net') ; return 'PROXY a:1'; }");
    ask("good.example.net");
    ask("bad.example.net");
    ck_assert_str_eq(error, "the PAC file computes for more than 2 s");
    for (int i = 1; i < HELPER_DEATHS; i++) {
        ask("good.example.net");
        ck_assert_str_eq(answer, "PROXY a:1");
        ask_slow("bad.example.net");
    }
    ask("good.example.net");
    ck_assert_msg(strstr(error, "has failed 3 times within 60 s, and is asked again in 60 s: the PAC file takes"), "%s",
                  error);
    stage_advance(HELPER_REST_MS);
    ask("good.example.net");
    ck_assert_str_eq(answer, "PROXY a:1");
}
END_TEST

/* A name that has many look-ups behind it is asked of the resolver each time, and the script's own time is not used. */
START_TEST(a_flood_of_look_ups_has_an_end)
{
    stage_name("mail.example.net", "192.0.2.1");
    set_script("function FindProxyForURL(url, host) {\n"
               "  for (var i = 0; i < 100000; i++) dnsResolve('mail' + i + '.example.net');\n"
               "  return 'PROXY a:1';\n}\n");
    ask("mail.example.net");
    ck_assert_str_eq(answer, "-");
    ck_assert_uint_le(stage_lookups(), 256);
}
END_TEST

START_TEST(a_flood_of_alerts_has_none)
{
    set_script("function FindProxyForURL(url, host) { for (var i = 0; i < 10000; i++) alert(i); return 'PROXY a:1'; }");
    ask("mail.example.net");
    ck_assert_str_eq(answer, "PROXY a:1");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("helper_program");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_pac_file_answers);
    tcase_add_test(cases, a_bomb_hurts_nobody_but_itself);
    tcase_add_test(cases, a_script_that_cannot_be_read_is_told_with_its_line);
    tcase_add_test(cases, one_that_computes_ends_itself);
    tcase_add_test(cases, a_flood_of_look_ups_has_an_end);
    tcase_add_test(cases, a_flood_of_alerts_has_none);
    return unit_run();
}
