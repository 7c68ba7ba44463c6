/* Credentials that systemd hands to a service, LoadCredential= of systemd.exec(5): files in the directory that
 * $CREDENTIALS_DIRECTORY names.  In the configuration they are called `credential:NAME`.  Pure, but for the environment
 * variable. */
#ifndef SALLYPORT_CREDENTIAL_H
#define SALLYPORT_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

/* The NAME of "credential:NAME", pointing into path; NULL when path is a path like any other. */
const char *credential_name(const char *path);

/* Whether NAME can be that of a credential: one component of a path (1 to 255 bytes, no slash) and neither "." nor
 * "..".  False: *why is a sentence of static storage. */
bool credential_is_name(const char *name, const char **why);

/* Writes where the credential is; nothing says that it is there.  False: *why says what is wrong with NAME, or that
 * there is no directory of credentials, as when the program was not started by systemd with that setting. */
bool credential_path(const char *name, char *out, size_t size, const char **why);

#endif
