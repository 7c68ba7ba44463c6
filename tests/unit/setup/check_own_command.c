/* SPDX-License-Identifier: ISC */
#include "setup/own_command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

START_TEST(by_its_name_where_it_is_in_path)
{
    char folder[] = "/tmp/check_own_command.XXXXXX", path[PATH_MAX], command[OWN_COMMAND_MAX];
    FILE *out;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "/does/not/exist:%s:", folder);
    setenv("PATH", path, 1);
#ifdef LINUX_WAYS /* which tells the path of what runs */
    ck_assert_ptr_nonnull(strstr(own_command(command, NULL), "check_own_command"));
    ck_assert_int_eq(command[0], '/');
#endif
    snprintf(path, sizeof path, "%s/sallyport", folder);
    out = fopen(path, "w");
    fclose(out);
#ifdef LINUX_WAYS
    ck_assert_int_eq(own_command(command, NULL)[0], '/'); /* which is no program yet */
#endif
    ck_assert_int_eq(chmod(path, 0700), 0);
    ck_assert_str_eq(own_command(command, NULL), "sallyport");
    unlink(path);
    rmdir(folder);
}
END_TEST

START_TEST(with_a_configuration_for_a_shell)
{
    char folder[] = "/tmp/check_own_command.XXXXXX", path[PATH_MAX], command[OWN_COMMAND_MAX];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("PATH", folder, 1);
    snprintf(path, sizeof path, "%s/sallyport", folder);
    ck_assert_int_eq(symlink("/bin/sh", path), 0);
    ck_assert_str_eq(own_command(command, "/etc/my.ini"), "sallyport -c /etc/my.ini");
    ck_assert_str_eq(own_command(command, "/my $(file)'s/x;y"), "sallyport -c '/my $(file)'\\''s/x;y'");
    memset(path, '\'', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    ck_assert_uint_eq(strlen(own_command(command, path)), strlen("sallyport -c ''") + 4 * (sizeof path - 1));
    snprintf(path, sizeof path, "%s/sallyport", folder);
    unlink(path);
    rmdir(folder);
}
END_TEST

#ifdef LINUX_WAYS
START_TEST(without_a_path)
{
    char command[OWN_COMMAND_MAX];

    unsetenv("PATH");
    ck_assert_int_eq(own_command(command, NULL)[0], '/');
}
END_TEST
#endif

int main(void)
{
    TCase *cases = unit_case("own_command");

    tcase_add_test(cases, by_its_name_where_it_is_in_path);
    tcase_add_test(cases, with_a_configuration_for_a_shell);
#ifdef LINUX_WAYS
    tcase_add_test(cases, without_a_path);
#endif
    return unit_run();
}
