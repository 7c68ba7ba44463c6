/* The Basic scheme of HTTP authentication (RFC 7617).  Pure. */
#ifndef SALLYPORT_BASIC_H
#define SALLYPORT_BASIC_H

#include <stddef.h>

#define BASIC_MAX 2048 /* "Basic " and the base64 of user and password, with the NUL */

/* Writes the value of Proxy-Authorization.  Returns its length; 0: it does not fit.  The caller must wipe `out`. */
size_t basic_format(const char *user, const char *password, char out[BASIC_MAX]);

#endif
