/* SPDX-License-Identifier: ISC */
#include "findproxy/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#ifdef LINUX_WAYS
#include <sys/prctl.h>
#endif

#include "base/sanitized.h"
#include "../unit.h"
#include "probe.h"

static bool enter(enum sandbox_use use)
{
    const char *why;

    return sandbox_enter(use, &why);
}

static bool is_limited(int what, unsigned long most)
{
#ifndef SANITIZED
    struct rlimit limit;

    return getrlimit(what, &limit) == 0 && limit.rlim_cur <= most && limit.rlim_max <= most;
#else
    (void)what;
    (void)most;
    return true;
#endif
}

static bool script_has_limits(void)
{
    return enter(SANDBOX_SCRIPT) && is_limited(RLIMIT_AS, SANDBOX_MEMORY) && is_limited(RLIMIT_NOFILE, 3) &&
           is_limited(RLIMIT_FSIZE, 0) && is_limited(RLIMIT_NPROC, 0) && is_limited(RLIMIT_CORE, 0) &&
           is_limited(RLIMIT_MEMLOCK, 0);
}

static bool script_opens_nothing(void)
{
    if (!enter(SANDBOX_SCRIPT))
        return false;
#ifndef SANITIZED
    if (open("/dev/null", O_RDONLY) >= 0 || dup(0) >= 0)
        return false;
#ifndef SYSCALL_FILTER
    if (geteuid() == 0) /* whom the limit of processes does not hold */
        return true;
#endif
    return fork() < 0;
#else
    return true;
#endif
}

#ifndef SANITIZED
/* Whether there is so much more memory, which stays taken.  A compiler may leave out what nobody uses, and take it for
 * granted. */
static bool has_memory(size_t size)
{
    void *volatile block = malloc(size);

    return block;
}
#endif

static bool script_has_little_memory(void)
{
#ifndef SANITIZED
    return enter(SANDBOX_SCRIPT) && has_memory(SANDBOX_MEMORY / 2) && !has_memory(SANDBOX_MEMORY);
#else
    return enter(SANDBOX_SCRIPT);
#endif
}

/* A lower limit of the user's stays. */
static bool a_lower_limit_stays(void)
{
    const struct rlimit small = {32 * 1024 * 1024, 64 * 1024 * 1024};

#ifndef SANITIZED
    return setrlimit(RLIMIT_AS, &small) == 0 && enter(SANDBOX_SCRIPT) && is_limited(RLIMIT_AS, small.rlim_max) &&
           !has_memory(small.rlim_cur);
#else
    return small.rlim_cur < small.rlim_max;
#endif
}

static bool holds_no_descriptor(enum sandbox_use use)
{
    int one = open("/dev/zero", O_RDONLY), other = fcntl(one, F_DUPFD, 200);
    char byte;

    return one > 2 && other >= 200 && read(other, &byte, 1) == 1 && enter(use) && read(one, &byte, 1) < 0 &&
           read(other, &byte, 1) < 0 && write(STDERR_FILENO, "", 0) == 0;
}

static bool script_holds_no_descriptor(void)
{
    return holds_no_descriptor(SANDBOX_SCRIPT);
}

static bool desktop_holds_no_descriptor(void)
{
    return holds_no_descriptor(SANDBOX_DESKTOP);
}

/* The libraries of the desktop read files and start programs, with no more rights than ours. */
static bool desktop_may_work(void)
{
    int file;

    if (!enter(SANDBOX_DESKTOP) || !is_limited(RLIMIT_CORE, 0))
        return false;
    file = open("/dev/null", O_RDONLY);
    return file >= 0 && system("exit 7") == 7 << 8;
}

static bool gains_no_rights(void)
{
#ifdef LINUX_WAYS
    int death = 0;

    return enter(SANDBOX_DESKTOP) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
           prctl(PR_GET_PDEATHSIG, &death, 0, 0, 0) == 0 && death == SIGKILL;
#else
    return enter(SANDBOX_DESKTOP);
#endif
}

/* The rules of a PAC file are about local time, which is another one than UTC's here. */
static bool keeps_the_zone(void)
{
    const time_t noon = 43200;
    struct tm parts;

    setenv("TZ", "ZONE5", 1);
    return enter(SANDBOX_SCRIPT) && localtime_r(&noon, &parts) && parts.tm_hour == 7 && mktime(&parts) == noon;
}

static bool names_the_zone(void)
{
    unsetenv("TZ");
    return enter(SANDBOX_SCRIPT) && getenv("TZ") && strcmp(getenv("TZ"), ":/etc/localtime") == 0;
}

/* Each question has its two seconds, whatever those before took. */
static bool renews_the_processor_time(void)
{
    struct rusage used;
    struct rlimit first, later;

    if (!enter(SANDBOX_SCRIPT) || !sandbox_renew() || getrlimit(RLIMIT_CPU, &first) != 0)
        return false;
    do {
        if (getrusage(RUSAGE_SELF, &used) != 0)
            return false;
    } while (used.ru_utime.tv_sec + used.ru_stime.tv_sec < 1);
    return sandbox_renew() && getrlimit(RLIMIT_CPU, &later) == 0 && first.rlim_cur >= 2 && first.rlim_cur <= 3 &&
           later.rlim_cur > first.rlim_cur && later.rlim_cur <= 5;
}

static const struct probe probes[] = {
    {"script-has-limits", script_has_limits},
    {"script-opens-nothing", script_opens_nothing},
    {"script-has-little-memory", script_has_little_memory},
    {"a-lower-limit-stays", a_lower_limit_stays},
    {"script-holds-no-descriptor", script_holds_no_descriptor},
    {"desktop-holds-no-descriptor", desktop_holds_no_descriptor},
    {"desktop-may-work", desktop_may_work},
    {"gains-no-rights", gains_no_rights},
    {"keeps-the-zone", keeps_the_zone},
    {"names-the-zone", names_the_zone},
    {"renews-the-processor-time", renews_the_processor_time},
    {NULL, NULL},
};

START_TEST(what_is_taken_is_gone)
{
    for (const struct probe *each = probes; each->holds; each++)
        probe_run(each->name);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *cases;

    probe_serve(argc, argv, probes);
    cases = unit_case("sandbox");
    tcase_add_test(cases, what_is_taken_is_gone);
    return unit_run();
}
