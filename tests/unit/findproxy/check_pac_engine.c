/* SPDX-License-Identifier: ISC */
#include "findproxy/pac_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "pac_stage.h"

#define SCRIPT(body) "function FindProxyForURL(url, host) { " body " }"

/* What a script with that body says to one question. */
static const char *say(const char *body)
{
    static char script[4096];
    struct pac_stage stage = {0};
    struct pac_engine *engine;
    const char *said;

    snprintf(script, sizeof script, SCRIPT("%s"), body);
    engine = pac_stage_engine(&stage, script);
    said = pac_stage_ask(engine);
    pac_engine_free(engine);
    return said;
}

static const char *load_text(const char *script)
{
    return pac_stage_load(script, strlen(script));
}

static void has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" has no \"%s\"", text, part);
}

START_TEST(the_answer_is_what_the_function_gives)
{
    ck_assert_str_eq(say("return 'PROXY p.example:8080; DIRECT'"), "PROXY p.example:8080; DIRECT");
    ck_assert_str_eq(say("return url + ' ' + host"), "http://www.example.net/path www.example.net");
    ck_assert_str_eq(say("return ' \\t\\r\\n DIRECT ;\\n'"), "DIRECT ;");
    ck_assert_str_eq(say("return 'PROXY\\ta:1;\\tDIRECT'"), "PROXY a:1; DIRECT");
    ck_assert_str_eq(say("return 'PROXY a:1;\\r\\nDIRECT'"), "PROXY a:1;  DIRECT");
    ck_assert_str_eq(say("return ''"), "");
    ck_assert_str_eq(say("return ' '"), "");
    ck_assert_str_eq(say("return 'b\\u00fccher'"), "b\xc3\xbc" "cher");
}
END_TEST

START_TEST(what_is_no_text_is_no_answer)
{
    ck_assert_str_eq(say("return null"), "FAULT FindProxyForURL gave no text but null");
    has(say(""), "FAULT FindProxyForURL gave no text but undefined");
    ck_assert_str_eq(say("return 7"), "FAULT FindProxyForURL gave no text but a number");
    ck_assert_str_eq(say("return true"), "FAULT FindProxyForURL gave no text but true or false");
    ck_assert_str_eq(say("return ['DIRECT']"), "FAULT FindProxyForURL gave no text but an object");
    ck_assert_str_eq(say("return new String('DIRECT')"), "FAULT FindProxyForURL gave no text but an object");
    ck_assert_str_eq(say("return Symbol('DIRECT')"), "FAULT FindProxyForURL gave no text but an object");
    has(say("return FindProxyForURL"), "no text but an object");
}
END_TEST

START_TEST(an_answer_with_control_characters_is_none)
{
    has(say("return 'DIRECT\\0'"), "FAULT FindProxyForURL gave a text with the control character 0x00");
    has(say("return 'PROXY a:1;\\fDIRECT'"), "control character 0x0c");
    has(say("return 'a\\x7fb'"), "control character 0x7f");
    has(say("return 'a\\vb'"), "control character 0x0b");
}
END_TEST

START_TEST(an_answer_longer_than_a_line_is_none)
{
    char body[128];

    snprintf(body, sizeof body, "return new Array(%d).join('x')", PAC_ANSWER_MAX + 1);
    ck_assert_uint_eq(strlen(say(body)), PAC_ANSWER_MAX);
    snprintf(body, sizeof body, "return new Array(%d).join('x')", PAC_ANSWER_MAX + 2);
    ck_assert_str_eq(say(body), "FAULT FindProxyForURL gave 8185 bytes; no more than 8184 are read");
    has(say("var s = 'x'; while (s.length < 10485760) s += s; return s"), "bytes; no more than");
}
END_TEST

START_TEST(an_exception_is_told_with_its_line)
{
    ck_assert_str_eq(say("\n\n  nonsense();"), "FAULT line 3: ReferenceError: identifier 'nonsense' undefined");
    ck_assert_str_eq(say("\nreturn host.nothing.more"),
                     "FAULT line 2: TypeError: cannot read property 'more' of undefined");
    ck_assert_str_eq(say("\n throw new Error('no way')"), "FAULT line 2: Error: no way");
    ck_assert_str_eq(say("throw 'no way'"), "FAULT it threw no way");
    ck_assert_str_eq(say("throw undefined"), "FAULT it threw undefined");
    has(say("throw {toString: function () { throw 1 }}"), "FAULT it threw");
    has(say("var e = new Error('x'); e.__defineGetter__('stack', function () { throw e }); throw e"), "FAULT ");
    ck_assert_str_eq(say("\n\n return shExpMatch(host, '[')"),
                     "FAULT line 3: SyntaxError: unterminated character class");
    ck_assert_str_eq(say("\n return timeRange(1, 2, 3)"),
                     "FAULT line 2: TypeError: timeRange takes 1, 2, 4 or 6 numbers");
}
END_TEST

/* An error is the answer of that question only. */
START_TEST(a_fault_does_not_end_the_engine)
{
    struct pac_stage stage = {0};
    struct pac_engine *engine = pac_stage_engine(&stage, "var count = 0;\n" SCRIPT("count++; if (count % 2) throw 1;"
                                                         "return 'PROXY p:' + count;"));

    for (int i = 0; i < 3; i++) {
        char expected[32];

        ck_assert_str_eq(pac_stage_ask(engine), "FAULT it threw 1");
        snprintf(expected, sizeof expected, "PROXY p:%d", 2 * i + 2);
        ck_assert_str_eq(pac_stage_ask(engine), expected);
    }
    pac_engine_free(engine);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_told_with_its_line)
{
    ck_assert_str_eq(load_text("\n\nfunction FindProxyForURL(url, host) { return ; }}"),
                     "line 3: SyntaxError: parse error (end of input)");
    has(load_text("function FindProxyForURL(url, host) {\n  return 'x';\n"), "line 3: SyntaxError: ");
    ck_assert_str_eq(load_text("\nthrow new SyntaxError('as (line 7) has it (line 9)');"), /* the last one counts */
                     "line 9: SyntaxError: as (line 7) has it");
    ck_assert_str_eq(load_text("\n var x = nothing;\n" SCRIPT("return ''")),
                     "line 2: ReferenceError: identifier 'nothing' undefined");
    ck_assert_str_eq(load_text("<html><body>Please log in</body></html>"),
                     "it is a page for people (HTML), no PAC file: perhaps one to log in at");
    ck_assert_str_eq(load_text(""), "the PAC file has no function FindProxyForURL");
    ck_assert_str_eq(load_text("var FindProxyForURL = 'DIRECT';"), "the PAC file has no function FindProxyForURL");
    has(pac_stage_load(SCRIPT("\0"), sizeof SCRIPT("\0") - 1), "NUL");
}
END_TEST

START_TEST(newer_script_is_named)
{
    ck_assert_str_eq(load_text("var a;\nvar f = x => x;\n" SCRIPT("return ''")),
                     "line 2: the PAC file needs a newer JavaScript than this build has: an arrow function "
                     "(SyntaxError: parse error)");
    has(load_text("// rules\n\nlet x = 1;\n"),
        "line 3: the PAC file needs a newer JavaScript than this build has: let (");
    has(load_text(SCRIPT("\n return `PROXY ${host}:1`;")),
        "line 2: the PAC file needs a newer JavaScript than this build has: a template string (");
    has(say("\nreturn ['a'].includes('a')"), "FAULT line 2: the PAC file needs a newer JavaScript than this build has: "
        "includes (TypeError: ");
    has(say("return new Map()"), "FAULT line 1: the PAC file needs a newer JavaScript than this build has: Map (");
}
END_TEST

START_TEST(const_and_other_things_of_files_that_exist_are_understood)
{
    ck_assert_str_eq(say("const p = 'PROXY p:1'; return p"), "PROXY p:1");
    ck_assert_str_eq(load_text("<!-- an old habit\n" SCRIPT("return ''") "\n//-->\n"), "");
    ck_assert_str_eq(load_text("\xef\xbb\xbf" SCRIPT("\r\n  return ''\r\n") "\r\n"), "");
    ck_assert_str_eq(load_text("// B\xfcro\n" SCRIPT("return '\xe4'")), "");
    ck_assert_str_eq(say("return host == 'a' ? 'A' : dnsDomainIs(host, '.net') ?"
                         " isPlainHostName(host) ? 'B' : 'C' : 'D'"), "C");
    ck_assert_str_eq(say("switch (host.toLowerCase()) { case 'www.example.net': return 'S' }"), "S");
    ck_assert_str_eq(say("return 'x'.startsWith('x') && 'xy'.endsWith('y') && 'xyz'.includes('y') ? 'N' : ''"), "N");
}
END_TEST

/* Microsoft's function counts where a file has no other, as browsers prefer it. */
START_TEST(the_function_of_microsoft_is_the_second_choice)
{
    struct pac_stage stage = {0};
    struct pac_engine *engine = pac_stage_engine(&stage,
        "function FindProxyForURLEx(url, host) { return 'EX ' + host }");

    ck_assert_str_eq(pac_stage_ask(engine), "EX www.example.net");
    pac_engine_free(engine);
    engine = pac_stage_engine(&stage, "function FindProxyForURLEx(url, host) { return 'EX' }" SCRIPT("return 'PLAIN'"));
    ck_assert_str_eq(pac_stage_ask(engine), "PLAIN");
    pac_engine_free(engine);
}
END_TEST

START_TEST(a_script_that_loses_its_function_is_told)
{
    struct pac_stage stage = {0};
    struct pac_engine *engine = pac_stage_engine(&stage, SCRIPT("FindProxyForURL = 1; return 'A'"));

    ck_assert_str_eq(pac_stage_ask(engine), "A");
    has(pac_stage_ask(engine), "FAULT TypeError: the PAC file has lost its function FindProxyForURL");
    pac_engine_free(engine);
}
END_TEST

/* Bombs: of memory, of the stack, of the compiler, of the patterns. */
START_TEST(a_script_without_measure_is_a_fault)
{
    has(say("var s = 'xxxxxxxx'; for (;;) s += s"), "FAULT the PAC file needs more than 96 MiB of memory");
    has(say("var a = []; for (;;) a.push(new Uint8Array(4000000))"),
        "FAULT the PAC file needs more than 96 MiB of memory");
    has(say("new Uint8Array(200000000)"), "FAULT the PAC file needs more than 96 MiB of memory");
    has(say("function f() { f() } f()"), "FAULT line 1: RangeError: callstack limit");
    has(say("eval(new Array(100000).join('('))"), "RangeError: ");
    has(say("JSON.parse(new Array(100000).join('['))"), "RangeError: ");
    has(say("/(x*)*y/.test(new Array(40).join('x'))"), "RangeError: ");
    has(say("[1, 2].sort(function f() { return [1, 2].sort(f) })"), "RangeError: ");
}
END_TEST

START_TEST(memory_is_given_back_between_questions)
{
    struct pac_stage stage = {0};
    struct pac_engine *engine = pac_stage_engine(&stage, SCRIPT("var s = new Uint8Array(60000000);"
                                                                "return String(s.length)"));

    for (int i = 0; i < 8; i++)
        ck_assert_str_eq(pac_stage_ask(engine), "60000000");
    pac_engine_free(engine);
}
END_TEST

/* Also where the script looks away. */
START_TEST(too_many_names_are_a_fault)
{
    struct pac_stage stage = {0};
    struct pac_engine *engine = pac_stage_engine(&stage,
        SCRIPT("for (var i = 0; i < count; i++) try { dnsResolve('h' + i) } catch (e) { } return 'DIRECT'")
        "\nvar count = 256;");

    ck_assert_str_eq(pac_stage_ask(engine), "DIRECT");
    ck_assert_uint_eq(stage.resolves, TALK_RESOLVES_MAX);
    ck_assert_str_eq(pac_stage_ask(engine), "DIRECT");
    pac_engine_free(engine);
    stage.resolves = 0;
    engine = pac_stage_engine(&stage,
        SCRIPT("for (var i = 0; i < count; i++) try { dnsResolve('h' + i) } catch (e) { } return 'DIRECT'")
        "\nvar count = 257;");
    ck_assert_str_eq(pac_stage_ask(engine), "FAULT the PAC file looks up more than 256 names");
    ck_assert_uint_eq(stage.resolves, TALK_RESOLVES_MAX);
    pac_engine_free(engine);
}
END_TEST

START_TEST(only_names_are_looked_up)
{
    struct pac_stage stage = {0};
    struct pac_engine *engine = pac_stage_engine(&stage,
        SCRIPT("var all = ['', 'a b', 'a\\n', 'a\\0', '\\u00fc', new Array(257).join('x')];"
               "for (var i = 0; i < all.length; i++) if (dnsResolve(all[i]) !== null) return 'wrong';"
               "dnsResolve(new Array(256).join('x')); return 'right'"));

    ck_assert_str_eq(pac_stage_ask(engine), "right");
    ck_assert_uint_eq(stage.resolves, 1);
    ck_assert_uint_eq(strlen(stage.last), PAC_NAME_MAX);
    pac_engine_free(engine);
}
END_TEST

START_TEST(no_more_than_sixteen_alerts_are_told)
{
    struct pac_stage stage = {0};
    struct pac_engine *engine = pac_stage_engine(&stage, SCRIPT("for (var i = 0; i < 1000; i++) alert(i); return 'A'"));

    ck_assert_str_eq(pac_stage_ask(engine), "A");
    ck_assert_uint_eq(stage.alerts, TALK_ALERTS_MAX);
    ck_assert_str_eq(stage.last, "15");
    ck_assert_str_eq(pac_stage_ask(engine), "A");
    ck_assert_uint_eq(stage.alerts, 2 * TALK_ALERTS_MAX);
    pac_engine_free(engine);
}
END_TEST

/* Names may be looked up while the file is read. */
START_TEST(the_top_level_may_ask_the_world)
{
    static const char *const names[] = {"home.example 192.0.2.1", NULL};
    struct pac_stage stage = {.names = names};
    struct pac_engine *engine = pac_stage_engine(&stage, "var home = isResolvable('home.example');\n"
                                                         SCRIPT("return home ? 'HOME' : 'AWAY'"));

    ck_assert_uint_eq(stage.resolves, 1);
    ck_assert_str_eq(pac_stage_ask(engine), "HOME");
    ck_assert_uint_eq(stage.resolves, 1);
    pac_engine_free(engine);
}
END_TEST

/* What generators write: 500 KiB of rules. */
START_TEST(many_rules_are_read)
{
    size_t size = 700 * 1024, at;
    char *script = malloc(size);
    struct pac_stage stage = {0};
    struct pac_engine *engine;

    ck_assert_ptr_nonnull(script);
    at = (size_t)snprintf(script, size, "function FindProxyForURL(url, host) {\n");
    for (unsigned i = 0; at < 500 * 1024; i++)
        at += (size_t)snprintf(script + at, size - at,
                               "  if (dnsDomainIs(host, '.d%u.example') || shExpMatch(host, '*.s%u.test'))\n"
                               "    return 'PROXY p%u.example:8080';\n", i, i, i);
    at += (size_t)snprintf(script + at, size - at, "  return 'PROXY last.example:8080';\n}\n");
    engine = pac_stage_engine(&stage, script);
    ck_assert_str_eq(pac_stage_ask(engine), "PROXY last.example:8080");
    ck_assert_str_eq(pac_stage_ask(engine), "PROXY last.example:8080");
    pac_engine_free(engine);
    free(script);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("pac_engine");

    tcase_add_test(cases, the_answer_is_what_the_function_gives);
    tcase_add_test(cases, what_is_no_text_is_no_answer);
    tcase_add_test(cases, an_answer_with_control_characters_is_none);
    tcase_add_test(cases, an_answer_longer_than_a_line_is_none);
    tcase_add_test(cases, an_exception_is_told_with_its_line);
    tcase_add_test(cases, a_fault_does_not_end_the_engine);
    tcase_add_test(cases, a_file_that_cannot_be_read_is_told_with_its_line);
    tcase_add_test(cases, newer_script_is_named);
    tcase_add_test(cases, const_and_other_things_of_files_that_exist_are_understood);
    tcase_add_test(cases, the_function_of_microsoft_is_the_second_choice);
    tcase_add_test(cases, a_script_that_loses_its_function_is_told);
    tcase_add_test(cases, a_script_without_measure_is_a_fault);
    tcase_add_test(cases, memory_is_given_back_between_questions);
    tcase_add_test(cases, too_many_names_are_a_fault);
    tcase_add_test(cases, only_names_are_looked_up);
    tcase_add_test(cases, no_more_than_sixteen_alerts_are_told);
    tcase_add_test(cases, the_top_level_may_ask_the_world);
    tcase_add_test(cases, many_rules_are_read);
    return unit_run();
}
