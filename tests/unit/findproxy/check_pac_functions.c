/* SPDX-License-Identifier: ISC */
#include "findproxy/pac_functions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit.h"
#include "pac_stage.h"

static const char *const names[] = {"www.example.net 192.0.2.80", "both.example.net 2001:db8::4 192.0.2.4 192.0.2.5",
                                    "six.example.net 2001:db8::6", NULL};

static void set_up(void)
{
    setenv("TZ", "ZONE5", 1);
    tzset();
}

static void tear_down(void)
{
    unsetenv("TZ");
    tzset();
}

static double clock_of(const char *text)
{
    struct tm parts = {0};

    if (strcmp(text, "-") == 0)
        return 0;
    ck_assert_msg(strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) != NULL, "%s is no time", text);
    return (double)timegm(&parts) * 1000;
}

static void row(const struct unit_cell *cells, const char *where)
{
    struct pac_stage stage = {.now = clock_of(cells[0].bytes), .names = names, .mine = "192.0.2.7 2001:db8::7"};
    char script[1024];
    struct pac_engine *engine;
    const char *said;

    snprintf(script, sizeof script, "function FindProxyForURL(url, host) { return String(%s) }", cells[1].bytes);
    engine = pac_stage_engine(&stage, script);
    said = pac_stage_ask(engine);
    ck_assert_msg(unit_cell_is(&cells[2], said), "%s: %s says %s", where, cells[1].bytes, said);
    pac_engine_free(engine);
}

START_TEST(each_function_does_as_documented)
{
    unit_table("pac-functions.tsv", 3, row);
}
END_TEST

/* What a script asks for hundreds of times is asked of the daemon once in a question, and again in the next. */
START_TEST(a_name_is_looked_up_once_in_a_question)
{
    struct pac_stage stage = {.names = names, .mine = "192.0.2.7"};
    struct pac_engine *engine = pac_stage_engine(&stage,
        "function FindProxyForURL(url, host) {\n"
        "  for (var i = 0; i < 100; i++)\n"
        "    if (isInNet(host, '10.' + i + '.0.0', '255.255.0.0') || isResolvableEx('none.example') ||\n"
        "        isInNet(myIpAddress(), '10.0.0.0', '255.0.0.0'))\n"
        "      return 'PROXY wrong:1';\n"
        "  return 'PROXY right:1';\n"
        "}\n");

    ck_assert_str_eq(pac_stage_ask(engine), "PROXY right:1");
    ck_assert_uint_eq(stage.resolves, 2);
    ck_assert_uint_eq(stage.mines, 1);
    ck_assert_str_eq(pac_stage_ask(engine), "PROXY right:1");
    ck_assert_uint_eq(stage.resolves, 4);
    ck_assert_uint_eq(stage.mines, 2);
    pac_engine_free(engine);
}
END_TEST

START_TEST(an_address_is_not_looked_up)
{
    struct pac_stage stage = {.names = names};
    struct pac_engine *engine = pac_stage_engine(&stage,
        "function FindProxyForURL(url, host) {\n"
        "  return dnsResolve('10.0.0.1') + isInNet('10.0.0.1', '10.0.0.0', '255.0.0.0') + dnsResolveEx('::1');\n"
        "}\n");

    ck_assert_str_eq(pac_stage_ask(engine), "10.0.0.1true::1");
    ck_assert_uint_eq(stage.resolves, 0);
    pac_engine_free(engine);
}
END_TEST

/* IPv4 before IPv6, and at last what every machine has. */
START_TEST(my_address_is_never_nothing)
{
    static const char script[] = "function FindProxyForURL() { return myIpAddress() + ' ' + myIpAddressEx() }";
    static const char *const mine[] = {"2001:db8::7 192.0.2.7", "2001:db8::7", NULL};
    static const char *const said[] = {"192.0.2.7 2001:db8::7;192.0.2.7", "2001:db8::7 2001:db8::7", "127.0.0.1"};

    for (size_t i = 0; i < 3; i++) {
        struct pac_stage stage = {.mine = mine[i]};
        struct pac_engine *engine = pac_stage_engine(&stage, script);

        ck_assert_str_eq(pac_stage_ask(engine), said[i]);
        pac_engine_free(engine);
    }
}
END_TEST

/* Many files bring their own, made for browsers that lacked them. */
START_TEST(a_script_may_bring_its_own_functions)
{
    struct pac_stage stage = {.names = names};
    struct pac_engine *engine = pac_stage_engine(&stage,
        "function dnsResolve(host) { return '203.0.113.1' }\n"
        "function FindProxyForURL(url, host) {\n"
        "  return dnsResolve(host) + ' ' + isInNet(host, '192.0.2.0', '255.255.255.0');\n"
        "}\n");

    ck_assert_str_eq(pac_stage_ask(engine), "203.0.113.1 true");
    pac_engine_free(engine);
}
END_TEST

START_TEST(an_alert_is_told)
{
    struct pac_stage stage = {.names = names};
    struct pac_engine *engine = pac_stage_engine(&stage,
        "function FindProxyForURL(url, host) { alert(host + ' asked'); alert(7); return 'DIRECT' }");

    ck_assert_str_eq(pac_stage_ask(engine), "DIRECT");
    ck_assert_uint_eq(stage.alerts, 2);
    ck_assert_str_eq(stage.last, "7");
    pac_engine_free(engine);
}
END_TEST

/* A file with thousands of patterns, each of them another one, is answered the same after the keeping has ended. */
START_TEST(patterns_beyond_those_that_are_kept_match_too)
{
    struct pac_stage stage = {.names = names};
    struct pac_engine *engine = pac_stage_engine(&stage,
        "function FindProxyForURL(url, host) {\n"
        "  var count = 0;\n"
        "  for (var i = 0; i < 5000; i++)\n"
        "    count += shExpMatch('host' + i, '?ost' + i) ? 1 : 0;\n"
        "  return String(count);\n"
        "}\n");

    ck_assert_str_eq(pac_stage_ask(engine), "5000");
    ck_assert_str_eq(pac_stage_ask(engine), "5000");
    pac_engine_free(engine);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("pac_functions");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, each_function_does_as_documented);
    tcase_add_test(cases, a_name_is_looked_up_once_in_a_question);
    tcase_add_test(cases, an_address_is_not_looked_up);
    tcase_add_test(cases, my_address_is_never_nothing);
    tcase_add_test(cases, a_script_may_bring_its_own_functions);
    tcase_add_test(cases, an_alert_is_told);
    tcase_add_test(cases, patterns_beyond_those_that_are_kept_match_too);
    return unit_run();
}
