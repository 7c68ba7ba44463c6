/* SPDX-License-Identifier: ISC */
#include "config/socket_path.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"

static char error[400];

/* --- where it is --- */

/* Into exactly as much room as the header asks for. */
static enum socket_path found_at(const char *control, const char *path)
{
    char *out = malloc(UNIX_SOCKET_PATH_MAX);
    enum socket_path result;

    ck_assert_ptr_nonnull(out);
    error[0] = '\0';
    result = socket_path_find(control, out, error, sizeof error);
    if (result == SOCKET_PATH_HERE)
        ck_assert_str_eq(out, path);
    free(out);
    return result;
}

START_TEST(the_value_is_none_or_a_full_path_or_one_in_the_runtime_folder)
{
    const struct passwd *entry = getpwuid(getuid());
    char home[200];

    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1), 0);
    ck_assert_int_eq(found_at("none", NULL), SOCKET_PATH_NONE);
    ck_assert_int_eq(found_at("/a/b.sock", "/a/b.sock"), SOCKET_PATH_HERE);
    ck_assert_int_eq(found_at("/none", "/none"), SOCKET_PATH_HERE);
    ck_assert_int_eq(found_at("$XDG_RUNTIME_DIR/b.sock", "/run/user/1000/b.sock"), SOCKET_PATH_HERE);
    ck_assert_int_eq(found_at("/a$XDG_RUNTIME_DIR/b", "/a/run/user/1000/b"), SOCKET_PATH_HERE);
    ck_assert_int_eq(found_at("/a/$$b", "/a/$b"), SOCKET_PATH_HERE);
    ck_assert_ptr_nonnull(entry);
    snprintf(home, sizeof home, "%s/b.sock", entry->pw_dir);
    ck_assert_int_eq(found_at("$HOME/b.sock", home), SOCKET_PATH_HERE);
    ck_assert_str_eq(error, "");
}
END_TEST

START_TEST(a_path_is_tidy)
{
    static const char *const paths[][2] = {
        {"/a/b", "/a/b"}, {"//a///b", "/a/b"}, {"/./a/././b", "/a/b"}, {"/.//./a", "/a"}, {"/a/../b", "/a/../b"},
        {"/a/.b/..c/d./e", "/a/.b/..c/d./e"}, {"/.//./a/..b", "/a/..b"},
    };

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        ck_assert_int_eq(found_at(paths[i][0], paths[i][1]), SOCKET_PATH_HERE);
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/", 1), 0);
    ck_assert_int_eq(found_at("$XDG_RUNTIME_DIR/b.sock", "/run/b.sock"), SOCKET_PATH_HERE);
}
END_TEST

START_TEST(two_values_mean_one_socket_or_not)
{
    char *meant;

    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run", 1), 0);
    meant = socket_path_meant("$XDG_RUNTIME_DIR/./b");
    ck_assert_str_eq(meant, "/run/b");
    free(meant);
    ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
    meant = socket_path_meant("$XDG_RUNTIME_DIR/./b"); /* only its owner knows */
    ck_assert_str_eq(meant, "$XDG_RUNTIME_DIR/b");
    free(meant);
    ck_assert(socket_path_is_wanted("/none") && !socket_path_is_wanted("none"));
}
END_TEST

START_TEST(without_a_runtime_folder_what_is_in_it_has_no_home)
{
    ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
    ck_assert_int_eq(found_at("$XDG_RUNTIME_DIR/b.sock", NULL), SOCKET_PATH_HOMELESS);
    ck_assert_int_eq(found_at("/b.sock", "/b.sock"), SOCKET_PATH_HERE);
    ck_assert_int_eq(found_at("none", NULL), SOCKET_PATH_NONE);
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "", 1), 0);
    ck_assert_int_eq(found_at("$XDG_RUNTIME_DIR/b.sock", NULL), SOCKET_PATH_HOMELESS);
}
END_TEST

START_TEST(what_is_no_full_path_is_bad)
{
    static const char *const values[] = {"", "b.sock", "./b.sock", "None", "none ", "~/b.sock"};
    char wanted[100];

    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run", 1), 0);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        ck_assert_int_eq(found_at(values[i], NULL), SOCKET_PATH_BAD);
        snprintf(wanted, sizeof wanted, "%s is no full path", values[i]);
        ck_assert_str_eq(error, wanted);
    }
    ck_assert_int_eq(found_at("$XDG_RUNTIME_DIRS/b.sock", NULL), SOCKET_PATH_BAD);
    ck_assert_str_eq(error, "$XDG_RUNTIME_DIRS/b.sock: a $ stands before USER, HOME or XDG_RUNTIME_DIR; for one that "
                            "is meant, write $$");
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "run", 1), 0);
    ck_assert_int_eq(found_at("$XDG_RUNTIME_DIR/b.sock", NULL), SOCKET_PATH_BAD);
    ck_assert_str_eq(error, "run/b.sock is no full path");
}
END_TEST

START_TEST(a_folder_is_no_socket)
{
    static const char *const values[] = {"/a/", "/a/.", "/a//", "/a/./", "/a/..", "/", "//", "/.", "$XDG_RUNTIME_DIR/"};
    const char *why = NULL;

    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run", 1), 0);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        ck_assert_msg(found_at(values[i], NULL) == SOCKET_PATH_BAD, "%s", values[i]);
        ck_assert_ptr_nonnull(strstr(error, " is a folder; the path ends with the name of the socket in it"));
        ck_assert_msg(!socket_path_check(values[i], &why), "%s", values[i]);
        ck_assert_ptr_nonnull(strstr(why, "a folder; "));
    }
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/", 1), 0);
    ck_assert_int_eq(found_at("$XDG_RUNTIME_DIR", NULL), SOCKET_PATH_BAD);
}
END_TEST

START_TEST(a_path_is_not_longer_than_an_address_holds)
{
    char path[400], wanted[500];

    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[UNIX_SOCKET_PATH_MAX - 1] = '\0';
    ck_assert_int_eq(found_at(path, path), SOCKET_PATH_HERE);
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", path, 1), 0); /* which has no room left for a name */
    ck_assert_int_eq(found_at("$XDG_RUNTIME_DIR/b", NULL), SOCKET_PATH_BAD);
    snprintf(wanted, sizeof wanted, "%s... is longer than the path of a socket may be (107 bytes)", path);
    ck_assert_str_eq(error, wanted);
    path[UNIX_SOCKET_PATH_MAX - 1] = 'a';
    path[UNIX_SOCKET_PATH_MAX] = '\0';
    ck_assert_int_eq(found_at(path, NULL), SOCKET_PATH_BAD);
    ck_assert_str_eq(error, wanted);
    path[UNIX_SOCKET_PATH_MAX] = 'a';
    path[sizeof path - 1] = '\0';
    ck_assert_int_eq(found_at(path, NULL), SOCKET_PATH_BAD);
    ck_assert_str_eq(error, wanted);
}
END_TEST

/* --- as it is read --- */

START_TEST(what_can_become_a_path_is_known_when_it_is_read)
{
    static const char *const good[] = {"/a", "$HOME/b", "$XDG_RUNTIME_DIR/b", "/run/$USER/b", "/a$$b"},
                             *const bad[][2] = {
                                 {"$FOO/b", "a $ stands before USER, HOME or XDG_RUNTIME_DIR"},
                                 {"/run/$HOME2", "a $ stands before"},
                                 {"$", "a $ stands before"},
                                 {"b.sock", "no full path; it begins with /, $HOME or $XDG_RUNTIME_DIR"},
                                 {"$USER/b", "no full path"},
                                 {"", "no full path"},
                                 {"/a\tb", "a control character is in the path"},
                             };
    const char *why = NULL;

    ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0); /* and need not be set */
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(socket_path_check(good[i], &why), "%s: %s", good[i], why);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!socket_path_check(bad[i][0], &why), "%s", bad[i][0]);
        ck_assert_msg(strncmp(why, bad[i][1], strlen(bad[i][1])) == 0, "%s: %s", bad[i][0], why);
    }
}
END_TEST

/* With the shortest that a variable can stand for, since those of whoever asks say nothing of the next one's. */
START_TEST(what_is_too_long_for_everybody_is_known_when_it_is_read)
{
    static const char *const begins[] = {"/", "$HOME", "$XDG_RUNTIME_DIR"};
    const char *why = NULL;
    char path[400];

    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        const size_t end = strlen(begins[i]) + UNIX_SOCKET_PATH_MAX - 1; /* it becomes one slash with the next one */

        memset(path, 'a', sizeof path);
        memcpy(path, begins[i], strlen(begins[i]));
        path[strlen(begins[i])] = '/';
        path[end] = '\0';
        ck_assert_msg(socket_path_check(path, &why), "%s: %s", path, why);
        path[end] = 'a';
        path[end + 1] = '\0';
        ck_assert_msg(!socket_path_check(path, &why), "%s", path);
        ck_assert_str_eq(why, "longer than the path of a socket may be");
    }
}
END_TEST

START_TEST(a_control_character_of_a_variable_is_refused)
{
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/a\nb", 1), 0);
    ck_assert_int_eq(found_at("$XDG_RUNTIME_DIR/b.sock", NULL), SOCKET_PATH_BAD);
    ck_assert_str_eq(error, "$XDG_RUNTIME_DIR/b.sock: a control character is in the path");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("socket-path");

    tcase_add_test(cases, the_value_is_none_or_a_full_path_or_one_in_the_runtime_folder);
    tcase_add_test(cases, a_path_is_tidy);
    tcase_add_test(cases, two_values_mean_one_socket_or_not);
    tcase_add_test(cases, without_a_runtime_folder_what_is_in_it_has_no_home);
    tcase_add_test(cases, what_is_no_full_path_is_bad);
    tcase_add_test(cases, a_folder_is_no_socket);
    tcase_add_test(cases, a_path_is_not_longer_than_an_address_holds);
    tcase_add_test(cases, what_can_become_a_path_is_known_when_it_is_read);
    tcase_add_test(cases, what_is_too_long_for_everybody_is_known_when_it_is_read);
    tcase_add_test(cases, a_control_character_of_a_variable_is_refused);
    return unit_run();
}
