/* SPDX-License-Identifier: ISC */
#include "config/config_place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

static char root[] = "/tmp/check_config_place-XXXXXX";

static void setup(void)
{
    snprintf(root, sizeof root, "/tmp/check_config_place-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(chdir(root), 0);
    ck_assert_int_eq(mkdir("sallyport", 0700), 0);
    ck_assert_int_eq(mkdir("sallyport/conf.d", 0700), 0);
}

static void teardown(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    unit_remove(root);
}

static void make(const char *path)
{
    int fd = creat(path, 0600);

    ck_assert_int_ge(fd, 0);
    close(fd);
}

START_TEST(small_files_are_in_a_folder_beside)
{
    static const struct {
        const char *path, *folder;
    } rows[] = {
        {"/etc/sallyport/sallyport.ini", "/etc/sallyport/conf.d"}, /* need not be there */
        {"/etc/sallyport//sallyport.ini", "/etc/sallyport/conf.d"},
        {"/etc/sallyport/./sallyport.ini", "/etc/sallyport/./conf.d"},
        {"/etc/sallyport/.//.//sallyport.ini", "/etc/sallyport/.//./conf.d"},
        {"sallyport/sallyport.ini", "sallyport/conf.d"},
        {"/sallyport/sallyport.ini", "/sallyport/conf.d"},
        {"sallyport/conf.d/../sallyport.ini", "sallyport/conf.d/../conf.d"},
        {"sallyport.ini", NULL},
        {"/sallyport.ini", NULL},
        {"/etc/sallyport.ini", NULL},
        {"/etc/mysallyport/sallyport.ini", NULL},
        {"/etc/sallyport/other.ini", NULL},
        {"sallyport/../sallyport.ini", NULL},
        {"", NULL},
    };
    char folder[PATH_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(config_place_folder(rows[i].path, folder), rows[i].folder != NULL);
        if (rows[i].folder)
            ck_assert_str_eq(folder, rows[i].folder);
    }
    ck_assert_int_eq(chdir("sallyport"), 0);
    ck_assert(config_place_folder("sallyport.ini", folder));
    ck_assert_str_eq(folder, "./conf.d");
}
END_TEST

START_TEST(a_configuration_is_a_file_or_small_ones)
{
    static const char path[] = "sallyport/sallyport.ini";

    ck_assert(!config_place_is_there(path) && !config_place_has_small(path));
    make("sallyport/conf.d/x.ini~");
    ck_assert(!config_place_is_there(path));
    make("sallyport/conf.d/x.ini");
    ck_assert(config_place_is_there(path) && config_place_has_small(path) && !config_place_is_file_there(path));
    ck_assert(!config_place_is_there("sallyport/other.ini"));
    ck_assert_int_eq(unlink("sallyport/conf.d/x.ini"), 0);
    make(path);
    ck_assert(config_place_is_there(path) && !config_place_has_small(path) && config_place_is_file_there(path));
}
END_TEST

/* Who skips what cannot be read runs without it. */
START_TEST(what_nobody_can_tell_is_there)
{
    static const char path[] = "sallyport/sallyport.ini";

    ck_assert_int_eq(rmdir("sallyport/conf.d"), 0);
    ck_assert(!config_place_is_there(path));
    ck_assert_int_eq(symlink("/nonexistent", "sallyport/conf.d"), 0);
    ck_assert(config_place_is_there(path));
    ck_assert_int_eq(unlink("sallyport/conf.d"), 0);
    make("sallyport/conf.d");
    ck_assert(config_place_is_there(path));
    ck_assert_int_eq(unlink("sallyport/conf.d"), 0);
    ck_assert_int_eq(symlink("/nonexistent", path), 0);
    ck_assert(config_place_is_there(path) && !config_place_has_small(path));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("config_place");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, small_files_are_in_a_folder_beside);
    tcase_add_test(cases, a_configuration_is_a_file_or_small_ones);
    tcase_add_test(cases, what_nobody_can_tell_is_there);
    return unit_run();
}
