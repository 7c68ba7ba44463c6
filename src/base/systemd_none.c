/* SPDX-License-Identifier: ISC */
/* For systems without systemd: nobody waits for a notification. */
#include "base/systemd.h"

void systemd_notify(const char *state)
{
    (void)state;
}
