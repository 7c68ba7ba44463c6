/* SPDX-License-Identifier: ISC */
/* Checks of one [proxy] section what concerns proxies that are found per target: that the keys for them stand with such
 * a `url` alone, and that it is known who gets our credentials. */
#ifndef SALLYPORT_FOUND_CHECK_H
#define SALLYPORT_FOUND_CHECK_H

#include "config/section.h"
#include "config/settings.h"

/* Call it once, when the section's keys have been read; `url` may be missing.  Errors are added to the section's
 * complaints; of what is without effect the log gets a warning. */
void found_check(const struct section *section, const struct proxy_config *proxy);

#endif
