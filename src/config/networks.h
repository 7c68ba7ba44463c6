/* SPDX-License-Identifier: ISC */
/* Networks from which clients may come, as a value of a configuration key: addresses and CIDR blocks (RFC 4632 section
 * 3.1, RFC 4291 section 2.3), or the word "everyone".  Pure values. */
#ifndef SALLYPORT_NETWORKS_H
#define SALLYPORT_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/value.h"
#include "net/address.h"

struct value_networks {
    size_t count;
    bool everyone; /* the word stands alone */
    struct value_network {
        struct address address; /* with no bit set behind the prefix; never an IPv4 address in IPv6; port 0 */
        unsigned bits;          /* of the prefix: 0 to 32, or to 128 */
    } at[VALUE_LIST_MAX];
};

extern const struct value_kind value_networks; /* struct value_networks */

/* Whether a client with this address may come.  An IPv4 address that is mapped into IPv6 (RFC 4291 section 2.5.5.2) is
 * that IPv4 address.  An empty list allows nobody. */
bool networks_allow(const struct value_networks *networks, const struct address *client);

/* Whether the address is of a network that the world does not route to: loopback, link-local, private (RFC 1918, RFC
 * 4193, RFC 6598), the machine itself (0.0.0.0, ::), mapped into IPv6 or not. */
bool networks_is_private(const struct address *address);

#endif
