/* SPDX-License-Identifier: ISC */
#include "base/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static struct {
    bool raised;
    rlim_t before; /* the limit that we were started with */
} own;

size_t descriptors_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur != limit.rlim_max) {
        rlim_t before = limit.rlim_cur;

        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && !own.raised) {
            own.raised = true;
            own.before = before;
        }
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > DESCRIPTORS_UNLIMITED ? DESCRIPTORS_UNLIMITED
                                                                                    : (size_t)limit.rlim_cur;
}

bool descriptors_restore(void)
{
    struct rlimit limit;

    if (!own.raised || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    limit.rlim_cur = own.before < limit.rlim_max ? own.before : limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* --- all from one on --- */

#if defined HAVE_CLOSE_RANGE && defined CLOSE_RANGE_CLOEXEC
#define WHEN_A_PROGRAM_STARTS CLOSE_RANGE_CLOEXEC /* before Linux 5.11 that is an error */

static bool close_at_once(int first, unsigned when)
{
    return close_range((unsigned)first, ~0U, (int)when) == 0;
}
#else
#define WHEN_A_PROGRAM_STARTS 1u

static bool close_at_once(int first, unsigned when)
{
    (void)first, (void)when;
    return false;
}
#endif

/* Passes on each one from the first on that the system lists, and returns true; false: it lists none. */
static bool for_listed(int first, void (*act)(int fd))
{
    DIR *list = opendir("/dev/fd");
    const struct dirent *entry;

    if (!list)
        return false;
    while ((entry = readdir(list))) {
        long fd = strtol(entry->d_name, NULL, 10); /* 0 for "." */

        if (fd >= first && fd != dirfd(list))
            act((int)fd);
    }
    closedir(list);
    return true;
}

/* Passes on each one that there may be below the limit, which takes long where that is high. */
static void for_possible(int first, void (*act)(int fd))
{
    for (long end = sysconf(_SC_OPEN_MAX), fd = first; fd < end; fd++)
        act((int)fd);
}

static void close_one(int fd)
{
    close(fd);
}

static void close_one_later(int fd)
{
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void descriptors_close_from(int first)
{
    if (!close_at_once(first, 0) && !for_listed(first, close_one))
        for_possible(first, close_one);
}

void descriptors_withhold_from(int first)
{
    if (!close_at_once(first, WHEN_A_PROGRAM_STARTS) && !for_listed(first, close_one_later))
        for_possible(first, close_one_later);
}
