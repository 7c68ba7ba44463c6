/* SPDX-License-Identifier: ISC */
#include "config/file_place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

static char root[PATH_MAX];

static void setup(void)
{
    char made[] = "/tmp/check_file_place-XXXXXX";
    int fd;

    ck_assert_ptr_nonnull(mkdtemp(made));
    ck_assert_ptr_nonnull(realpath(made, root));
    ck_assert_int_eq(chdir(root), 0);
    ck_assert_int_eq(mkdir("a", 0700), 0);
    ck_assert_int_eq(mkdir("b", 0700), 0);
    ck_assert_int_eq(symlink("a", "link"), 0);
    fd = creat("a/x", 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(symlink("../a/x", "b/x"), 0);
}

static void teardown(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    unit_remove(root);
}

START_TEST(two_paths_are_one_in_whatever_spelling)
{
    static const struct {
        const char *path, *other;
        bool same, same_place;
    } rows[] = {
        {"a/x", "a//./x", true, true},
        {"a/x", "b/../a/x", true, true},
        {"a/x", "link/x", true, true},
        {"a/x", "b/x", true, false},
        {"a/y", "link/y", true, true}, /* nothing is there */
        {"a/y", "b/y", false, false},
        {"a/x", "a/y", false, false},
        {"none/y", "none/y", true, false}, /* the folder is yet to be made */
        {"none/y", "none/./y", false, false}, /* nobody knows */
        {"a/.", "a/.", true, false},
        {"a/", "a", true, false},
        {"y", "./y", true, true},
        {"/y", "//y", true, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct file_place place = file_place_of(rows[i].path), other = file_place_of(rows[i].other);

        ck_assert_int_eq(file_place_is_same(rows[i].path, rows[i].other), rows[i].same);
        ck_assert_int_eq(file_place_equal(&place, &other), rows[i].same_place);
    }
}
END_TEST

START_TEST(a_path_has_a_folder)
{
    static const char *const rows[][2] = {{"x", "."}, {"/x", "/"}, {"a/x", "a"}, {"a//x", "a"}, {"//x", "/"},
                                          {"/a/./x", "/a/."}, {"a/", "a"}};
    char folder[PATH_MAX], path[PATH_MAX + 10];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert(file_place_folder(rows[i][0], folder));
        ck_assert_str_eq(folder, rows[i][1]);
    }
    memset(path, 'a', PATH_MAX);
    snprintf(path + PATH_MAX, 10, "/x");
    ck_assert(!file_place_folder(path, folder));
}
END_TEST

START_TEST(the_real_path_of_what_is_not_there_is_its_folder_s)
{
    char full[PATH_MAX], wanted[PATH_MAX + 10];

    snprintf(wanted, sizeof wanted, "%s/a/x", root);
    ck_assert(file_place_real("b/x", full));
    ck_assert_str_eq(full, wanted);
    snprintf(wanted, sizeof wanted, "%s/a/y", root);
    ck_assert(file_place_real("link/../link//y", full));
    ck_assert_str_eq(full, wanted);
    ck_assert(file_place_real("/nonexistent", full));
    ck_assert_str_eq(full, "/nonexistent");
    ck_assert(!file_place_real("none/y", full));
    ck_assert_int_eq(symlink("y", "a/nowhere"), 0);
    ck_assert(!file_place_real("a/nowhere", full));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("file_place");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, two_paths_are_one_in_whatever_spelling);
    tcase_add_test(cases, a_path_has_a_folder);
    tcase_add_test(cases, the_real_path_of_what_is_not_there_is_its_folder_s);
    return unit_run();
}
