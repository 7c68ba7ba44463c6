/* SPDX-License-Identifier: ISC */
/* Checks whether the keys of one listener's section fit together, and completes it by what depends on its protocol:
 * where it listens, the token, the port of a target with TLS.  What concerns several sections is in config_check.h. */
#ifndef SALLYPORT_LISTENER_CHECK_H
#define SALLYPORT_LISTENER_CHECK_H

#include "config/section.h"
#include "config/settings.h"

/* Call it once, when the section's keys have been read.  Errors are added to the section's complaints. */
void listener_check(const struct section *section, struct listener_config *listener);

#endif
