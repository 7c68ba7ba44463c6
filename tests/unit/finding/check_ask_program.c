/* SPDX-License-Identifier: ISC */
#include "finding/ask_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

struct result {
    unsigned told;
    char text[4096];
    size_t length;
    char error[200]; /* "" when there was none */
};

static char folder[] = "/tmp/sallyport-asked-XXXXXX", path[64]; /* of the program, which has a blank in its name */
static struct loop *loop;
static struct result result;
static int descriptors;

static void on_told(void *arg, const char *text, size_t length, const char *error)
{
    struct result *into = arg;

    into->told++;
    ck_assert((text == NULL) == (error != NULL));
    into->length = length;
    snprintf(into->text, sizeof into->text, "%.*s", (int)length, text ? text : "");
    snprintf(into->error, sizeof into->error, "%s", error ? error : "");
}

static bool is_told(void *arg)
{
    return ((struct result *)arg)->told > 0;
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/sallyport-asked-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/the program", folder);
    descriptors = unit_descriptors();
    loop = loop_new();
    memset(&result, 0, sizeof result);
}

static void tear_down(void)
{
    loop_free(loop);
    ck_assert_int_eq(unit_descriptors(), descriptors);
    unit_no_child_left();
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* The program is a script with this line. */
static void write_program(const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0700), 0);
}

static struct ask_program *start(const char *text, const char *url, uint32_t limit_ms)
{
    char error[160] = "";
    struct ask_program *program;

    write_program(text);
    program = ask_program_start(loop, path, url, limit_ms, on_told, &result, error, sizeof error);

    ck_assert_msg(program != NULL, "%s", error);
    ck_assert_uint_eq(result.told, 0);
    return program;
}

static void ask(const char *text, const char *url, uint32_t limit_ms)
{
    start(text, url, limit_ms);
    unit_wait(loop, is_told, &result);
    ck_assert_uint_eq(result.told, 1);
}

START_TEST(it_gets_the_url_as_one_argument)
{
    ask("printf '%s %s %s\\n' $# \"$1\"", "https://mail.test:993/", 30000);
    ck_assert_str_eq(result.text, "1 https://mail.test:993/");
    ck_assert_str_eq(result.error, "");
}
END_TEST

START_TEST(nothing_in_the_url_is_for_a_shell)
{
    ask("printf '[%s]' \"$1\"", "https://a $(echo b) `echo c` ; echo d > e \"'\\*", 30000);
    ck_assert_str_eq(result.text, "[https://a $(echo b) `echo c` ; echo d > e \"'\\*]");
}
END_TEST

START_TEST(white_space_at_the_ends_is_left_out)
{
    static const struct {
        const char *prints, *text;
    } rows[] = {
        {"'\\n\\r\\n DIRECT \\t\\n\\n'", "DIRECT"}, {"'a\\nb\\n'", "a\nb"}, {"''", ""}, {"' \\n \\t'", ""},
        {"'http://proxy.test:3128\\r\\n'", "http://proxy.test:3128"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char command[100];

        snprintf(command, sizeof command, "printf %s", rows[i].prints);
        loop_free(loop); /* a walk stops the loop, once for each */
        loop = loop_new();
        memset(&result, 0, sizeof result);
        ask(command, "https://mail.test/", 30000);
        ck_assert_str_eq(result.text, rows[i].text);
        ck_assert_uint_eq(result.length, strlen(rows[i].text));
        ck_assert_str_eq(result.error, "");
    }
}
END_TEST

START_TEST(a_nul_stays_and_ends_nothing)
{
    ask("printf 'a\\000\\n'", "https://mail.test/", 30000);
    ck_assert_uint_eq(result.length, 2);
}
END_TEST

START_TEST(a_program_that_fails_has_no_answer)
{
    static const struct {
        const char *command, *error;
    } rows[] = {
        {"echo DIRECT; exit 3", "the program ended with status 3"},
        {"echo DIRECT; kill -9 $$", "the program was ended by signal 9"},
        {"head -c 4096 /dev/zero", "the program printed more than 4095 bytes"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        loop_free(loop);
        loop = loop_new();
        memset(&result, 0, sizeof result);
        ask(rows[i].command, "https://mail.test/", 30000);
        ck_assert_str_eq(result.error, rows[i].error);
        ck_assert_uint_eq(result.length, 0);
    }
}
END_TEST

START_TEST(the_longest_output_is_taken)
{
    ask("head -c 4095 /dev/zero | tr '\\0' x", "https://mail.test/", 30000);
    ck_assert_str_eq(result.error, "");
    ck_assert_uint_eq(result.length, 4095);
}
END_TEST

START_TEST(one_that_takes_too_long_is_killed)
{
    ask("echo DIRECT; exec sleep 100", "https://mail.test/", 1000);
    ck_assert_str_eq(result.error, "the program took too long: it has 1 s");
}
END_TEST

START_TEST(one_that_is_cancelled_says_nothing)
{
    ask_program_cancel(start("exec sleep 100", "https://mail.test/", 30000));
    ask_program_cancel(NULL);
    loop_free(loop);
    loop = loop_new();
    ck_assert_uint_eq(result.told, 0);
}
END_TEST

START_TEST(one_that_cannot_be_started_says_why)
{
    char error[160] = "";

    ck_assert_ptr_null(ask_program_start(loop, path, "https://mail.test/", 30000, on_told, &result, error,
                                         sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "the program: No such file or directory"));
    ck_assert_int_eq(strncmp(error, "cannot run /tmp/", 16), 0);
    write_program("true");
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_ptr_null(ask_program_start(loop, path, "https://mail.test/", 30000, on_told, &result, error,
                                         sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "the program: Permission denied"));
    ck_assert_uint_eq(result.told, 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("ask_program");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, it_gets_the_url_as_one_argument);
    tcase_add_test(cases, nothing_in_the_url_is_for_a_shell);
    tcase_add_test(cases, white_space_at_the_ends_is_left_out);
    tcase_add_test(cases, a_nul_stays_and_ends_nothing);
    tcase_add_test(cases, a_program_that_fails_has_no_answer);
    tcase_add_test(cases, one_that_cannot_be_started_says_why);
    tcase_add_test(cases, the_longest_output_is_taken);
    tcase_add_test(cases, one_that_takes_too_long_is_killed);
    tcase_add_test(cases, one_that_is_cancelled_says_nothing);
    return unit_run();
}
