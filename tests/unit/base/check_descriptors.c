/* SPDX-License-Identifier: ISC */
#include "base/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

/* What the linker puts in place of these: a system that does not know the one, nor has the other. */
static enum { AT_ONCE, LISTED, ONE_BY_ONE, WAYS } way;

int __real_close_range(unsigned first, unsigned last, int flags);
int __wrap_close_range(unsigned first, unsigned last, int flags);
DIR *__real_opendir(const char *name);
DIR *__wrap_opendir(const char *name);

#ifdef HAVE_CLOSE_RANGE
int __wrap_close_range(unsigned first, unsigned last, int flags)
{
    if (way == AT_ONCE)
        return __real_close_range(first, last, flags);
    errno = ENOSYS;
    return -1;
}
#endif

static bool listed;

DIR *__wrap_opendir(const char *name)
{
    listed = true;
    return way == ONE_BY_ONE ? NULL : __real_opendir(name);
}

/* A child with a pipe and one that is far above, and, unless all are gone through, above the limit.  Whether it had
 * the right ones is its status. */
static int in_child(bool (*is_right)(const int ends[2]))
{
    int ends[2], status;
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[1], 90), 90);
    child = fork();
    if (child == 0) {
        set(way == ONE_BY_ONE ? 100 : 50);
        _exit(is_right(ends) ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(close(90), 0);
    close(ends[0]);
    close(ends[1]);
    return status;
}

static bool all_are_closed(const int ends[2])
{
    descriptors_close_from(ends[1]);
    return close(ends[0]) == 0 && close(ends[1]) != 0 && close(90) != 0;
}

static bool all_are_withheld(const int ends[2])
{
    descriptors_withhold_from(ends[1]);
    return fcntl(ends[0], F_GETFD) == 0 && fcntl(ends[1], F_GETFD) == FD_CLOEXEC && fcntl(90, F_GETFD) == FD_CLOEXEC &&
           (way == AT_ONCE || listed);
}

START_TEST(a_child_closes_all_from_there_on)
{
    way = _i;
    ck_assert_int_eq(in_child(all_are_closed), 0);
}
END_TEST

START_TEST(no_program_gets_any_from_there_on)
{
    way = _i;
    ck_assert_int_eq(in_child(all_are_withheld), 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("descriptors");

    tcase_add_test(cases, the_limit_is_raised_and_restored);
    tcase_add_loop_test(cases, a_child_closes_all_from_there_on, 0, WAYS);
    tcase_add_loop_test(cases, no_program_gets_any_from_there_on, 0, WAYS);
    return unit_run();
}
