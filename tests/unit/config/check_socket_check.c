/* SPDX-License-Identifier: ISC */
#include "config/socket_check.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

int main(void)
{
    TCase *cases = unit_case("socket_check");

    tcase_add_test(cases, two_sections_do_not_share_a_path_in_whatever_spelling);
    tcase_add_test(cases, without_a_runtime_folder_only_the_same_text_is_the_same);
    tcase_add_test(cases, one_section_has_a_path_once);
    tcase_add_test(cases, the_control_socket_has_a_path_of_its_own);
    return unit_run();
}
