/* SPDX-License-Identifier: ISC */
/* Checks whether the sections of a configuration fit together, and links them: a listener to its proxy, a proxy to
 * the proxy that it is reached through (`via`), a [reverse] to the proxy before its relay, a [public] to its relay; and
 * a section whose proxies are found to what is said to strangers (`stranger`).  Pure, but it reads the environment and
 * asks who runs this, and the log gets a warning of what no_proxy has and can match nothing. */
#ifndef SALLYPORT_CONFIG_CHECK_H
#define SALLYPORT_CONFIG_CHECK_H

#include <stdio.h>

#include "config/diagnostics.h"
#include "config/settings.h"

#define CONFIG_CHECK_VIA_MAX 4 /* length of a chain of `via`; a circle is longer */

/* Call it once, when the whole file has been read.  Errors are added to complaints. */
void config_check(struct config *config, enum config_use use, struct diagnostics *complaints);

/* Writes as comments of a configuration for which listeners and relays `url = environment` finds no proxy, and why;
 * once for those of one section that lack the same variable.  It is no error of the file: the daemon may have another
 * environment. */
void config_check_print_environment(const struct config *config, FILE *out);

#endif
