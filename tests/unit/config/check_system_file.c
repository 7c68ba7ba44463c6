/* SPDX-License-Identifier: ISC */
#include "config/system_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

static bool has_first, has_small, has_second; /* of what is configured; the real functions know nothing of it */

bool __wrap_config_place_is_there(const char *path);
bool __real_config_place_is_there(const char *path);

bool __wrap_config_place_is_there(const char *path)
{
    if (strcmp(path, SYSCONFDIR "/sallyport/sallyport.ini") == 0)
        return has_first || has_small;
    if (strcmp(path, SYSCONFDIR "/sallyport.ini") == 0)
        return has_second;
    return __real_config_place_is_there(path);
}

/* The file itself, which is not what is to be asked for. */
bool __wrap_config_place_is_file_there(const char *path);

bool __wrap_config_place_is_file_there(const char *path)
{
    return strcmp(path, SYSCONFDIR "/sallyport/sallyport.ini") == 0 ? has_first : __wrap_config_place_is_there(path);
}

START_TEST(the_second_place_counts_where_nothing_is_in_the_first)
{
    static const struct {
        bool first, small, second;
        int found; /* 0: none */
        bool unread;
    } rows[] = {
        {false, false, false, 0, false},
        {true, false, false, 1, false},
        {false, true, false, 1, false},
        {false, false, true, 2, false},
        {true, false, true, 1, true},
        {false, true, true, 1, true},
    };
    char path[300];

    unsetenv(SYSTEM_FILE_VARIABLE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        has_first = rows[i].first;
        has_small = rows[i].small;
        has_second = rows[i].second;
        ck_assert_int_eq(system_file_find(path, sizeof path), rows[i].found > 0);
        ck_assert_str_eq(path, rows[i].found == 2 ? SYSCONFDIR "/sallyport.ini"
                                                  : SYSCONFDIR "/sallyport/sallyport.ini");
        if (rows[i].unread)
            ck_assert_str_eq(system_file_unread(), SYSCONFDIR "/sallyport.ini");
        else
            ck_assert_ptr_null(system_file_unread());
    }
    setenv(SYSTEM_FILE_VARIABLE, "/nonexistent/sallyport.ini", 1);
    ck_assert(!system_file_find(path, sizeof path));
    ck_assert_ptr_null(system_file_unread());
    has_first = has_small = has_second = false;
}
END_TEST

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

    tcase_add_test(cases, the_second_place_counts_where_nothing_is_in_the_first);
    tcase_add_test(cases, it_is_where_it_was_configured_to_be);
    tcase_add_test(cases, it_is_the_same_file_by_any_name);
    tcase_add_test(cases, it_may_be_missing);
    return unit_run();
}
