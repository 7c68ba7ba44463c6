/* SPDX-License-Identifier: ISC */
#include "config/system_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

START_TEST(it_is_where_it_was_configured_to_be)
{
    char path[300];

    unsetenv(SYSTEM_FILE_VARIABLE);
    if (!system_file_find(path, sizeof path)) /* this machine may have one */
        ck_assert_str_eq(path, SYSCONFDIR "/sallyport/sallyport.ini");
    setenv(SYSTEM_FILE_VARIABLE, "relative.ini", 1);
    system_file_find(path, sizeof path);
    ck_assert_int_eq(strncmp(path, SYSCONFDIR "/", strlen(SYSCONFDIR "/")), 0);
}
END_TEST

START_TEST(it_is_the_same_file_by_any_name)
{
    char name[] = "/tmp/check_system_file-XXXXXX", link[sizeof name + 5], path[300];
    int fd = mkstemp(name);

    ck_assert_int_ge(fd, 0);
    close(fd);
    setenv(SYSTEM_FILE_VARIABLE, name, 1);
    ck_assert(system_file_find(path, sizeof path));
    ck_assert_str_eq(path, name);
    snprintf(link, sizeof link, "%s.link", name);
    ck_assert_int_eq(symlink(name, link), 0);
    ck_assert(system_file_is(name));
    ck_assert(system_file_is(link));
    ck_assert(!system_file_is("/dev/null"));
    ck_assert(!system_file_is("/nonexistent"));
    unlink(link);
    unlink(name);
    ck_assert(!system_file_find(path, sizeof path));
    ck_assert(!system_file_is(name));
}
END_TEST

/* Small files are the machine's without it, too. */
START_TEST(it_may_be_missing)
{
    char folder[] = "/tmp/check_system_file-XXXXXX", name[sizeof folder + 40], path[300];
    int file;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    snprintf(name, sizeof name, "%s/sallyport/sallyport.ini", folder);
    setenv(SYSTEM_FILE_VARIABLE, name, 1);
    ck_assert_int_eq(mkdir("sallyport", 0700), 0);
    ck_assert_int_eq(mkdir("sallyport/conf.d", 0700), 0);
    ck_assert(!system_file_find(path, sizeof path));
    file = creat("sallyport/conf.d/a.ini", 0600);
    ck_assert_int_ge(file, 0);
    close(file);
    ck_assert(system_file_find(path, sizeof path));
    ck_assert_str_eq(path, name);
    ck_assert(system_file_is("sallyport/sallyport.ini"));
    ck_assert(!system_file_is("sallyport.ini"));
    ck_assert_int_eq(chdir("/"), 0);
    unit_remove(folder);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("system_file");

    tcase_add_test(cases, it_is_where_it_was_configured_to_be);
    tcase_add_test(cases, it_is_the_same_file_by_any_name);
    tcase_add_test(cases, it_may_be_missing);
    return unit_run();
}
