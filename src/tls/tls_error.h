/* SPDX-License-Identifier: ISC */
/* What OpenSSL says about why a call of its TLS failed. */
#ifndef SALLYPORT_TLS_ERROR_H
#define SALLYPORT_TLS_ERROR_H

/* Takes all errors out of OpenSSL's queue, so that no other stream sees them.  Returns the one that says most: the
 * last, unless that only says where the one before it happened.  0: there is none. */
unsigned long tls_error_take(void);

#endif
