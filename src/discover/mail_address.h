/* SPDX-License-Identifier: ISC */
/* A mail address as a person types it: me@example.net.  Pure; the text is hostile.  RFC 5321 section 4.1.2, but
 * without quoted local parts and address literals, and in ASCII: a domain in other letters is written as xn--... */
#ifndef SALLYPORT_MAIL_ADDRESS_H
#define SALLYPORT_MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "net/endpoint.h"

#define MAIL_ADDRESS_LOCAL_MAX 64   /* bytes before the '@': RFC 5321 section 4.5.3.1.1 */
#define MAIL_ADDRESS_DOMAIN_MAX 220 /* bytes behind it: the names that are asked for put at most 15 before it */
#define MAIL_ADDRESS_MAX (MAIL_ADDRESS_LOCAL_MAX + 1 + MAIL_ADDRESS_DOMAIN_MAX)

struct mail_address {
    char text[MAIL_ADDRESS_MAX + 1];          /* local@domain */
    char local[MAIL_ADDRESS_LOCAL_MAX + 1];   /* as written */
    char domain[MAIL_ADDRESS_DOMAIN_MAX + 1]; /* in lower case, without a dot at the end; has a dot within */
};

/* Reads exactly length bytes; blanks around the address are left out.  False: it is none, *why (static) says so in
 * words for a person, and address must not be used. */
bool mail_address_parse(struct mail_address *address, const char *text, size_t length, const char **why);

#endif
