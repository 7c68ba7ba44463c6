/* Registrable domains, by the public suffix list (libpsl). */
#ifndef SALLYPORT_PUBLIC_SUFFIX_H
#define SALLYPORT_PUBLIC_SUFFIX_H

#include <stdbool.h>

/* Whether two hosts have the same registrable domain: mail.example.net and proxy.example.net have, a.co.uk and
 * b.co.uk have not.  Addresses, and names without a registrable domain, only match when they are equal. */
bool public_suffix_same_domain(const char *a, const char *b);

/* The libpsl version. */
const char *public_suffix_version(void);

#endif
