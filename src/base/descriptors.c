/* SPDX-License-Identifier: ISC */
#include "base/descriptors.h"

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

void descriptors_close_from(int first)
{
#ifdef HAVE_CLOSE_RANGE
    if (close_range((unsigned)first, ~0U, 0) == 0)
        return;
#endif
    for (long end = sysconf(_SC_OPEN_MAX), fd = first; fd < end; fd++)
        close((int)fd);
}
