/* SPDX-License-Identifier: ISC */
/* What the system says of this machine's own addresses. */
#ifndef SALLYPORT_MACHINE_H
#define SALLYPORT_MACHINE_H

#include <stdbool.h>

#include "net/address.h"

/* Whether this machine has that address now, so that connections from it can go on; its port does not matter.  True
 * where the system does not say.  One of a link that is down does not count. */
bool machine_has(const struct address *address);

/* Whether what is sent to that address comes to a socket of this machine that is bound to `own`, or to all its
 * addresses.  True where the system does not say whose the address is. */
bool machine_gets(const struct address *own, const struct address *address);

#endif
