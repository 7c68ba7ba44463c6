/* SPDX-License-Identifier: ISC */
/* The URL that a PAC file is asked about, since there only is a host and a port: the key `pac-url`.  Pure. */
#ifndef SALLYPORT_PAC_QUESTION_H
#define SALLYPORT_PAC_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

#include "config/value.h"
#include "net/endpoint.h"

#define PAC_QUESTION_DEFAULT "https://{host}:{port}/"
#define PAC_QUESTION_PATTERN_MAX 512 /* bytes with the NUL: a scheme, and what some PAC file looks for in a path */
#define PAC_QUESTION_MAX (PAC_QUESTION_PATTERN_MAX + ENDPOINT_TEXT_MAX) /* it has one host and one port */

extern const struct value_kind value_pac_url; /* char *, owned: what pac_question_check accepts */

/* Whether that is a pattern: printable ASCII without blanks, SCHEME://{host}..., with {port} at most once behind it,
 * and no other braces.  False: *why (static) names the fault. */
bool pac_question_check(const char *pattern, const char **why);

/* Writes the URL for a target, its host in small letters, as browsers do; an IPv6 address stands in brackets.  pattern:
 * checked; NULL: the default.  Returns out. */
const char *pac_question_write(const char *pattern, const struct endpoint *target, char out[PAC_QUESTION_MAX]);

#endif
