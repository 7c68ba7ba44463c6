/* SPDX-License-Identifier: ISC */
/* What must not be read in anything that we write: passwords, credentials, values of headers.  A proxy may repeat in
 * its answer whatever we sent to it.  Whoever has a secret registers it here for as long as it can come back; the log,
 * failures, refusals and `try` pass their texts through secrets_withhold.
 *
 * The register is one for the process and owns its copies, which are wiped when the last holder has dropped them.  A
 * text that has nothing in common with a secret costs a few instructions a byte, and nothing while there are none. */
#ifndef SALLYPORT_SECRETS_H
#define SALLYPORT_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#define SECRETS_RUN 6 /* bytes in a row of a secret that are not shown; shorter ones are in too many innocent words */

/* Registers a secret, as it is and as log_escape writes it.  Each call needs one of secrets_drop with equal bytes.
 * NULL is fine, and a secret of less than SECRETS_RUN bytes is not registered.  False: out of memory, so that it must
 * not be sent to anybody; secrets_drop is needed all the same. */
bool secrets_hold(const char *bytes, size_t length);
void secrets_drop(const char *bytes, size_t length);

/* The same for a password, and for its base64. */
bool secrets_hold_password(const char *password);
void secrets_drop_password(const char *password);

/* Registers a word that is no secret, since the log has it in any case, such as the name of a proxy: were it withheld,
 * everybody could see what it has in common with the password.  Each call needs one of secrets_hide.  NULL is fine.
 * False: out of memory. */
bool secrets_show(const char *word);
void secrets_hide(const char *word);

/* Overwrites with asterisks, in place, each SECRETS_RUN or more bytes in a row that are part of a secret. */
void secrets_withhold(char *text);

#endif
