/* SPDX-License-Identifier: ISC */
#include "base/descriptors.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"

static void set(rlim_t now)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_gt(limit.rlim_max, now);
    limit.rlim_cur = now;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static struct rlimit limit(void)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit;
}

/* One after the other: what the limit was before is remembered for as long as the process lives. */
START_TEST(the_limit_is_raised_and_restored)
{
    set(100);
    ck_assert(!descriptors_restore()); /* nobody has raised it */
    ck_assert_uint_eq(limit().rlim_cur, 100);
    for (int twice = 0; twice < 2; twice++) {
        ck_assert_uint_eq(descriptors_raise(), limit().rlim_max);
        ck_assert_uint_eq(limit().rlim_cur, limit().rlim_max);
    }
    for (int twice = 0; twice < 2; twice++) {
        ck_assert(descriptors_restore());
        ck_assert_uint_eq(limit().rlim_cur, 100);
        descriptors_raise();
        ck_assert_uint_eq(limit().rlim_cur, limit().rlim_max);
    }
    set(50); /* somebody else lowers it: what counts is what we were started with */
    descriptors_raise();
    ck_assert(descriptors_restore());
    ck_assert_uint_eq(limit().rlim_cur, 100);
}
END_TEST

START_TEST(a_child_closes_all_from_there_on)
{
    int ends[2], status;
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[1], 90), 90);
    child = fork();
    if (child == 0) {
        descriptors_close_from(ends[1]);
        _exit(close(ends[0]) == 0 && close(ends[1]) != 0 && close(90) != 0 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(close(90), 0);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("descriptors");

    tcase_add_test(cases, the_limit_is_raised_and_restored);
    tcase_add_test(cases, a_child_closes_all_from_there_on);
    return unit_run();
}
