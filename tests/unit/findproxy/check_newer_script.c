/* SPDX-License-Identifier: ISC */
#include "findproxy/newer_script.h"

#include <string.h>

#include "../unit.h"

static const char *sign(const char *script, unsigned line)
{
    return newer_script_sign(script, strlen(script), line);
}

START_TEST(newer_script_is_told_by_its_line)
{
    static const struct {
        const char *line, *noun;
    } cases[] = {
        {"var f = x => x;", "an arrow function"},
        {"return `PROXY ${host}:8080`;", "a template string"},
        {"let x = 1;", "let"},
        {"for (let i = 0;;) {", "let"},
        {"let [a, b] = c;", "let"},
        {"class Rules {", "a class"},
        {"for (const rule of rules) {", "a for-of loop"},
        {"f(...rules);", "spread syntax"},
        {"return a?.b;", "optional chaining"},
        {"return a ?\? b;", "the operator ?\?"},
        {"x = 2 ** 8;", "the operator **"},
        {"async function f() {", "an async function"},
        {"await f();", "await"},
        {"function* f() {", "a generator"},
        {"const {a} = b;", "destructuring"},
        {"var [a] = b;", "destructuring"},
        {"import x from 'y';", "a module"},
        {"export function f() {", "a module"},
        {"function f(a, b = 1) {", "a default value of a parameter"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *noun = sign(cases[i].line, 1);

        ck_assert_msg(noun && strcmp(noun, cases[i].noun) == 0, "%s: %s", cases[i].line, noun ? noun : "nothing");
    }
}
END_TEST

START_TEST(old_script_is_not_taken_for_it)
{
    static const char *const lines[] = {
        "var x = 1;", "const x = 1;", "function f(a, b) {", "function f(a) { x = 1;", "if (a >= b && c <= d) {",
        "x = a ? .5 : 1;", "s = 'let x = `';", "s = \"() => 1\";", "x = 1; // let it be => so",
        "outlet = 1;", "x.class = 1;", "letter = 1;", "classes [1];", "s = 'it\\'s => so';", "of = 1;", "",
        "s = 'open => ",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *noun = sign(lines[i], 1);

        ck_assert_msg(!noun, "%s: %s", lines[i], noun);
    }
}
END_TEST

START_TEST(only_the_line_and_the_one_before_count)
{
    static const char script[] = "let a;\nvar b;\nvar c;\nf(x =>\nx);";

    ck_assert_str_eq(sign(script, 1), "let");
    ck_assert_str_eq(sign(script, 2), "let");
    ck_assert_ptr_null(sign(script, 3));
    ck_assert_str_eq(sign(script, 4), "an arrow function");
    ck_assert_str_eq(sign(script, 5), "an arrow function");
    ck_assert_ptr_null(sign(script, 7));
    ck_assert_ptr_null(sign(script, 0));
    ck_assert_ptr_null(sign("", 1));
}
END_TEST

START_TEST(what_is_missing_is_told_by_the_message)
{
    ck_assert_str_eq(newer_script_missing("TypeError: undefined not callable (property 'includes' of [object Array])"),
                     "includes");
    ck_assert_str_eq(newer_script_missing("ReferenceError: identifier 'Map' undefined"), "Map");
    ck_assert_ptr_null(newer_script_missing("TypeError: undefined not callable (property 'include' of x)"));
    ck_assert_ptr_null(newer_script_missing("TypeError: undefined not callable (property 'includesX' of x)"));
    ck_assert_ptr_null(newer_script_missing("TypeError: cannot read property 'find' of undefined"));
    ck_assert_ptr_null(newer_script_missing("ReferenceError: identifier 'Maps' undefined"));
    ck_assert_ptr_null(newer_script_missing(""));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("newer_script");

    tcase_add_test(cases, newer_script_is_told_by_its_line);
    tcase_add_test(cases, old_script_is_not_taken_for_it);
    tcase_add_test(cases, only_the_line_and_the_one_before_count);
    tcase_add_test(cases, what_is_missing_is_told_by_the_message);
    return unit_run();
}
