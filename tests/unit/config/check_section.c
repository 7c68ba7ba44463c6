/* SPDX-License-Identifier: ISC */
#include "config/section.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#include "../unit.h"

#define KEYS 64 /* more than there are rows */

static int set_at[KEYS];
static struct diagnostics complaints;
static const struct sources sources = {.count = 1, .at[0].name = (char[]){"f"}};
static char told[2000]; /* one a line */

static struct section section_at(int line)
{
    memset(set_at, 0, sizeof set_at);
    told[0] = '\0';
    return (struct section){OPTION_PROXY, &sources, "[proxy x]", line, set_at, CONFIG_TO_CHECK, &complaints};
}

static void set(const char *key, int line)
{
    set_at[option_index(option_find(OPTION_PROXY, key))] = line;
}

static void note(void *arg, const char *line)
{
    size_t length = strlen(told);

    (void)arg;
    snprintf(told + length, sizeof told - length, "%s%s", length ? "\n" : "", line);
}

START_TEST(a_key_has_the_line_that_sets_it)
{
    const struct section section = section_at(3);

    set("url", 7);
    set("via", 9);
    ck_assert_int_eq(section_line_of(&section, "url"), 7);
    ck_assert_int_eq(section_line_of(&section, "via"), 9);
    ck_assert_int_eq(section_line_of(&section, "user"), 0);
}
END_TEST

START_TEST(an_error_is_told_at_its_line)
{
    const struct section section = section_at(3);

    section_complain(&section, 5, "%s is wrong", "this");
    section_complain(&section, section.line, "%s too", section.title);
    diagnostics_tell(&complaints, "f", note, NULL);
    ck_assert_str_eq(told, "f:3: [proxy x] too\nf:5: this is wrong");
}
END_TEST

START_TEST(a_remark_is_a_warning_and_no_error)
{
    const struct section section = section_at(3);
    int saved = dup(STDERR_FILENO);
    FILE *said = tmpfile();
    char line[200];

    ck_assert_ptr_nonnull(said);
    ck_assert_int_ge(dup2(fileno(said), STDERR_FILENO), 0);
    log_setup(LEVEL_WARNING, false, false);
    section_remark(&section, 5, "%s has no effect", "this");
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    close(saved);
    rewind(said);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, said));
    ck_assert_str_eq(line, "sallyport: warning: f:5: this has no effect\n");
    fclose(said);
    ck_assert_uint_eq(complaints.count, 0);
}
END_TEST

START_TEST(a_file_is_there_and_a_secret_one_is_for_its_owner)
{
    const struct section section = section_at(3);
    char path[] = "/tmp/check_section-XXXXXX", expected[400];
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    set("ca-file", 7);
    set("key-file", 8);
    section_check_file(&section, "key-file", path, true);
    ck_assert_uint_eq(complaints.count, 0);
    ck_assert_int_eq(fchmod(fd, 0640), 0);
    section_check_file(&section, "ca-file", path, false);
    ck_assert_uint_eq(complaints.count, 0);
    section_check_file(&section, "key-file", path, true);
    section_check_file(&section, "ca-file", "ca.pem", false);
    section_check_file(&section, "ca-file", "/nonexistent/x", false);
    section_check_file(&section, "key-file", "/", true); /* no file whose bytes somebody could read */
    close(fd);
    unlink(path);
    snprintf(expected, sizeof expected, "f:7: ca-file: not an absolute path\n"
             "f:7: ca-file: /nonexistent/x: No such file or directory\n"
             "f:8: key-file: others can read %s: run `chmod 600` on it", path);
    diagnostics_tell(&complaints, "f", note, NULL);
    ck_assert_str_eq(told, expected);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("section");

    tcase_add_test(cases, a_key_has_the_line_that_sets_it);
    tcase_add_test(cases, an_error_is_told_at_its_line);
    tcase_add_test(cases, a_remark_is_a_warning_and_no_error);
    tcase_add_test(cases, a_file_is_there_and_a_secret_one_is_for_its_owner);
    return unit_run();
}
