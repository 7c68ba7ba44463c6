/* The alerts of TLS (RFC 8446 section 6, RFC 5246 section 7.2) in words. */
#ifndef SALLYPORT_ALERT_H
#define SALLYPORT_ALERT_H

#include <stdbool.h>

#include "base/failure.h"

/* The alert of the other side that an error of OpenSSL (ERR_peek_last_error) stands for, or -1: it is our own. */
int alert_of(unsigned long error);

/* "TLS alert bad_record_mac", or what it says of our client certificate; static. */
const char *alert_text(int alert);

/* Whether it is about our client certificate: in TLS 1.3 that comes when the handshake is over for us. */
bool alert_denies(int alert);

/* Writes what an alert in the handshake means: permanent, but for those that say that the server is in trouble.
 * host: whom we asked for. */
void alert_fail(int alert, const char *host, struct failure *failure);

#endif
