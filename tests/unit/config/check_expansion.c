/* SPDX-License-Identifier: ISC */
#include "config/expansion.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"

static const struct expansion known = {"jane", "/home/jane", "/run/user/1000"}, unknown = {NULL, NULL, NULL};
static char out[EXPANSION_MAX];
static const char *why, *missing;

START_TEST(variables_are_put_in)
{
    static const char *const rows[][2] = {
        {"", ""}, {"plain", "plain"}, {"$USER", "jane"}, {"$HOME/x", "/home/jane/x"}, {"a$USER.b$USER", "ajane.bjane"},
        {"$XDG_RUNTIME_DIR/$USER", "/run/user/1000/jane"}, {"$$", "$"}, {"$$USER", "$USER"}, {"$$$USER", "$jane"},
        {"DOMAIN\\$USER", "DOMAIN\\jane"}, {"$USER@example.net", "jane@example.net"}, {"$USER$$", "jane$"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = unit_exact(rows[i][0], strlen(rows[i][0]) + 1);

        ck_assert_msg(expansion_make(&known, text, out, &why, &missing), "%s", text);
        ck_assert_str_eq(out, rows[i][1]);
        ck_assert_ptr_null(missing);
        free(text);
    }
}
END_TEST

START_TEST(what_is_none_of_them_is_an_error)
{
    static const char *const rows[] = {"$", "a$", "$ USER", "$USERS", "$PATH", "$user", "${USER}", "$1", "$$$",
                                       "$HOMEx", "$HOME2", "$USER0/x", "$XDG_RUNTIME_DIR_"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = unit_exact(rows[i], strlen(rows[i]) + 1);

        ck_assert_msg(!expansion_make(&known, text, out, &why, NULL), "%s gave %s", text, out);
        ck_assert_ptr_nonnull(strstr(why, "write $$"));
        free(text);
    }
}
END_TEST

START_TEST(one_that_is_not_known_is_named)
{
    static const char *const rows[][3] = {
        {"$USER", "USER", "list of users has no name"}, {"x$HOME", "HOME", "list of users has no home"},
        {"$XDG_RUNTIME_DIR/x", "XDG_RUNTIME_DIR", "not set"},
    };

    for (size_t i = 0; i < 3; i++) {
        ck_assert(!expansion_make(&unknown, rows[i][0], out, &why, &missing));
        ck_assert_str_eq(missing, rows[i][1]);
        ck_assert_ptr_nonnull(strstr(why, rows[i][2]));
    }
    ck_assert(expansion_make(&unknown, "$$HOME", out, &why, NULL));
}
END_TEST

START_TEST(what_does_not_fit_is_an_error)
{
    static char text[EXPANSION_MAX + 100], home[EXPANSION_MAX];
    struct expansion large = known;

    memset(home, 'h', sizeof home - 1);
    home[0] = '/';
    large.home = home;
    ck_assert(expansion_make(&large, "$HOME", out, &why, NULL));
    ck_assert_uint_eq(strlen(out), EXPANSION_MAX - 1);
    ck_assert(!expansion_make(&large, "$HOME/", out, &why, NULL));
    ck_assert_ptr_nonnull(strstr(why, "too long"));
    ck_assert(!expansion_make(&large, "/$HOME", out, &why, NULL));
    ck_assert(!expansion_make(&large, "$HOME$$", out, &why, NULL));
    memset(text, 't', sizeof text - 1);
    ck_assert(!expansion_make(&large, text, out, &why, NULL));
}
END_TEST

/* The environment is the caller's, and could say anything. */
START_TEST(the_user_is_whom_the_system_knows)
{
    const struct passwd *entry = getpwuid(getuid());
    static const char *const folders[][2] = {{"/run/x", "/run/x"}, {"run/x", NULL}, {"", NULL}, {"/run\n/x", NULL}};
    struct expansion own;

    ck_assert_ptr_nonnull(entry);
    ck_assert_int_eq(setenv("USER", "mallory", 1) | setenv("HOME", "/home/mallory", 1), 0);
    own = expansion_of_this_user();
    ck_assert_str_eq(own.user, entry->pw_name);
    ck_assert_str_eq(own.home, entry->pw_dir);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", folders[i][0], 1), 0);
        own = expansion_of_this_user();
        ck_assert_msg(folders[i][1] ? own.runtime && strcmp(own.runtime, folders[i][1]) == 0 : !own.runtime, "%zu", i);
    }
    ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
    ck_assert_ptr_null(expansion_of_this_user().runtime);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("expansion");

    tcase_add_test(cases, variables_are_put_in);
    tcase_add_test(cases, what_is_none_of_them_is_an_error);
    tcase_add_test(cases, one_that_is_not_known_is_named);
    tcase_add_test(cases, what_does_not_fit_is_an_error);
    tcase_add_test(cases, the_user_is_whom_the_system_knows);
    return unit_run();
}
