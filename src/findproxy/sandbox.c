/* SPDX-License-Identifier: ISC */
#include "findproxy/sandbox.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/harden.h"
#include "base/process.h"
#include "base/sanitized.h"
#include "findproxy/syscall_filter.h"

/* The C library reads the zone's file when it is first asked, and looks whether it is another one each time that TZ
 * does not name it: neither would work in the sandbox. */
static void learn_zone(void)
{
    (void)setenv("TZ", ":/etc/localtime", 0);
    tzset();
}

/* No right is gained by a program that is started; and the kernel ends this one with the daemon, which may have died
 * while a script computes. */
static bool be_bound(void)
{
    return process_ends_with_parent() && process_gains_nothing();
}

#ifndef SANITIZED
/* Lowers a limit to that value; a lower one stays. */
static bool lower(int what, rlim_t value)
{
    struct rlimit limit;

    if (getrlimit(what, &limit) != 0)
        return false;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value)
        limit.rlim_max = value;
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    return setrlimit(what, &limit) == 0;
}

/* No file is opened or grows, no process is started, no call but the few that are needed. */
static bool shut_in(const char **why)
{
    *why = "cannot limit the memory";
    if (!lower(RLIMIT_AS, SANDBOX_MEMORY) || !lower(RLIMIT_MEMLOCK, 0))
        return false;
    *why = "cannot limit the files";
    if (!lower(RLIMIT_NOFILE, STDERR_FILENO + 1) || !lower(RLIMIT_FSIZE, 0))
        return false;
    *why = "cannot limit the processes";
    if (!lower(RLIMIT_NPROC, 0))
        return false;
    (void)syscall_filter_set(); /* an old kernel, or a container's rules: the limits hold without it */
    return true;
}
#else
static bool shut_in(const char **why)
{
    (void)why;
    return true;
}
#endif

bool sandbox_enter(enum sandbox_use use, const char **why)
{
    harden_process();
    descriptors_close_from(STDERR_FILENO + 1);
    *why = "cannot give up new rights";
    if (!be_bound())
        return false;
    if (use == SANDBOX_DESKTOP)
        return true;
    learn_zone();
    return shut_in(why);
}

bool sandbox_renew(void)
{
    struct rusage used;
    struct rlimit limit;
    rlim_t seconds;

    if (getrusage(RUSAGE_SELF, &used) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0)
        return false;
    /* both parts may have a second that is not told */
    seconds = (rlim_t)used.ru_utime.tv_sec + (rlim_t)used.ru_stime.tv_sec +
              (rlim_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec + 999999) / 1000000;
    seconds += SANDBOX_CPU_S;
    if (limit.rlim_max != RLIM_INFINITY && seconds > limit.rlim_max)
        seconds = limit.rlim_max;
    limit.rlim_cur = seconds;
    return setrlimit(RLIMIT_CPU, &limit) == 0;
}
