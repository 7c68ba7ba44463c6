#include "base/harden.h"

#include <stdlib.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#if defined __SANITIZE_ADDRESS__ /* gcc */
#define NEEDS_ATTACHING 1
#elif defined __has_feature /* clang */
#if __has_feature(address_sanitizer)
#define NEEDS_ATTACHING 1
#endif
#endif

static void shut(void)
{
#ifndef NEEDS_ATTACHING
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
