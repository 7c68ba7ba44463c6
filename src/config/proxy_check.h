/* SPDX-License-Identifier: ISC */
/* Checks whether the keys of one [proxy] section fit together, and completes it: `via_line`, and the path "/" of the
 * URLs of a TCPConnection server.  What concerns several sections is in config_check.h. */
#ifndef SALLYPORT_PROXY_CHECK_H
#define SALLYPORT_PROXY_CHECK_H

#include "config/section.h"
#include "config/settings.h"

/* Call it once, when the section's keys have been read.  Errors are added to the section's complaints; of what is
 * without effect the log gets a warning. */
void proxy_check(const struct section *section, struct proxy_config *proxy);

/* The part of it that is about who we are there and who the other side is: user, password, headers; and the files of
 * TLS.  For a [reverse], too, which says the same to its relay. */
void proxy_check_login(const struct section *section, const struct proxy_config *proxy);

#endif
