/* SPDX-License-Identifier: ISC */
/* A server that was expected to speak TLS and says something else: says so, and quotes it, since it may be the page of
 * a captive portal, or a server whose port is another. */
#ifndef SALLYPORT_PLAIN_ANSWER_H
#define SALLYPORT_PLAIN_ANSWER_H

#include <stddef.h>

#include "base/failure.h"
#include "net/transport.h"

/* Sets a permanent failure.  first: the length bytes that have come; what else is there already is read from below,
 * without waiting for more. */
void plain_answer_fail(const void *first, size_t length, struct transport *below, struct failure *failure);

#endif
