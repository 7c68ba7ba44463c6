/* SPDX-License-Identifier: ISC */
#include "finding/findproxy_path.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

#define INSTALLED PKGLIBEXECDIR "/findproxy"

static char folder[4096], beside[sizeof folder + 16];

/* This program is not installed, and there is none beside it unless the test puts one there. */
static void set_up(void)
{
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - sizeof "/findproxy");

    ck_assert_int_gt(length, 0);
    folder[length] = '\0';
    snprintf(strrchr(folder, '/'), sizeof "/findproxy", "/findproxy");
    snprintf(beside, sizeof beside, "%s/findproxy", folder);
    unlink(beside); /* of a run that did not end */
    rmdir(folder);
}

static void put_beside(mode_t mode)
{
    int fd;

    ck_assert_int_eq(mkdir(folder, 0700), 0);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void tear_down(void)
{
    unlink(beside);
    rmdir(folder);
}

START_TEST(the_installed_one_is_taken_unless_one_is_beside)
{
    ck_assert_str_eq(findproxy_path(), INSTALLED);
    put_beside(0700);
#ifdef LINUX_WAYS /* which tells where this program is */
    ck_assert_str_eq(findproxy_path(), beside);
#else
    ck_assert_str_eq(findproxy_path(), INSTALLED);
#endif
}
END_TEST

START_TEST(one_beside_that_cannot_be_run_is_none)
{
    put_beside(0600);
    ck_assert_str_eq(findproxy_path(), INSTALLED);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("findproxy_path");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, the_installed_one_is_taken_unless_one_is_beside);
    tcase_add_test(cases, one_beside_that_cannot_be_run_is_none);
    return unit_run();
}
