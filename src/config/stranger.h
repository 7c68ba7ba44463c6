/* SPDX-License-Identifier: ISC */
/* What is said to a proxy that was found and is not in the list `trusted` of its section: as the section says, but
 * nothing of who we are. */
#ifndef SALLYPORT_STRANGER_H
#define SALLYPORT_STRANGER_H

#include "config/settings.h"

/* Makes a section without user, password, fields and certificate, for which no login can be used, that of a Kerberos
 * ticket included.  The caller's to free, before the section; all that it points to is the section's.  NULL: out of
 * memory. */
struct proxy_config *stranger_new(const struct proxy_config *section);

#endif
