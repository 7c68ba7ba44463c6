/* SPDX-License-Identifier: ISC */
/* Linux: prctl(2), and /proc/self/exe (proc(5)). */
#include "base/process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

bool process_ends_with_parent(void)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
}

bool process_gains_nothing(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

void process_shut(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

bool process_path(char *out, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", out, size);

    if (length <= 0 || (size_t)length >= size)
        return false;
    out[length] = '\0';
    return true;
}
