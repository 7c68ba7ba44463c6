/* SPDX-License-Identifier: ISC */
/* Retry-After: how long the one who answers wants to be left alone (RFC 9110 section 10.2.3).  Pure. */
#ifndef SALLYPORT_RETRY_AFTER_H
#define SALLYPORT_RETRY_AFTER_H

#include <time.h>

#include "http/http_head.h"

#define RETRY_AFTER_MAX 300   /* seconds; what is longer is cut to this */
#define RETRY_AFTER_NONE (-1) /* there is none, or it cannot be read */

/* The seconds that the field says, 0 to RETRY_AFTER_MAX, or RETRY_AFTER_NONE.  wall: time of day in seconds, for one
 * with a date. */
int retry_after_read(const struct http_head *head, time_t wall);

#endif
