/* SPDX-License-Identifier: ISC */
/* Whether two sections ask a relay for the same, so that the requests of the one stand for the other, too.  Pure. */
#ifndef SALLYPORT_SAME_RELAY_H
#define SALLYPORT_SAME_RELAY_H

#include <stdbool.h>

#include "config/settings.h"

/* Whether relay, path, user, where the password comes from, headers, TLS and the proxy's name are equal.  How many
 * requests stand, and what is behind them, does not matter. */
bool same_relay(const struct reverse_config *a, const struct reverse_config *b);

#endif
