/* SPDX-License-Identifier: ISC */
/* Why a proxy refuses, out of the page it sends with the refusal.  Pure. */
#ifndef SALLYPORT_ERROR_PAGE_H
#define SALLYPORT_ERROR_PAGE_H

#include <stddef.h>

#include "http/http_head.h"

#define ERROR_PAGE_CAUSE_MAX 200 /* bytes of the cause, with the NUL: squid's two sentences with a long name fit */

/* Writes the cause into out, NUL-terminated: with squid the code of the error, as it is in X-Squid-Error, and the
 * paragraph that says why; with others the text of the page (base/page_text.h).  body: the bytes that have come, which
 * need not be all.  The result is to be escaped.  Returns its length. */
size_t error_page_cause(const struct http_head *head, const char *body, size_t length,
                        char out[ERROR_PAGE_CAUSE_MAX]);

#endif
