/* SPDX-License-Identifier: ISC */
#include "base/process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef LINUX_WAYS
#include <sys/prctl.h>
#endif

#include "../unit.h"

/* In a process of its own, since there is no way back.  Returns 0, or the number of the check that failed. */
static int try_all(void)
{
    if (!process_ends_with_parent())
        return 1;
    if (!process_gains_nothing())
        return 2;
    process_shut();
#ifdef LINUX_WAYS
    int number = 0;

    if (prctl(PR_GET_PDEATHSIG, &number) != 0 || number != SIGKILL)
        return 3;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 4;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return 5;
#endif
    return 0;
}

START_TEST(what_it_asks_for_holds)
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(try_all());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(its_path_is_whole_or_none)
{
    char path[4096], short_one[8];

    memset(path, 'x', sizeof path);
    if (process_path(path, sizeof path)) {
        ck_assert_int_eq(path[0], '/');
        ck_assert_ptr_nonnull(strstr(path, "check_process"));
        ck_assert(!process_path(path, strlen(path)));
    }
    ck_assert(!process_path(short_one, sizeof short_one));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("process");

    tcase_add_test(cases, what_it_asks_for_holds);
    tcase_add_test(cases, its_path_is_whole_or_none);
    return unit_run();
}
