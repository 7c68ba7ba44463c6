/* SPDX-License-Identifier: ISC */
/* Reads the proxy variables of the environment as other programs do: first the name in lower case, then in upper
 * case; an empty variable counts as unset.  Values are borrowed from the environment. */
#ifndef SALLYPORT_PROXY_ENVIRONMENT_H
#define SALLYPORT_PROXY_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "net/endpoint.h"

#define PROXY_ENVIRONMENT_CREDENTIAL_MAX 256 /* bytes of a user or a password, with the NUL */

/* The value of <scheme>_proxy, else of all_proxy, else NULL.  scheme is in lower case, such as "imap". */
const char *proxy_environment_find(const char *scheme);

/* The value of no_proxy, or NULL. */
const char *proxy_environment_no_proxy(void);

/* Reads length bytes of a proxy variable like endpoint_parse_url, but the text may have blanks at its ends and no
 * scheme (http is assumed), and may have "user:password@".  *userinfo points to that in text, without the '@';
 * *userinfo_length is 0 if there is none.  False: *why (static) names the fault, and the results must not be used. */
bool proxy_environment_parse(struct endpoint *endpoint, const char *text, size_t length, const char **userinfo,
                             size_t *userinfo_length, const char **why);

/* Decodes "user:password" (%XX).  False: *why (static) names the fault. */
bool proxy_environment_decode(const char *userinfo, size_t length, char user[PROXY_ENVIRONMENT_CREDENTIAL_MAX],
                              char password[PROXY_ENVIRONMENT_CREDENTIAL_MAX], const char **why);

/* Whether no proxy can be had for a scheme.  Then out, which has size bytes, says which variables are set and why each
 * is no use, in printable ASCII, with their values but without passwords. */
bool proxy_environment_explain(const char *scheme, char *out, size_t size);

#endif
