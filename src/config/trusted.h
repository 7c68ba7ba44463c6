/* SPDX-License-Identifier: ISC */
/* The list `trusted` of a section whose proxies are found: which of them get its user, password, fields and
 * certificate.  Whoever writes the PAC file, or changes it on the way, could otherwise have passwords sent to any
 * host; for the same reason nobody trusts all that is below a public suffix, as *.com would.  Pure. */
#ifndef SALLYPORT_TRUSTED_H
#define SALLYPORT_TRUSTED_H

#include <stdbool.h>

#include "config/value.h"

/* struct value_texts: names, addresses (kept without brackets), or "*.domain" for what is below a domain. */
extern const struct value_kind value_trusted;

/* Whether a host, as in struct endpoint, is in the list: names in any case, with or without a last dot; addresses in
 * any way of writing them; the domain itself is not below it. */
bool trusted_names(const struct value_texts *trusted, const char *host);

#endif
