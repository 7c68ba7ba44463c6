/* SPDX-License-Identifier: ISC */
/* Checks whether the keys of one [relay] or [public] section fit together, and completes them.  What concerns several
 * sections is in config_check.h. */
#ifndef SALLYPORT_RELAY_CHECK_H
#define SALLYPORT_RELAY_CHECK_H

#include "config/section.h"
#include "config/settings.h"

/* Call each once, when the section's keys have been read.  Errors are added to the section's complaints. */
void relay_check(const struct section *section, const struct relay_config *relay);
void relay_check_public(const struct section *section, struct public_config *port);

#endif
