/* SPDX-License-Identifier: ISC */
/* What a `url` has behind its authority: a path that goes out as it is written, or a URI template (RFC 6570) that
 * becomes one for each target.  Of RFC 6570 there are the forms that RFC 9298 section 2 leaves and a person would
 * write: {target_host} and {target_port}, one variable in each, and {?...} and {&...} with one or more.  Pure. */
#ifndef SALLYPORT_URI_TEMPLATE_H
#define SALLYPORT_URI_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "net/endpoint.h"

/* The template that a proxy is asked by when only its host and port are known. */
#define URI_TEMPLATE_DEFAULT "/.well-known/masque/tcp/{target_host}/{target_port}/"

/* Bytes, NUL included, of a path or template as it is written and of whatever it expands to: about half of the 8000
 * that RFC 9112 section 3 wants every server to take for a whole request line, for some take less. */
#define URI_TEMPLATE_MAX 4096

/* Where the path begins in text, which is a URL without its scheme and "://": the offset of the first byte that is not
 * of the authority.  That is length when nothing stands behind it, and the offset of a '{' that comes too early. */
size_t uri_path_begin(const char *text, size_t length);

/* Whether a path is a template. */
bool uri_path_is_template(const char *path, size_t length);

/* Whether a path, query included, can go out as it is written: it begins with a '/', has only bytes that RFC 3986 has
 * in path and query, no fragment and no brace.  False: *why (static) says what is wrong and what to write. */
bool uri_path_check(const char *path, size_t length, const char **why);

/* Whether a path is a template that has both variables and only the forms above.  Besides, it begins with a '/' (RFC
 * 9298 section 2), and does not expand to more than URI_TEMPLATE_MAX for any target.  False: *why (static) says what
 * is wrong and what to write. */
bool uri_template_check(const char *path, size_t length, const char **why);

/* Writes the request-target for target to out, which has size bytes, NUL-terminated: the host in lower case and without
 * brackets, all but the unreserved bytes of RFC 3986 as %XX, the port in decimal.  Returns its length in bytes; 0 when
 * it does not fit or the template is none.  What uri_template_check has accepted always fits URI_TEMPLATE_MAX bytes. */
size_t uri_template_expand(const char *path, const struct endpoint *target, char *out, size_t size);

#endif
