/* SPDX-License-Identifier: ISC */
#include "config/user_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

static void expect(const char *folder, const char *home, const char *wanted)
{
    char path[64];

    if (folder)
        setenv("XDG_CONFIG_HOME", folder, 1);
    else
        unsetenv("XDG_CONFIG_HOME");
    if (home)
        setenv("HOME", home, 1);
    else
        unsetenv("HOME");
    ck_assert_int_eq(user_file_path(path, sizeof path), wanted[0] != '\0');
    ck_assert_str_eq(path, wanted);
}

START_TEST(the_variables_are_asked_in_order)
{
    expect("/c", "/h", "/c/sallyport/sallyport.ini");
    expect(NULL, "/h", "/h/.config/sallyport/sallyport.ini");
    expect("", "/h", "/h/.config/sallyport/sallyport.ini");
    expect("relative", "/h", "/h/.config/sallyport/sallyport.ini");
    expect("relative", "h", "");
    expect(NULL, NULL, "");
}
END_TEST

START_TEST(a_path_that_does_not_fit_is_none)
{
    expect("/12345678901234567890123456789012345678", NULL,
           "/12345678901234567890123456789012345678/sallyport/sallyport.ini");
    expect("/123456789012345678901234567890123456789", NULL, "");
}
END_TEST

START_TEST(it_is_the_same_by_any_name)
{
    char folder[] = "/tmp/check_user_file-XXXXXX";
    int file;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(mkdir("sallyport", 0700), 0);
    setenv("XDG_CONFIG_HOME", folder, 1);
    for (int is_there = 0; is_there < 2; is_there++) {
        ck_assert(user_file_is("sallyport/sallyport.ini"));
        ck_assert(user_file_is("sallyport/.././/sallyport/sallyport.ini"));
        ck_assert(!user_file_is("sallyport/other.ini"));
        ck_assert(!user_file_is("sallyport.ini"));
        ck_assert(!user_file_is("/nonexistent/sallyport/sallyport.ini"));
        file = creat("sallyport/sallyport.ini", 0600);
        ck_assert_int_ge(file, 0);
        close(file);
    }
    ck_assert_int_eq(chdir("/"), 0);
    unit_remove(folder);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("user_file");

    tcase_add_test(cases, the_variables_are_asked_in_order);
    tcase_add_test(cases, a_path_that_does_not_fit_is_none);
    tcase_add_test(cases, it_is_the_same_by_any_name);
    return unit_run();
}
