/* SPDX-License-Identifier: ISC */
/* Who has come to the relay, as the lines of the log say it.  Pure. */
#ifndef SALLYPORT_WHO_H
#define SALLYPORT_WHO_H

#include <stddef.h>

#include "net/address.h"

#define WHO_MAX 640 /* an address, and a user's name with every second byte escaped */

/* Writes `from=192.0.2.7:50000 user="bob"`.  A port of 0 is left out, and so is a user that is NULL; an address without
 * a family is "unknown".  Returns out. */
const char *who_write(const struct address *from, const char *user, char out[WHO_MAX]);

#endif
