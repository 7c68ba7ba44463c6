/* SPDX-License-Identifier: ISC */
/* `sallyport try reverse/LABEL`: one request to the relay, until it stands or is answered. */
#ifndef SALLYPORT_TRY_REVERSE_H
#define SALLYPORT_TRY_REVERSE_H

#include <stdbool.h>

#include "config/config.h"
#include "proxy/services.h"

/* Prints the steps, and what came of it.  section belongs to config, which stays the caller's.  Returns whether the
 * relay would hand a client over. */
bool try_reverse(struct services *services, struct config *config, const struct reverse_config *section);

#endif
