/* Registrable domains, by the public suffix list (libpsl). */
#ifndef SALLYPORT_PUBLIC_SUFFIX_H
#define SALLYPORT_PUBLIC_SUFFIX_H

#include <stdbool.h>

/* Whether two hosts are of one registrable domain: mail.example.net and proxy.example.net are, a.co.uk and b.co.uk are
 * not.  Addresses and names without a registrable domain are only if they are equal. */
bool public_suffix_same_domain(const char *a, const char *b);

/* The libpsl version. */
const char *public_suffix_version(void);

#endif
