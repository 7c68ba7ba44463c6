/* SPDX-License-Identifier: ISC */
/* Registrable domains and what stands above them, by the public suffix list (libpsl). */
#ifndef SALLYPORT_PUBLIC_SUFFIX_H
#define SALLYPORT_PUBLIC_SUFFIX_H

#include <stdbool.h>

/* Whether two hosts have the same registrable domain: mail.example.net and proxy.example.net have, a.co.uk and
 * b.co.uk have not.  Addresses, and names without a registrable domain, only match when they are equal. */
bool public_suffix_same_domain(const char *a, const char *b);

/* Whether anybody may have names below this one: com, co.uk, github.io.  A last label that the list does not have is
 * none: it is of a network of somebody's own, such as lan or corp. */
bool public_suffix_is(const char *name);

/* The libpsl version. */
const char *public_suffix_version(void);

#endif
