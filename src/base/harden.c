#include "base/harden.h"

#include <stdlib.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/sanitized.h"

static void shut(void)
{
#ifndef SANITIZED
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
#ifdef __linux__
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
#endif
}

void harden_process(void)
{
    unsetenv("SSLKEYLOGFILE");
    shut();
}
