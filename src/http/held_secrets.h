/* SPDX-License-Identifier: ISC */
/* What is secret in the credentials of a request, registered (base/secrets.h) for as long as the proxy may repeat it in
 * its answer. */
#ifndef SALLYPORT_HELD_SECRETS_H
#define SALLYPORT_HELD_SECRETS_H

#include <stdbool.h>

#include "http/connect_request.h"

/* Zeroed memory holds nothing. */
struct held_secrets {
    char *at[2]; /* wiped at the end */
};

/* Registers all behind the name of the scheme, but of Digest only the proof, since the rest is names of parameters and
 * what the proxy has said itself.  False: out of memory, so that the request must not be sent; held_secrets_release is
 * needed all the same. */
bool held_secrets_take(struct held_secrets *held, const struct connect_request *request);
void held_secrets_release(struct held_secrets *held);

#endif
