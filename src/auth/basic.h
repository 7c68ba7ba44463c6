/* SPDX-License-Identifier: ISC */
/* The Basic scheme of HTTP authentication (RFC 7617).  Pure. */
#ifndef SALLYPORT_BASIC_H
#define SALLYPORT_BASIC_H

#include <stdbool.h>
#include <stddef.h>

#define BASIC_MAX 2048 /* "Basic " and the base64 of user and password, with the NUL */

/* Writes the value of Proxy-Authorization.  Returns its length; 0: it does not fit.  The caller must wipe `out`. */
size_t basic_format(const char *user, const char *password, char out[BASIC_MAX]);

#define BASIC_PAIR_MAX 1025 /* "user:password" as somebody sends it to us, with the NUL */

/* Reads such a value as a server: into pair the user and, behind the first colon, the password, both NUL-terminated.
 * False: it is another scheme, or no base64, or has no colon or a control character in it, or does not fit.  The caller
 * must wipe `pair` in either case. */
bool basic_read(const char *value, char pair[BASIC_PAIR_MAX], const char **user, const char **password);

#endif
