/* SPDX-License-Identifier: ISC */
#include "base/harden.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/process.h"
#include "base/sanitized.h"

static void shut(void)
{
#ifndef SANITIZED
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    process_shut();
#endif
}

void harden_process(void)
{
    unsetenv("SSLKEYLOGFILE");
    shut();
}
