/* SPDX-License-Identifier: ISC */
#include "config/socket_check.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"

#include "../unit.h"

#define ANY "target = a\nproxy = direct\n"
#define TWICE "%s, which imap does already: give it a `listen` of its own"

static char told[2000]; /* one a line */

static void note(void *arg, const char *line)
{
    size_t length = strlen(told);

    (void)arg;
    ck_assert_uint_lt(length + strlen(line) + 1, sizeof told);
    snprintf(told + length, sizeof told - length, "%s%s", length ? "\n" : "", line);
}

static void check(const char *text, const char *wanted)
{
    FILE *stream = fmemopen((char *)(uintptr_t)text, strlen(text), "r");
    struct config *config;

    ck_assert_ptr_nonnull(stream);
    told[0] = '\0';
    config = config_parse(stream, "f", CONFIG_TO_CHECK, note, NULL);
    fclose(stream);
    ck_assert_str_eq(told, wanted);
    ck_assert(!config == (told[0] != '\0'));
    config_unref(config);
}

/* Two sections, [imap] and [smtp] at lines 1 and 5, each with a path; same: they are one. */
static void check_two(const char *first, const char *second, bool same)
{
    char text[1000], wanted[1000] = "";

    snprintf(text, sizeof text, "[imap]\nlisten = unix:%s\n" ANY "[smtp]\nlisten = unix:%s\n" ANY, first, second);
    if (same)
        snprintf(wanted, sizeof wanted, "f:5: smtp listens on " TWICE, second);
    check(text, wanted);
}

START_TEST(two_sections_do_not_share_a_path_in_whatever_spelling)
{
    const struct passwd *entry = getpwuid(getuid());
    char home[300];

    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/user/7/", 1), 0);
    check_two("/a/b", "/a/b", true);
    check_two("/a/b", "/a/c", false);
    check_two("/a/b", "/a//b", true);
    check_two("/a/./b", "//a/b", true);
    check_two("/a/../b", "/b", false); /* a may be a link */
    check_two("/a/.b", "/a/b", false);
    check_two("$XDG_RUNTIME_DIR/x", "/run/user/7/x", true);
    check_two("/run/user/7/x", "$XDG_RUNTIME_DIR/./x", true);
    check_two("$XDG_RUNTIME_DIR/x", "/run/user/8/x", false);
    check_two("/a/$$b", "/a/$$b", true);
    ck_assert_ptr_nonnull(entry);
    snprintf(home, sizeof home, "%s/x", entry->pw_dir);
    check_two("$HOME/x", home, true);
}
END_TEST

START_TEST(links_and_ways_around_lead_to_one_path)
{
    char folder[] = "/tmp/check_socket_check-XXXXXX", first[200], second[200];
    static const char *const ways[][2] = {{"a/x", "b/../a/x"}, {"a/x", "link/x"}, {"link/../a/x", "link/x"}};

    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(mkdir("a", 0700) | mkdir("b", 0700) | symlink("a", "link"), 0);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        snprintf(first, sizeof first, "%s/%s", folder, ways[i][0]);
        snprintf(second, sizeof second, "%s/%s", folder, ways[i][1]);
        check_two(first, second, true);
    }
    snprintf(second, sizeof second, "%s/b/x", folder);
    check_two(first, second, false);
    snprintf(first, sizeof first, "[sallyport]\ncontrol = %s/b/x\n[imap]\nlisten = unix:%s/a/../b/x\n" ANY, folder,
             folder);
    snprintf(second, sizeof second, "f:3: imap listens on %s/a/../b/x, which is where the control socket is: give it a "
             "`listen` of its own, or another path to `control`", folder);
    check(first, second);
    ck_assert_int_eq(chdir("/"), 0);
    unit_remove(folder);
}
END_TEST

/* What a variable stands for that is not there, nobody knows; the same is the same still. */
START_TEST(without_a_runtime_folder_only_the_same_text_is_the_same)
{
    ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
    check_two("$XDG_RUNTIME_DIR/x", "$XDG_RUNTIME_DIR//x", true);
    check_two("$XDG_RUNTIME_DIR/x", "/run/user/7/x", false);
    check("[imap]\nlisten = unix:$XDG_RUNTIME_DIR/sallyport.sock\n" ANY,
          "f:1: imap listens on $XDG_RUNTIME_DIR/sallyport.sock, which is where the control socket is: give it a "
          "`listen` of its own, or another path to `control`");
}
END_TEST

START_TEST(one_section_has_a_path_once)
{
    check("[imap]\nlisten = unix:/a/b unix:/a/./b\n" ANY,
          "f:1: imap listens on /a/./b, which it does already: give it a `listen` of its own");
    check("[imap]\nlisten = unix:/a/b localhost:1 unix:/a/c localhost:2\n" ANY, "");
}
END_TEST

START_TEST(the_control_socket_has_a_path_of_its_own)
{
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/user/7", 1), 0);
    check("[sallyport]\ncontrol = /run//user/7/x\n[imap]\nlisten = unix:$XDG_RUNTIME_DIR/x\n" ANY,
          "f:3: imap listens on $XDG_RUNTIME_DIR/x, which is where the control socket is: give it a `listen` of its "
          "own, or another path to `control`");
    check("[imap]\nlisten = unix:/run/user/7/sallyport.sock\n" ANY, /* where it is by itself */
          "f:1: imap listens on /run/user/7/sallyport.sock, which is where the control socket is: give it a `listen` "
          "of its own, or another path to `control`");
    check("[sallyport]\ncontrol = none\n[imap]\nlisten = unix:/none\n" ANY, "");
    check("[sallyport]\ncontrol = /a/b\n[imap]\nlisten = unix:/a/c\n" ANY, "");
}
END_TEST

/* Reads a configuration with that path, for that use, and gives what was logged. */
static const char *logged(const char *path, enum config_use use)
{
    static char said[1000];
    char text[500];
    int saved = dup(STDERR_FILENO);
    FILE *out = tmpfile(), *stream;
    struct config *config;

    snprintf(text, sizeof text, "[imap]\nlisten = localhost:1 unix:%s\n" ANY, path);
    stream = fmemopen(text, strlen(text), "r");
    ck_assert(out && stream && dup2(fileno(out), STDERR_FILENO) >= 0);
    log_setup(LEVEL_WARNING, false, false);
    config = config_parse(stream, "f", use, note, NULL);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    ck_assert_ptr_nonnull(config);
    config_unref(config);
    close(saved);
    fclose(stream);
    rewind(out);
    said[fread(said, 1, sizeof said - 1, out)] = '\0';
    fclose(out);
    return said;
}

START_TEST(a_path_that_is_none_here_is_told_of)
{
    static const char advice[] = "; a login sets it, and cron may not: set it to a folder of your own where `sallyport "
                                 "run` starts, or name another one in `listen`\n";
    char wanted[500];

    unsetenv("XDG_RUNTIME_DIR");
    snprintf(wanted, sizeof wanted, "sallyport: warning: f:1: imap cannot listen here: $XDG_RUNTIME_DIR/x: "
             "$XDG_RUNTIME_DIR is not set, or is no full path%s", advice);
    ck_assert_str_eq(logged("$XDG_RUNTIME_DIR/x", CONFIG_TO_CHECK), wanted);
    ck_assert_str_eq(logged("$XDG_RUNTIME_DIR/x", CONFIG_TO_RUN), ""); /* who opens it says so */
    ck_assert_str_eq(logged("/run/x", CONFIG_TO_CHECK), "");
    setenv("XDG_RUNTIME_DIR", "run/7", 1);
    snprintf(wanted, sizeof wanted, "sallyport: warning: f:1: imap cannot listen here: run/7/x is no full path%s",
             advice);
    ck_assert_str_eq(logged("$XDG_RUNTIME_DIR/x", CONFIG_TO_CHECK), wanted);
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    ck_assert_str_eq(logged("$XDG_RUNTIME_DIR/x", CONFIG_TO_CHECK), "");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("socket_check");

    tcase_add_test(cases, two_sections_do_not_share_a_path_in_whatever_spelling);
    tcase_add_test(cases, links_and_ways_around_lead_to_one_path);
    tcase_add_test(cases, a_path_that_is_none_here_is_told_of);
    tcase_add_test(cases, without_a_runtime_folder_only_the_same_text_is_the_same);
    tcase_add_test(cases, one_section_has_a_path_once);
    tcase_add_test(cases, the_control_socket_has_a_path_of_its_own);
    return unit_run();
}
