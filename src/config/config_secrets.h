/* SPDX-License-Identifier: ISC */
/* Registers what of a configuration must not be read in the log, and what the log has in any case (base/secrets.h). */
#ifndef SALLYPORT_CONFIG_SECRETS_H
#define SALLYPORT_CONFIG_SECRETS_H

#include <stdbool.h>

#include "config/settings.h"

/* Registers passwords and the values of headers as secrets, and as no secrets the names of listeners, proxies,
 * targets, and of who finds proxies.  Nothing of it may change until config_secrets_drop, which is called once.  False:
 * out of memory. */
bool config_secrets_hold(const struct config *config);
void config_secrets_drop(const struct config *config);

#endif
