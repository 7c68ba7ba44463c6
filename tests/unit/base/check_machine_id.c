/* SPDX-License-Identifier: ISC */
#include "base/machine_id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"

#define NUMBER "0123456789abcdef0123456789abcdef"

/* What two files say (NULL: there is none), and what is read; NULL: the host's name. */
struct files {
    const char *first, *second, *read;
};

static const struct files cases_of_files[] = {
    {NUMBER "\n", NULL, NUMBER},
    {NUMBER, "ffffffffffffffffffffffffffffffff\n", NUMBER},
    {NULL, NUMBER "\n", NUMBER},
    {"", NUMBER "\n", NUMBER},
    {"uninitialized\n", NUMBER "\r\nmore\n", NUMBER},
    {"uninitialized\n", NULL, NULL},
    {"0123\n", NULL, NULL},
    {NUMBER " \n", NULL, NULL},
    {NULL, NULL, NULL},
};

static void put(const char *path, const char *text)
{
    FILE *file;

    if (!text)
        return;
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(the_first_file_with_a_number_counts)
{
    const struct files *files = &cases_of_files[_i];
    char folder[] = "/tmp/check_machine_id.XXXXXX", first[64], second[64];
    char own[MACHINE_ID_MAX] = "", out[MACHINE_ID_MAX];
    const char *const both[] = {first, second, NULL};

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(first, sizeof first, "%s/1", folder);
    snprintf(second, sizeof second, "%s/2", folder);
    put(first, files->first);
    put(second, files->second);
    ck_assert_int_eq(gethostname(own, sizeof own - 1), 0);
    ck_assert_str_eq(machine_id_from(both, out), files->read ? files->read : own);
    unlink(first);
    unlink(second);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(this_machine_is_always_the_same)
{
    char one[MACHINE_ID_MAX], other[MACHINE_ID_MAX];

    ck_assert_ptr_eq(machine_id_read(one), one);
    ck_assert_str_eq(machine_id_read(other), one);
    ck_assert_uint_gt(strlen(one), 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("machine_id");

    tcase_add_loop_test(cases, the_first_file_with_a_number_counts, 0,
                        sizeof cases_of_files / sizeof cases_of_files[0]);
    tcase_add_test(cases, this_machine_is_always_the_same);
    return unit_run();
}
