/* SPDX-License-Identifier: ISC */
/* Dates in HTTP fields (RFC 9110 section 5.6.7).  Pure.  Seconds are of 64 bits, also where those of the system end in
 * 2038. */
#ifndef SALLYPORT_HTTP_DATE_H
#define SALLYPORT_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads a date in one of the three forms, and nothing behind it:
 *     Sun, 06 Nov 1994 08:49:37 GMT
 *     Sunday, 06-Nov-94 08:49:37 GMT
 *     Sun Nov  6 08:49:37 1994
 * *seconds: since 1970.  wall is the time of day, likewise, for a year of two digits: what would be more than 50 years
 * ahead is of the century before.  The name of the day is not held against the date.  False: it is none. */
bool http_date_read(const char *text, int64_t wall, int64_t *seconds);

#endif
