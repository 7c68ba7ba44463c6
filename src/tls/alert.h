/* SPDX-License-Identifier: ISC */
/* The alerts of TLS (RFC 8446 section 6, RFC 5246 section 7.2) in words. */
#ifndef SALLYPORT_ALERT_H
#define SALLYPORT_ALERT_H

#include <stdbool.h>

#include "base/failure.h"

/* The alert (0 to 255) of the other side that an OpenSSL error (tls_error_take) stands for; -1: none. */
int alert_of(unsigned long error);

/* The alert in words, such as "TLS alert bad_record_mac", or what it says about our client certificate; static. */
const char *alert_text(int alert);

/* Whether it refuses our client certificate.  In TLS 1.3 such an alert comes after our side of the handshake. */
bool alert_denies(int alert);

/* Sets the failure for an alert received during the handshake: permanent, except internal_error and user_canceled.
 * host: the server name that we asked for. */
void alert_fail(int alert, const char *host, struct failure *failure);

#endif
